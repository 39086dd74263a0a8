// Takes a Set-Cookie field apart (RFC 6265bis 5.6). Whether the cookie may be set is cookie_rules.hpp's to say.
#pragma once

#include <ferry/cookie.hpp>
#include <ferry/cookie_date.hpp>
#include <ferry/percent.hpp>
#include <ferry/token.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ferry::detail {

/// What a Set-Cookie field says; its views last as long as the field's text. Of attributes that occur twice the last
/// one counts.
struct SetCookie {
    std::string_view name, value;
    std::optional<std::chrono::sys_seconds> expires;
    std::optional<std::chrono::seconds> max_age;  ///< 0 to 400 days; 0 for all that is not positive
    std::string_view domain;                      ///< without a dot before it, in any case; empty when there is none
    std::string_view path;                        ///< empty when the default path counts
    bool secure = false;
    bool http_only = false;
    SameSite same_site = SameSite::unset;
};

/// Digits, perhaps with a minus sign before them; nothing when it is anything else (RFC 6265bis 5.6.2).
inline std::optional<std::chrono::seconds> parse_max_age(std::string_view text) noexcept {
    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
    constexpr std::chrono::seconds most = max_cookie_age;
    std::uint64_t n = 0;
    if (negative) return std::chrono::seconds(0);
    if (!parse_decimal(text, n) || n > static_cast<std::uint64_t>(most.count())) return most;
    return std::chrono::seconds(n);
}

inline SameSite parse_same_site(std::string_view text) noexcept {
    if (equal_ignoring_case(text, "none")) return SameSite::none;
    if (equal_ignoring_case(text, "lax")) return SameSite::lax;
    if (equal_ignoring_case(text, "strict")) return SameSite::strict;
    return SameSite::unset;
}

inline void read_cookie_attribute(std::string_view text, SetCookie& out) noexcept {
    const auto name = trim(take_until(text, '='));
    auto value = trim(text);
    if (value.size() > max_cookie_attribute) return;
    if (equal_ignoring_case(name, "expires")) {
        if (const auto date = parse_cookie_date(value)) out.expires = date;
    } else if (equal_ignoring_case(name, "max-age")) {
        if (const auto age = parse_max_age(value)) out.max_age = age;
    } else if (equal_ignoring_case(name, "domain")) {
        if (value.starts_with('.')) value.remove_prefix(1);
        out.domain = value;
    } else if (equal_ignoring_case(name, "path")) {
        out.path = value.starts_with('/') ? value : std::string_view();
    } else if (equal_ignoring_case(name, "secure")) {
        out.secure = true;
    } else if (equal_ignoring_case(name, "httponly")) {
        out.http_only = true;
    } else if (equal_ignoring_case(name, "samesite")) {
        out.same_site = parse_same_site(value);
    }
}

/// The parts of a Set-Cookie field; nothing when it holds no cookie, a control character, or one too large.
inline std::optional<SetCookie> parse_set_cookie(std::string_view field) noexcept {
    if (!is_field_value(field)) return std::nullopt;
    SetCookie out;
    auto pair = take_until(field, ';');
    if (pair.find('=') != std::string_view::npos) out.name = trim(take_until(pair, '='));
    out.value = trim(pair);
    const auto size = out.name.size() + out.value.size();
    if (size == 0 || size > max_cookie_size) return std::nullopt;
    while (!field.empty()) read_cookie_attribute(take_until(field, ';'), out);
    return out;
}

}  // namespace ferry::detail
