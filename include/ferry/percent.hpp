// Percent-encoding (RFC 3986 2.1): which byte may stand where in a URL, and the encoders and the decoder built on
// that one table.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ferry::detail {

/// The places that a byte may stand in without being encoded; each is a bit of the table's entries.
enum class CharSet : std::uint16_t {
    unreserved = 1,   ///< letters, digits, - . _ ~  (RFC 3986 2.3)
    form = 2,         ///< letters, digits, - . _ *  (application/x-www-form-urlencoded, WHATWG URL 5.2)
    userinfo = 4,     ///< unreserved, sub-delims, :
    path = 8,         ///< pchar, / and the brackets
    query = 16,       ///< pchar, / ? and the brackets
    fragment = 32,    ///< as query, and #
    host = 64,        ///< lower-case letters, digits, - _ ~ : what a label of a normalized name may hold
    upper = 128,      ///< upper-case letters
    digit = 256,      ///< 0 to 9
    hex = 512,        ///< hexadecimal digits of either case
    control = 1024,   ///< below 0x20, and 0x7f: refused everywhere
    delimiter = 2048  ///< / ? # : what ends an authority
};

constexpr std::uint16_t bit(CharSet set) noexcept { return static_cast<std::uint16_t>(set); }

constexpr std::array<std::uint16_t, 256> make_char_table() noexcept {
    std::array<std::uint16_t, 256> table{};
    const auto mark = [&table](std::string_view bytes, auto... sets) {
        for (const char c : bytes) {
            auto& entry = table[static_cast<unsigned char>(c)];
            entry = static_cast<std::uint16_t>(entry | (bit(sets) | ...));
        }
    };
    using enum CharSet;
    mark("abcdefghijklmnopqrstuvwxyz", unreserved, form, userinfo, path, query, fragment, host);
    mark("ABCDEFGHIJKLMNOPQRSTUVWXYZ", unreserved, form, userinfo, path, query, fragment, upper);
    mark("0123456789", unreserved, form, userinfo, path, query, fragment, host, digit, hex);
    mark("abcdefABCDEF", hex);
    mark("-_", unreserved, form, userinfo, path, query, fragment, host);
    mark(".", unreserved, form, userinfo, path, query, fragment);
    mark("~", unreserved, userinfo, path, query, fragment, host);
    mark("*", form);
    mark("!$&'()*+,;=:", userinfo, path, query, fragment);
    mark("@/", path, query, fragment);
    mark("[]", path, query, fragment);  // Outside of the grammar, yet reserved: requests and browsers send them raw.
    mark("?", query, fragment);
    mark("#", fragment);
    mark("/?#", delimiter);
    for (std::size_t c = 0; c < 0x20; ++c) table[c] = bit(control);
    table[0x7f] = bit(control);
    return table;
}

inline constexpr std::array<std::uint16_t, 256> char_table = make_char_table();

constexpr std::uint16_t classes(char c) noexcept { return char_table[static_cast<unsigned char>(c)]; }

constexpr bool is(CharSet set, char c) noexcept { return (classes(c) & bit(set)) != 0; }

constexpr bool has_control(std::string_view text) noexcept {
    for (const char c : text) {
        if (is(CharSet::control, c)) return true;
    }
    return false;
}

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// The value of a decimal digit, and of nothing else.
constexpr unsigned digit_value(char c) noexcept { return static_cast<unsigned char>(c) - unsigned{'0'}; }

/// The value of a hexadecimal digit of either case, and of nothing else.
constexpr unsigned hex_value(char c) noexcept {
    return is_digit(c) ? digit_value(c) : (static_cast<unsigned char>(c) | 0x20u) - unsigned{'a'} + 10u;
}

/// Whether text[i] is a percent sign with two hexadecimal digits behind it.
constexpr bool is_escape(std::string_view text, std::size_t i) noexcept {
    return text.size() - i > 2 && text[i] == '%' && is(CharSet::hex, text[i + 1]) && is(CharSet::hex, text[i + 2]);
}

inline void append_escape(std::string& out, char c) {
    constexpr char digits[] = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    const char escape[] = {'%', digits[byte >> 4], digits[byte & 15]};
    out.append(escape, sizeof escape);
}

/// Appends `text` with every byte outside `keep` as %XX. For text that is data: an escape in it is data too, so
/// its percent sign becomes %25.
inline void percent_encode(std::string& out, std::string_view text, CharSet keep) {
    for (const char c : text) {
        if (is(keep, c)) {
            out.push_back(c);
        } else {
            append_escape(out, c);
        }
    }
}

/// Appends `text` as form data: as `percent_encode`, with `+` for a space (WHATWG URL 5.2). Nowhere else does a
/// plus sign stand for a space.
inline void form_encode(std::string& out, std::string_view text) {
    for (const char c : text) {
        if (c == ' ') {
            out.push_back('+');
        } else if (is(CharSet::form, c)) {
            out.push_back(c);
        } else {
            append_escape(out, c);
        }
    }
}

/// Appends part of a URL: bytes outside `keep` are encoded, escapes that are there stay as they are, and a percent
/// sign that begins no escape becomes %25. Its own output passes unchanged (requests' `requote_uri`).
inline void requote(std::string& out, std::string_view text, CharSet keep) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is(keep, text[i]) || is_escape(text, i)) {
            out.push_back(text[i]);
        } else {
            append_escape(out, text[i]);
        }
    }
}

/// Turns every %XX into its byte. A percent sign that begins no escape stays, and so does a plus sign.
inline std::string percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_escape(text, i)) {
            out.push_back(static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])));
            i += 2;
        } else {
            out.push_back(text[i]);
        }
    }
    return out;
}

}  // namespace ferry::detail
