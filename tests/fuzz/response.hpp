// What must hold for any bytes that are taken for a response; run by the fuzzer and, over its corpus, by the tests.
#pragma once

#include "must.hpp"

#include <ferry/http/parser.hpp>
#include <ferry/response.hpp>
#include <ferry/token.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace ferry::testing {

/// What was made of some bytes.
struct Reading {
    Response response;
    std::error_code ec;
    std::string body;       // decoded, of a chunked one
    std::size_t used = 0;   // bytes that were read: heads, and a chunked body
    int interim = 0;        // responses before the final one
    bool head = false;      // the final head is whole
    bool complete = false;  // so is the chunked body
    detail::framing framing = detail::framing::none;
    std::uint64_t length = 0;
    bool keep_alive = false;
};

/// Feeds bytes as a connection does, in pieces of one size.
class Reader {
public:
    Reader(std::string_view bytes, std::size_t piece, bool head_request, bool lenient) : bytes_(bytes), piece_(piece) {
        parser_.start(reading_.response, head_request, {.bytes = 512, .fields = 8}, lenient);
    }

    Reading run() {
        std::string unread;
        for (std::size_t at = 0; at < bytes_.size() && !done(); at += piece_) {
            unread.append(bytes_.substr(at, piece_));
            while (!unread.empty() && !done()) unread.erase(0, step(unread));
        }
        return std::move(reading_);
    }

private:
    bool done() const noexcept {
        return reading_.ec || reading_.complete || (reading_.head && reading_.framing != detail::framing::chunked);
    }

    std::size_t step(std::string& unread) {
        const std::size_t used = reading_.head ? read_chunks(unread) : read_head(unread);
        reading_.used += used;
        return used;
    }

    std::size_t read_head(std::string_view unread) {
        const auto fed = parser_.feed_head(unread);
        reading_.ec = fed.ec;
        must(fed.used <= unread.size(), "no more is read than is there");
        must(fed.ec || parser_.head_complete() || fed.used == unread.size(), "a head that goes on takes every byte");
        if (fed.ec || !parser_.head_complete()) return fed.used;
        if (parser_.interim() && reading_.response.status != 101) {
            ++reading_.interim;
            parser_.next_head(reading_.response);
            return fed.used;
        }
        reading_.head = true;
        reading_.framing = parser_.body_framing();
        reading_.length = parser_.content_length();
        reading_.keep_alive = parser_.keep_alive();
        return fed.used;
    }

    std::size_t read_chunks(std::string& unread) {
        const auto fed = parser_.feed_chunks(unread.data(), unread.size());
        reading_.ec = fed.ec;
        reading_.complete = parser_.complete();
        must(fed.used <= unread.size() && fed.body <= fed.used, "no more is decoded than was read");
        must(fed.ec || reading_.complete || fed.used == unread.size(), "a body that goes on takes every byte");
        reading_.body.append(unread, 0, fed.body);
        return fed.used;
    }

    detail::response_parser parser_;
    Reading reading_;
    std::string_view bytes_;
    std::size_t piece_;
};

/// As in a thread that has read nothing yet.
inline void forget_heads() { detail::known_heads<llhttp_t>::forget(); }

inline void check_fields(const Headers& fields) {
    must(fields.size() <= 8, "no more fields than the limit");
    for (const auto field : fields) {
        must(!field.name.empty() && field.name.find_first_of(" \t\r\n:") == std::string_view::npos, "a name is a name");
        must(field.value.find_first_of(std::string_view("\0\r\n", 3)) == std::string_view::npos, "a value is one line");
    }
}

inline void check_reading(const Reading& r, bool head_request) {
    must(r.response.version == 10 || r.response.version == 11, "only HTTP/1.x is read");
    must(r.response.status >= 100 && r.response.status <= 999, "a status has three digits");
    must(!detail::never_has_body(r.response.status, head_request) || r.framing == detail::framing::none,
         "a response that never has a body has none");
    must(r.framing != detail::framing::until_close || !r.keep_alive, "a body until close ends the connection");
    must((r.framing == detail::framing::length) == (r.length > 0) || r.framing == detail::framing::none,
         "a length belongs to its framing");
    check_fields(r.response.headers);
    if (r.complete) check_fields(r.response.trailers);
}

/// Where the bytes are split makes no difference.
inline void check_same(const Reading& a, const Reading& b) {
    must(static_cast<bool>(a.ec) == static_cast<bool>(b.ec), "a split neither makes nor hides an error");
    must(a.interim == b.interim && a.head == b.head, "a split changes no interim response");
    if (a.ec) return;
    must(a.used == b.used && a.complete == b.complete, "a split moves no end");
    if (!a.head) return;
    must(a.response.status == b.response.status && a.response.version == b.response.version &&
             a.response.reason == b.response.reason,
         "a split changes no status");
    must(a.response.headers == b.response.headers, "a split changes no field");
    must(a.framing == b.framing && a.length == b.length && a.keep_alive == b.keep_alive, "a split changes no framing");
    must(a.body == b.body && (!a.complete || a.response.trailers == b.response.trailers), "a split changes no body");
}

/// What was read of another head from that server makes no difference: of the same one, or of one with a line less, or
/// with one more, or with another byte at the end of one.
template <class Read> void check_known(const Reading& whole, const std::string& text, unsigned choice, Read read) {
    std::size_t begin = 0;
    for (auto line = choice % 8; line > 0; --line) begin = std::min(text.find('\n', begin), text.size() - 1) + 1;
    const auto end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    for (const std::string& other :
         {text, text.substr(0, begin) + text.substr(end), text.substr(0, begin) + "X: y\r\n" + text.substr(begin),
          end - begin > 3 ? text.substr(0, end - 3) + 'x' + text.substr(end - 2) : text}) {
        forget_heads();
        read(other);
        check_same(whole, read(text));
        check_same(whole, read(text));
    }
    forget_heads();
}

/// The first byte tells the kind: bit 0 a HEAD request, bit 1 the lenient profile, the others the size of a piece.
inline void fuzz_response(std::span<const std::uint8_t> bytes) {
    if (bytes.empty()) return;
    const bool head_request = (bytes[0] & 1) != 0;
    const bool lenient = (bytes[0] & 2) != 0;
    const std::string text(bytes.begin() + 1, bytes.end());
    const auto read = [&](std::string_view all, std::size_t piece) {
        return Reader(all, piece, head_request, lenient).run();
    };
    forget_heads();
    const Reading whole = read(text, text.size() + 1);
    if (whole.head) check_reading(whole, head_request);
    check_same(whole, read(text, 1));
    check_same(whole, read(text, 2u + (bytes[0] >> 2)));
    if (!text.empty())
        check_known(whole, text, bytes[0] >> 2, [&](std::string_view all) { return read(all, all.size() + 1); });
}

}  // namespace ferry::testing
