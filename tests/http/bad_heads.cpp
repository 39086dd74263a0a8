// Heads that are refused, with the code that names what is wrong, in both profiles.

#include "catch.hpp"
#include "feed.hpp"

#include <optional>
#include <string>
#include <string_view>

using namespace ferry;
using namespace ferry::testing;
using namespace std::string_view_literals;

namespace {

struct Bad {
    const char* name;
    std::string_view bytes;
    errc code;
};

std::error_code code_of(std::string_view bytes, bool lenient = false) {
    auto p = parse_everyhow(bytes, {.lenient = lenient});
    INFO(p.fault);
    CHECK(p.ec != std::errc::state_not_recoverable);
    return p.ec;
}

constexpr Bad always_bad[] = {
    {"not HTTP", "SSH-2.0-OpenSSH_9.2\r\n", errc::malformed_status_line},
    {"TLS", "\x15\x03\x01\x00\x02\x02\x50"sv, errc::malformed_status_line},
    {"an empty line first", "\r\nHTTP/1.1 200 OK\r\n\r\n", errc::malformed_status_line},
    {"lower case", "http/1.1 200 OK\r\n\r\n", errc::malformed_status_line},
    {"HTTP/0.9", "HTTP/0.9 200 OK\r\n\r\n", errc::unsupported_version},
    {"HTTP/2.0", "HTTP/2.0 200 OK\r\n\r\n", errc::unsupported_version},
    {"HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n", errc::unsupported_version},
    {"HTTP/1.x", "HTTP/1.x 200 OK\r\n\r\n", errc::unsupported_version},
    {"HTTP/11", "HTTP/11 200 OK\r\n\r\n", errc::unsupported_version},
    {"RTSP", "RTSP/1.0 200 OK\r\n\r\n", errc::malformed_status_line},
    {"ICE", "ICE/1.0 200 OK\r\n\r\n", errc::malformed_status_line},
    {"status of two digits", "HTTP/1.1 20 OK\r\n\r\n", errc::invalid_status},
    {"status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", errc::invalid_status},
    {"status with a letter", "HTTP/1.1 2x0 OK\r\n\r\n", errc::invalid_status},
    {"status below 100", "HTTP/1.1 099 OK\r\n\r\n", errc::invalid_status},
    {"no status", "HTTP/1.1  OK\r\n\r\n", errc::invalid_status},
    {"no colon", "HTTP/1.1 200 OK\r\nFoo\r\n\r\n", errc::malformed_header},
    {"no name", "HTTP/1.1 200 OK\r\n: x\r\n\r\n", errc::malformed_header},
    {"a space before the colon", "HTTP/1.1 200 OK\r\nFoo : x\r\n\r\n", errc::malformed_header},
    {"a tab before the colon", "HTTP/1.1 200 OK\r\nFoo\t: x\r\n\r\n", errc::malformed_header},
    {"a space in a name", "HTTP/1.1 200 OK\r\nFoo Bar: x\r\n\r\n", errc::malformed_header},
    {"a control character in a name", "HTTP/1.1 200 OK\r\nFo\x01o: x\r\n\r\n", errc::malformed_header},
    {"NUL in a value", "HTTP/1.1 200 OK\r\nFoo: a\0b\r\n\r\n"sv, errc::malformed_header},
    {"a bare CR in a value", "HTTP/1.1 200 OK\r\nFoo: a\rb\r\n\r\n", errc::malformed_header},
    {"a length that is negative", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", errc::invalid_content_length},
    {"a length with a sign", "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n", errc::invalid_content_length},
    {"a length in hex", "HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\n", errc::invalid_content_length},
    {"a length of two numbers", "HTTP/1.1 200 OK\r\nContent-Length: 1 2\r\n\r\n", errc::invalid_content_length},
    {"a length that is a list", "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", errc::invalid_content_length},
    {"a length that overflows", "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n",
     errc::invalid_content_length},
    {"lengths that differ", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
     errc::conflicting_framing},
    {"a length and chunks", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
     errc::conflicting_framing},
    {"chunks and a length", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
     errc::conflicting_framing},
    {"a length and no coding", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: identity\r\n\r\n",
     errc::conflicting_framing},
    {"an unknown coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", errc::invalid_transfer_encoding},
    {"an unknown coding before chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
     errc::invalid_transfer_encoding},
    {"chunked twice", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
     errc::invalid_transfer_encoding},
};

}  // namespace

TEST_CASE("what is not HTTP/1.x is refused in both profiles, at every split", "[http][C4][C8][C9]") {
    for (auto& bad : always_bad) {
        for (bool lenient : {false, true}) {
            INFO(bad.name << (lenient ? ", lenient" : ", strict"));
            auto code = code_of(bad.bytes, lenient);
            CHECK(code == bad.code);
            CHECK(code == condition::protocol);
        }
    }
}

TEST_CASE("a CR that no LF follows is refused in both profiles", "[http][C9]") {
    for (std::string_view bytes :
         {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\rX", "HTTP/1.1 200 O\rK\r\nContent-Length: 5\r\n\r\n",
          "HTTP/1.1 200\rContent-Length: 5\r\n\r\n"}) {
        INFO(bytes);
        CHECK(code_of(bytes) == condition::protocol);
        CHECK(code_of(bytes, true) == condition::protocol);
    }
}

TEST_CASE("a length without digits is refused", "[http][C4]") {
    CHECK(code_of("HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n") == condition::protocol);
    CHECK(code_of("HTTP/1.1 200 OK\r\nContent-Length:  \r\n\r\n") == condition::protocol);
}

TEST_CASE("the same length twice is never two readings", "[http][C4]") {
    auto p = parse_everyhow("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n");
    if (p.ec) CHECK(p.ec == errc::conflicting_framing);
    else CHECK(p.length == 5);
}

TEST_CASE("lines without CR are accepted in the lenient profile only", "[http][C9]") {
    for (std::string_view bytes :
         {"HTTP/1.1 200 OK\nContent-Length: 5\n\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\n", "HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\n"}) {
        INFO(bytes);
        CHECK(code_of(bytes) == errc::bare_line_feed);
        auto p = parse_everyhow(bytes, {.lenient = true});
        INFO(p.fault);
        CHECK_FALSE(p.ec);
        CHECK(p.length == 5);
        CHECK(p.used == bytes.size());
    }
}

TEST_CASE("folded fields are accepted in the lenient profile only", "[http][C9]") {
    for (std::string_view bytes : {"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 5\r\n\r\n",
                                   "HTTP/1.1 200 OK\r\nX: a\r\n\tb\r\nContent-Length: 5\r\n\r\n"}) {
        INFO(bytes);
        CHECK(code_of(bytes) == errc::obsolete_fold);
        auto p = parse_everyhow(bytes, {.lenient = true});
        INFO(p.fault);
        CHECK_FALSE(p.ec);
        CHECK(p.length == 5);
        auto x = p.response.headers["x"];
        CHECK(x.starts_with("a"));
        CHECK(x.ends_with("b"));
        CHECK(x.find_first_of("\r\n") == std::string_view::npos);
    }
}

TEST_CASE("a head may have as many bytes as the limit says", "[http]") {
    std::string head = "HTTP/1.1 200 OK\r\nA: " + std::string(200, 'x') + "\r\nContent-Length: 5\r\n\r\n";
    for (std::size_t piece : {1u, 10u, 1000u}) {
        auto p = parse_in_pieces(head + "hello", piece, {.limits = {.bytes = head.size(), .fields = 10}});
        CHECK_FALSE(p.ec);
        p = parse_in_pieces(head + "hello", piece, {.limits = {.bytes = head.size() - 1, .fields = 10}});
        CHECK(p.ec == errc::head_too_large);
    }
}

TEST_CASE("a head without an end is given up at the limit", "[http]") {
    for (std::string line : {std::string("HTTP/1.1 200 ") + std::string(5000, 'r'),
                             std::string("HTTP/1.1 200 OK\r\n") + std::string(5000, 'n'),
                             std::string("HTTP/1.1 200 OK\r\nA: ") + std::string(5000, 'v'),
                             std::string("HTTP/1.1 200 OK\r\nA:") + std::string(5000, ' ')}) {
        for (std::size_t piece : {1u, 100u, 10000u})
            CHECK(parse_in_pieces(line, piece, {.limits = {.bytes = 1000, .fields = 10}}).ec == errc::head_too_large);
    }
}

TEST_CASE("a head may have as many fields as the limit says", "[http]") {
    auto head = [](int fields) {
        std::string h = "HTTP/1.1 204 None\r\n";
        for (int i = 0; i < fields; ++i) h += "A: 1\r\n";
        return h + "\r\n";
    };
    CHECK_FALSE(parse_everyhow(head(20), {.limits = {.fields = 20}}).ec);
    CHECK(parse_everyhow(head(20), {.limits = {.fields = 20}}).response.headers.count("a") == 20);
    CHECK(parse_everyhow(head(21), {.limits = {.fields = 20}}).ec == errc::too_many_fields);
}

TEST_CASE("a fault names its place", "[http]") {
    auto p = parse("HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n");
    CHECK(p.ec == errc::invalid_content_length);
    CHECK(p.fault.starts_with("near byte 34 of the head: "));
    CHECK(p.fault.find("Content-Length") != std::string::npos);

    p = parse_in_pieces("HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n", 3);
    CHECK(p.fault.starts_with("near byte 34 of the head: "));

    p = parse("HTTP/1.1 200 OK\r\nA: 1\nB: 2\r\n\r\n");
    CHECK(p.ec == errc::bare_line_feed);
    CHECK(p.fault.starts_with("near byte "));

    p = parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n");
    CHECK(p.fault.ends_with(" of the head"));

    p = parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhellox");
    CHECK(p.ec == errc::malformed_chunk);
    CHECK(p.fault.starts_with("in the chunked body"));
}
