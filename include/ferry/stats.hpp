// What a pool can tell of itself: how many connections it has, had and discarded, and why.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace ferry {

/// Why a connection was closed rather than kept or handed out again.
enum class DiscardReason : unsigned char {
    peer_closed,       ///< the server closed it while it was idle, or before it answered
    reset,             ///< it broke: reset, or another error of the socket
    unsolicited_data,  ///< bytes came with no request outstanding (RFC 9112 9.2)
    leftover_bytes,    ///< bytes came behind the end of a response
    idle_expired,      ///< idle longer than `idle_timeout`
    hint_expired,      ///< idle longer than the server's `Keep-Alive: timeout` allows
    max_lifetime,      ///< older than `max_lifetime`
    max_requests,      ///< the server's `Keep-Alive: max` is used up
    close_header,      ///< one side said `Connection: close`, or HTTP/1.0 did not say `keep-alive`
    not_drained,       ///< the response, or the request, was not completed
    aborted,           ///< time-out, cancellation, malformed response or exception in mid-exchange
    pool_full,         ///< `max_idle_per_host` or `max_idle` reached, or room made for another host
    pool_closed,       ///< the session was closed
    tls_error,         ///< the TLS layer failed
    forked,            ///< it belongs to the parent process
    network_changed,   ///< `prune(all)`, or the machine has slept meanwhile
};

inline constexpr std::size_t discard_reasons = static_cast<std::size_t>(DiscardReason::network_changed) + 1;

constexpr std::string_view to_string(DiscardReason r) noexcept {
    constexpr std::array<std::string_view, discard_reasons> names{
        "peer_closed",  "reset",        "unsolicited_data", "leftover_bytes", "idle_expired", "hint_expired",
        "max_lifetime", "max_requests", "close_header",     "not_drained",    "aborted",      "pool_full",
        "pool_closed",  "tls_error",    "forked",           "network_changed"};
    auto i = static_cast<std::size_t>(r);
    return i < names.size() ? names[i] : "unknown reason";
}

inline std::ostream& operator<<(std::ostream& os, DiscardReason r) { return os << to_string(r); }

/// Counts by reason: `discarded[DiscardReason::peer_closed]`.
class DiscardCounts {
public:
    std::uint64_t operator[](DiscardReason r) const noexcept { return counts_[static_cast<std::size_t>(r)]; }
    std::uint64_t& operator[](DiscardReason r) noexcept { return counts_[static_cast<std::size_t>(r)]; }
    std::uint64_t total() const noexcept { return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0}); }

private:
    std::array<std::uint64_t, discard_reasons> counts_{};
};

/// The connections to one host at one moment.
struct HostStats {
    std::string origin;       ///< `http://example.com:8080`
    std::size_t idle = 0;     ///< kept and ready
    std::size_t in_use = 0;   ///< checked out by a request, or being opened
    std::size_t waiting = 0;  ///< requests waiting for one
};

/// A pool at one moment. `idle`, `in_use` and `waiting` are now; the others count from the session's beginning.
struct PoolStats {
    std::size_t idle = 0;
    std::size_t in_use = 0;
    std::size_t waiting = 0;
    std::uint64_t opened = 0;  ///< TCP connections established
    std::uint64_t reused = 0;  ///< requests served by a connection that had served one before
    DiscardCounts discarded;
    std::uint64_t tls_full = 0;     ///< TLS handshakes in full
    std::uint64_t tls_resumed = 0;  ///< and those that took up an earlier session
    std::vector<HostStats> hosts;
};

/// One line, such as `idle 1, in use 0, waiting 0, opened 2, reused 4, discarded 1 (peer_closed 1)`.
inline std::string to_string(const PoolStats& s) {
    std::string t;
    auto count = [&t](std::string_view name, std::uint64_t n) { t.append(name).append(" ").append(std::to_string(n)); };
    count("idle", s.idle);
    count(", in use", s.in_use);
    count(", waiting", s.waiting);
    count(", opened", s.opened);
    count(", reused", s.reused);
    count(", discarded", s.discarded.total());
    std::string_view between = " (";
    for (std::size_t i = 0; i < discard_reasons; ++i) {
        auto reason = static_cast<DiscardReason>(i);
        if (s.discarded[reason] == 0) continue;
        t.append(between), count(to_string(reason), s.discarded[reason]);
        between = ", ";
    }
    if (between == ", ") t.append(")");
    if (s.tls_full + s.tls_resumed > 0) count(", TLS handshakes full", s.tls_full), count(", resumed", s.tls_resumed);
    return t;
}

inline std::ostream& operator<<(std::ostream& os, const PoolStats& s) { return os << to_string(s); }

}  // namespace ferry
