// A request's head as bytes (RFC 9112 3 and 5), and the lines around chunks.
#pragma once

#include <ferry/request.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ferry::detail {

/// How the end of a request's body is told.
struct body_framing {
    enum class kind { none, length, chunked } what = kind::none;
    std::uint64_t size = 0;

    bool has_content() const noexcept { return what == kind::chunked || size > 0; }
};

/// `size` is the body's, if it is known before it is sent.
inline body_framing frame_request(std::string_view method, const Body& body,
                                  std::optional<std::uint64_t> size) noexcept {
    if (body.none()) return {expects_body(method) ? body_framing::kind::length : body_framing::kind::none, 0};
    if (size) return {body_framing::kind::length, *size};
    return {body_framing::kind::chunked, 0};
}

inline void append_number(std::string& out, std::uint64_t n, int base = 10) {
    char digits[20];
    out.append(digits, std::to_chars(digits, digits + sizeof digits, n, base).ptr);
}

inline constexpr std::string_view end_of_line = "\r\n";

inline void append_field(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(std::string_view(": ")).append(value).append(end_of_line);
}

/// The session's fields, but for those that the request has of its own.
inline void append_defaults(std::string& out, const request& q) {
    auto& own = q.options->headers;
    if (own.empty()) {
        out.append(q.defaults);
        return;
    }
    for (auto rest = q.defaults; !rest.empty();) {
        auto line = rest.substr(0, rest.find('\n') + 1);
        rest.remove_prefix(line.size());
        if (!own.contains(line.substr(0, line.find(':')))) out.append(line);
    }
}

/// Host goes first and once (RFC 9110 7.2); the caller's own Content-Length has been checked and is written here.
inline void append_own(std::string& out, const request& q) {
    for (auto f : q.options->headers)
        if (!equal_ignoring_case(f.name, "host") && !equal_ignoring_case(f.name, "content-length"))
            append_field(out, f.name, f.value);
}

inline void encode_head(const request& q, body_framing body, bool expect, std::string& out) {
    auto& own = q.options->headers;
    out.clear();
    out.append(q.method).append(1, ' ').append(q.target()).append(std::string_view(" HTTP/1.1\r\nHost: "));
    out.append(own.find("host").value_or(q.url.authority())).append(end_of_line);
    append_defaults(out, q);
    append_own(out, q);
    if (body.what == body_framing::kind::length) {
        out.append(std::string_view("Content-Length: "));
        append_number(out, body.size);
        out.append(end_of_line);
    } else if (body.what == body_framing::kind::chunked) {
        out.append("Transfer-Encoding: chunked\r\n");
    }
    if (expect) out.append("Expect: 100-continue\r\n");
    if (q.say_close) out.append("Connection: close\r\n");
    out.append(end_of_line);
}

inline constexpr std::string_view last_chunk = "0\r\n\r\n";

/// Room for a chunk's size line in front of its data, and for the CRLF behind it.
inline constexpr std::size_t chunk_prefix = 10, chunk_suffix = 2;

/// Frames `n` bytes that lie at `memory + chunk_prefix` in place.
inline std::string_view frame_chunk(char* memory, std::size_t n) noexcept {
    char line[chunk_prefix];
    auto end = std::to_chars(line, line + 8, n, 16).ptr;
    *end++ = '\r', *end++ = '\n';
    auto size = static_cast<std::size_t>(end - line);
    auto* begin = memory + chunk_prefix - size;
    std::char_traits<char>::copy(begin, line, size);
    memory[chunk_prefix + n] = '\r', memory[chunk_prefix + n + 1] = '\n';
    return {begin, size + n + chunk_suffix};
}

}  // namespace ferry::detail
