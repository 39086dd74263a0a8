// Writes a file beside its final name and renames it at the end, so that a failure leaves nothing under that name.
#pragma once

#include <ferry/io/descriptor.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
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
        if (pending_ && !kept_) ::unlink(part_.c_str());
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

    /// Goes on with what an earlier attempt has left under `path`.part. `version` is what the server called that file,
    /// kept in `path`.part.etag; without it there is nothing to go on with. Another process at it is EWOULDBLOCK.
    std::error_code resume(const std::string& path, std::string& version, std::size_t& size) {
        path_ = path;
        part_ = path + ".part";
        if (auto ec = lock_part()) return ec;
        if (auto ec = read_version(version)) return ec;
        pending_ = locked_ = true;
        kept_ = !version.empty();
        const auto end = version.empty() ? 0 : ::lseek(file_.get(), 0, SEEK_END);
        if (end < 0) return last_error();
        size = static_cast<std::size_t>(end);
        return {};
    }
    std::error_code restart(std::string_view version) {
        if (::ftruncate(file_.get(), 0) != 0 || ::lseek(file_.get(), 0, SEEK_SET) < 0) return last_error();
        ::unlink(version_path().c_str());
        kept_ = !version.empty();
        if (version.empty()) return {};
        descriptor note(::open(version_path().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
        return note ? write_all(note.get(), version) : last_error();
    }

    std::error_code write(std::string_view bytes) { return write_all(file_.get(), bytes); }

    /// Gives the file its name, in place of what had it.
    std::error_code commit() {
        descriptor whole(locked_ ? ::fcntl(file_.get(), F_DUPFD_CLOEXEC, 0) : file_.release());
        if (!whole || ::close(whole.release()) != 0) return last_error();
        if (kept_) ::unlink(version_path().c_str());
        if (::rename(part_.c_str(), path_.c_str()) != 0) return last_error();
        pending_ = false;
        file_ = {};  // and with it the lock
        return {};
    }

private:
    /// Whoever had the lock before may have given the file that was opened its final name: that is nobody's part any
    /// more, and another is opened.
    std::error_code lock_part() {
        for (;;) {
            file_ = descriptor(::open(part_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
            struct stat opened = {}, named = {};
            if (!file_ || ::flock(file_.get(), LOCK_EX | LOCK_NB) != 0 || ::fstat(file_.get(), &opened) != 0)
                return last_error();
            if (::stat(part_.c_str(), &named) == 0 && opened.st_dev == named.st_dev && opened.st_ino == named.st_ino)
                return {};
        }
    }
    static std::error_code write_all(int file, std::string_view bytes) {
        while (!bytes.empty()) {
            auto n = ::write(file, bytes.data(), bytes.size());
            if (n >= 0) bytes.remove_prefix(static_cast<std::size_t>(n));
            else if (errno != EINTR) return last_error();
        }
        return {};
    }

    std::string version_path() const { return part_ + ".etag"; }
    std::error_code read_version(std::string& version) const {
        version.clear();
        descriptor note(::open(version_path().c_str(), O_RDONLY | O_CLOEXEC));
        if (!note) return errno == ENOENT ? std::error_code{} : last_error();
        std::array<char, 1024> bytes;
        const auto n = ::read(note.get(), bytes.data(), bytes.size());
        if (n > 0) version.assign(bytes.data(), static_cast<std::size_t>(n));
        return n < 0 ? last_error() : std::error_code{};
    }

    std::string path_, part_;
    descriptor file_;
    bool pending_ = false;  // there is a part file without its name
    bool kept_ = false;     // and it stays if that is how it ends
    bool locked_ = false;
};

}  // namespace ferry::detail
