// The small grammar of RFC 9110 section 5 that everything shares: tokens, field values, comma lists, ASCII case.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace ferry::detail {

constexpr char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

/// Equal but for the case of ASCII letters.
constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (a[i] != b[i] && to_lower(a[i]) != to_lower(b[i])) return false;
    return true;
}

inline constexpr auto token_characters = [] {
    std::array<bool, 256> t{};
    for (unsigned c = '0'; c <= '9'; ++c) t[c] = true;
    for (unsigned c = 'a'; c <= 'z'; ++c) t[c] = t[c - 'a' + 'A'] = true;
    for (char c : std::string_view("!#$%&'*+-.^_`|~")) t[static_cast<unsigned char>(c)] = true;
    return t;
}();

/// A token (RFC 9110 5.6.2): what methods and field names are made of.
constexpr bool is_token(std::string_view s) noexcept {
    for (char c : s)
        if (!token_characters[static_cast<unsigned char>(c)]) return false;
    return !s.empty();
}

/// A field value that can be sent: no control character but the tab (RFC 9110 5.5).
constexpr bool is_field_value(std::string_view s) noexcept {
    for (char c : s) {
        auto u = static_cast<unsigned char>(c);
        if ((u < 0x20 && u != '\t') || u == 0x7f) return false;
    }
    return true;
}

constexpr std::string_view trim(std::string_view s) noexcept {
    while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
    while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
    return s;
}

/// Takes the text before the next `sign` off, and the sign with it; all of the text when there is none.
constexpr std::string_view take_until(std::string_view& text, char sign) noexcept {
    const auto end = text.find(sign);
    const auto taken = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return taken;
}

/// Takes the next element off a comma-separated list (RFC 9110 5.6.1) without quoted strings; empty ones count.
constexpr std::string_view next_element(std::string_view& list) noexcept { return trim(take_until(list, ',')); }

/// Whether a view begins within a text, so that it is lost when that changes.
inline bool lies_in(std::string_view text, std::string_view view) noexcept {
    const std::less<const char*> before;  // unlike `<`, for pointers into different objects too
    return !before(view.data(), text.data()) && before(view.data(), text.data() + text.size());
}

/// `to.assign(text)`, but without the detours of a string that has to grow.
inline void assign(std::string& to, std::string_view text) {
    if (text.size() > to.capacity()) to = std::string(text);
    else to.assign(text);
}

/// Digits only, no sign; false when it is anything else or does not fit.
constexpr bool parse_decimal(std::string_view s, std::uint64_t& value) noexcept {
    if (s.empty()) return false;
    value = 0;
    for (char c : s) {
        if (c < '0' || c > '9') return false;
        auto digit = static_cast<std::uint64_t>(c - '0');
        if (value > (~std::uint64_t{0} - digit) / 10) return false;
        value = value * 10 + digit;
    }
    return true;
}

}  // namespace ferry::detail
