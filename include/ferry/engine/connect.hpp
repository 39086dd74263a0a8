// From a blank connection to an open one: dial, go through a proxy, TLS: all under one deadline.
#pragma once

#include <ferry/engine/handshake.hpp>
#include <ferry/engine/proxied.hpp>

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

namespace ferry::detail {

/// TLS to the server, directly or in a tunnel.
inline result secure(transfer& t, time_point until) {
    auto& q = t.asked;
    t.phase = Phase::tls;
    auto begun = co_await action{.what = action::kind::now};
    tls_peer server{*q.tls, q.url.host(), std::string(q.url.host_and_port())};
    if (q.route) server.key.append(" ").append(q.route->via);
    auto ec = co_await handshake(t, server, until);
    auto done = co_await action{.what = action::kind::now};
    if (!ec) t.response.timings.tls = done.at - begun.at;
    co_return ec;
}

[[gnu::cold]] inline result connect(transfer& t) {
    auto& q = t.asked;
    auto begun = co_await action{.what = action::kind::now};
    const auto own = add(begun.at, q.connect);
    const auto until = std::min(own, t.deadline);
    const bool total = t.deadline <= own;

    const auto host = q.url.hostname();
    std::error_code ec;
    if (q.route && q.route->proxy) ec = co_await connect_through_proxy(t, until);
    else ec = co_await dial(t, dialled::server, host, q.url.port(), until);
    const bool whole = !ec && t.conn->info.reused;  // a tunnel that another request has given back meanwhile
    if (!ec && !whole && q.url.secure()) {
        ec = co_await secure(t, until);
        if (ec && q.route && q.route->proxy) {
            const auto about = std::exchange(t.particulars, {});
            t.particulars = "through proxy " + q.route->proxy.name() + (about.empty() ? "" : ": " + about);
        }
    }
    co_return connect_fault(ec, total);
}

}  // namespace ferry::detail
