// Feeds a response's bytes to the parser as a connection does, cut into pieces, and notes what came of them.
#pragma once

#include <ferry/http/parser.hpp>
#include <ferry/response.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace ferry::testing {

struct Feed {
    bool head_request = false;
    bool lenient = false;
    detail::head_limits limits{};
};

struct Parsed {
    Response response;
    std::error_code ec;
    std::string fault;
    std::string body;       // of a chunked one, decoded
    std::size_t used = 0;   // bytes that were read in all
    bool head = false;      // a head is whole; interim ones are not passed by
    bool complete = false;  // so is the chunked body
    detail::framing framing = detail::framing::none;
    std::uint64_t length = 0;
    bool keep_alive = false;
};

class Feeder {
public:
    explicit Feeder(const Feed& how) { parser_.start(parsed_.response, how.head_request, how.limits, how.lenient); }

    // False once no more is wanted: an error, or the end of what the parser reads.
    bool feed(std::string_view piece) {
        std::string bytes(piece);  // chunks are decoded in place
        std::string_view left = bytes;
        while (!left.empty() && wanted()) {
            auto used = parsed_.head ? chunks(bytes.data() + (bytes.size() - left.size()), left.size()) : head(left);
            parsed_.used += used;
            left.remove_prefix(used);
        }
        return wanted();
    }
    Parsed take() {
        if (parsed_.ec) parsed_.fault = parser_.fault();
        return std::move(parsed_);
    }

private:
    bool wanted() const noexcept {
        return !parsed_.ec && !parsed_.complete && (!parsed_.head || parsed_.framing == detail::framing::chunked);
    }
    std::size_t head(std::string_view bytes) {
        auto f = parser_.feed_head(bytes);
        parsed_.ec = f.ec;
        if (f.ec || !parser_.head_complete()) return f.used;
        parsed_.head = true;
        parsed_.framing = parser_.body_framing();
        parsed_.length = parser_.content_length();
        parsed_.keep_alive = parser_.keep_alive();
        return f.used;
    }
    std::size_t chunks(char* at, std::size_t n) {
        auto f = parser_.feed_chunks(at, n);
        parsed_.ec = f.ec;
        parsed_.complete = parser_.complete();
        parsed_.body.append(at, f.body);
        return f.used;
    }

    detail::response_parser parser_;
    Parsed parsed_;
};

inline Parsed parse(std::string_view bytes, const Feed& how = {}) {
    Feeder feeder(how);
    feeder.feed(bytes);
    return feeder.take();
}

inline Parsed parse_in_pieces(std::string_view bytes, std::size_t piece, const Feed& how = {}) {
    Feeder feeder(how);
    for (std::size_t at = 0; at < bytes.size() && feeder.feed(bytes.substr(at, piece)); at += piece) {
    }
    return feeder.take();
}

inline Parsed parse_split(std::string_view bytes, std::size_t at, const Feed& how = {}) {
    Feeder feeder(how);
    if (feeder.feed(bytes.substr(0, at))) feeder.feed(bytes.substr(at));
    return feeder.take();
}

// What differs between two readings of the same bytes; empty if nothing does.
inline std::string difference(const Parsed& a, const Parsed& b) {
    if (a.ec != b.ec) return "error: " + a.ec.message() + " / " + b.ec.message();
    if (a.ec) return {};
    if (a.used != b.used) return "used: " + std::to_string(a.used) + " / " + std::to_string(b.used);
    if (a.head != b.head || a.complete != b.complete) return "how far it came";
    if (!a.head) return {};
    if (a.response.status != b.response.status || a.response.version != b.response.version) return "status line";
    if (a.response.reason != b.response.reason) return "reason: " + a.response.reason + " / " + b.response.reason;
    if (!(a.response.headers == b.response.headers)) return "headers";
    if (!(a.response.trailers == b.response.trailers)) return "trailers";
    if (a.framing != b.framing || a.length != b.length || a.keep_alive != b.keep_alive) return "framing";
    if (a.body != b.body) return "body: " + a.body + " / " + b.body;
    return {};
}

// The reading of the bytes in one piece, after every other way to cut them has led to the same; what differs is
// in `fault` otherwise, and the error is set.
inline Parsed parse_everyhow(std::string_view bytes, const Feed& how = {}) {
    auto whole = parse(bytes, how);
    auto complain = [&](std::string where, const Parsed& other) {
        auto d = difference(whole, other);
        if (d.empty()) return false;
        whole.ec = std::make_error_code(std::errc::state_not_recoverable);
        whole.fault = where + ", " + d;
        return true;
    };
    for (std::size_t at = 1; at < bytes.size(); ++at)
        if (complain("split at " + std::to_string(at), parse_split(bytes, at, how))) return whole;
    for (std::size_t piece : {1u, 2u, 3u, 7u})
        if (complain("in pieces of " + std::to_string(piece), parse_in_pieces(bytes, piece, how))) return whole;
    return whole;
}

}  // namespace ferry::testing
