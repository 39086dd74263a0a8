// Is this response a redirect, may it be followed, and with what request? (RFC 9110 15.4, RFC 3986 5.) Pure functions.
#pragma once

#include <ferry/error.hpp>
#include <ferry/headers.hpp>
#include <ferry/redirect.hpp>
#include <ferry/token.hpp>
#include <ferry/url.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace ferry::detail {

/// 300 wants a choice, 304 is about a cache, 305 and 306 are obsolete: none of them is followed.
constexpr bool is_redirect(int status) noexcept {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// RFC 9110 15.4.2 to 15.4.9: what every client does, rather than what 301 and 302 once meant.
constexpr std::string_view redirected_method(int status, std::string_view method) noexcept {
    if (status == 303) return method == "HEAD" ? method : "GET";
    return (status == 301 || status == 302) && method == "POST" ? "GET" : method;
}

/// 303 says where the answer to the body is, so even a GET's body has been delivered by then.
constexpr bool drops_body(int status, std::string_view method) noexcept {
    return status == 303 || redirected_method(status, method) != method;
}

/// Fields that describe a body and go with it.
constexpr bool belongs_to_body(std::string_view name) noexcept {
    for (std::string_view n : {"transfer-encoding", "expect", "trailer"})
        if (equal_ignoring_case(name, n)) return true;
    return equal_ignoring_case(name.substr(0, 8), "content-");
}

/// What the caller's secrets may not go along to.
enum class secrets_dropped { none, all_but_authorization, all };

inline bool same_origin(const Url& a, const Url& b) noexcept {
    return a.scheme() == b.scheme() && a.host_and_port() == b.host_and_port();
}

/// From http to https on the same host Authorization stays, as in requests: it has crossed in the clear already.
inline secrets_dropped secrets_to_drop(const Url& from, const Url& to) noexcept {
    if (same_origin(from, to)) return secrets_dropped::none;
    const bool upgrade = !from.secure() && to.secure() && from.host() == to.host() && !from.has_port() &&
                         !to.has_port();
    return upgrade ? secrets_dropped::all_but_authorization : secrets_dropped::all;
}

inline bool is_dropped(std::string_view name, secrets_dropped which, std::span<const std::string> listed) noexcept {
    if (which == secrets_dropped::none) return false;
    if (equal_ignoring_case(name, "authorization")) return which == secrets_dropped::all;
    if (equal_ignoring_case(name, "cookie") || equal_ignoring_case(name, "proxy-authorization")) return true;
    return std::any_of(listed.begin(), listed.end(), [name](auto& n) { return equal_ignoring_case(n, name); });
}

/// The one place that the Location fields name. Nothing when there is none, when it is empty, and when several differ:
/// which of them was meant is anybody's guess, and guesses are what request smuggling lives on.
inline std::optional<std::string_view> location_of(const Headers& headers) noexcept {
    std::optional<std::string_view> found;
    for (auto f : headers) {
        if (!equal_ignoring_case(f.name, "location")) continue;
        if (found && *found != trim(f.value)) return std::nullopt;
        found = trim(f.value);
    }
    return found && !found->empty() ? found : std::nullopt;
}

/// What a Location means at `from`. It inherits the fragment (RFC 9110 10.2.2), and the userinfo where Authorization
/// would stay. Spaces and bytes outside of ASCII, which servers write there raw, become escapes (see Url).
inline Url resolve_location(const Url& from, std::string_view location, std::error_code& ec) {
    Url to = from.resolve(location, ec);
    if (ec) return to;
    const bool needs_user = from.has_userinfo() && !to.has_userinfo() &&
                            secrets_to_drop(from, to) != secrets_dropped::all;
    const bool needs_fragment = from.has_fragment() && !to.has_fragment();
    if (!needs_user && !needs_fragment) return to;

    std::string text(to.scheme());
    text.append("://");
    if (needs_user || to.has_userinfo()) text.append(needs_user ? from.userinfo() : to.userinfo()).append("@");
    text.append(to.host_and_port()).append(to.target());
    if (needs_fragment || to.has_fragment()) text.append("#").append(needs_fragment ? from.fragment() : to.fragment());
    return Url::parse(text, ec);
}

/// The Referer of a request that a redirect has led to: as browsers, the whole URL to the same origin, the origin alone
/// to another, and nothing from https to http (RFC 9110 10.1.3).
inline std::string referer(const Url& from, const Url& to) {
    if (same_origin(from, to)) return from.absolute_form();
    if (from.secure() && !to.secure()) return {};
    return std::string(from.scheme()).append("://").append(from.authority()).append("/");
}

/// A request of a call, as loops are told by.
struct hop {
    std::string method;
    Url url;
};

/// Whether the requests end in a circle that has been gone around: for some period, the last requests are those of one
/// period before, as far as there are any.
inline bool is_circle(std::span<const std::pair<std::string_view, std::string_view>> requests) noexcept {
    const auto size = static_cast<std::ptrdiff_t>(requests.size());
    for (std::ptrdiff_t period = 1; period < size; ++period) {
        const auto last = requests.end() - std::min(period, size - period);
        if (std::equal(last, requests.end(), last - period)) return true;
    }
    return false;
}

/// All that the rules look at. What it refers to outlives the verdict, whose method may be this one.
struct redirect_question {
    int status;
    std::string_view method;  // of the request that was answered, as is
    const Url& from;
    const Response& response;          // only passed on to the policy
    const Headers& headers;            // its fields
    std::span<const hop> before = {};  // the requests that led to this one, oldest first; a retry is no new request
    bool rewindable = true;            // the body could be sent again
};

struct redirect_verdict {
    enum class kind {
        not_a_redirect,  // the response is the result: not one of the five statuses, or without a usable Location
        stop,            // likewise, for the options or the policy want it so
        follow,          // with what stands below
        fail             // with `ec`, and `about` for people
    } what = kind::not_a_redirect;
    std::error_code ec{};
    std::string about{};
    std::string_view method{};
    Url url{};
    bool drop_body = false;
    secrets_dropped drop_secrets = secrets_dropped::none;
};

inline redirect_verdict refuse_redirect(errc code, std::string about = {}) {
    return {redirect_verdict::kind::fail, code, std::move(about)};
}

/// A site that sets a cookie and sends its visitor to the same URL again is no loop, and what else a server remembers
/// cannot be known. So a circle is followed as far as any other chain (requests does the same), and named when the
/// limit ends it.
inline redirect_verdict refuse_another(const redirect_question& q, const redirect_verdict& next) {
    std::vector<std::pair<std::string_view, std::string_view>> requests;
    requests.reserve(q.before.size() + 2);
    for (auto& h : q.before) requests.emplace_back(h.method, h.url.without_fragment());
    requests.emplace_back(q.method, q.from.without_fragment());
    requests.emplace_back(next.method, next.url.without_fragment());
    return refuse_redirect(is_circle(requests) ? errc::redirect_loop : errc::too_many_redirects, to_string(next.url));
}

/// What the rules say, before the limit and the policy.
inline redirect_verdict resolve_redirect(const redirect_question& q, const RedirectOptions& o) {
    const auto location = location_of(q.headers);
    if (!location) return {};
    std::error_code ec;
    redirect_verdict v{.what = redirect_verdict::kind::follow, .url = resolve_location(q.from, *location, ec)};
    if (ec)
        return refuse_redirect(errc::redirect_refused, "Location " + printable_url(*location) + ": " + ec.message());
    if (q.from.secure() && !v.url.secure() && !o.allow_downgrade)
        return refuse_redirect(errc::redirect_refused, "from https to " + to_string(v.url));
    v.method = redirected_method(q.status, q.method);
    v.drop_body = drops_body(q.status, q.method);
    v.drop_secrets = secrets_to_drop(q.from, v.url);
    if (!v.drop_body && !q.rewindable) return refuse_redirect(errc::body_not_rewindable, to_string(v.url));
    return v;
}

/// What to do about a response. Throws only what the policy throws.
inline redirect_verdict judge_redirect(const redirect_question& q, const RedirectOptions& o) {
    if (!is_redirect(q.status)) return {};
    if (!o.follow) return {redirect_verdict::kind::stop};
    auto v = resolve_redirect(q, o);
    if (v.what != redirect_verdict::kind::follow) return v;
    if (q.before.size() >= o.max) return refuse_another(q, v);
    if (!o.policy) return v;
    switch (o.policy({q.status, v.method, q.from, v.url, q.before.size(), q.response})) {
    case RedirectAction::follow: return v;
    case RedirectAction::stop: return {redirect_verdict::kind::stop};
    case RedirectAction::error: break;
    }
    return refuse_redirect(errc::redirect_refused, "by the policy: " + to_string(v.url));
}

/// Makes the caller's fields, session's included, those of the next request: without what goes with the body, what is
/// secret, and a Host of the caller's, which named the old server. A Referer is replaced where there was one.
inline void redirect_fields(Headers& headers, const redirect_verdict& v, const Url& from,
                            std::span<const std::string> secret_headers) {
    Headers kept;
    for (auto f : headers) {
        if (v.drop_body && belongs_to_body(f.name)) continue;
        if (is_dropped(f.name, v.drop_secrets, secret_headers)) continue;
        if (equal_ignoring_case(f.name, "host") || equal_ignoring_case(f.name, "referer")) continue;
        kept.add(f.name, f.value);
    }
    if (headers.contains("referer"))
        if (auto from_here = referer(from, v.url); !from_here.empty()) kept.add("Referer", from_here);
    headers = std::move(kept);
}

}  // namespace ferry::detail
