// Node's http server: its keep-alive time and hint, its chunks and trailers, and connections that it drops.

#include "node.hpp"
#include "closed_while_idle.hpp"
#include "errors.hpp"

#include <ferry/ferry.hpp>

#include <algorithm>
#include <chrono>
#include <span>
#include <string>
#include <thread>

using namespace ferry::testing;
using namespace std::chrono_literals;
using ferry::DiscardReason;

TEST_CASE("Node: five gets share one TCP connection", "[node][A5]") {
    FERRY_NEEDS_SERVER("node");
    Node node;
    ferry::Session session;
    for (int i = 0; i < 5; ++i) CHECK(session.get(node.url()).body == "hello from node");
    CHECK(session.stats().opened == 1);
    CHECK(session.stats().reused == 4);
}

TEST_CASE("Node: its Keep-Alive hint is kept to, so that it never closes on a request", "[node][A8]") {
    FERRY_NEEDS_SERVER("node");
    Node node;
    ferry::Session session;
    CHECK(session.get(node.url()).headers["keep-alive"] == "timeout=1");
    std::this_thread::sleep_for(600ms);  // the margin is half of a second
    CHECK(session.post(node.url("/echo"), {.body = "once"}).body == "once");
    CHECK(session.stats().discarded[DiscardReason::hint_expired] == 1);
}

TEST_CASE("Node: without a hint its close is found at the next request", "[node][A2]") {
    FERRY_NEEDS_SERVER("node");
    Node node;
    ferry::Session session;
    CHECK(session.get(node.url("/silent")).body == "silent");
    REQUIRE(closed_while_idle(node.port()));
    ferry::Response r;
    SECTION("a GET") { r = session.get(node.url("/echo")); }
    SECTION("a POST") { r = session.post(node.url("/echo"), {.body = "once"}); }
    CHECK(r.status == 200);
    CHECK_FALSE(r.connection.reused);
    CHECK(session.stats().discarded[DiscardReason::peer_closed] == 1);
}

TEST_CASE("Node: requests in step with its keep-alive time do not fail", "[node][B2]") {
    FERRY_NEEDS_SERVER("node");
    Node node({.keep_alive_ms = 20});
    ferry::Session session;
    for (int i = 0; i < 40; ++i) {
        CHECK(session.get(node.url("/silent")).body == "silent");
        std::this_thread::sleep_for(15ms + std::chrono::milliseconds(i % 10));
    }
}

TEST_CASE("Node: a connection that served its number of requests is replaced", "[node][A5]") {
    FERRY_NEEDS_SERVER("node");
    Node node({.max_requests = 3});
    ferry::Session session;
    for (int i = 0; i < 7; ++i) CHECK(session.get(node.url()).status == 200);
    CHECK(session.stats().opened == 3);
}

TEST_CASE("Node: bodies come back as they were sent", "[node]") {
    FERRY_NEEDS_SERVER("node");
    Node node;
    ferry::Session session;
    auto size = GENERATE(std::size_t{0}, std::size_t{5}, std::size_t{1'000'000});
    std::string body(size, 'x');
    auto whole = session.post(node.url("/echo"), {.body = body});
    CHECK((whole.body == body));
    CHECK(whole.headers["x-transfer-encoding"] == "");
    std::size_t given = 0;
    auto chunked = session.put(node.url("/echo"),
                               {.body = ferry::source([&](std::span<char> into) {
                                    auto n = std::min({into.size(), size - given, std::size_t{60'000}});
                                    std::fill_n(into.begin(), n, 'x');
                                    given += n;
                                    return n;
                                })});
    CHECK((chunked.body == body));
    CHECK(chunked.headers["x-transfer-encoding"] == "chunked");
    CHECK(session.post(node.url("/echo"), {.body = body, .expect_continue = true}).body.size() == size);
    CHECK(session.stats().opened == 1);
}

TEST_CASE("Node: chunks and trailers", "[node][C10]") {
    FERRY_NEEDS_SERVER("node");
    Node node;
    ferry::Session session;
    auto r = session.get(node.url("/chunked"));
    CHECK((r.body == std::string(100'000, 'x')));
    CHECK(r.trailers["x-count"] == "100");
    CHECK(session.stats().idle == 1);
}

TEST_CASE("Node: early hints are not the response", "[node][C2]") {
    FERRY_NEEDS_SERVER("node");
    Node node;
    ferry::Session session;
    int hints = 0;
    auto r = session.get(node.url("/hints"),
                         {.on_interim = [&](int status, const ferry::Headers&) { hints = status; }});
    CHECK(hints == 103);
    CHECK(r.status == 200);
    CHECK(r.body == "final");
}

TEST_CASE("Node: a response that breaks off carries what arrived", "[node][C7]") {
    FERRY_NEEDS_SERVER("node");
    Node node;
    ferry::Session session;
    auto error = error_of([&] { session.get(node.url("/broken")); });
    CHECK(error.code() == ferry::errc::incomplete_body);
    REQUIRE(error.partial());
    CHECK(error.partial()->body == "half");
    CHECK(session.get(node.url()).status == 200);
}
