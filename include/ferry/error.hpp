// What can go wrong: error codes, the conditions that group them, and the exception that carries them.
#pragma once

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry {

struct Response;

/// Every fault that ferry itself finds. Faults of the operating system (connection refused, reset, no route)
/// keep their own code in `std::system_category()`; ask `ec == ferry::condition::network` to cover both.
enum class errc {
    // Input: found before a byte was sent.
    url_missing_scheme = 1,
    url_unsupported_scheme,
    url_missing_host,
    url_invalid_host,
    url_invalid_port,
    url_invalid_character,
    url_too_long,
    invalid_method,
    invalid_header_name,
    invalid_header_value,
    invalid_option,
    invalid_proxy,
    malformed_cookie_file,
    content_length_mismatch,
    tls_not_available,
    digest_not_available,
    coding_not_available,
    body_not_readable,
    body_size_changed,
    body_not_rewindable,
    callback_failed,

    // Pool.
    pool_empty,
    pool_closed,
    pool_timeout,

    // Network.
    host_not_found,
    resolver_failed,
    resolver_try_again,
    no_address,
    connection_closed,
    incomplete_head,
    incomplete_body,
    proxy_refused,
    proxy_auth_required,
    proxy_auth_refused,
    proxy_closed,
    proxy_malformed,

    // Time and cancellation.
    connect_timeout,
    read_timeout,
    write_timeout,
    total_timeout,
    cancelled,

    // Protocol: the peer sent something that is not HTTP/1.x as RFC 9112 defines it, or too much of it.
    malformed_response,
    malformed_status_line,
    unsupported_version,
    invalid_status,
    malformed_header,
    bare_line_feed,
    obsolete_fold,
    invalid_content_length,
    conflicting_framing,
    invalid_transfer_encoding,
    malformed_chunk,
    chunk_overhead_too_large,
    head_too_large,
    too_many_fields,
    too_many_interim_responses,
    unexpected_upgrade,
    body_too_large,
    line_too_long,
    invalid_content_coding,
    truncated_content_coding,
    too_many_content_codings,
    expansion_too_large,
    invalid_content_range,
    not_an_event_stream,

    // TLS. What is wrong with a certificate is told by the text.
    certificate_expired,
    certificate_not_yet_valid,
    certificate_wrong_host,
    certificate_self_signed,
    certificate_unknown_issuer,
    certificate_incomplete_chain,
    certificate_revoked,
    certificate_wrong_purpose,
    certificate_too_weak,
    certificate_invalid,
    certificate_pin_mismatch,
    client_certificate_refused,
    tls_alert,
    tls_unsupported_version,
    tls_protocol_error,
    tls_handshake_closed,
    tls_truncated,
    tls_context_failed,

    // Redirects that are not followed.
    too_many_redirects,
    redirect_loop,
    redirect_refused,

    // A response that the caller asked to treat as an error (`raise_for_status`).
    client_error_status,
    server_error_status,

    // A local file that could not be written (`download`) keeps the system's code.
};

/// Groups of codes for `ec == ferry::condition::x`. System codes take part: a refused connection is `network`.
enum class condition {
    input = 1,
    network,
    timeout,
    protocol,
    tls,
    pool,
    status,
    redirect,
};

/// What was being done when a request failed.
enum class Phase { input, pool, resolve, connect, proxy, tls, send, head, body, redirect };

/// How far the request got. `not_sent`: no byte left this process, sending it again is safe. `maybe_sent`: bytes
/// were written and nothing came back, so the server may or may not have acted on it. `response_started`: the
/// server answered.
enum class RequestState { not_sent, maybe_sent, response_started };

constexpr std::string_view to_string(Phase p) noexcept {
    switch (p) {
    case Phase::input: return "checking the request";
    case Phase::pool: return "waiting for a connection";
    case Phase::resolve: return "resolving the host";
    case Phase::connect: return "connecting";
    case Phase::proxy: return "asking the proxy for a way";
    case Phase::tls: return "TLS handshake";
    case Phase::send: return "sending the request";
    case Phase::head: return "waiting for the response";
    case Phase::body: return "receiving the body";
    case Phase::redirect: return "following a redirect";
    }
    return "unknown phase";
}

constexpr std::string_view to_string(RequestState s) noexcept {
    switch (s) {
    case RequestState::not_sent: return "not sent";
    case RequestState::maybe_sent: return "maybe sent";
    case RequestState::response_started: return "response started";
    }
    return "unknown state";
}

namespace detail {

constexpr const char* describe(errc e) noexcept {
    switch (e) {
    case errc::url_missing_scheme: return "the URL has no scheme (http:// or https://)";
    case errc::url_unsupported_scheme: return "the URL's scheme is neither http nor https";
    case errc::url_missing_host: return "the URL has no host";
    case errc::url_invalid_host: return "the URL's host is not a valid name or address";
    case errc::url_invalid_port: return "the URL's port is not a number from 1 to 65535";
    case errc::url_invalid_character: return "the URL holds a character that is not allowed at its place";
    case errc::url_too_long: return "the URL is too long";
    case errc::invalid_method: return "the method is not one that can be sent (RFC 9110 9.1)";
    case errc::invalid_header_name: return "a header name is not a token (RFC 9110 5.6.2)";
    case errc::invalid_header_value: return "a header value holds CR, LF, NUL or another control character";
    case errc::invalid_option: return "an option has a value outside its range";
    case errc::invalid_proxy: return "not a usable proxy";
    case errc::malformed_cookie_file: return "not a cookie file in Netscape's format";
    case errc::content_length_mismatch: return "the given Content-Length or Transfer-Encoding contradicts the body";
    case errc::tls_not_available: return "https is not available in this build";
    case errc::digest_not_available: return "Digest authentication needs OpenSSL, which this build does not have";
    case errc::coding_not_available: return "the content coding needs a library that this build does not have";
    case errc::body_not_readable: return "the request body could not be read";
    case errc::body_size_changed: return "the request body is not as long as announced";
    case errc::body_not_rewindable: return "the request body cannot be sent again because its source cannot be rewound";
    case errc::callback_failed: return "a function of the caller's threw an exception";
    case errc::pool_empty: return "the pool has no free connection and may not open another (max_per_host, max_total)";
    case errc::pool_closed: return "the session is closed";
    case errc::pool_timeout: return "no connection became free in time (pool_timeout)";
    case errc::host_not_found: return "host not found";
    case errc::resolver_failed: return "the name could not be resolved";
    case errc::resolver_try_again: return "the name server did not answer; try again later";
    case errc::no_address: return "the host has no usable address";
    case errc::connection_closed: return "the server closed the connection without a response";
    case errc::incomplete_head: return "the connection ended in the middle of the response's head";
    case errc::incomplete_body: return "the connection ended before the whole body had arrived";
    case errc::proxy_refused: return "the proxy did not open a way to the server";
    case errc::proxy_auth_required: return "the proxy asks for credentials, and none were given";
    case errc::proxy_auth_refused: return "the proxy did not accept the credentials";
    case errc::proxy_closed: return "the proxy closed the connection before there was a way to the server";
    case errc::proxy_malformed: return "the proxy's answer is not one that its protocol knows";
    case errc::connect_timeout: return "no connection in time (connect_timeout)";
    case errc::read_timeout: return "the server sent nothing for too long (read_timeout)";
    case errc::write_timeout: return "the server took nothing for too long (write_timeout)";
    case errc::total_timeout: return "the request took too long in all (timeout)";
    case errc::cancelled: return "cancelled";
    case errc::malformed_response: return "malformed response";
    case errc::malformed_status_line: return "malformed status line";
    case errc::unsupported_version: return "the response is not HTTP/1.0 or HTTP/1.1";
    case errc::invalid_status: return "the status code is not from 100 to 999";
    case errc::malformed_header: return "malformed header field in the response";
    case errc::bare_line_feed: return "a line of the response ends without CR (option lenient accepts it)";
    case errc::obsolete_fold: return "a header field of the response is folded (option lenient accepts it)";
    case errc::invalid_content_length: return "invalid Content-Length in the response";
    case errc::conflicting_framing: return "the response states its length in contradicting ways";
    case errc::invalid_transfer_encoding: return "the response uses a transfer coding that ferry does not know";
    case errc::malformed_chunk: return "malformed chunk in the response's body";
    case errc::chunk_overhead_too_large: return "chunk extensions or trailers of the response are too large";
    case errc::head_too_large: return "the response's head is larger than option max_head allows";
    case errc::too_many_fields: return "the response has more header fields than option max_fields allows";
    case errc::too_many_interim_responses: return "more 1xx responses than option max_interim allows";
    case errc::unexpected_upgrade: return "the server switched protocols (101) without being asked to";
    case errc::body_too_large: return "the body is larger than option max_body allows";
    case errc::line_too_long: return "a line or an event of the body is longer than the limit given for it";
    case errc::invalid_content_coding: return "the body is not what its Content-Encoding says";
    case errc::truncated_content_coding: return "the coded body ends too early";
    case errc::too_many_content_codings: return "the body is coded more times over than ferry undoes";
    case errc::expansion_too_large:
        return "the body expands to more than its size makes credible (option max_expansion)";
    case errc::invalid_content_range: return "the server sent another part of the file than was asked for";
    case errc::not_an_event_stream: return "the server did not answer with text/event-stream";
    case errc::certificate_expired: return "the server's certificate has expired";
    case errc::certificate_not_yet_valid: return "the server's certificate is not valid yet";
    case errc::certificate_wrong_host: return "the server's certificate is for another host";
    case errc::certificate_self_signed: return "the server's certificate is self-signed, and not a trusted root";
    case errc::certificate_unknown_issuer: return "the server's certificate leads to no trusted root";
    case errc::certificate_incomplete_chain:
        return "the server did not send the certificates between its own and a root";
    case errc::certificate_revoked: return "the server's certificate is revoked, or no list says that it is not";
    case errc::certificate_wrong_purpose: return "the server's certificate is not meant for what it is used for";
    case errc::certificate_too_weak: return "a key or signature of the server's certificates is too weak";
    case errc::certificate_invalid: return "the server's certificate is not valid";
    case errc::certificate_pin_mismatch: return "the server's public key is none of those in option pins";
    case errc::client_certificate_refused: return "the server refused the client's certificate, or the lack of one";
    case errc::tls_alert: return "the server ended TLS with an alert";
    case errc::tls_unsupported_version: return "the server speaks no version of TLS that the options allow";
    case errc::tls_protocol_error: return "what the server sent is not TLS, or breaks its rules";
    case errc::tls_handshake_closed: return "the server closed the connection during the TLS handshake";
    case errc::tls_truncated: return "the connection ended without TLS's close_notify, so data may be missing";
    case errc::tls_context_failed: return "TLS could not be set up as the options say";
    case errc::too_many_redirects: return "more redirects than option redirects.max allows";
    case errc::redirect_loop: return "the redirects go in a circle";
    case errc::redirect_refused: return "a redirect that the options forbid";
    case errc::client_error_status: return "the server answered with a client error status (4xx)";
    case errc::server_error_status: return "the server answered with a server error status (5xx)";
    }
    return "unknown error";
}

constexpr bool in(errc e, errc first, errc last) noexcept { return first <= e && e <= last; }

/// Whether one of ferry's own codes belongs to a condition.
constexpr bool belongs(errc e, condition c) noexcept {
    switch (c) {
    case condition::input: return in(e, errc::url_missing_scheme, errc::callback_failed);
    case condition::network:
        return in(e, errc::host_not_found, errc::proxy_malformed) ||
               in(e, errc::tls_handshake_closed, errc::tls_truncated);
    case condition::timeout: return e == errc::pool_timeout || in(e, errc::connect_timeout, errc::total_timeout);
    case condition::protocol:
        return e == errc::proxy_malformed || in(e, errc::malformed_response, errc::not_an_event_stream);
    case condition::tls:
        return e == errc::tls_not_available || in(e, errc::certificate_expired, errc::tls_context_failed);
    case condition::pool: return in(e, errc::pool_empty, errc::pool_timeout);
    case condition::status: return in(e, errc::client_error_status, errc::server_error_status);
    case condition::redirect: return in(e, errc::too_many_redirects, errc::redirect_refused);
    }
    return false;
}

/// Which codes of the operating system tell of the network.
inline bool is_network(const std::error_code& ec) noexcept {
    if (ec.category() != std::system_category() && ec.category() != std::generic_category()) return false;
    switch (ec.value()) {
    case ECONNREFUSED:
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case ENETRESET:
    case EADDRNOTAVAIL:
    case ENOTCONN:
    case ETIMEDOUT: return true;
    default: return false;
    }
}

}  // namespace detail

/// The category of `ferry::errc`; its name is "ferry".
inline const std::error_category& category() noexcept {
    struct Category final : std::error_category {
        const char* name() const noexcept override { return "ferry"; }
        std::string message(int v) const override { return detail::describe(static_cast<errc>(v)); }
        bool equivalent(int v, const std::error_condition& c) const noexcept override {
            if (c == std::errc::timed_out) return detail::belongs(static_cast<errc>(v), condition::timeout);
            if (c == std::errc::operation_canceled) return static_cast<errc>(v) == errc::cancelled;
            return default_error_condition(v) == c;
        }
    };
    static const Category instance;
    return instance;
}

/// The category of `ferry::condition`.
inline const std::error_category& condition_category() noexcept {
    struct Category final : std::error_category {
        const char* name() const noexcept override { return "ferry.condition"; }
        std::string message(int v) const override {
            constexpr const char* names[] = {"input", "network", "timeout", "protocol",
                                             "tls",   "pool",    "status",  "redirect"};
            return v >= 1 && v <= 8 ? names[v - 1] : "unknown condition";
        }
        bool equivalent(const std::error_code& ec, int v) const noexcept override {
            if (ec.category() == category())
                return detail::belongs(static_cast<errc>(ec.value()), static_cast<condition>(v));
            return static_cast<condition>(v) == condition::network && detail::is_network(ec);
        }
    };
    static const Category instance;
    return instance;
}

inline std::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), category()}; }
inline std::error_condition make_error_condition(condition c) noexcept {
    return {static_cast<int>(c), condition_category()};
}

/// What a failed call throws. `what()` is one line for a log: what was being done, to which URL, what went wrong,
/// and whether the request may have reached the server. (requests' `RequestException`.)
class Error : public std::system_error {
public:
    /// `detail` adds the fault's particulars to the text, such as the offending header name.
    Error(std::error_code ec, std::string url, Phase phase, RequestState state, std::string_view detail = {},
          std::shared_ptr<const Response> partial = {})
        : std::system_error(ec, text(url, phase, state, detail)), url_(std::move(url)), phase_(phase), state_(state),
          partial_(std::move(partial)) {}

    /// The same error, with what had arrived.
    Error(const Error& other, std::shared_ptr<const Response> partial) : Error(other) { partial_ = std::move(partial); }

    const std::string& url() const noexcept { return url_; }
    Phase phase() const noexcept { return phase_; }
    RequestState request_state() const noexcept { return state_; }

    /// What had arrived of the response when it failed: status and headers once the head was whole, and the part
    /// of the body that came. Null when nothing came.
    const Response* partial() const noexcept { return partial_.get(); }

private:
    static std::string text(std::string_view url, Phase phase, RequestState state, std::string_view detail) {
        std::string s = "ferry: ";
        s.append(to_string(phase));
        if (!url.empty()) s.append(" for ").append(url);
        if (phase != Phase::input) s.append(" (request ").append(to_string(state)).append(")");
        if (!detail.empty()) s.append(": ").append(detail);
        return s;
    }

    std::string url_;
    Phase phase_;
    RequestState state_;
    std::shared_ptr<const Response> partial_;
};

}  // namespace ferry

template <> struct std::is_error_code_enum<ferry::errc> : std::true_type {};
template <> struct std::is_error_condition_enum<ferry::condition> : std::true_type {};
