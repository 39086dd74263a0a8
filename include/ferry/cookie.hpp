// A cookie as a jar keeps it, and what no cookie may be.
#pragma once

#include <ferry/host.hpp>
#include <ferry/percent.hpp>
#include <ferry/token.hpp>
#include <ferry/url.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry {

/// What a server said of requests that other sites start (RFC 6265bis 5.6.7). Kept for whoever reads it and never
/// enforced: a client has no site of its own, so none of its requests comes from another one.
enum class SameSite { unset, none, lax, strict };

/// One cookie (RFC 6265bis 5.7). Two are the same one, and the later replaces the earlier, when name, domain,
/// `host_only` and path agree.
struct Cookie {
    std::string name = {};    ///< case-sensitive; may be empty when the value is not
    std::string value = {};   ///< as the server sent it, quotes included; name and value have 4096 bytes at most
    std::string domain = {};  ///< a host in lower case, an IPv6 address in brackets; no dot before it, no port
    std::string path = "/";   ///< sent to this path and those below it; 1024 bytes at most
    std::optional<std::chrono::system_clock::time_point> expires = {};  ///< nothing: when the session ends
    bool host_only = true;                 ///< sent to `domain` alone; otherwise to the names under it as well
    bool secure = false;                   ///< sent over https only
    bool http_only = false;                ///< not for scripts; says nothing to ferry, but is kept and saved
    SameSite same_site = SameSite::unset;  ///< not enforced

    friend bool operator==(const Cookie&, const Cookie&) = default;
};

namespace detail {

using cookie_clock = std::chrono::system_clock;
using cookie_time = cookie_clock::time_point;

inline constexpr std::size_t max_cookie_size = 4096;       // Name and value together (RFC 6265bis 5.6).
inline constexpr std::size_t max_cookie_attribute = 1024;  // The value of one attribute.
inline constexpr std::chrono::hours max_cookie_age(400 * 24);

/// No cookie lives longer than 400 days from when it was set (RFC 6265bis 5.5).
inline cookie_time latest_expiry(cookie_time now) noexcept {
    return now > cookie_time::max() - max_cookie_age ? cookie_time::max() : now + max_cookie_age;
}

inline bool is_expired(const Cookie& cookie, cookie_time now) noexcept {
    return cookie.expires && *cookie.expires <= now;
}

inline bool same_cookie(const Cookie& a, const Cookie& b) noexcept {
    return a.name == b.name && a.domain == b.domain && a.host_only == b.host_only && a.path == b.path;
}

inline bool begins_with_ignoring_case(std::string_view text, std::string_view prefix) noexcept {
    return text.size() >= prefix.size() && equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

/// Whether the cookie is what the prefix of its name promises (RFC 6265bis 4.1.3, 5.7). A nameless cookie must not
/// look as if it had such a name.
inline bool keeps_prefix(const Cookie& cookie) noexcept {
    const std::string_view text = cookie.name.empty() ? cookie.value : cookie.name;
    if (begins_with_ignoring_case(text, "__Secure-")) return !cookie.name.empty() && cookie.secure;
    if (!begins_with_ignoring_case(text, "__Host-")) return true;
    return !cookie.name.empty() && cookie.secure && cookie.host_only && cookie.path == "/";
}

/// A host as the cookies of its URLs have it, from text that may lack an IPv6 address's brackets and may have a port,
/// which means nothing to cookies. Empty when it is no host.
inline std::string cookie_host(std::string_view text) {
    if (text.empty() || text.find_first_of("@/?#") != std::string_view::npos) return {};
    const bool bare_ipv6 = text[0] != '[' && std::count(text.begin(), text.end(), ':') > 1;
    std::string written("http://");
    if (bare_ipv6) written.append("[").append(text).append("]");
    else written.append(text);
    std::error_code ec;
    const Url url = Url::parse(written, ec);
    return std::string(url.host());
}

inline bool is_address(std::string_view host) noexcept { return host.starts_with('[') || is_ipv4(host); }

/// Brings a cookie that a user or a file gives into the form that the jar keeps. Returns why it cannot be a cookie;
/// empty when it can.
inline std::string_view normalize(Cookie& cookie, cookie_time now) {
    if (cookie.domain.starts_with('.')) {
        cookie.domain.erase(0, 1);
        cookie.host_only = false;
    }
    cookie.domain = cookie_host(cookie.domain);
    if (is_address(cookie.domain)) cookie.host_only = true;
    if (cookie.expires) cookie.expires = std::min(*cookie.expires, latest_expiry(now));

    if (cookie.name.empty() && cookie.value.empty()) return "neither name nor value";
    // A tab would be read as the end of a column in a cookie file; only the value, as the last one, may hold it.
    if (has_control(cookie.name) || has_control(cookie.path) || !is_field_value(cookie.value))
        return "a control character";
    if (cookie.name.find_first_of(";=") != std::string::npos) return "a semicolon or an equals sign in the name";
    if (cookie.value.find(';') != std::string::npos) return "a semicolon in the value";
    if (trim(cookie.name) != cookie.name || trim(cookie.value) != cookie.value) return "blanks around name or value";
    if (cookie.name.size() + cookie.value.size() > max_cookie_size) return "name and value longer than 4096 bytes";
    if (cookie.domain.empty()) return "a domain that is not a host";
    if (!cookie.path.starts_with('/')) return "a path that does not begin with a slash";
    if (cookie.path.size() > max_cookie_attribute) return "a path longer than 1024 bytes";
    if (!keeps_prefix(cookie)) return "not what the prefix __Secure- or __Host- promises";
    return {};
}

}  // namespace detail
}  // namespace ferry
