// Which way a request goes, decided anew for each hop: to an adapter, directly, or through a proxy.
#pragma once

#include <ferry/engine/session_state.hpp>
#include <ferry/features.hpp>
#include <ferry/proxy_rules.hpp>
#include <ferry/request.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace ferry::detail {

/// A unix domain socket is the end of the way, whatever the environment says of proxies.
inline ProxyChoice choose_proxy(const request& q) {
    static const ProxyEnvironment nothing;
    const bool asks = q.session->socket.unix_socket.empty();
    return choose_proxy(q.options->proxy, q.session->proxy, asks ? q.shared->environment : nothing, q.url);
}

/// The absolute form; of `*` it is the form without a path (RFC 9112 3.2.4).
inline std::string absolute_form(const request& q) {
    auto form = std::string(q.url.scheme()).append("://").append(q.url.authority());
    return q.target() == "*" ? form : form.append(q.target());
}

/// What the pool's key holds of a proxy. Its credentials are in it by a fingerprint, so that it can be shown.
inline std::string name_of_way(const routing& r) {
    auto name = r.forwarded ? std::string("as a proxy") : "through " + r.proxy.name();
    if (r.proxy.key() == r.proxy.name()) return name;
    return name.append(", credentials ").append(fingerprint(r.proxy.key()));
}

#if FERRY_HAS_TLS
/// The same of TLS options that are not those of the session's connections.
inline complaint name_tls(request& q, std::string& via) {
    if (!q.url.secure() || !q.own_tls || *q.tls == q.shared->tls_options) return {};
    tls_fault fault;
    const auto context = q.shared->tls.find_or_make(*q.tls, fault);
    if (!context) return {fault.ec, fault.text};
    via.append(via.empty() ? "" : ", ").append("TLS options ").append(std::to_string(context->id()));
    return {};
}
#else
inline complaint name_tls(request&, std::string&) { return {}; }
#endif

[[gnu::cold]] inline complaint choose_way(request& q) {
    const auto choice = choose_proxy(q);
    if (choice.fault) return {choice.fault, std::string(choice.variable).append(": ").append(choice.why)};
    auto& proxy = choice.proxy;
    if (proxy && !q.session->socket.unix_socket.empty())
        return {errc::invalid_option, "proxy: all connections go to socket.unix_socket"};
    if (!FERRY_HAS_TLS && proxy.kind() == ProxyKind::https) return {errc::tls_not_available, "proxy " + proxy.name()};

    auto r = std::make_shared<routing>();
    r->proxy = proxy;
    r->forwarded = proxy.is_http() && !q.url.secure() && !q.proxy_tunnel;
    if (r->forwarded) r->target = absolute_form(q);
    if (proxy) r->via = name_of_way(*r), q.adds = true;
    if (auto c = name_tls(q, r->via)) return c;
    if (proxy || !r->via.empty()) q.route = std::move(r);
    return {};
}

/// Chooses who serves a request, as its URL is now.
inline complaint choose_route(request& q) {
    q.route.reset();
    q.adapter.reset();
    if (q.shared && !q.shared->adapters.empty()) q.adapter = q.shared->adapters.find(q.url);
    if (q.adapter) return {};
    if (!FERRY_HAS_TLS && q.url.secure()) return {errc::tls_not_available, {}};
    return q.routed && q.shared ? choose_way(q) : complaint{};
}

}  // namespace ferry::detail
