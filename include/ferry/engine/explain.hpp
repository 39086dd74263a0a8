// What would become of a request, worked out by what decides it in earnest.
#pragma once

#include <ferry/auth_choice.hpp>
#include <ferry/configuration.hpp>
#include <ferry/engine/fields.hpp>
#include <ferry/engine/session_defaults.hpp>
#include <ferry/explanation.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace ferry::detail {

inline std::string_view describe(AuthSource from) noexcept {
    switch (from) {
    case AuthSource::none: return "none";
    case AuthSource::request_field: return "the request's Authorization field";
    case AuthSource::request: return "the request's auth";
    case AuthSource::url: return "the URL's user and password";
    case AuthSource::session_field: return "the session's Authorization field";
    case AuthSource::session: return "the session's auth";
    case AuthSource::netrc: return "the netrc file's";
    }
    return {};
}

inline std::string_view describe_auth_to(const Proxy& proxy) noexcept {
    if (proxy.has_credentials()) return "the proxy's user and password";
    return proxy.auth() ? "the proxy's auth" : "none";
}

inline void explain_limits(Explanation& e, const request& q) {
    auto& own = *q.options;
    e.max_per_host = q.session->pool.max_per_host;
    e.pool_timeout = q.pool_wait;
    e.connect_timeout = q.connect;
    e.read_timeout = q.read;
    e.write_timeout = q.write;
    e.timeout = q.total;
    e.max_body = q.max_body;
    if (own.pool_timeout || own.connect_timeout) e.of_request.emplace_back("pool_timeout");
    if (own.connect_timeout) e.of_request.emplace_back("connect_timeout");
    if (own.read_timeout) e.of_request.emplace_back("read_timeout");
    if (own.write_timeout) e.of_request.emplace_back("write_timeout");
    if (own.timeout) e.of_request.emplace_back("timeout");
    if (own.max_body) e.of_request.emplace_back("max_body");
}

FERRY_DECL Explanation explain(const session_defaults& session, std::string_view url, const Options& with) {
    request q;
    if (auto c = session.prepare(q, "GET", url, with)) raise(refused(std::move(c), url));
    Explanation e;
    e.url = to_string(q.url);
    const auto choice = choose_proxy(q);
    const auto& path = q.session->socket.unix_socket;
    e.way = q.adapter ? "to an adapter" : path.empty() ? to_string(choice) : "to the socket " + printable_path(path);
    if (!q.adapter) e.proxy = choice.proxy;
    e.forwarded = q.route && q.route->forwarded;
    e.pool = q.adapter ? "none" : to_string(Origin(place_of(q)));
    const auto credentials = choose_auth(auth_sources_of(q, false));
    if (credentials.fault) raise(refused({credentials.fault, {}}, url));
    e.auth = describe(credentials.from);
    e.proxy_auth = describe_auth_to(e.proxy);
    explain_limits(e, q);
    return e;
}

}  // namespace ferry::detail
