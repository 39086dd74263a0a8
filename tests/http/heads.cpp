// Response heads: status, fields, framing and keep-alive, the same however the bytes are cut.

#include "catch.hpp"
#include "feed.hpp"

#include <string>
#include <string_view>

using namespace ferry;
using namespace ferry::testing;
using detail::framing;

namespace {

struct Sample {
    const char* name;
    std::string_view bytes;
    int status;
    framing how;
    bool keep_alive;
    std::uint64_t length = 0;
    bool to_head_request = false;
};

constexpr Sample samples[] = {
    {"length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, framing::length, true, 5},
    {"length of zero", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, framing::none, true},
    {"largest length", "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n", 200, framing::length, true,
     18446744073709551615u},
    {"until close", "HTTP/1.1 200 OK\r\n\r\n", 200, framing::until_close, false},
    {"identity is no coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n", 200, framing::until_close,
     false},
    {"1.0 until close", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", 200, framing::until_close, false},
    {"1.0 closes", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", 200, framing::length, false, 1},
    {"1.0 keeps if it says so", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: Keep-Alive\r\n\r\n", 200,
     framing::length, true, 1},
    {"1.0 keep-alive in a list", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: foo, keep-alive\r\n\r\n", 200,
     framing::length, true, 1},
    {"close", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n", 200, framing::length, false, 1},
    {"close, in capitals", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nCONNECTION: CLOSE\r\n\r\n", 200, framing::length,
     false, 1},
    {"close in a list", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: foo, Close ,bar\r\n\r\n", 200,
     framing::length, false, 1},
    {"close in a second field",
     "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\nConnection: close\r\n\r\n", 200,
     framing::length, false, 1},
    {"close before keep-alive", "HTTP/1.1 200 OK\r\nConnection: close, keep-alive\r\nContent-Length: 1\r\n\r\n", 200,
     framing::length, false, 1},
    {"not quite close", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: closed, disclose\r\n\r\n", 200,
     framing::length, true, 1},
    {"no content", "HTTP/1.1 204 No Content\r\n\r\n", 204, framing::none, true},
    {"no content, with a length", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, framing::none, true},
    {"not modified, with a length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, framing::none, true},
    {"not modified, chunked", "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", 304, framing::none,
     true},
    {"to HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, framing::none, true, 0, true},
    {"to HEAD, chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200, framing::none, true, 0, true},
    {"to HEAD, without framing", "HTTP/1.1 200 OK\r\n\r\n", 200, framing::none, true, 0, true},
    {"interim", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Length: 3\r\n\r\n", 103, framing::none, true},
    {"continue", "HTTP/1.1 100 Continue\r\n\r\n", 100, framing::none, true},
    {"switching protocols", "HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", 101, framing::none,
     true},
    {"an upgrade that is advertised only",
     "HTTP/1.1 426 Up\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n", 426, framing::length, true,
     2},
    {"lowest status of all", "HTTP/1.1 100 \r\n\r\n", 100, framing::none, true},
    {"highest status of all", "HTTP/1.1 999 x\r\nContent-Length: 1\r\n\r\n", 999, framing::length, true, 1},
};

}  // namespace

TEST_CASE("heads say how their body ends and whether the connection lives, at every split", "[http][A5][C1][C5][C6]") {
    for (auto& s : samples) {
        INFO(s.name);
        auto p = parse_everyhow(s.bytes, {.head_request = s.to_head_request});
        INFO(p.fault);
        REQUIRE_FALSE(p.ec);
        REQUIRE(p.head);
        CHECK(p.used == s.bytes.size());
        CHECK(p.response.status == s.status);
        CHECK(p.framing == s.how);
        CHECK(p.length == s.length);
        CHECK(p.keep_alive == s.keep_alive);
    }
}

TEST_CASE("a head ends where it ends, and its body is not touched", "[http]") {
    for (auto& s : samples) {
        INFO(s.name);
        for (std::string_view behind : {"X", " folded?", "\r\n", "\n", "HTTP/1.1 200 OK\r\n\r\n"}) {
            if (s.how == framing::chunked) continue;
            auto p = parse_everyhow(std::string(s.bytes).append(behind), {.head_request = s.to_head_request});
            INFO(p.fault);
            CHECK_FALSE(p.ec);
            CHECK(p.used == s.bytes.size());
        }
    }
}

TEST_CASE("status line and fields are taken apart", "[http]") {
    auto p = parse_everyhow(
        "HTTP/1.0 404 Not  here, sorry\r\nServer: a b\r\nEmpty:\r\nX:none\r\ny:  \t spaces \t \r\nX: again\r\nK\xc3: "
        "\xc3\xa4\r\n"
        "\r\n");
    CHECK(p.ec == errc::malformed_header);  // a name is ASCII

    p = parse_everyhow(
        "HTTP/1.0 404 Not  here, sorry\r\nServer: a b\r\nEmpty:\r\nX:none\r\ny:  \t spaces \t \r\nX: again\r\nU: "
        "\xc3\xa4\r\n\r\n");
    INFO(p.fault);
    REQUIRE_FALSE(p.ec);
    auto& r = p.response;
    CHECK(r.version == 10);
    CHECK(r.reason == "Not  here, sorry");
    CHECK(r.headers ==
          Headers{{"Server", "a b"}, {"Empty", ""}, {"X", "none"}, {"y", "spaces"}, {"X", "again"}, {"U", "\xc3\xa4"}});
    CHECK(r.trailers.empty());
}

TEST_CASE("a reason phrase may be empty or missing", "[http][C8]") {
    for (std::string_view line : {"HTTP/1.1 200 \r\n", "HTTP/1.1 200\r\n"}) {
        auto p = parse_everyhow(std::string(line) + "Content-Length: 1\r\n\r\n");
        INFO(p.fault);
        CHECK_FALSE(p.ec);
        CHECK(p.response.status == 200);
        CHECK(p.response.reason.empty());
    }
}

TEST_CASE("interim heads are followed by others in the same bytes", "[http][C2]") {
    std::string_view bytes =
        "HTTP/1.1 103 Early\r\nLink: </x>\r\nConnection: close\r\n\r\nHTTP/1.1 200 OK\r\nA: 1\r\nContent-Length: "
        "3\r\n\r\n";
    detail::response_parser parser;
    Response r;
    parser.start(r, false, {}, false);
    auto first = parser.feed_head(bytes);
    REQUIRE_FALSE(first.ec);
    REQUIRE(parser.head_complete());
    CHECK(parser.interim());
    CHECK(r.headers["link"] == "</x>");
    parser.next_head(r);
    CHECK_FALSE(parser.head_complete());
    auto second = parser.feed_head(bytes.substr(first.used));
    REQUIRE_FALSE(second.ec);
    CHECK_FALSE(parser.interim());
    CHECK(parser.keep_alive());
    CHECK(r.headers == Headers{{"A", "1"}, {"Content-Length", "3"}});
    CHECK(r.reason == "OK");
    CHECK(first.used + second.used == bytes.size());
}

TEST_CASE("one parser serves one response after the other, also after a fault", "[http]") {
    detail::response_parser parser;
    Response r;
    auto status = [&](std::string_view bytes) {
        parser.start(r, false, {}, false);
        auto f = parser.feed_head(bytes);
        return f.ec ? -1 : r.status;
    };
    CHECK(status("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") == 200);  // left in the middle
    CHECK(status("HTTP/1.1 404 No\r\nContent-Length: 1\r\nConnection: close\r\n\r\n") == 404);
    CHECK(status("HTTP/1.1 2x0 Bad\r\n") == -1);
    CHECK(status("HTTP/1.1 204 None\r\n\r\n") == 204);
    CHECK(parser.keep_alive());
    CHECK(r.headers.empty());
}
