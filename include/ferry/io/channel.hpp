// What the pool of a blocking session keeps: a socket and the protocol's state on it.
#pragma once

#include <ferry/http/connection.hpp>
#include <ferry/io/descriptor.hpp>
#include <ferry/io/dialer.hpp>
#include <ferry/io/socket.hpp>
#include <ferry/origin.hpp>
#include <ferry/pool/pool.hpp>

#include <sys/ioctl.h>
#include <sys/time.h>

#include <chrono>
#include <cstdint>
#include <system_error>
#include <utility>

namespace ferry::detail {

struct channel {
    explicit channel(std::uint64_t id) { http.info.id = id; }
    channel(const channel&) = delete;
    channel& operator=(const channel&) = delete;
    ~channel() {
        if (socket && forks == fork_count()) say_goodbye(socket.get(), http);
    }

    descriptor socket;
    connection http;
    std::chrono::milliseconds receive_timeout = no_limit;  // as the socket has it

    unsigned forks = fork_count();

    verdict probe() noexcept { return detail::probe(socket.get(), http); }
    void cool() noexcept { http.cool(); }
    const ConnectionInfo& info() const noexcept { return http.info; }

    /// Takes over a connected socket and makes it block, as the blocking driver wants it.
    std::error_code adopt(dialer::won w) {
        auto fd = w.socket.get();
        int nonblocking = 0;
        if (::ioctl(fd, FIONBIO, &nonblocking) < 0) return last_error();
        socket = std::move(w.socket);
        http.open = true;
        http.info.remote = w.peer;
        http.info.local = local_endpoint(fd);
        return {};
    }

    /// SO_RCVTIMEO costs a system call only when it changes; with it a read with a limit is one call, not two.
    std::error_code limit_receive(std::chrono::milliseconds limit) noexcept {
        if (limit == receive_timeout) return {};
        timeval t{};
        if (limit != no_limit) {
            t.tv_sec = static_cast<decltype(t.tv_sec)>(limit.count() / 1000);
            t.tv_usec = static_cast<decltype(t.tv_usec)>(limit.count() % 1000 * 1000);
        }
        if (::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t) != 0) return last_error();
        receive_timeout = limit;
        return {};
    }
};

using connection_pool = pool<Origin, channel, origin_hash, origin_equal>;

}  // namespace ferry::detail
