// What an application can watch of a session: functions called as things happen, and a log of what goes over the wire.
#pragma once

#include <ferry/endpoint.hpp>
#include <ferry/headers.hpp>
#include <ferry/stats.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace ferry {

struct Response;
struct ConnectionInfo;
class Url;

/// A request about to be sent.
struct SentRequest {
    std::string_view method;
    const Url& url;
    std::string_view head;             ///< as it goes on the wire, secrets included
    const ConnectionInfo& connection;  ///< on which; its id is 0 for an adapter
};

/// A request about to be sent again.
struct Retried {
    std::string_view method;
    const Url& url;
    std::size_t count;               ///< 1 for the first time
    std::error_code why;             ///< or none, and then
    int status;                      ///< the response's
    std::chrono::milliseconds wait;  ///< before it is sent
    bool stale;                      ///< the kept connection had been dropped: not the retry policy's affair
};

/// A response that is followed by another request.
struct Followed {
    const Response& response;  ///< the redirect, or the challenge (401)
    std::string_view method;   ///< of the next request
    const Url& url;            ///< likewise
};

/// A connection that is about to be closed.
struct Discarded {
    DiscardReason reason;
    const ConnectionInfo& connection;
};

/// Functions that a session calls as things happen (requests' `hooks`); all may be left out, and then cost nothing.
/// Each is called by the thread that runs the request, by several at once if several run. What one throws ends the
/// request as other exceptions of the caller's functions do; `on_discard` and `log` must not throw.
struct Hooks {
    std::function<void(const SentRequest&)> on_request = {};
    std::function<void(const Response&)> on_response = {};  ///< each final head, also of redirects; before the body
    std::function<void(const Retried&)> on_retry = {};
    std::function<void(const Followed&)> on_redirect = {};  ///< also when credentials answer a challenge
    std::function<void(const Discarded&)> on_discard = {};  ///< no lock is held: it may ask the session things
    /// One line, without its end, for each thing on the wire: `> GET / HTTP/1.1`, `< HTTP/1.1 200 OK`, `* connected to
    /// ...`. The values of fields that carry secrets (Authorization, Cookie, ...) and passwords in URLs are hidden.
    std::function<void(std::string_view line)> log = {};
    /// More fields whose values the log hides.
    std::vector<std::string> secret_headers = {};
};

}  // namespace ferry
