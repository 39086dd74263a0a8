// A request with everything decided: options merged over the session's defaults, checked before a byte is sent.
#pragma once

#include <ferry/adapter.hpp>
#include <ferry/error.hpp>
#include <ferry/method.hpp>
#include <ferry/options.hpp>
#include <ferry/origin.hpp>
#include <ferry/retry_rules.hpp>
#include <ferry/url.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace ferry::detail {

struct session_state;

/// What a call's options and its session's come to.
struct settings {
    const RedirectOptions* redirects = nullptr;
    const Retry* retry = nullptr;
    const TlsOptions* tls = nullptr;
    std::chrono::milliseconds total{}, pool_wait{}, connect{}, read{}, write{};
    std::uint64_t max_body = 0;
    bool keep_alive = true;
    bool say_close = false;  // and no field of the caller's says so
    bool lenient = false;
    bool decode = true;      // undo the content codings of the response
    bool attentive = false;  // somebody watches, or a response may have to be asked for again
    bool adds = false;       // fields are worked out, besides the jar's cookies
    bool own_tls = false;    // the TLS options are not those that the session's connections have
    bool proxy_tunnel = false;
    bool routed = false;  // the way has to be worked out: there are proxies, or TLS options of its own
};

/// How a request gets to its server, where that is not the usual way.
struct routing {
    Proxy proxy = Proxy::none();
    bool forwarded = false;  // the proxy is asked for the URL itself, and not for a tunnel
    std::string target;      // of the request line, then (RFC 9112 3.2.2)
    std::string via;         // what of all this the pool's key holds
};

/// Borrows from the session's and the request's options, which outlive it.
struct request : settings {
    std::string_view method;
    Url url;
    const SessionOptions* session = nullptr;
    const Options* options = nullptr;
    const Headers* fields = nullptr;  // the caller's, or what a redirect has left of them
    const Body* content = nullptr;    // likewise
    std::string_view target_given;    // the caller's, in place of the URL's
    std::string_view defaults;        // the session's fields as they go on the wire
    std::string added;                // lines worked out for this request: its cookies, credentials, content's type
    session_state* shared = nullptr;
    std::shared_ptr<Adapter> adapter;      // answers in place of the network
    std::shared_ptr<const routing> route;  // null: directly
    bool idempotent = false;

    bool is_head() const noexcept { return method == "HEAD"; }
    std::string_view target() const noexcept { return target_given.empty() ? url.target() : target_given; }
    /// As the request line has it.
    std::string_view wire_target() const noexcept {
        return route && route->forwarded ? std::string_view(route->target) : target();
    }
    const Body& body() const noexcept { return *content; }
};

/// Which connections serve a request (SEMANTICS A10). Those to a proxy that forwards serve all hosts.
inline origin_view place_of(const request& q) noexcept {
    if (!q.route) [[likely]]
        return {q.url.scheme(), q.url.host_and_port()};
    auto& r = *q.route;
    if (r.forwarded) return {r.proxy.url().scheme(), r.proxy.url().host_and_port(), r.via};
    return {q.url.scheme(), q.url.host_and_port(), r.via};
}

/// Whether a `Connection` field says close (RFC 9112 9.6).
inline bool says_close(const Headers& headers) noexcept {
    for (auto f : headers) {
        if (!equal_ignoring_case(f.name, "connection")) continue;
        for (auto rest = f.value; !rest.empty();)
            if (equal_ignoring_case(next_element(rest), "close")) return true;
    }
    return false;
}

/// A field that says close counts as much as the option.
inline void decide_keep_alive(settings& to, const SessionOptions& session, const Options& own,
                              const Headers& fields) noexcept {
    const bool said = says_close(fields.contains("Connection") ? fields : session.headers);
    to.keep_alive = own.keep_alive.value_or(session.keep_alive) && !said;
    to.say_close = !to.keep_alive && !said;
}

/// By the caller, whatever its method.
inline bool is_marked_idempotent(const request& q) noexcept {
    return q.options->idempotent || q.fields->contains("Idempotency-Key");
}
inline bool may_repeat(const request& q) noexcept { return is_idempotent(q.method) || is_marked_idempotent(q); }

/// Of a call that has no options of its own.
inline settings settle(const SessionOptions& session) noexcept {
    settings to;
    to.total = session.timeout;
    to.connect = session.connect_timeout;
    to.pool_wait = session.pool_timeout.value_or(to.connect);
    to.read = session.read_timeout;
    to.write = session.write_timeout;
    to.max_body = session.max_body;
    to.lenient = session.lenient;
    to.decode = session.decode && !session.headers.contains("Accept-Encoding");
    to.redirects = &session.redirects;
    to.retry = session.retry ? &*session.retry : nullptr;
    to.tls = &session.tls;
    to.proxy_tunnel = session.proxy_tunnel;
    auto& hooks = session.hooks;
    to.attentive = to.retry || hooks.on_request || hooks.on_response || hooks.on_retry || hooks.on_redirect ||
                   hooks.log;
    to.adds = session.auth || session.netrc || session.headers.contains("Proxy-Authorization");
    decide_keep_alive(to, session, Options::none(), session.headers);
    return to;
}

/// A call's options over its session's.
inline settings settle(const settings& usual, const SessionOptions& session, const Options& own) noexcept {
    auto to = usual;
    if (own.timeout) to.total = *own.timeout;
    if (own.connect_timeout) to.connect = *own.connect_timeout;
    if (own.connect_timeout || own.pool_timeout)
        to.pool_wait = own.pool_timeout.value_or(session.pool_timeout.value_or(to.connect));
    if (own.read_timeout) to.read = *own.read_timeout;
    if (own.write_timeout) to.write = *own.write_timeout;
    if (own.max_body) to.max_body = *own.max_body;
    if (own.lenient) to.lenient = *own.lenient;
    if (own.decode) to.decode = *own.decode && !session.headers.contains("Accept-Encoding");
    if (own.headers.contains("Accept-Encoding")) to.decode = false;
    if (own.redirects) to.redirects = &*own.redirects;
    if (own.retry) to.retry = &*own.retry, to.attentive = true;
    if (own.tls) to.tls = &*own.tls, to.own_tls = to.routed = true;
    if (own.proxy_tunnel) to.proxy_tunnel = *own.proxy_tunnel;
    to.routed = to.routed || own.proxy.said();
    to.adds = to.adds || own.auth || !own.cookies.empty() || !own.body.type().empty() || own.compress || own.trailers ||
              (!own.headers.empty() && own.headers.contains("Proxy-Authorization"));
    if (own.keep_alive || own.headers.contains("Connection")) decide_keep_alive(to, session, own, own.headers);
    return to;
}

inline void merge(request& q, std::string_view method, const SessionOptions& session, const Options& own,
                  const settings& of) noexcept {
    static_cast<settings&>(q) = of;
    q.method = method;
    q.session = &session;
    q.options = &own;
    q.fields = &own.headers;
    q.content = &own.body;
    q.target_given = own.target;
    q.added.clear();
    q.idempotent = may_repeat(q);
}

/// What is wrong with an input, and which one it is.
struct complaint {
    std::error_code ec{};
    std::string about{};
    explicit operator bool() const noexcept { return static_cast<bool>(ec); }
};

inline complaint check_fields(const Headers& headers) {
    for (auto f : headers) {
        if (!is_token(f.name)) return {errc::invalid_header_name, "\"" + std::string(f.name) + "\""};
        if (!is_field_value(f.value)) return {errc::invalid_header_value, std::string(f.name)};
    }
    return {};
}

/// The name of the first duration that is zero, which could only fail, or negative, which is a slip; else null.
inline const char* bad_duration(const auto& o) noexcept {
    auto bad = [](std::optional<std::chrono::milliseconds> d) { return d && d->count() <= 0; };
    if (bad(o.timeout)) return "timeout";
    if (bad(o.pool_timeout)) return "pool_timeout";
    if (bad(o.connect_timeout)) return "connect_timeout";
    if (bad(o.read_timeout)) return "read_timeout";
    return bad(o.write_timeout) ? "write_timeout" : nullptr;
}

inline complaint must_be_positive(std::string_view name) {
    return {errc::invalid_option, std::string(name) + " must be more than zero"};
}

inline complaint check_session(const SessionOptions& o) {
    if (auto* name = bad_duration(o)) return must_be_positive(name);
    if (o.pool.max_per_host == 0) return must_be_positive("pool.max_per_host");
    if (o.pool.max_total == 0) return must_be_positive("pool.max_total");
    if (o.pool.max_lifetime.count() <= 0) return must_be_positive("pool.max_lifetime");
    if (!(o.rate.requests_per_second >= 0)) return {errc::invalid_option, "rate.requests_per_second is negative"};
    if (o.rate.burst == 0) return must_be_positive("rate.burst");
    if (auto* name = o.retry ? bad_retry(*o.retry) : nullptr) return {errc::invalid_option, name};
    if (o.max_head == 0) return must_be_positive("max_head");
    if (auto* what = objection_to_sockets(o.socket)) return {errc::invalid_option, what};
    if (o.pool.idle_timeout.count() < 0) return {errc::invalid_option, "pool.idle_timeout must not be negative"};
    for (auto name : {"Host", "Content-Length", "Transfer-Encoding"})
        if (o.headers.contains(name))
            return {errc::invalid_option, std::string(name) + " belongs to a request, not to a session"};
    return check_fields(o.headers);
}

/// What can stand in a Cookie field beside others.
inline bool is_cookie_value(std::string_view value) noexcept {
    return is_field_value(value) && value.find(';') == std::string_view::npos;
}

inline complaint check_target(std::string_view method, std::string_view target) {
    if (target == "*" && method == "OPTIONS") return {};
    if (target.front() != '/') return {errc::invalid_option, "target must be * (for OPTIONS) or begin with /"};
    for (char c : target)
        if (static_cast<unsigned char>(c) <= ' ' || static_cast<unsigned char>(c) >= 0x7f || c == '#')
            return {errc::invalid_option, "target holds a character that cannot be sent"};
    return {};
}

/// The framing of a body is ferry's affair: a caller's Content-Length is taken if it is true, a Transfer-Encoding
/// never.
inline complaint check_framing(const Headers& headers, const Body& body) {
    if (headers.count("host") > 1) return {errc::invalid_header_value, "Host is given twice"};
    if (headers.contains("transfer-encoding"))
        return {errc::content_length_mismatch, "Transfer-Encoding is set by ferry"};
    auto given = headers.find("content-length");
    if (!given) return {};
    std::uint64_t n = 0;
    auto bytes = body.bytes();
    bool known = bytes || body.none();
    if (headers.count("content-length") > 1 || !parse_decimal(*given, n) || (known && n != (bytes ? bytes->size() : 0)))
        return {errc::content_length_mismatch, "Content-Length: " + std::string(*given)};
    return {};
}

inline complaint check_request(std::string_view method, const Options& o, bool asynchronous = false) {
    if (!is_safe(method)) {  // those that are, are known tokens
        if (!is_token(method)) return {errc::invalid_method, "\"" + std::string(method) + "\" is no token"};
        if (method == "CONNECT") return {errc::invalid_method, "CONNECT asks a proxy for a tunnel"};
    }
    if (&o == &Options::none()) return {};
    if (auto* name = bad_duration(o)) return must_be_positive(name);
    if (!o.target.empty())
        if (auto c = check_target(method, o.target)) return c;
    for (auto& part : o.body.parts())
        if (auto* s = part.source(); s && !s->read && !(s->read_async && asynchronous))
            return {errc::invalid_option, "the body's source has no function that this session could call"};
    if (auto* name = o.retry ? bad_retry(*o.retry) : nullptr) return {errc::invalid_option, name};
    for (auto& [name, value] : o.cookies)
        if (!is_token(name) || !is_cookie_value(value)) return {errc::invalid_option, "cookie \"" + name + "\""};
    if (o.resume && o.headers.contains("Range")) return {errc::invalid_option, "resume works out the Range itself"};
    if (o.headers.empty()) return {};
    if (auto c = check_fields(o.headers)) return c;
    return check_framing(o.headers, o.body);
}

}  // namespace ferry::detail
