// Which part of a file a response holds, and by what its version is told (RFC 9110 14 and 8.8.3).
#pragma once

#include <ferry/headers.hpp>
#include <ferry/token.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ferry::detail {

/// `bytes 100-199/200`; the total may be unknown (`*`).
struct content_range {
    std::uint64_t first = 0, last = 0;
    std::optional<std::uint64_t> total = {};
};

inline std::optional<content_range> parse_content_range(std::string_view value) noexcept {
    value = trim(value);
    constexpr std::string_view unit = "bytes ";
    if (!equal_ignoring_case(value.substr(0, unit.size()), unit)) return std::nullopt;
    value = trim(value.substr(unit.size()));
    const auto dash = value.find('-'), slash = value.find('/');
    if (dash == value.npos || slash == value.npos || dash > slash) return std::nullopt;
    content_range r;
    if (!parse_decimal(value.substr(0, dash), r.first)) return std::nullopt;
    if (!parse_decimal(value.substr(dash + 1, slash - dash - 1), r.last) || r.last < r.first) return std::nullopt;
    const auto total = value.substr(slash + 1);
    std::uint64_t n = 0;
    if (total == "*") return r;
    if (!parse_decimal(total, n) || n <= r.last) return std::nullopt;
    r.total = n;
    return r;
}

inline bool is_strong_tag(std::string_view tag) noexcept {
    return tag.size() >= 2 && tag.front() == '"' && tag.back() == '"' && is_field_value(tag);
}

/// The entity tag, if it is a strong one: only then do two parts with it belong to one file.
inline std::string strong_etag(const Headers& fields) {
    const auto tag = trim(fields["etag"]);
    return is_strong_tag(tag) && fields.count("etag") == 1 ? std::string(tag) : std::string();
}

}  // namespace ferry::detail
