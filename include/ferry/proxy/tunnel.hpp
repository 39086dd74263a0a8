// CONNECT: how an HTTP proxy is asked for a tunnel, and what its answer means (RFC 9110 9.3.6, SEMANTICS H1 and H2).
// The answer is parsed by http/parser.hpp (`start_tunnel`).
#pragma once

#include <ferry/error.hpp>
#include <ferry/http/encode.hpp>
#include <ferry/percent.hpp>
#include <ferry/proxy_options.hpp>
#include <ferry/url.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

namespace ferry::detail {

/// Where a tunnel leads: the authority form (RFC 9112 3.2.3), always with a port, without an IPv6 zone.
inline std::string tunnel_authority(const Url& url) {
    std::string to(url.authority());
    return url.has_port() ? to : to.append(":").append(std::to_string(url.port()));
}

/// The head of a CONNECT request. `user_agent` and `authorization`, the value of Proxy-Authorization, are left out when
/// empty, and were checked by the caller. Nothing else is sent: the request's own fields are for the server alone.
inline std::string connect_head(std::string_view authority, std::string_view user_agent,
                                std::string_view authorization = {}) {
    std::string out = "CONNECT ";
    out.append(authority).append(" HTTP/1.1").append(end_of_line);
    append_field(out, "Host", authority);
    if (!user_agent.empty()) append_field(out, "User-Agent", user_agent);
    if (!authorization.empty()) append_field(out, "Proxy-Authorization", authorization);
    return out.append(end_of_line);
}

/// So much of a refusal's body is read, into the response that the error carries, and so that the connection can be
/// kept for an answer to a 407. With more than this to come the connection is closed.
inline constexpr std::size_t max_refusal_body = 64 * 1024;

/// What is known when the head of the answer to CONNECT is whole. An interim response (1xx but 101) is none.
struct tunnel_answer {
    const Proxy& proxy;
    std::string_view authority;  // as it was asked for
    int status = 0;
    std::string_view reason = {};
    bool authenticated = false;  // credentials were sent
    bool answerable = false;     // 407: AuthExchange::answers said so
    std::size_t behind = 0;      // bytes that came behind the head
};

struct tunnel_verdict {
    enum class kind {
        open,   // from here on the connection is one to the server
        again,  // ask once more with other credentials: on this connection, where it can be kept
        failed  // `ec`
    } what = kind::open;
    std::error_code ec = {};
    std::string why = {};  // for people; it names the proxy
};

/// A proxy's own words, fit for a log line: not too long, no control characters.
inline std::string quote(std::string_view words) {
    constexpr std::size_t most = 100;
    std::string out;
    for (const char c : words.substr(0, most)) out.push_back(is(CharSet::control, c) ? '?' : c);
    return words.size() > most ? out.append("...") : out;
}

inline tunnel_verdict judge_tunnel(const tunnel_answer& a) {
    using kind = tunnel_verdict::kind;
    const auto about = [&](std::string_view text) { return "proxy " + a.proxy.name() + ": " + std::string(text); };
    if (a.status / 100 == 2) {
        if (a.behind == 0) return {};
        // Neither HTTP nor TLS lets the server speak first, so these are not the server's.
        return {kind::failed, errc::proxy_malformed, about("it sent bytes behind the head that opens a tunnel")};
    }
    if (a.status == 407 && a.answerable) return {kind::again, {}, {}};
    auto said = "it answered " + std::to_string(a.status);
    if (!a.reason.empty()) said.append(" ").append(quote(a.reason));
    said.append(" to CONNECT ").append(a.authority);
    const auto ec = a.status != 407   ? errc::proxy_refused
                    : a.authenticated ? errc::proxy_auth_refused
                                      : errc::proxy_auth_required;
    return {kind::failed, ec, about(said)};
}

/// Whether the other side ended the connection, in whichever way.
inline bool is_closed(std::error_code ec) noexcept {
    return ec == errc::connection_closed || ec == errc::incomplete_head || ec == errc::incomplete_body ||
           ec == std::errc::connection_reset || ec == std::errc::broken_pipe || ec == std::errc::connection_aborted;
}

/// A fault that came up while a proxy was asked, as the proxy's. Time-outs, cancellation and faults of connecting keep
/// their code. `why` gets a text that names the proxy, and `particulars` of the parser.
inline std::error_code as_proxy_fault(std::error_code ec, const Proxy& proxy, std::string& why,
                                      std::string_view particulars = {}) {
    why = "proxy " + proxy.name();
    if (is_closed(ec)) return errc::proxy_closed;
    if (ec != condition::protocol || ec == errc::proxy_malformed) return ec;
    why.append(": ").append(ec.message());
    if (!particulars.empty()) why.append(" ").append(particulars);
    return errc::proxy_malformed;
}

}  // namespace ferry::detail
