// From a blank connection to an open one: resolve, then race the addresses (RFC 8305), all under one deadline.
#pragma once

#include <ferry/engine/transfer.hpp>
#include <ferry/features.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
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

#if FERRY_HAS_TLS
/// What the TLS layer knows of a fault, for people.
inline void tell_tls_fault(transfer& t, std::error_code ec) {
    if (t.conn && t.conn->tls && t.conn->tls->fault().ec == ec) t.particulars = t.conn->tls->fault().text;
}

/// TLS on a connection that has just been made.
inline result secure(transfer& t, time_point until) {
    t.phase = Phase::tls;
    auto& url = t.asked.url;
    tls_fault fault;
    auto context = t.asked.shared->tls.find_or_make(t.asked.session->tls, fault);
    if (!context) {
        t.particulars = fault.text;
        co_return fault.ec;
    }
    t.conn->tls = std::make_unique<tls_channel>(std::move(context), url.host(), std::string(url.host_and_port()));
    auto a = co_await action{.what = action::kind::handshake, .until = until};
    tell_tls_fault(t, a.ec);
    co_return a.ec;
}
#else
inline void tell_tls_fault(transfer&, std::error_code) noexcept {}
inline result secure(transfer&, time_point) { co_return errc::tls_not_available; }
#endif

inline result connect(transfer& t) {
    auto& url = t.asked.url;
    t.phase = Phase::resolve;
    auto begin = co_await action{.what = action::kind::now};
    auto own = add(begin.at, t.asked.connect);
    auto until = std::min(own, t.deadline);
    bool total = t.deadline <= own;

    std::vector<Endpoint> found;
    const auto host = url.hostname();
    auto resolved = co_await action{
        .what = action::kind::resolve, .port = url.port(), .host = host, .found = &found, .until = until};
    if (resolved.ec) co_return connect_fault(resolved.ec, total);
    t.response.timings.resolve = resolved.at - begin.at;
    if (found.empty()) co_return errc::no_address;

    t.phase = Phase::connect;
    auto peers = interleave(found);
    time_point connected;
    auto ec = co_await race(peers, until, connected);
    if (!ec) t.response.timings.connect = connected - resolved.at;
    if (!ec && url.secure()) {
        ec = co_await secure(t, until);
        if (ec) co_return connect_fault(ec, total);
        auto done = co_await action{.what = action::kind::now};
        t.response.timings.tls = done.at - connected;
    }
    co_return connect_fault(ec, total);
}

}  // namespace ferry::detail
