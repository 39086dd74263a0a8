// Who may set a cookie and who gets it: domains, paths, Secure (RFC 6265bis 5.1.3, 5.1.4, 5.7, 5.8).
#pragma once

#include <ferry/cookie.hpp>
#include <ferry/cookie_parser.hpp>
#include <ferry/percent.hpp>
#include <ferry/public_suffix.hpp>
#include <ferry/token.hpp>
#include <ferry/url.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ferry::detail {

/// Whether `host` is `domain` or a name under it. Nothing lies under an address.
inline bool domain_matches(std::string_view host, std::string_view domain) noexcept {
    if (host == domain) return true;
    return host.size() > domain.size() && host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.' &&
           !is_address(host);
}

/// Whether `path` is that of the cookie or lies below it: `/a` covers `/a/b`, and not `/ab`.
inline bool path_matches(std::string_view path, std::string_view cookie_path) noexcept {
    if (!path.starts_with(cookie_path)) return false;
    return path.size() == cookie_path.size() || cookie_path.ends_with('/') || path[cookie_path.size()] == '/';
}

/// The folder of a URL's path, without the slash at its end.
inline std::string_view default_path(std::string_view path) noexcept {
    const std::size_t last = path.rfind('/');
    return last == 0 || !path.starts_with('/') ? std::string_view("/") : path.substr(0, last);
}

/// Whether Secure cookies may come from and go to this URL: https, and this very machine, as browsers and curl have it.
inline bool is_trustworthy(const Url& url) noexcept { return url.secure() || url.host() == "localhost"; }

/// When a cookie ends; Max-Age counts for more than Expires.
inline std::optional<cookie_time> expiry_of(const SetCookie& field, cookie_time now) noexcept {
    const auto latest = latest_expiry(now);
    if (field.max_age) return now > latest - *field.max_age ? latest : now + *field.max_age;
    if (!field.expires) return std::nullopt;
    // In seconds, because a clock of nanoseconds knows neither the year 1601 nor the year 9999.
    if (*field.expires >= std::chrono::floor<std::chrono::seconds>(latest)) return latest;
    return cookie_time(std::max(field.expires->time_since_epoch(), std::chrono::seconds(0)));
}

/// Whether the host may set a cookie for this domain; makes the cookie's domain and `host_only` from them.
inline bool accept_domain(std::string_view host, std::string_view domain, Cookie& out) {
    out.domain = host;
    out.host_only = true;
    if (domain.empty()) return true;
    std::string lower(domain);
    std::transform(lower.begin(), lower.end(), lower.begin(), to_lower);
    if (!domain_matches(host, lower)) return false;
    // A host whose own name is a public suffix keeps the cookie to itself.
    if (is_address(host) || is_public_suffix(lower)) return host == lower;
    out.domain = lower;
    out.host_only = false;
    return true;
}

/// The cookie that a Set-Cookie field found at `from` sets; nothing when that server may not set it. It may have
/// expired already, and then deletes the one that it would replace.
inline std::optional<Cookie> accept_cookie(const Url& from, std::string_view set_cookie, cookie_time now) {
    const auto field = parse_set_cookie(set_cookie);
    if (!field || from.empty()) return std::nullopt;
    Cookie cookie;
    if (!accept_domain(from.host(), field->domain, cookie)) return std::nullopt;
    if (field->secure && !is_trustworthy(from)) return std::nullopt;
    cookie.name = field->name;
    cookie.value = field->value;
    cookie.path = field->path.empty() ? default_path(from.path()) : field->path;
    cookie.expires = expiry_of(*field, now);
    cookie.secure = field->secure;
    cookie.http_only = field->http_only;
    cookie.same_site = field->same_site;
    // What no cookie file could hold, or would take too much memory; such a path matches no URL, or is no server's.
    if (has_control(cookie.name) || has_control(cookie.path) || cookie.path.size() > max_cookie_attribute)
        return std::nullopt;
    // __Host- also wants its path said (RFC 6265bis 5.7).
    if (!keeps_prefix(cookie) || (field->path.empty() && begins_with_ignoring_case(cookie.name, "__Host-")))
        return std::nullopt;
    return cookie;
}

}  // namespace ferry::detail
