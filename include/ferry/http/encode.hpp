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

/// Appends to memory that is known to be large enough: a head is many small pieces.
class text_writer {
public:
    explicit text_writer(char* memory) noexcept : begin_(memory), end_(memory) {}
    text_writer& append(std::string_view piece) noexcept {
        std::char_traits<char>::copy(end_, piece.data(), piece.size());
        end_ += piece.size();
        return *this;
    }
    text_writer& append(std::uint64_t n) noexcept {
        end_ = std::to_chars(end_, end_ + largest_number, n).ptr;
        return *this;
    }
    std::string_view written() const noexcept { return {begin_, static_cast<std::size_t>(end_ - begin_)}; }

    static constexpr std::size_t largest_number = 20;

private:
    char* begin_;
    char* end_;
};

inline constexpr std::string_view end_of_line = "\r\n";

inline void append_field(auto& out, std::string_view name, std::string_view value) {
    out.append(name).append(std::string_view(": ")).append(value).append(end_of_line);
}

/// The session's fields, but for those that the request has of its own.
inline void append_defaults(text_writer& out, const request& q) noexcept {
    auto& own = *q.fields;
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
inline void append_own(text_writer& out, const request& q) noexcept {
    for (auto f : *q.fields)
        if (!equal_ignoring_case(f.name, "host") && !equal_ignoring_case(f.name, "content-length"))
            append_field(out, f.name, f.value);
}

inline void append_framing(text_writer& out, body_framing body) noexcept {
    if (body.what == body_framing::kind::length) out.append("Content-Length: ").append(body.size).append(end_of_line);
    if (body.what == body_framing::kind::chunked) out.append("Transfer-Encoding: chunked\r\n");
}

/// Writes the head, and a small body `behind` it, into `memory`, which grows as needed and is never made smaller.
inline std::string_view encode_head(const request& q, body_framing body, bool expect, std::string& memory,
                                    std::string_view behind = {}) {
    constexpr std::size_t ours = 160, between = 4;  // at most: of the text written here; around a name and a value
    auto& own = *q.fields;
    const auto target = q.wire_target();
    const auto host = own.find("host").value_or(q.url.authority());
    const auto most = q.method.size() + target.size() + host.size() + q.defaults.size() + own.block().size() +
                      own.size() * between + q.added.size() + behind.size() + ours;
    if (memory.size() < most) memory.resize(most);

    text_writer out(memory.data());
    out.append(q.method).append(" ").append(target).append(" HTTP/1.1\r\nHost: ").append(host).append(end_of_line);
    append_defaults(out, q);
    append_own(out, q);
    out.append(q.added);
    append_framing(out, body);
    if (expect) out.append("Expect: 100-continue\r\n");
    if (q.say_close) out.append("Connection: close\r\n");
    return out.append(end_of_line).append(behind).written();
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
