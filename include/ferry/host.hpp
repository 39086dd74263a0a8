// Which text is a host (RFC 3986 3.2.2): names, IPv4 addresses, IPv6 literals. Pure checks; nothing is resolved.
#pragma once

#include <ferry/percent.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ferry::detail {

/// How many bytes at the start of `text` are an IPv4 address; 0 when none is there. Only four decimal numbers from 0
/// to 255 without leading zeros are one: the form that every resolver reads in the same way.
constexpr std::size_t ipv4_length(std::string_view text) noexcept {
    std::size_t i = 0;
    for (int part = 0; part < 4; ++part) {
        if (part > 0 && (i == text.size() || text[i++] != '.')) return 0;
        const std::size_t begin = i;
        unsigned value = 0;
        for (; i < text.size() && is_digit(text[i]) && value < 256; ++i) value = value * 10 + digit_value(text[i]);
        if (i == begin || value > 255 || (text[begin] == '0' && i > begin + 1)) return 0;
    }
    return i;
}

constexpr bool is_ipv4(std::string_view text) noexcept { return !text.empty() && ipv4_length(text) == text.size(); }

/// An IPv6 address without brackets or zone (RFC 4291 2.2): at most one `::`, and an IPv4 address as its tail.
constexpr bool is_ipv6(std::string_view text) noexcept {
    int groups = 0;
    bool compressed = false;
    std::size_t i = 0;
    if (text.starts_with("::")) {
        compressed = true;
        i = 2;
    }
    while (i < text.size()) {
        const std::size_t begin = i;
        while (i < text.size() && i - begin < 4 && is(CharSet::hex, text[i])) ++i;
        if (i < text.size() && text[i] == '.') {
            groups += 2;
            if (!is_ipv4(text.substr(begin))) return false;
            break;
        }
        if (i == begin) return false;
        ++groups;
        if (i == text.size()) break;
        if (text[i++] != ':' || i == text.size()) return false;
        if (text[i] == ':') {
            if (compressed) return false;
            compressed = true;
            ++i;
        }
    }
    return compressed ? groups < 8 : groups == 8;
}

/// Where the zone begins in an IPv6 literal such as `[fe80::1%25eth0]` (RFC 6874), or npos.
constexpr std::size_t find_zone(std::string_view host) noexcept { return host.find("%25"); }

/// An IPv6 literal in its brackets, with a zone or without. A zone is written with %25 and holds unreserved
/// characters only.
constexpr bool is_ip_literal(std::string_view host) noexcept {
    if (host.size() < 4 || host.front() != '[' || host.back() != ']') return false;
    host = host.substr(1, host.size() - 2);
    const std::size_t zone = find_zone(host);
    if (zone == std::string_view::npos) return is_ipv6(host);
    for (const char c : host.substr(zone + 3)) {
        if (!is(CharSet::unreserved, c)) return false;
    }
    return host.size() > zone + 3 && is_ipv6(host.substr(0, zone));
}

/// A DNS name at the start of a text: labels of 1 to 63 letters, digits, `-`, `_` and `~`, at most 253 bytes in all,
/// and perhaps a dot at the end. Stricter than RFC 3986, whose reg-name also allows escapes and punctuation that no
/// resolver takes.
struct NameScan {
    std::size_t size = 0;        // Up to the first byte that no name holds.
    std::size_t last_label = 0;  // Where the last label begins; a dot at the end of the name is not part of it.
    bool valid = true;
    bool upper = false;  // Holds upper-case letters.
};

constexpr NameScan scan_name(std::string_view text) noexcept {
    NameScan name;
    std::uint16_t seen = 0;
    std::size_t label = 0;  // Where the label at hand begins.
    std::size_t i = 0;
    for (; i < text.size(); ++i) {
        const std::uint16_t c = classes(text[i]);
        if ((c & (bit(CharSet::host) | bit(CharSet::upper))) != 0) {
            seen |= c;
            continue;
        }
        if (text[i] != '.') break;
        if (i - label - 1 > 62) name.valid = false;  // Empty, or longer than 63.
        name.last_label = label;
        label = i + 1;
    }
    if (label < i) name.last_label = label;
    name.size = i;
    name.upper = (seen & bit(CharSet::upper)) != 0;
    if (i == 0 || i - label > 63 || i - (label == i ? 1 : 0) > 253) name.valid = false;
    return name;
}

/// Whether a label would be read as part of an IPv4 address by inet_aton, as the last of `127.1` or `0x7f000001`
/// (WHATWG URL 3.5, "ends in a number").
constexpr bool is_number(std::string_view label) noexcept {
    CharSet digits = CharSet::digit;
    if (label.size() > 1 && label[0] == '0' && (label[1] == 'x' || label[1] == 'X')) {
        label.remove_prefix(2);
        digits = CharSet::hex;
    }
    for (const char c : label) {
        if (!is(digits, c)) return false;
    }
    return true;
}

/// Whether a scanned name may be a host. One whose last label is a number may not: it is an IPv4 address in a form
/// that resolvers read in different ways, or none.
constexpr bool is_host_name(std::string_view text, const NameScan& name) noexcept {
    if (!name.valid) return false;
    if (!is_digit(text[name.last_label])) return true;
    auto label = text.substr(name.last_label, name.size - name.last_label);
    if (label.ends_with('.')) label.remove_suffix(1);
    return !is_number(label);
}

}  // namespace ferry::detail
