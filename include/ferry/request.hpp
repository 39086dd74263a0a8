// A request with everything decided: options merged over the session's defaults, checked before a byte is sent.
#pragma once

#include <ferry/error.hpp>
#include <ferry/method.hpp>
#include <ferry/options.hpp>
#include <ferry/url.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace ferry::detail {

/// Borrows from the session's and the request's options, which outlive it.
struct request {
    std::string_view method;
    Url url;
    const SessionOptions* session = nullptr;
    const Options* options = nullptr;
    std::string_view defaults;  // the session's fields as they go on the wire
    std::chrono::milliseconds total{}, pool_wait{}, connect{}, read{}, write{};
    std::uint64_t max_body = 0;
    bool idempotent = false;
    bool keep_alive = true;
    bool say_close = false;  // and no field of the caller's says so
    bool lenient = false;

    bool is_head() const noexcept { return method == "HEAD"; }
    std::string_view target() const noexcept {
        return options->target.empty() ? url.target() : std::string_view(options->target);
    }
    const Body& body() const noexcept { return options->body; }
};

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
inline void decide_keep_alive(request& q) noexcept {
    auto& own = *q.options;
    bool said = says_close(own.headers.contains("Connection") ? own.headers : q.session->headers);
    q.keep_alive = own.keep_alive.value_or(q.session->keep_alive) && !said;
    q.say_close = !q.keep_alive && !said;
}

/// A call's options over its session's.
inline void merge(request& q, std::string_view method, const SessionOptions& session, const Options& own) noexcept {
    q.method = method;
    q.session = &session;
    q.options = &own;
    q.total = own.timeout.value_or(session.timeout);
    q.connect = own.connect_timeout.value_or(session.connect_timeout);
    q.pool_wait = own.pool_timeout.value_or(session.pool_timeout.value_or(q.connect));
    q.read = own.read_timeout.value_or(session.read_timeout);
    q.write = own.write_timeout.value_or(session.write_timeout);
    q.max_body = own.max_body.value_or(session.max_body);
    q.lenient = own.lenient.value_or(session.lenient);
    decide_keep_alive(q);
    q.idempotent = own.idempotent || is_idempotent(method) || own.headers.contains("Idempotency-Key");
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
    if (o.max_head == 0) return must_be_positive("max_head");
    if (o.pool.idle_timeout.count() < 0) return {errc::invalid_option, "pool.idle_timeout must not be negative"};
    for (auto name : {"Host", "Content-Length", "Transfer-Encoding"})
        if (o.headers.contains(name))
            return {errc::invalid_option, std::string(name) + " belongs to a request, not to a session"};
    return check_fields(o.headers);
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
    if (!is_token(method)) return {errc::invalid_method, "\"" + std::string(method) + "\""};
    if (method == "CONNECT") return {errc::invalid_method, "CONNECT asks a proxy for a tunnel"};
    if (auto* name = bad_duration(o)) return must_be_positive(name);
    if (!o.target.empty())
        if (auto c = check_target(method, o.target)) return c;
    if (auto* s = o.body.source(); s && !s->read && !(s->read_async && asynchronous))
        return {errc::invalid_option, "the body's source has no function that this session could call"};
    if (o.headers.empty()) return {};
    if (auto c = check_fields(o.headers)) return c;
    return check_framing(o.headers, o.body);
}

}  // namespace ferry::detail
