// What a session does about responses that point elsewhere (RFC 9110 15.4): the options, and what a caller's own policy
// is asked. The rules themselves are in redirect_rules.hpp.
#pragma once

#include <ferry/url.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ferry {

struct Response;

/// A policy's word on one redirect.
enum class RedirectAction {
    follow,
    stop,  ///< the 3xx is the result
    error  ///< the call fails with `errc::redirect_refused`
};

/// A redirect that the built-in rules would follow. Its parts last as long as the policy's call.
struct Redirect {
    int status;               ///< 301, 302, 303, 307 or 308
    std::string_view method;  ///< of the request that would follow
    const Url& from;          ///< what was requested
    const Url& to;            ///< what would be requested
    std::size_t count;        ///< how many redirects this call has followed already
    const Response& response;
};

/// How redirects are followed (requests' `allow_redirects` and `max_redirects`).
///
/// 301 and 302 turn POST into GET, 303 turns everything but HEAD into GET; a body that is dropped takes its `Content-*`
/// fields along. When scheme, host or port changes, `Authorization`, `Cookie` and `Proxy-Authorization` fields of the
/// caller's are dropped for the rest of the call; from http to https on the same host and default ports
/// `Authorization` stays. A Location that is no http or https URL ends the call with `errc::redirect_refused`; none, an
/// empty one, or several that differ make the 3xx the result.
struct RedirectOptions {
    bool follow = true;            ///< false: every 3xx is a result
    std::size_t max = 20;          ///< one more is `errc::too_many_redirects`, or `errc::redirect_loop` for a circle
    bool allow_downgrade = false;  ///< from https to http; else that is `errc::redirect_refused`
    std::vector<std::string> secret_headers = {};  ///< names of fields to drop when scheme, host or port changes
    /// Asked about each redirect that these rules allow; called from the thread that makes the request. What it throws
    /// ends the call.
    std::function<RedirectAction(const Redirect&)> policy = {};
};

/// Every 3xx is the result: `session.get(url, {.redirects = ferry::no_redirects})` (requests' `allow_redirects=False`).
inline const RedirectOptions no_redirects{.follow = false};

}  // namespace ferry
