// What a caller can choose, for one request and for a session: aggregates for designated initializers.
#pragma once

#include <ferry/auth.hpp>
#include <ferry/body.hpp>
#include <ferry/cookies.hpp>
#include <ferry/headers.hpp>
#include <ferry/hooks.hpp>
#include <ferry/pool_limits.hpp>
#include <ferry/proxy_options.hpp>
#include <ferry/query.hpp>
#include <ferry/rate_limit.hpp>
#include <ferry/redirect.hpp>
#include <ferry/resolve_options.hpp>
#include <ferry/resolver.hpp>
#include <ferry/retry.hpp>
#include <ferry/socket_options.hpp>
#include <ferry/tls_options.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace ferry {

/// How far a body has got.
struct Progress {
    std::uint64_t sent = 0;                        ///< bytes of the request's body, as they go on the wire
    std::optional<std::uint64_t> to_send = {};     ///< of how many, if that is known
    std::uint64_t received = 0;                    ///< bytes of the response's body, as they came
    std::optional<std::uint64_t> to_receive = {};  ///< of how many, if the server said so
};

/// For one request. What is left out comes from the session. Durations of zero or less are refused with
/// `errc::invalid_option`; `no_timeout` waits for as long as it takes.
struct Options {
    // What
    Query params = {};     ///< appended to the URL's query, behind the session's
    Headers headers = {};  ///< laid over the session's: a field of the same name replaces the session's
    Body body = {};        ///< text, bytes, `json(value)`, `Form`, `Multipart`, `File` or `source(function)`
    std::vector<std::pair<std::string, std::string>> cookies = {};  ///< sent with this request, beside the jar's
    std::string target = {};  ///< sent in place of the URL's path and query, as it is: `*` for OPTIONS, or `/...`

    // Who
    Auth auth = {};  ///< `basic(user, password)`, `bearer(token)`, `digest(user, password)`, or a scheme of your own

    // Which way
    Proxy proxy =
        {};  ///< such as `"http://user:password@proxy:3128"` or `"socks5h://proxy"`; `Proxy::none()`: directly
    std::optional<bool> proxy_tunnel = {};  ///< true: by CONNECT to http URLs, too
    std::optional<TlsOptions> tls = {};     ///< in place of the session's, on connections of their own

    // How long
    std::optional<std::chrono::milliseconds> timeout =
        {};  ///< of all: waiting, connecting, retries, body. None by default
    std::optional<std::chrono::milliseconds> pool_timeout =
        {};  ///< in line for a connection; as `connect_timeout` by default
    std::optional<std::chrono::milliseconds> connect_timeout = {};  ///< resolving and connecting together; 10 s
    std::optional<std::chrono::milliseconds> read_timeout = {};     ///< between two bytes from the server; 30 s
    std::optional<std::chrono::milliseconds> write_timeout = {};    ///< between two bytes that the server takes; 30 s
    std::stop_token stop = {};  ///< ends the call from another thread with `errc::cancelled`

    // How
    bool idempotent = false;       ///< the request may be repeated even if its method alone does not allow it
    bool expect_continue = false;  ///< `Expect: 100-continue`: up to 1 s for a go-ahead before the body is sent
    std::optional<RedirectOptions> redirects = {};  ///< `ferry::no_redirects` gives the redirect itself
    std::optional<Retry> retry = {};                ///< which failures are tried again; `ferry::no_retry`
    std::optional<bool> keep_alive = {};            ///< false: `Connection: close`
    std::optional<bool> lenient = {};  ///< accept bare LF and folded fields in the response's head (RFC 9112 2.2, 5.2)
    std::optional<bool> decode = {};   ///< false: the body as it came, in its Content-Encoding
    std::optional<std::uint64_t> max_body =
        {};                                  ///< bytes of body taken into memory; `download` and `stream` have no limit
    bool compress = false;                   ///< sends the body with `Content-Encoding: gzip`
    std::function<Headers()> trailers = {};  ///< called when the body has been sent: fields behind it (RFC 9110 6.5)
    bool resume = false;  ///< `download`: keep what has come when it fails, and go on from there the next time
    std::function<void(const Progress&)> on_progress = {};  ///< called as bytes of a body move, in either direction
    std::function<void(int status, const Headers&)> on_interim = {};  ///< called for each 1xx response

    /// Nothing chosen, made once.
    static const Options& none();
};

inline const Options& Options::none() {
    static const Options instance;
    return instance;
}

/// For a session: the defaults of its requests, and its pool.
struct SessionOptions {
    // What
    std::string base_url = {};  ///< what relative URLs are resolved against (RFC 3986 5), such as `http://host/api/`
    Query params = {};
    std::shared_ptr<CookieJar> cookies = std::make_shared<CookieJar>();  ///< null: none are kept or sent
    Headers headers = {};  ///< over `User-Agent: ferry/<version>` and `Accept: */*`

    // Who
    Auth auth = {};      ///< sent to every host that this session asks, but not where a redirect leads away
    bool netrc = false;  ///< where nothing else is given: what `$NETRC` or `~/.netrc` has for the host

    TlsOptions tls = {};  ///< whom to trust, and how, for https; see `TlsOptions`

    // Which way
    Proxy proxy = {};       ///< of every request; by default what the environment says
    bool trust_env = true;  ///< look at `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`: once, when it is made
    bool proxy_tunnel = false;  ///< go through an HTTP proxy by CONNECT to http URLs, too, and not only to https
    /// For a proxy that is itself spoken to over TLS; the same in overlays and for requests with `tls` of their own. By
    /// default as `tls`, without what is about servers and about us: pins, revocation lists, `server_name`, the client
    /// certificate, `customize` and `dangerously_skip_verification`.
    std::optional<TlsOptions> proxy_tls = {};

    // How long
    std::chrono::milliseconds timeout = no_timeout;
    std::optional<std::chrono::milliseconds> pool_timeout = {};  ///< as `connect_timeout` by default
    std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
    std::chrono::milliseconds read_timeout = std::chrono::seconds(30);
    std::chrono::milliseconds write_timeout = std::chrono::seconds(30);

    // How
    bool keep_alive = true;
    bool lenient = false;
    bool decode = true;  ///< undo the Content-Encoding; not for a request with an `Accept-Encoding` of the caller's
    RedirectOptions redirects = {};
    std::optional<Retry> retry = {};  ///< none by default: only stale connections are tried again
    ResolveOverrides resolve = {};    ///< where to connect to in place of what the URL says; no name is looked up
    Resolver resolver = {};           ///< looks up names in place of the system; see `Resolver`
    SocketOptions socket = {};
    Hooks hooks = {};
    PoolLimits pool = {};
    RateLimit rate = {};                              ///< of requests to one host; none by default
    std::size_t max_head = 64 * 1024;                 ///< bytes of a response's head, and of chunk lines and trailers
    std::size_t max_fields = 256;                     ///< header fields of a response
    std::size_t max_interim = 8;                      ///< 1xx responses before the final one
    std::uint64_t max_body = std::uint64_t{1} << 30;  ///< bytes of body taken into memory
    std::uint64_t max_expansion =
        1000;  ///< bytes that one byte of a coded body may become, beyond the first MiB; 0: any
};

}  // namespace ferry
