// Fields behind a chunked request body: which there may be, and how the body ends with them. Pure functions.
#pragma once

#include <ferry/headers.hpp>
#include <ferry/token.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace ferry::detail {

/// Whether a field may stand behind the body: none that says where the message ends or goes, who sends it, what is
/// asked of the server, or how to read the content (RFC 9110 6.5.1).
inline bool may_trail(std::string_view name) noexcept {
    for (std::string_view early : {"authorization",
                                   "cache-control",
                                   "connection",
                                   "content-encoding",
                                   "content-length",
                                   "content-range",
                                   "content-type",
                                   "cookie",
                                   "expect",
                                   "host",
                                   "keep-alive",
                                   "max-forwards",
                                   "pragma",
                                   "range",
                                   "te",
                                   "proxy-authorization",
                                   "trailer",
                                   "transfer-encoding",
                                   "upgrade",
                                   "if-match",
                                   "if-none-match",
                                   "if-modified-since",
                                   "if-range",
                                   "if-unmodified-since"})
        if (equal_ignoring_case(name, early)) return false;
    return true;
}

/// The name of the first field that may not trail.
inline std::optional<std::string_view> untrailable(const Headers& trailers) noexcept {
    for (auto f : trailers)
        if (!may_trail(f.name)) return f.name;
    return std::nullopt;
}

/// The value of the `Trailer` field that announces them (RFC 9110 6.6.2): each name once.
inline std::string announced(const Headers& trailers) {
    Headers seen;
    std::string names;
    for (auto f : trailers) {
        if (seen.contains(f.name)) continue;
        seen.add(f.name, {});
        if (!names.empty()) names.append(", ");
        names.append(f.name);
    }
    return names;
}

/// The last chunk, the trailers and the empty line (RFC 9112 7.1). The fields have been checked.
inline std::string last_chunk_with(const Headers& trailers) {
    return std::string("0\r\n").append(trailers.block()).append("\r\n");
}

}  // namespace ferry::detail
