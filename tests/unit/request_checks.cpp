// What is refused before a byte is sent, and what is let through.

#include "catch.hpp"

#include <ferry/request.hpp>

#include <chrono>
#include <span>
#include <string>
#include <string_view>

using namespace ferry;
using namespace std::chrono_literals;
using namespace std::string_view_literals;
using detail::check_request;
using detail::check_session;

namespace {

std::error_code of(Options options, std::string_view method = "POST") { return check_request(method, options).ec; }
std::error_code of_fields(Headers headers, Body body = {}) {
    return of({.headers = std::move(headers), .body = std::move(body)});
}

Source five(std::optional<std::uint64_t> size = 5) {
    return source([](std::span<char>) { return std::size_t{0}; }, size);
}

}  // namespace

TEST_CASE("a request with nothing special about it passes", "[request]") {
    CHECK_FALSE(check_request("GET", {}));
    CHECK_FALSE(of({.headers = {{"A", "1"}, {"Host", "other"}, {"Empty", ""}}, .body = "x", .timeout = 1ms}));
}

TEST_CASE("methods are tokens", "[request][D3]") {
    for (auto m : {"GET", "get", "M-SEARCH", "X"}) CHECK_FALSE(check_request(m, {}));
    for (auto m : {""sv, "GE T"sv, "GET\r\n"sv, "G\0"sv, "GET/"sv, "\xc3\xa4"sv}) {
        auto c = check_request(m, {});
        CHECK(c.ec == errc::invalid_method);
        CHECK(c.about == "\"" + std::string(m) + "\" is no token");
    }
}

TEST_CASE("CONNECT is a token, and refused for what it is", "[request][D3]") {
    auto c = check_request("CONNECT", {});
    CHECK(c.ec == errc::invalid_method);
    CHECK(c.about == "CONNECT asks a proxy for a tunnel");
    CHECK(c.ec.message().find("token") == std::string::npos);
}

TEST_CASE("fields that could break the head are refused, and named", "[request][D3]") {
    for (auto name : {""sv, "A B"sv, "A:"sv, "A\r\nB"sv, "A\0"sv, "\xc3\xa4"sv})
        CHECK(of_fields({{name, "x"}}) == errc::invalid_header_name);
    for (auto value : {"a\r\nB: c"sv, "a\n"sv, "a\r"sv, "a\0b"sv, "\x7f"sv}) {
        auto c = check_request("GET", {.headers = {{"Fine", "1"}, {"Name", value}}});
        CHECK(c.ec == errc::invalid_header_value);
        CHECK(c.about == "Name");
    }
    CHECK_FALSE(of_fields({{"A", "\tb \xc3\xa4"}}));
}

TEST_CASE("a target is in origin form, or the star of OPTIONS", "[request][D2]") {
    CHECK_FALSE(of({.target = "*"}, "OPTIONS"));
    CHECK_FALSE(of({.target = "/a?b=%20"}));
    CHECK(of({.target = "*"}, "GET") == errc::invalid_option);
    for (auto target : {"a", "http://h/", "?q", "/a b", "/a#f", "/a\r\n", "/\x7f", "/\xc3\xa4"}) {
        INFO(target);
        CHECK(of({.target = target}) == errc::invalid_option);
    }
}

TEST_CASE("durations are more than zero", "[request]") {
    CHECK(of({.timeout = 0ms}) == errc::invalid_option);
    CHECK(of({.pool_timeout = -1ms}) == errc::invalid_option);
    CHECK(of({.connect_timeout = 0ms}) == errc::invalid_option);
    CHECK(of({.read_timeout = 0ms}) == errc::invalid_option);
    CHECK(of({.write_timeout = 0ms}) == errc::invalid_option);
    CHECK_FALSE(of({.timeout = no_timeout, .read_timeout = 1ms}));
    CHECK(check_request("GET", {.read_timeout = 0ms}).about.find("read_timeout") != std::string::npos);
}

TEST_CASE("a Content-Length that contradicts the body is refused", "[request][D4]") {
    CHECK_FALSE(of_fields({{"Content-Length", "5"}}, "hello"));
    CHECK_FALSE(of_fields({{"content-length", "0"}}));
    CHECK_FALSE(of_fields({{"Content-Length", "0"}}, ""));
    CHECK_FALSE(of_fields({{"Content-Length", "5"}}, File{"x"}));  // known when it is opened
    CHECK_FALSE(of_fields({{"Content-Length", "5"}}, five({})));
    for (auto length : {"4", "", "-5", "+5", "5 ", "5, 5", "0x5", "99999999999999999999"}) {
        INFO(length);
        CHECK(of_fields({{"Content-Length", length}}, "hello") == errc::content_length_mismatch);
    }
    CHECK(of_fields({{"Content-Length", "5"}}) == errc::content_length_mismatch);
    CHECK(of_fields({{"Content-Length", "5"}, {"content-length", "5"}}, "hello") == errc::content_length_mismatch);
}

TEST_CASE("the transfer coding is not the caller's to set", "[request][D4]") {
    CHECK(of_fields({{"Transfer-Encoding", "chunked"}}, "hello") == errc::content_length_mismatch);
    CHECK(of_fields({{"transfer-encoding", "identity"}}) == errc::content_length_mismatch);
}

TEST_CASE("Host is given once", "[request][D1]") {
    CHECK(of_fields({{"Host", "a"}, {"host", "b"}}) == errc::invalid_header_value);
}

TEST_CASE("a source without a function is refused", "[request]") {
    CHECK(of({.body = Source{}}) == errc::invalid_option);
}

TEST_CASE("a session's options are checked likewise", "[request]") {
    CHECK_FALSE(check_session({}));
    auto refused = [](SessionOptions o) { return check_session(o).ec; };
    CHECK(refused({.timeout = 0ms}) == errc::invalid_option);
    CHECK(refused({.connect_timeout = -1s}) == errc::invalid_option);
    CHECK(refused({.pool = {.max_per_host = 0}}) == errc::invalid_option);
    CHECK(refused({.pool = {.max_total = 0}}) == errc::invalid_option);
    CHECK(refused({.pool = {.idle_timeout = -1ms}}) == errc::invalid_option);
    CHECK(refused({.pool = {.max_lifetime = 0ms}}) == errc::invalid_option);
    CHECK(refused({.max_head = 0}) == errc::invalid_option);
    CHECK(refused({.headers = {{"A B", "x"}}}) == errc::invalid_header_name);
    CHECK(refused({.headers = {{"A", "x\r\n"}}}) == errc::invalid_header_value);
    for (auto name : {"Host", "content-length", "Transfer-Encoding"})
        CHECK(refused({.headers = {{name, "1"}}}) == errc::invalid_option);
    CHECK_FALSE(refused(
        {.pool = {.max_idle_per_host = 0, .max_idle = 0, .idle_timeout = 0ms}, .max_interim = 0, .max_body = 0}));
}
