// A response as a value: what its status means, its text forms, and its memory.

#include "catch.hpp"
#include "errors.hpp"

#include <ferry/response.hpp>

#include <sstream>
#include <string>
#include <type_traits>
#include <utility>

using namespace ferry;
using ferry::testing::error_of;

namespace {

Response with_status(int status, std::string reason = "") {
    Response r;
    r.status = status;
    r.reason = std::move(reason);
    r.headers.add("A", "1");
    r.body = "body";
    r.url = Url("http://user:secret@h/p");
    return r;
}

}  // namespace

TEST_CASE("ok() is 200 to 399", "[response]") {
    for (int status : {200, 204, 299, 301, 399}) CHECK(with_status(status).ok());
    for (int status : {0, 100, 199, 400, 404, 500, 599, 999}) CHECK_FALSE(with_status(status).ok());
}

TEST_CASE("raise_for_status throws for 400 to 599 and else gives the response back", "[response]") {
    for (int status : {200, 304, 399, 600, 999}) {
        auto r = with_status(status);
        CHECK(&r.raise_for_status() == &r);
        CHECK(with_status(status).raise_for_status().body == "body");
    }
    for (int status : {400, 404, 499, 500, 503, 599}) {
        auto r = with_status(status, "Why Not");
        auto e = error_of([&] { r.raise_for_status(); });
        CHECK(e.code() == (status < 500 ? errc::client_error_status : errc::server_error_status));
        CHECK(e.code() == condition::status);
        CHECK(testing::says(e, std::to_string(status) + " Why Not"));
        CHECK_FALSE(testing::says(e, "secret"));
        CHECK(e.url().find("secret") == std::string::npos);
        REQUIRE(e.partial());
        CHECK(e.partial()->status == status);
        CHECK(e.partial()->body == "body");
        CHECK(r.body == "body");
        CHECK_THROWS_AS(with_status(status).raise_for_status(), Error);
    }
}

TEST_CASE("the text of a temporary is a string of its own", "[response]") {
    auto text = with_status(200).text();
    static_assert(std::is_same_v<decltype(text), std::string>);
    CHECK(text == "body");
    auto r = with_status(200);
    CHECK(r.text() == "body");
    static_assert(std::is_same_v<decltype(r.text()), std::string_view>);
}

TEST_CASE("a response can be printed", "[response]") {
    std::ostringstream os;
    os << with_status(404, "Not Found");
    CHECK(os.str() == "404 Not Found\nA: 1\r\n\nbody");
}

TEST_CASE("clear() empties a response and keeps its memory", "[response]") {
    auto r = with_status(404, "Not Found");
    r.version = 10;
    r.trailers.add("B", "2");
    r.body.reserve(10'000);
    r.connection.reused = true;
    r.connection.requests = 3;
    r.elapsed = std::chrono::seconds(1);
    r.clear();
    CHECK(r.status == 0);
    CHECK(r.reason.empty());
    CHECK(r.version == 11);
    CHECK(r.headers.empty());
    CHECK(r.trailers.empty());
    CHECK(r.body.empty());
    CHECK(r.body.capacity() >= 10'000);
    CHECK(r.elapsed.count() == 0);
    CHECK_FALSE(r.connection.reused);
    CHECK(r.connection.requests == 0);
}

TEST_CASE("a response can be copied and moved", "[response]") {
    auto r = with_status(200);
    auto copy = r;
    auto moved = std::move(r);
    CHECK(copy.body == "body");
    CHECK(moved.headers == copy.headers);
    CHECK(moved.url == copy.url);
    r = copy;
    CHECK(r.body == "body");
}

TEST_CASE("a body has lines, ended by LF or CRLF, the last perhaps by nothing", "[response]") {
    using Lines = std::vector<std::string_view>;
    Response r;
    CHECK(r.lines().empty());
    r.body = "one\r\ntwo\n\nfour";
    CHECK(r.lines() == Lines{"one", "two", "", "four"});
    r.body = "one\n";
    CHECK(r.lines() == Lines{"one"});
    r.body = "\r\n\r";
    CHECK(r.lines() == Lines{"", ""});
}
