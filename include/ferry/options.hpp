// What a caller can choose, for one request and for a session: aggregates for designated initializers.
#pragma once

#include <ferry/body.hpp>
#include <ferry/headers.hpp>
#include <ferry/pool_limits.hpp>
#include <ferry/query.hpp>
#include <ferry/rate_limit.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

namespace ferry {

/// For one request. What is left out comes from the session. Durations of zero or less are refused with
/// `errc::invalid_option`; `no_timeout` waits for as long as it takes.
struct Options {
    // What
    Query params = {};        ///< appended to the URL's query, behind the session's
    Headers headers = {};     ///< laid over the session's: a field of the same name replaces the session's
    Body body = {};           ///< text or bytes, `File`, or `source(function)`
    std::string target = {};  ///< sent in place of the URL's path and query, as it is: `*` for OPTIONS, or `/...`

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
    bool idempotent = false;              ///< the request may be repeated even if its method alone does not allow it
    bool expect_continue = false;         ///< `Expect: 100-continue`: up to 1 s for a go-ahead before the body is sent
    std::optional<bool> keep_alive = {};  ///< false: `Connection: close`
    std::optional<bool> lenient = {};  ///< accept bare LF and folded fields in the response's head (RFC 9112 2.2, 5.2)
    std::optional<std::uint64_t> max_body =
        {};  ///< bytes of body taken into memory; `download` and `stream` have no limit
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
    Headers headers = {};  ///< over `User-Agent: ferry/<version>` and `Accept: */*`

    // How long
    std::chrono::milliseconds timeout = no_timeout;
    std::optional<std::chrono::milliseconds> pool_timeout = {};  ///< as `connect_timeout` by default
    std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
    std::chrono::milliseconds read_timeout = std::chrono::seconds(30);
    std::chrono::milliseconds write_timeout = std::chrono::seconds(30);

    // How
    bool keep_alive = true;
    bool lenient = false;
    PoolLimits pool = {};
    RateLimit rate = {};                              ///< of requests to one host; none by default
    std::size_t max_head = 64 * 1024;                 ///< bytes of a response's head, and of chunk lines and trailers
    std::size_t max_fields = 256;                     ///< header fields of a response
    std::size_t max_interim = 8;                      ///< 1xx responses before the final one
    std::uint64_t max_body = std::uint64_t{1} << 30;  ///< bytes of body taken into memory
};

}  // namespace ferry
