// Reads a request's body, file or function, while it is sent.
#pragma once

#include <ferry/body.hpp>
#include <ferry/core/action.hpp>
#include <ferry/io/descriptor.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <span>

namespace ferry::detail {

class body_reader {
public:
    /// From its beginning, also for the second time.
    answer open(const Body& body) {
        if (auto* f = body.file()) return open_file(*f);
        source_ = body.source();
        if (used_ && source_->rewind) source_->rewind();
        used_ = true;
        return {.n = source_->size ? static_cast<std::size_t>(*source_->size) : unknown_size};
    }

    answer read(std::span<char> into) {
        if (source_) {
            auto n = source_->read(into);
            if (n > into.size()) return {.ec = std::make_error_code(std::errc::value_too_large)};
            return {.n = n};
        }
        for (;;) {
            auto n = ::read(file_.get(), into.data(), into.size());
            if (n >= 0) return {.n = static_cast<std::size_t>(n)};
            if (errno != EINTR) return {.ec = last_error()};
        }
    }

private:
    answer open_file(const File& f) {
        file_ = descriptor(
            ::open(f.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a FIFO would wait for a writer
        if (!file_) return {.ec = last_error()};
        struct stat s {};
        if (::fstat(file_.get(), &s) != 0) return {.ec = last_error()};
        if (S_ISDIR(s.st_mode)) return {.ec = std::make_error_code(std::errc::is_a_directory)};
        if (!S_ISREG(s.st_mode)) return {.ec = std::make_error_code(std::errc::not_supported)};
        return {.n = static_cast<std::size_t>(s.st_size)};
    }

    descriptor file_;
    const Source* source_ = nullptr;
    bool used_ = false;
};

}  // namespace ferry::detail
