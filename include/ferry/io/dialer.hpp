// Connections being opened, several at once where addresses are raced. Plain descriptors until one has won.
#pragma once

#include <ferry/io/descriptor.hpp>
#include <ferry/io/socket.hpp>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <system_error>
#include <utility>
#include <vector>

namespace ferry::detail {

/// A TCP socket that does not block, is closed on exec, raises no signal and does not wait to fill segments.
inline descriptor open_tcp(int family) noexcept {
#ifdef SOCK_CLOEXEC
    descriptor d(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
#else
    descriptor d(::socket(family, SOCK_STREAM, IPPROTO_TCP));
    if (d) ::fcntl(d.get(), F_SETFD, FD_CLOEXEC), ::fcntl(d.get(), F_SETFL, O_NONBLOCK);
#endif
    [[maybe_unused]] const int on = 1;
    if (d) ::setsockopt(d.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
#ifdef SO_NOSIGPIPE
    if (d) ::setsockopt(d.get(), SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
    return d;
}

class dialer {
public:
    struct won {
        descriptor socket;
        Endpoint peer;
    };

    std::error_code start(const Endpoint& peer) {
        auto d = open_tcp(peer.v6 ? AF_INET6 : AF_INET);
        if (!d) return last_error();
        system_address to(peer);
        if (::connect(d.get(), to.get(), to.size) != 0 && errno != EINPROGRESS && errno != EINTR) return last_error();
        running_.push_back({std::move(d), peer});
        return {};
    }

    /// Until one has succeeded, which ends the others, or one has failed.
    std::error_code await(const bound& b, const waker& w, won& winner) {
        if (running_.empty()) return errc::no_address;
        std::vector<pollfd> fds;
        for (auto& r : running_) fds.push_back({r.socket.get(), POLLOUT, 0});
        fds.push_back({});
        if (auto ec = poll_until(fds, b, w)) return ec;
        std::size_t i = 0;
        while (i < running_.size() && fds[i].revents == 0) ++i;
        auto ended = std::move(running_[i]);
        running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
        if (auto ec = pending_error(ended.socket.get())) return ec;
        running_.clear();
        winner = std::move(ended);
        return {};
    }

    void clear() noexcept { running_.clear(); }

private:
    static std::error_code pending_error(int fd) noexcept {
        int e = 0;
        socklen_t size = sizeof e;
        if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &size) != 0) return last_error();
        return {e, std::system_category()};
    }

    std::vector<won> running_;
};

}  // namespace ferry::detail
