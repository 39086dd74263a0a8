// Waiting on descriptors with poll(2), against a moment and a stop token.
#pragma once

#include <ferry/core/action.hpp>
#include <ferry/error.hpp>
#include <ferry/io/wake.hpp>

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <span>
#include <system_error>

namespace ferry::detail {

/// The nearer of an action's two limits, and which of them it is.
struct bound {
    time_point at = never;
    bool total = true;
    std::error_code over() const noexcept { return total ? errc::total_timeout : errc::read_timeout; }
};

inline bound bound_of(const action& a) noexcept {
    if (a.limit == no_limit) return {a.until, true};
    auto own = add(clock::now(), a.limit);
    return own < a.until ? bound{own, false} : bound{a.until, true};
}

/// For poll: rounded up, so that it never spins through the last millisecond.
inline int milliseconds_until(time_point at) noexcept {
    if (at == never) return -1;
    auto left = std::chrono::ceil<std::chrono::milliseconds>(at - clock::now()).count();
    return static_cast<int>(std::clamp<decltype(left)>(left, 0, 1'000'000'000));
}

/// Until one of `fds` is ready, `b` is over, or the token is stopped. The last of `fds` must be free for the waker.
inline std::error_code poll_until(std::span<pollfd> fds, const bound& b, const waker& w) noexcept {
    auto& wake = fds.back();
    wake = w.to_poll();
    const auto count = static_cast<nfds_t>(w.armed() ? fds.size() : fds.size() - 1);
    for (;;) {
        if (w.stopped()) return errc::cancelled;
        auto timeout = milliseconds_until(b.at);
        if (w.must_look()) timeout = timeout < 0 ? 50 : std::min(timeout, 50);
        auto n = ::poll(fds.data(), count, timeout);
        if (n < 0 && errno != EINTR) return last_error();
        if (n > 0 && wake.revents) w.drain(), wake.revents = 0, --n;
        if (w.stopped()) return errc::cancelled;
        if (n > 0) return {};
        if (b.at != never && clock::now() >= b.at) return b.over();
    }
}

/// urllib3's `wait_for_read(socket, timeout=0.0)`: whether something can be read at once, the end included.
inline bool wait_for_read(int fd) noexcept {
    pollfd p{fd, POLLIN, 0};
    int n;
    do n = ::poll(&p, 1, 0);
    while (n < 0 && errno == EINTR);
    return n != 0;
}

}  // namespace ferry::detail
