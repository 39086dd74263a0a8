// Connections being opened, several at once where addresses are raced. Plain descriptors until one has won.
#pragma once

#include <ferry/io/descriptor.hpp>
#include <ferry/io/open_socket.hpp>
#include <ferry/io/socket.hpp>

#include <poll.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace ferry::detail {

class dialer {
public:
    struct won {
        descriptor socket;
        Endpoint peer = {};      // none for a unix domain socket
        std::size_t number = 0;  // of the attempt, since all was cleared
    };

    /// `fault` names the option that could not be had.
    std::error_code start(const Endpoint& peer, const SocketOptions& options, std::string& fault, std::size_t& number) {
        descriptor d;
        if (auto ec = open_for(peer, options, d, fault)) return ec;
        system_address to(peer);
        if (::connect(d.get(), to.get(), to.size) != 0 && errno != EINPROGRESS && errno != EINTR) return last_error();
        number = begun_++;
        running_.push_back({std::move(d), peer, number});
        return {};
    }
    std::error_code start(std::string_view path, std::size_t& number) {
        descriptor d;
        if (auto ec = connect_to_path(path, d)) return ec;
        number = begun_++;
        running_.push_back({.socket = std::move(d), .number = number});
        return {};
    }

    /// Until one has succeeded, which ends the others, or one has failed; `number` says which.
    std::error_code await(const bound& b, const waker& w, won& winner, std::size_t& number) {
        if (running_.empty()) return errc::no_address;
        std::vector<pollfd> fds;
        for (auto& r : running_) fds.push_back({r.socket.get(), POLLOUT, 0});
        fds.push_back({});
        if (auto ec = poll_until(fds, b, w)) return ec;
        std::size_t i = 0;
        while (i < running_.size() && fds[i].revents == 0) ++i;
        auto ended = std::move(running_[i]);
        running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
        number = ended.number;
        if (auto ec = pending_error(ended.socket.get())) return ec;
        running_.clear();
        winner = std::move(ended);
        return {};
    }

    void clear() noexcept {
        running_.clear();
        begun_ = 0;
    }

private:
    static std::error_code pending_error(int fd) noexcept {
        int e = 0;
        socklen_t size = sizeof e;
        if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &size) != 0) return last_error();
        return {e, std::system_category()};
    }

    std::vector<won> running_;
    std::size_t begun_ = 0;
};

}  // namespace ferry::detail
