// Chunked bodies, decoded in place: at every split the same bytes, and nothing beyond their end is touched.

#include "catch.hpp"
#include "feed.hpp"

#include <string>
#include <string_view>

using namespace ferry;
using namespace ferry::testing;
using namespace std::string_literals;

namespace {

constexpr std::string_view start = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

Parsed body_of(std::string_view chunks, const Feed& how = {}) {
    return parse_everyhow(std::string(start).append(chunks), how);
}

// Decodes bytes that begin behind a head; `used` counts from there.
Parsed decode(std::string_view chunks, const Feed& how = {}) {
    auto p = body_of(chunks, how);
    p.used -= std::min(p.used, start.size());
    return p;
}

}  // namespace

TEST_CASE("chunks are put together, at every split", "[http][C10]") {
    struct Case {
        std::string_view chunks, body;
    };
    for (auto [chunks, body] : {
             Case{"0\r\n\r\n", ""},
             Case{"5\r\nhello\r\n0\r\n\r\n", "hello"},
             Case{"5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n", "hello, world"},
             Case{"1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n", "abc"},
             Case{"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"},
             Case{"00000005\r\nhello\r\n000\r\n\r\n", "hello"},
             Case{"4\r\n a\n \r\n2\r\n\t\n\r\n0\r\n\r\n", " a\n \t\n"},
             Case{"6\r\n\r\n0\r\n\r\r\n0\r\n\r\n", "\r\n0\r\n\r"},
         }) {
        INFO(chunks);
        auto p = decode(chunks);
        INFO(p.fault);
        CHECK_FALSE(p.ec);
        CHECK(p.framing == detail::framing::chunked);
        CHECK(p.keep_alive);
        CHECK(p.complete);
        CHECK(p.body == body);
        CHECK(p.used == chunks.size());
    }
}

TEST_CASE("bytes behind the last chunk are seen and not read", "[http][A4]") {
    for (std::string_view behind : {"X", "\r\n", "HTTP/1.1 200 OK\r\n\r\n", "0\r\n\r\n"}) {
        auto p = decode("5\r\nhello\r\n0\r\n\r\n" + std::string(behind));
        INFO(p.fault);
        CHECK_FALSE(p.ec);
        CHECK(p.complete);
        CHECK(p.body == "hello");
        CHECK(p.used == 15);
    }
}

TEST_CASE("decoding happens in place and leaves what follows alone", "[http]") {
    detail::response_parser parser;
    Response r;
    parser.start(r, false, {}, false);
    REQUIRE(parser.feed_head(start).used == start.size());
    std::string bytes = "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\nNEXT";
    auto f = parser.feed_chunks(bytes.data(), bytes.size());
    CHECK_FALSE(f.ec);
    CHECK(f.body == 7);
    CHECK(std::string_view(bytes).substr(0, 7) == "abcdefg");
    CHECK(std::string_view(bytes).substr(f.used) == "NEXT");
    CHECK(parser.complete());
}

TEST_CASE("trailers go to the trailers", "[http][C10]") {
    auto p = decode("5\r\nhello\r\n0\r\nX-Sum: 12\r\nexpires: 7\r\nEmpty:\r\n\r\nNEXT");
    INFO(p.fault);
    CHECK_FALSE(p.ec);
    CHECK(p.complete);
    CHECK(p.response.trailers == Headers{{"X-Sum", "12"}, {"expires", "7"}, {"Empty", ""}});
    CHECK(p.response.headers == Headers{{"Transfer-Encoding", "chunked"}});
    CHECK(p.body == "hello");
}

TEST_CASE("chunk extensions are ignored", "[http][C10]") {
    for (std::string_view extensions : {";a=b", ";last", ";a=\"b;c\"", ";a=b;c=d", ";a=b;c=d;e=f", ";a;b", ";a;b=c;d",
                                        ";a=b;c", ";a=\"b\";c=d", ";a=b;c=\"d;e\";f=\";\";g"}) {
        auto text = std::string(extensions);
        INFO(text);
        auto chunks = "5" + text + "\r\nhello\r\n1" + text + "\r\n!\r\n0" + text + "\r\n\r\n";
        auto p = decode(chunks + ";");
        INFO(p.fault);
        CHECK_FALSE(p.ec);
        CHECK(p.body == "hello!");
        CHECK(p.complete);
        CHECK(p.used == chunks.size());
    }
}

TEST_CASE("an escaped character in a chunk extension is ignored, or a fault", "[http][C10]") {
    for (std::string_view value : {R"("b\"c")", R"("b\\")", R"("\b;")"}) {
        INFO(value);
        auto p = decode("5\r\nhello\r\n1;a=" + std::string(value) + "\r\n!\r\n0\r\n\r\n");
        INFO(p.fault);
        const bool ignored = FERRY_LLHTTP_VERSION >= 90103;
        CHECK(p.ec == (ignored ? std::error_code() : make_error_code(errc::malformed_chunk)));
        CHECK(p.complete == ignored);
        CHECK(p.body == (ignored ? "hello!" : "hello"));
    }
}

TEST_CASE("faults in chunks are refused, with what came before them delivered", "[http][C10]") {
    struct Case {
        const char* name;
        std::string_view chunks, before;
    };
    for (auto& c : {
             Case{"no size", "\r\nhello\r\n0\r\n\r\n", ""},
             Case{"no number", "x\r\n", ""},
             Case{"a negative size", "-5\r\nhello\r\n0\r\n\r\n", ""},
             Case{"a sign", "+5\r\nhello\r\n0\r\n\r\n", ""},
             Case{"a prefix", "0x5\r\nhello\r\n0\r\n\r\n", ""},
             Case{"a space before the size", " 5\r\nhello\r\n0\r\n\r\n", ""},
             Case{"a size that overflows", "10000000000000000\r\nhello", ""},
             Case{"a chunk longer than its size", "3\r\nhello\r\n0\r\n\r\n", "hel"},
             Case{"a chunk shorter than its size", "7\r\nhello\r\n0\r\n\r\n", "hello\r\n"},
             Case{"something else than CRLF behind a chunk", "5\r\nhelloXX0\r\n\r\n", "hello"},
             Case{"something else than CR behind a chunk", "5\r\nhelloX\n0\r\n\r\n", "hello"},
             Case{"something else than LF behind a chunk", "5\r\nhello\rX0\r\n\r\n", "hello"},
             Case{"something else than LF behind a size", "5\rXhello\r\n0\r\n\r\n", ""},
             Case{"something else than LF at the end", "5\r\nhello\r\n0\r\n\rX", "hello"},
             Case{"an extension without a name", "5;\r\nhello\r\n0\r\n\r\n", ""},
             Case{"a second extension without a name", "5;a=b;\r\nhello\r\n0\r\n\r\n", ""},
             Case{"a second value", "5;a=b=c\r\nhello\r\n0\r\n\r\n", ""},
             Case{"a space before an extension", "5 ;a=b\r\nhello\r\n0\r\n\r\n", ""},
             Case{"a space in an extension", "5\r\nhello\r\n1;a=b; c=d\r\n!\r\n0\r\n\r\n", "hello"},
             Case{"an extension's value without an end", "5;a=\"b\r\nhello\r\n0\r\n\r\n", ""},
             Case{"a second size that is none", "5\r\nhello\r\nzz\r\n\r\n", "hello"},
             Case{"a fault in the trailers", "5\r\nhello\r\n0\r\nBad Name: x\r\n\r\n", "hello"},
         }) {
        INFO(c.name);
        auto p = decode(c.chunks);
        INFO(p.fault);
        CHECK(p.ec == condition::protocol);
        CHECK_FALSE(p.complete);
        CHECK(p.body == c.before);
    }
    CHECK(decode("x\r\n").ec == errc::malformed_chunk);
    CHECK(decode("10000000000000000\r\n").ec == errc::malformed_chunk);
    CHECK(decode("3\r\nhello\r\n").ec == errc::malformed_chunk);
    CHECK(decode("5;a=b;\r\n").ec == errc::malformed_chunk);
}

TEST_CASE("the strict profile holds for chunk lines and trailers as well", "[http][C9]") {
    for (std::string_view chunks :
         {"5\nhello\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhello\r\n0\n\r\n", "5\r\nhello\r\n0\r\n\n",
          "5\r\nhello\r\n0\r\nA: 1\n\r\n", "5\r\nhello\r\n0\r\nA: 1\r\n b\r\n\r\n", "5\r\nhello\r\n0\r\nA: 1\r\n\n"}) {
        INFO(chunks);
        auto bytes = std::string(start).append(chunks);
        for (std::size_t at = 0; at < bytes.size(); ++at) {
            auto p = parse_split(bytes, at);
            CHECK(p.ec == condition::protocol);
            CHECK_FALSE(p.complete);
        }
    }
}

TEST_CASE("what surrounds the body is limited", "[http][C10]") {
    Feed how{.limits = {.bytes = 100, .fields = 5}};
    SECTION("a long extension") {
        auto chunks = std::string(start) + "5;" + std::string(200, 'x') + "\r\nhello\r\n0\r\n\r\n";
        for (std::size_t piece : {1u, 50u})
            CHECK(parse_in_pieces(chunks, piece, how).ec == errc::chunk_overhead_too_large);
    }
    SECTION("an endless extension") {
        auto chunks = std::string(start) + "5;" + std::string(10000, 'x');
        for (std::size_t piece : {1u, 50u, 20000u})
            CHECK(parse_in_pieces(chunks, piece, how).ec == errc::chunk_overhead_too_large);
    }
    SECTION("many extensions") {
        std::string fifty;
        for (int i = 0; i < 50; ++i) fifty += ";a=b";
        auto chunks = std::string(start) + "5" + fifty + "\r\nhello\r\n0\r\n\r\n";
        for (std::size_t piece : {1u, 50u, 1000u})
            CHECK(parse_in_pieces(chunks, piece, how).ec == errc::chunk_overhead_too_large);
    }
    SECTION("long trailers") {
        auto chunks = std::string(start) + "5\r\nhello\r\n0\r\nA: " + std::string(200, 'x') + "\r\n\r\n";
        for (std::size_t piece : {1u, 50u, 1000u}) CHECK(parse_in_pieces(chunks, piece, how).ec == condition::protocol);
    }
    SECTION("many trailers") {
        std::string six;
        for (int i = 0; i < 6; ++i) six += "A: 1\r\n";
        auto chunks = std::string(start) + "0\r\n" + six + "\r\n";
        CHECK(parse_everyhow(chunks, how).ec == errc::too_many_fields);
    }
    SECTION("small chunks are no overhead") {
        std::string chunks(start);
        for (int i = 0; i < 1000; ++i) chunks += "1\r\nx\r\n";
        chunks += "0\r\n\r\n";
        for (std::size_t piece : {1u, 50u, 20000u}) {
            auto p = parse_in_pieces(chunks, piece, how);
            CHECK_FALSE(p.ec);
            CHECK(p.body == std::string(1000, 'x'));
        }
    }
}

TEST_CASE("chunks under HTTP/1.0 end the connection", "[http][C5]") {
    auto p = parse_everyhow(
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
    INFO(p.fault);
    if (!p.ec) {
        CHECK(p.body == "hello");
        CHECK_FALSE(p.keep_alive);
    }
}
