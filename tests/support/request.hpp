// One request as a test server received it: its raw bytes, and where it ends by its own framing.
#pragma once

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ferry::testing {

inline bool same_name(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

struct Request {
    std::size_t connection = 0;  // counted from 1
    std::string bytes = {};

    std::string_view head() const { return std::string_view(bytes).substr(0, head_size()); }
    std::string_view body() const { return std::string_view(bytes).substr(head_size()); }
    std::string_view line() const { return std::string_view(bytes).substr(0, bytes.find("\r\n")); }
    std::string_view method() const { return line().substr(0, line().find(' ')); }

    std::string_view target() const {
        auto rest = line().substr(std::min(line().size(), method().size() + 1));
        return rest.substr(0, rest.find(' '));
    }

    // The n-th field of that name, counted from 0.
    std::optional<std::string_view> field(std::string_view name, std::size_t n = 0) const {
        auto rest = head();
        for (auto end = rest.find("\r\n"); end != rest.npos; end = rest.find("\r\n")) {
            auto text = rest.substr(0, end);
            rest.remove_prefix(end + 2);
            auto colon = text.find(':');
            if (colon == text.npos || !same_name(text.substr(0, colon), name) || n-- != 0) continue;
            auto value = text.substr(colon + 1);
            return value.substr(std::min(value.size(), value.find_first_not_of(' ')));
        }
        return std::nullopt;
    }

    std::size_t count(std::string_view name) const {
        std::size_t n = 0;
        while (field(name, n)) ++n;
        return n;
    }

private:
    std::size_t head_size() const { return std::min(bytes.size(), bytes.find("\r\n\r\n") + 4); }
};

// The size of the head at the front of `bytes` with its blank line; none while it is not complete.
inline std::optional<std::size_t> head_end(std::string_view bytes) {
    auto blank = bytes.find("\r\n\r\n");
    return blank == bytes.npos ? std::nullopt : std::optional(blank + 4);
}

// The size of a chunked body with its trailers. Each line is taken at its word: a test client that sends a
// malformed one makes the caller wait for more, and fail with what it has.
inline std::optional<std::size_t> chunks_end(std::string_view body) {
    std::size_t at = 0;
    for (;;) {
        auto eol = body.find("\r\n", at);
        if (eol == body.npos) return std::nullopt;
        std::size_t size = 0;
        if (std::from_chars(body.data() + at, body.data() + eol, size, 16).ec != std::errc{}) return std::nullopt;
        at = eol + 2;
        if (size == 0) break;
        at += size + 2;
    }
    for (auto eol = body.find("\r\n", at); eol != body.npos; eol = body.find("\r\n", at)) {
        auto blank = eol == at;
        at = eol + 2;
        if (blank) return at;
    }
    return std::nullopt;
}

// The size of the first request in `bytes`; none while it is not complete.
inline std::optional<std::size_t> request_end(std::string_view bytes) {
    auto head = head_end(bytes);
    if (!head) return std::nullopt;
    auto body = bytes.substr(*head);
    Request request{0, std::string(bytes.substr(0, *head))};
    if (auto coding = request.field("Transfer-Encoding"); coding && same_name(*coding, "chunked")) {
        auto size = chunks_end(body);
        return size ? std::optional(*head + *size) : std::nullopt;
    }
    std::size_t length = 0;
    if (auto text = request.field("Content-Length")) std::from_chars(text->data(), text->data() + text->size(), length);
    return body.size() < length ? std::nullopt : std::optional(*head + length);
}

// Bytes as they can stand in a message: control characters escaped, long ones cut.
inline std::string as_shown(std::string_view bytes, std::size_t limit = 200) {
    std::string out = "\"";
    for (char byte : bytes.substr(0, limit)) {
        auto c = static_cast<unsigned char>(byte);
        if (c == '\r') out += "\\r";
        else if (c == '\n') out += "\\n";
        else if (std::isprint(c)) out += static_cast<char>(c);
        else out += "\\x" + std::string{"0123456789abcdef"[c >> 4], "0123456789abcdef"[c & 15]};
    }
    out += '"';
    if (bytes.size() > limit) out += " and " + std::to_string(bytes.size() - limit) + " bytes more";
    return out;
}

}  // namespace ferry::testing
