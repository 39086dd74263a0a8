// From a blank connection to one that leads through a proxy: TLS to it, SOCKS5, or CONNECT (SEMANTICS H).
#pragma once

#include <ferry/auth_exchange.hpp>
#include <ferry/engine/dial.hpp>
#include <ferry/engine/exchange.hpp>
#include <ferry/engine/fields.hpp>
#include <ferry/engine/handshake.hpp>
#include <ferry/proxy/socks5.hpp>
#include <ferry/proxy/tunnel.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace ferry::detail {

/// A fault of the way to a proxy: its text names the proxy.
inline std::error_code blame_proxy(transfer& t, const Proxy& proxy, std::error_code ec) {
    const auto about = std::exchange(t.particulars, {});
    const auto fault = as_proxy_fault(ec, proxy, t.particulars, about);
    if (fault == ec && !about.empty()) t.particulars.append(": ").append(about);
    return fault;
}

/// The proxy itself, over TLS if it asks for that.
inline result reach_proxy(transfer& t, const Proxy& proxy, time_point until) {
    const auto host = proxy.hostname();
    auto ec = co_await dial(t, dialled::proxy, host, proxy.port(), until);
    if (!ec && proxy.kind() == ProxyKind::https) {
        t.phase = Phase::proxy;
        const tls_peer peer{t.asked.shared->proxy_tls, proxy.url().host(), proxy.key()};
        ec = co_await handshake(t, peer, until);
    }
    if (ec) ec = blame_proxy(t, proxy, ec);
    co_return ec;
}

inline result write_to_proxy(std::string_view bytes, time_point until) {
    while (!bytes.empty()) {
        const auto& wrote = co_await action{.what = action::kind::write, .from = {bytes}, .until = until};
        if (wrote.ec) co_return wrote.ec;
        bytes.remove_prefix(wrote.n);
    }
    co_return std::error_code{};
}

/// Reads no further than the proxy's answer goes.
inline result speak_socks(transfer& t, Socks5& socks, time_point until) {
    while (!socks.finished()) {
        auto ec = co_await write_to_proxy(socks.to_send(), until);
        if (ec) co_return ec;
        socks.sent(socks.to_send().size());
        const auto into = t.conn->room(false).first(socks.wanted());
        const auto& came = co_await action{.what = action::kind::read, .into = into, .until = until};
        if (came.ec) co_return came.ec;
        if (came.n == 0) socks.closed();
        else socks.feed({into.data(), came.n});
    }
    t.particulars = socks.why();
    co_return socks.fault();
}

/// What a SOCKS5 proxy is to connect to: the name, or the addresses that it has here.
inline result find_target(transfer& t, std::vector<Endpoint>& addresses, time_point until) {
    if (t.asked.route->proxy.kind() == ProxyKind::socks5h) co_return std::error_code{};
    const auto host = t.asked.url.hostname();
    time_point now;
    auto ec = co_await resolve(t, dialled::server, host, t.asked.url.port(), until, addresses, now);
    co_return ec;
}

inline result ask_socks(transfer& t, const Endpoint* address, time_point until) {
    const auto& proxy = t.asked.route->proxy;
    t.phase = Phase::proxy;
    Socks5 socks = address ? Socks5(proxy, *address) : Socks5(proxy, t.asked.url.host(), t.asked.url.port());
    auto ec = co_await speak_socks(t, socks, until);
    if (ec && ec != socks.fault()) ec = blame_proxy(t, proxy, ec);
    co_return ec;
}

/// Sends CONNECT and receives the head of what the proxy says to it, which stands in the response for now.
inline result ask_for_tunnel(transfer& t, std::string_view head, time_point until) {
    auto& c = *t.conn;
    auto& s = *t.asked.session;
    if (s.hooks.log) log_sent(s.hooks, head);
    clear_exchange(t);
    c.parser.start_tunnel(t.response, {s.max_head, s.max_fields});
    auto ec = co_await write_to_proxy(head, until);
    while (!ec && !t.head_done) {
        const auto& came = co_await action{.what = action::kind::read, .into = c.room(false), .until = until};
        ec = take_head_bytes(t, came);
    }
    t.heard = 0;
    t.state = RequestState::not_sent;  // none of it was the request
    if (!ec && s.hooks.log) log_received(s.hooks, t.response);
    co_return ec;
}

/// Whether the connection on which a proxy has answered can be asked again; reads what is near of the answer's body.
inline result finish_refusal(transfer& t, time_point until, bool& kept) {
    auto now = co_await action{.what = action::kind::now};
    const auto deadline = std::exchange(t.deadline, until);
    auto ec = co_await read_near_body(t, now.at);
    t.deadline = deadline;
    kept = t.body_whole && t.conn->parser.keep_alive() && !t.conn->has_leftover();
    co_return ec;
}

/// Asks until there is a tunnel, a refusal, or (`again`) nothing to be had any more on this connection.
inline result open_tunnel(transfer& t, AuthExchange& credentials, time_point until, bool& again) {
    const auto& proxy = t.asked.route->proxy;
    const auto authority = tunnel_authority(t.asked.url);
    t.phase = Phase::proxy;
    const auto own = t.way ? std::string_view(t.way->for_tunnel) : std::string_view();
    for (;;) {
        auto ec = credentials.prepare("CONNECT", authority, proxy.url());
        if (ec) co_return ec;
        const auto& field = credentials.field();
        const auto login = field.empty() ? own : std::string_view(field);
        const auto head = connect_head(authority, field_of(t.asked, "User-Agent"), login);
        ec = co_await ask_for_tunnel(t, head, until);
        if (ec) co_return blame_proxy(t, proxy, ec);

        const auto& r = t.response;
        const bool answerable = credentials.answers(r.status, r.headers, "CONNECT", authority, proxy.url());
        const auto verdict = judge_tunnel(
            {proxy, authority, r.status, r.reason, !login.empty(), answerable, t.conn->unread().size()});
        if (verdict.what == tunnel_verdict::kind::open) break;
        bool kept = false;
        if (r.status / 100 != 2) ec = co_await finish_refusal(t, until, kept);
        if (ec) co_return ec;
        if (verdict.what == tunnel_verdict::kind::failed) {
            t.particulars = verdict.why;
            if (r.status / 100 == 2) forget_response(t);  // there is nothing in it that anybody should take for more
            co_return verdict.ec;
        }
        forget_response(t);
        if (!kept) co_return again = true, std::error_code{};
    }
    t.head_done = false;
    forget_response(t);
    co_return std::error_code{};
}

/// In place of a connection that has come to nothing: blank, or a tunnel that has just become idle.
inline result another_connection(transfer& t) {
    const auto& place = co_await action{
        .what = action::kind::checkout, .renew = true, .reason = DiscardReason::close_header};
    t.conn = place.conn;
    co_return place.ec;
}

/// Until when the first of so many addresses may be tried: each has its share of the time.
inline time_point share_of(time_point until, time_point now, std::size_t addresses) noexcept {
    return until == never || addresses < 2 ? until : now + (until - now) / static_cast<std::ptrdiff_t>(addresses);
}
/// Another address may do where this one did not.
inline bool may_try_next(std::error_code ec) noexcept {
    return ec == errc::proxy_refused || ec == errc::proxy_closed || ec == errc::total_timeout;
}

inline result connect_by_socks(transfer& t, time_point until) {
    const auto proxy = t.asked.route->proxy;
    std::vector<Endpoint> addresses;
    auto ec = co_await find_target(t, addresses, until);
    for (std::size_t i = 0; !ec; ++i) {
        ec = co_await reach_proxy(t, proxy, until);
        if (ec) break;
        auto now = co_await action{.what = action::kind::now};
        const auto share = share_of(until, now.at, addresses.size() - i);
        ec = co_await ask_socks(t, addresses.empty() ? nullptr : &addresses[i], share);
        if (!may_try_next(ec) || i + 1 >= addresses.size()) break;
        t.particulars.clear();
        ec = co_await another_connection(t);
        if (!ec && t.conn->open) break;
    }
    co_return ec;
}

inline result connect_by_http_unheard(transfer& t, time_point until) {
    const auto proxy = t.asked.route->proxy;
    AuthExchange credentials(proxy.auth(), true);
    for (;;) {
        auto ec = co_await reach_proxy(t, proxy, until);
        if (ec || t.asked.route->forwarded) co_return ec;
        bool again = false;
        ec = co_await open_tunnel(t, credentials, until, again);
        if (ec || !again) co_return ec;
        ec = co_await another_connection(t);
        if (ec || t.conn->open) co_return ec;
    }
}

inline result connect_by_http(transfer& t, time_point until) {
    // What the caller wants to hear of is the request.
    const auto* options = std::exchange(t.asked.options, &Options::none());
    auto ec = co_await connect_by_http_unheard(t, until);
    t.asked.options = options;
    co_return ec;
}

/// Up to where bytes go to the server and come from it, or, where the proxy forwards, to the proxy.
inline result connect_through_proxy(transfer& t, time_point until) {
    std::error_code ec;
    if (t.asked.route->proxy.is_socks()) ec = co_await connect_by_socks(t, until);
    else ec = co_await connect_by_http(t, until);
    co_return ec;
}

}  // namespace ferry::detail
