// A request's head to the byte, and chunks framed in place.

#include "catch.hpp"
#include "parts.hpp"

#include <ferry/http/encode.hpp>

#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace ferry;
using namespace ferry::testing;
using detail::body_framing;
using Kind = detail::body_framing::kind;

namespace {

std::string head(const Asked& asked, body_framing body = {}, bool expect = false) {
    std::string memory = "what was there before";
    return std::string(encode_head(asked.request, body, expect, memory));
}

SessionOptions with_defaults() { return {.headers = {{"User-Agent", "test/1"}, {"Accept", "*/*"}}}; }

Source endless() {
    return source([](std::span<char> into) { return into.size(); });
}

}  // namespace

TEST_CASE("the head of a plain GET", "[http][D1]") {
    CHECK(head(Asked()) == "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(head(Asked("GET", "http://h/p?q=1#f", {}, with_defaults())) ==
          "GET /p?q=1 HTTP/1.1\r\nHost: h\r\nUser-Agent: test/1\r\nAccept: */*\r\n\r\n");
}

TEST_CASE("Host is the authority without userinfo, and the port only if it is not the default", "[http][D1]") {
    CHECK(head(Asked("GET", "http://user:pw@Example.COM:8080/"))
              .starts_with("GET / HTTP/1.1\r\nHost: example.com:8080\r\n"));
    CHECK(head(Asked("GET", "http://h:80/")).starts_with("GET / HTTP/1.1\r\nHost: h\r\n"));
    CHECK(head(Asked("GET", "http://[2001:DB8::1]:81/")).starts_with("GET / HTTP/1.1\r\nHost: [2001:db8::1]:81\r\n"));
}

TEST_CASE("a caller's own Host goes first, and once", "[http][D1]") {
    CHECK(head(Asked("GET", "http://h/", {.headers = {{"A", "1"}, {"hOsT", "other"}}})) ==
          "GET / HTTP/1.1\r\nHost: other\r\nA: 1\r\n\r\n");
    CHECK(head(Asked("GET", "http://h/", {.headers = {{"Host", ""}}})) == "GET / HTTP/1.1\r\nHost: \r\n\r\n");
}

TEST_CASE("the target begins with a slash, is never a fragment, and can be given as it is", "[http][D2]") {
    CHECK(head(Asked("GET", "http://h")).starts_with("GET / HTTP/1.1\r\n"));
    CHECK(head(Asked("GET", "http://h?a=1#f")).starts_with("GET /?a=1 HTTP/1.1\r\n"));
    CHECK(head(Asked("OPTIONS", "http://h/p", {.target = "*"})).starts_with("OPTIONS * HTTP/1.1\r\n"));
    CHECK(head(Asked("GET", "http://h/p", {.target = "/%2f//x"})).starts_with("GET /%2f//x HTTP/1.1\r\n"));
}

TEST_CASE("the request's fields lie over the session's, whatever their case", "[http]") {
    CHECK(head(Asked("GET", "http://h/", {.headers = {{"ACCEPT", "text/html"}, {"X", "1"}, {"X", "2"}}},
                     with_defaults())) ==
          "GET / HTTP/1.1\r\nHost: h\r\nUser-Agent: test/1\r\nACCEPT: text/html\r\nX: 1\r\nX: 2\r\n\r\n");
    SessionOptions twice{.headers = {{"A", "1"}, {"B", "2"}, {"a", "3"}}};
    CHECK(head(Asked("GET", "http://h/", {.headers = {{"A", "own"}}}, twice)) ==
          "GET / HTTP/1.1\r\nHost: h\r\nB: 2\r\nA: own\r\n\r\n");
    CHECK(head(Asked("GET", "http://h/", {.headers = {{"C", "own"}}}, twice)) ==
          "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\na: 3\r\nC: own\r\n\r\n");
}

TEST_CASE("how the end of a body is told", "[http][D4]") {
    auto framed = [](std::string_view method, const Body& body, std::optional<std::uint64_t> size = {}) {
        return detail::frame_request(method, body, size);
    };
    for (auto method : {"POST", "PUT", "PATCH"}) {
        CHECK(framed(method, {}).what == Kind::length);
        CHECK(framed(method, {}).size == 0);
    }
    for (auto method : {"GET", "HEAD", "DELETE", "OPTIONS", "QUERY", "X"}) CHECK(framed(method, {}).what == Kind::none);
    CHECK(framed("POST", "abc", 3).what == Kind::length);
    CHECK(framed("POST", "abc", 3).size == 3);
    CHECK(framed("GET", "abc", 3).what == Kind::length);
    CHECK(framed("GET", "", 0).what == Kind::length);
    CHECK(framed("POST", endless()).what == Kind::chunked);
    CHECK(framed("POST", endless(), 7).size == 7);
}

TEST_CASE("there is one framing on the wire, or none", "[http][D4]") {
    Asked get, post("POST");
    CHECK(head(get, {Kind::none, 0}) == "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(head(post, {Kind::length, 0}) == "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
    CHECK(head(post, {Kind::length, 18446744073709551615u}) ==
          "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551615\r\n\r\n");
    CHECK(head(post, {Kind::chunked, 0}) == "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    Asked own("POST", "http://h/", {.headers = {{"content-length", "3"}, {"A", "1"}}, .body = "abc"});
    CHECK(head(own, {Kind::length, 3}) == "POST / HTTP/1.1\r\nHost: h\r\nA: 1\r\nContent-Length: 3\r\n\r\n");
}

TEST_CASE("Expect and Connection come last", "[http][D5][D8]") {
    Asked asked("POST", "http://h/", {.body = "abc", .keep_alive = false});
    CHECK(head(asked, {Kind::length, 3}, true) ==
          "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
}

TEST_CASE("the Connection field is said once", "[http][D8]") {
    CHECK(head(Asked("GET", "http://h/", {.headers = {{"connection", "close"}}, .keep_alive = false})) ==
          "GET / HTTP/1.1\r\nHost: h\r\nconnection: close\r\n\r\n");
    CHECK(head(Asked("GET", "http://h/", {.keep_alive = false}, {.headers = {{"Connection", "close"}}})) ==
          "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    CHECK(head(Asked("GET", "http://h/", {.keep_alive = true})).find("onnection") == std::string::npos);
}

TEST_CASE("fields that came without a space are sent with one", "[http]") {
    const std::string lines(300, 'x');
    Headers received;
    detail::header_writer writer;
    writer.start(received);
    for (std::size_t i = 0; i < 100; ++i) {
        writer.name(std::string_view(lines).substr(3 * i, 1));
        writer.value(std::string_view(lines).substr(3 * i + 2, 1));
        writer.complete();
    }
    writer.flush();
    Asked asked("GET", "http://h/", {.headers = received});
    std::string memory, expected = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (std::size_t i = 0; i < 100; ++i) expected += "x: x\r\n";
    CHECK(encode_head(asked.request, {}, false, memory) == expected + "\r\n");
    CHECK(memory.size() >= expected.size() + 2);
}

TEST_CASE("a chunk is framed around bytes that stay where they are", "[http]") {
    for (std::size_t n : {1u, 9u, 10u, 15u, 16u, 255u, 256u, 4096u, 65535u, 65536u}) {
        std::vector<char> memory(detail::chunk_prefix + n + detail::chunk_suffix, '?');
        for (std::size_t i = 0; i < n; ++i) memory[detail::chunk_prefix + i] = static_cast<char>('a' + i % 26);
        std::string data(memory.data() + detail::chunk_prefix, n);
        char size[17];
        std::snprintf(size, sizeof size, "%zx", n);
        auto chunk = detail::frame_chunk(memory.data(), n);
        CHECK(chunk == std::string(size) + "\r\n" + data + "\r\n");
        CHECK(chunk.data() >= memory.data());
        CHECK(chunk.data() + chunk.size() <= memory.data() + memory.size());
    }
    CHECK(detail::last_chunk == "0\r\n\r\n");
}
