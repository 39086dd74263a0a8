// Writes a file beside its final name and renames it at the end, so that a failure leaves nothing under that name.
#pragma once

#include <ferry/io/descriptor.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <random>
#include <string>
#include <string_view>
#include <system_error>

namespace ferry::detail {

class file_writer {
public:
    file_writer() = default;
    file_writer(const file_writer&) = delete;
    file_writer& operator=(const file_writer&) = delete;
    ~file_writer() {
        if (pending_) ::unlink(part_.c_str());
    }

    /// In the same folder, because a rename does not cross file systems. `mode` is narrowed by the umask.
    std::error_code open(const std::string& path, mode_t mode = 0666) {
        path_ = path;
        std::random_device random;
        for (int tries = 0; tries < 16; ++tries) {
            part_ = path + "." + std::to_string(random()) + ".part";
            file_ = descriptor(::open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
            if (file_ || errno != EEXIST) break;
        }
        pending_ = static_cast<bool>(file_);
        return pending_ ? std::error_code{} : last_error();
    }

    std::error_code write(std::string_view bytes) {
        while (!bytes.empty()) {
            auto n = ::write(file_.get(), bytes.data(), bytes.size());
            if (n >= 0) bytes.remove_prefix(static_cast<std::size_t>(n));
            else if (errno != EINTR) return last_error();
        }
        return {};
    }

    /// Gives the file its name, in place of what had it.
    std::error_code commit() {
        if (::close(file_.release()) != 0) return last_error();
        if (::rename(part_.c_str(), path_.c_str()) != 0) return last_error();
        pending_ = false;
        return {};
    }

private:
    std::string path_, part_;
    descriptor file_;
    bool pending_ = false;  // there is a part file without its name
};

}  // namespace ferry::detail
