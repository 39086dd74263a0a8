// Where a response's body ends (RFC 9112 6.3), and what its head says about keeping the connection. Pure functions.
#pragma once

#include <ferry/headers.hpp>
#include <ferry/token.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string_view>

namespace ferry::detail {

enum class framing { none, length, chunked, until_close };

constexpr std::string_view to_string(framing f) noexcept {
    switch (f) {
    case framing::none: return "none";
    case framing::length: return "length";
    case framing::chunked: return "chunked";
    case framing::until_close: return "until close";
    }
    return "unknown framing";
}
inline std::ostream& operator<<(std::ostream& os, framing f) { return os << to_string(f); }

/// Responses that have no body, whatever their fields say (RFC 9110 6.4.1).
constexpr bool never_has_body(int status, bool head_request) noexcept {
    return head_request || status / 100 == 1 || status == 204 || status == 304;
}

/// A tunnel begins behind this head, whatever its fields say of a body (RFC 9110 9.3.6).
constexpr bool begins_tunnel(int status, bool connect_request) noexcept { return connect_request && status / 100 == 2; }

/// The framing that the `Transfer-Encoding` fields ask for, or nothing where they name a coding that is not known
/// here. `chunked` counts only as the one and last coding; `identity` is an old name for no coding at all.
inline std::optional<framing> transfer_framing(const Headers& headers) {
    auto found = framing::until_close;
    for (auto f : headers) {
        if (!equal_ignoring_case(f.name, "transfer-encoding")) continue;
        for (auto rest = f.value; !rest.empty();) {
            auto coding = next_element(rest);
            if (coding.empty() || equal_ignoring_case(coding, "identity")) continue;
            if (found == framing::chunked || !equal_ignoring_case(coding, "chunked")) return std::nullopt;
            found = framing::chunked;
        }
    }
    return found;
}

/// The server's hints (RFC 9112 C.2.2): how long it keeps an idle connection, and for how many requests more.
struct keep_alive_hint {
    std::optional<std::chrono::milliseconds> timeout;
    std::optional<std::uint64_t> max;
};

inline keep_alive_hint parse_keep_alive(std::string_view field) noexcept {
    keep_alive_hint hint;
    while (!field.empty()) {
        auto parameter = next_element(field);
        auto equals = parameter.find('=');
        if (equals == std::string_view::npos) continue;
        auto name = trim(parameter.substr(0, equals));
        std::uint64_t value = 0;
        if (!parse_decimal(trim(parameter.substr(equals + 1)), value)) continue;
        if (equal_ignoring_case(name, "timeout"))
            hint.timeout = std::chrono::seconds(static_cast<std::int64_t>(std::min<std::uint64_t>(value, 1'000'000)));
        if (equal_ignoring_case(name, "max")) hint.max = value;
    }
    return hint;
}

/// A hint less a margin for what is on its way: a second, but at most half of it.
constexpr std::chrono::milliseconds with_margin(std::chrono::milliseconds timeout) noexcept {
    return timeout - std::min<std::chrono::milliseconds>(std::chrono::seconds(1), timeout / 2);
}

}  // namespace ferry::detail
