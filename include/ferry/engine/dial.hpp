// To an open socket: resolve, then race the addresses (RFC 8305), all under one deadline.
#pragma once

#include <ferry/engine/transfer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string_view>
#include <system_error>
#include <vector>

namespace ferry::detail {

/// How long one address has before the next is tried beside it (RFC 8305 5).
inline constexpr std::chrono::milliseconds attempt_delay{250};

/// The families take turns, the resolver's first choice begins (RFC 8305 4).
inline std::vector<Endpoint> interleave(const std::vector<Endpoint>& found) {
    std::vector<Endpoint> first, second, order;
    for (auto& e : found) (e.v6 == found.front().v6 ? first : second).push_back(e);
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) order.push_back(first[i]);
        if (i < second.size()) order.push_back(second[i]);
    }
    return order;
}

/// Begins with the first address, goes on to the next when one has failed or has not answered in time, and is done
/// with the first that succeeds. The error is that of the first that failed.
inline result race(const std::vector<Endpoint>& peers, time_point until, time_point& connected) {
    std::error_code first_error;
    std::size_t next = 0, running = 0;
    bool go_on = true;
    for (;;) {
        if (go_on && next < peers.size()) {
            auto begun = co_await action{.what = action::kind::start_connect, .peer = peers[next++]};
            if (!begun.ec) ++running;
            else if (!first_error) first_error = begun.ec;
            go_on = static_cast<bool>(begun.ec);
            if (go_on) continue;
        }
        if (running == 0) co_return first_error;
        auto turn = next < peers.size() ? attempt_delay : no_limit;
        auto a = co_await action{.what = action::kind::await_connect, .limit = turn, .until = until};
        connected = a.at;
        if (!a.ec) co_return a.ec;
        if (a.ec == errc::total_timeout || a.ec == errc::cancelled) co_return a.ec;
        go_on = true;
        if (a.ec == errc::read_timeout) continue;  // only this one's turn is over
        --running;
        if (!first_error) first_error = a.ec;
    }
}

/// `until` was the nearer of two deadlines.
inline std::error_code connect_fault(std::error_code ec, bool total) noexcept {
    return ec == errc::total_timeout && !total ? make_error_code(errc::connect_timeout) : ec;
}

/// The addresses of a host, at least one, in the order in which to try them.
inline result resolve(transfer& t, std::string_view host, std::uint16_t port, time_point until,
                      std::vector<Endpoint>& peers) {
    t.phase = Phase::resolve;
    auto begun = co_await action{.what = action::kind::now};
    std::vector<Endpoint> found;
    auto resolved = co_await action{
        .what = action::kind::resolve, .port = port, .host = host, .found = &found, .until = until};
    if (resolved.ec) co_return resolved.ec;
    t.response.timings.resolve = resolved.at - begun.at;
    if (found.empty()) co_return errc::no_address;
    peers = interleave(found);
    co_return std::error_code{};
}

/// Connects to a host by that name, and notes how long each part took.
inline result dial(transfer& t, std::string_view host, std::uint16_t port, time_point until) {
    std::vector<Endpoint> peers;
    auto ec = co_await resolve(t, host, port, until, peers);
    if (ec) co_return ec;
    t.phase = Phase::connect;
    auto begun = co_await action{.what = action::kind::now};
    time_point connected;
    ec = co_await race(peers, until, connected);
    if (!ec) t.response.timings.connect = connected - begun.at;
    co_return ec;
}

}  // namespace ferry::detail
