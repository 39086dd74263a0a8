// A file descriptor and its owner.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace ferry::detail {

class descriptor {
public:
    descriptor() = default;
    explicit descriptor(int fd) noexcept : fd_(fd) {}
    descriptor(descriptor&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}
    descriptor& operator=(descriptor&& o) noexcept {
        std::swap(fd_, o.fd_);
        return *this;
    }
    ~descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const noexcept { return fd_; }
    int release() noexcept { return std::exchange(fd_, -1); }
    explicit operator bool() const noexcept { return fd_ >= 0; }

private:
    int fd_ = -1;
};

inline std::error_code last_error() noexcept { return {errno, std::system_category()}; }

/// No descriptor was left, in this process or in the system.
inline bool out_of_descriptors(std::error_code ec) noexcept {
    return ec == std::errc::too_many_files_open || ec == std::errc::too_many_files_open_in_system;
}

/// Where descriptors have run out, idle connections make room.
template <class Pool, class Try> std::error_code with_descriptors(Pool& pool, Try attempt) {
    auto ec = attempt();
    while (out_of_descriptors(ec) && pool.evict()) ec = attempt();
    return ec;
}

}  // namespace ferry::detail
