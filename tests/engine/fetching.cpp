// One call on a fresh or a kept connection: what is asked for, in which order, and what comes of it.

#include "catch.hpp"
#include "script_world.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

using namespace ferry;
using namespace ferry::testing;
using namespace std::chrono_literals;

TEST_CASE("a GET on a fresh connection resolves, connects, sends, receives and gives back", "[engine]") {
    World world;
    world.dials().takes_exactly("GET /p HTTP/1.1\r\nHost: h:81\r\n\r\n").after(20ms).sends(response("200 OK", "hello"));
    world.is_given_back();
    auto came = fetch(world, Asked("GET", "http://h:81/p"));
    CHECK_FALSE(came.ec);
    CHECK(came.response.status == 200);
    CHECK(came.response.body == "hello");
    CHECK(came.response.elapsed == 20ms);
    CHECK_FALSE(came.response.connection.reused);
    CHECK(came.response.connection.requests == 1);
    CHECK(came.reached == RequestState::response_started);
    CHECK(world.resolved == "h:81");
}

TEST_CASE("a GET on a kept connection sends, receives and gives back", "[engine][A5]") {
    World world;
    world.hands_out_kept().takes().sends(response("200 OK", "hello")).is_given_back();
    auto came = fetch(world, Asked());
    CHECK_FALSE(came.ec);
    CHECK(came.response.body == "hello");
    CHECK(came.response.connection.reused);
}

TEST_CASE("how the bytes come makes no difference", "[engine]") {
    const std::vector<std::string> responses = {
        response("200 OK", "hello"),
        "HTTP/1.1 100 Continue\r\n\r\n" + response("200 OK", "hello"),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nA: 1\r\n\r\n",
    };
    for (auto& bytes : responses) {
        for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
            INFO(bytes << " in pieces of " << piece);
            World world;
            world.piece = piece;
            world.hands_out_kept().takes().sends(bytes).is_given_back();
            auto came = fetch(world, Asked());
            CHECK_FALSE(came.ec);
            CHECK(came.response.body == "hello");
        }
    }
}

TEST_CASE("a request that is taken bit by bit is sent whole", "[engine]") {
    std::string whole = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello";
    World world;
    world.hands_out_kept();
    for (std::size_t i = 0; i < whole.size(); ++i) world.takes(1);
    world.sends(response("200 OK")).is_given_back();
    auto came = fetch(world, Asked("POST", "http://h/", {.body = "hello"}));
    CHECK_FALSE(came.ec);
    CHECK(world.sent == whole);
}

TEST_CASE("a body up to 16 KiB leaves with the head, and a larger one beside it", "[engine][A17]") {
    for (std::size_t size : {1u, 16u * 1024, 16u * 1024 + 1, 300'000u}) {
        std::string body(size, 'x');
        World world;
        world.hands_out_kept().takes().sends(response("200 OK")).is_given_back();
        CHECK_FALSE(fetch(world, Asked("POST", "http://h/", {.body = body})).ec);
        CHECK(world.sent.ends_with("\r\n\r\n" + body));
    }
    std::string body(100'000, 'x');  // and is taken bit by bit
    World world;
    world.hands_out_kept().takes(10).takes(60).takes(50'000).takes().sends(response("200 OK")).is_given_back();
    CHECK_FALSE(fetch(world, Asked("POST", "http://h/", {.body = body})).ec);
    CHECK(world.sent.ends_with("Content-Length: 100000\r\n\r\n" + body));
}

TEST_CASE("any status is a response", "[engine][A5]") {
    for (int status : {200, 301, 404, 417, 500, 999}) {
        World world;
        world.hands_out_kept().takes().sends(response(std::to_string(status) + " x", "b")).is_given_back();
        auto came = fetch(world, Asked());
        CHECK_FALSE(came.ec);
        CHECK(came.response.status == status);
    }
}

TEST_CASE("the Connection fields of either side end the connection", "[engine][A5]") {
    World theirs;
    theirs.hands_out_kept().takes().sends(response("200 OK", "b", "Connection: close\r\n"));
    theirs.is_discarded(DiscardReason::close_header);
    CHECK_FALSE(fetch(theirs, Asked()).ec);

    World ours;
    ours.hands_out_kept().takes().sends(response("200 OK", "b")).closes().is_discarded(DiscardReason::close_header);
    CHECK_FALSE(fetch(ours, Asked("GET", "http://h/", {.keep_alive = false})).ec);
    CHECK(ours.sent.find("Connection: close\r\n") != std::string::npos);

    World old;
    old.hands_out_kept().takes().sends("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nb");
    old.is_discarded(DiscardReason::close_header);
    CHECK_FALSE(fetch(old, Asked()).ec);
}

TEST_CASE("after our own close the server may go first, and is not waited for for long", "[engine][D8]") {
    Asked asked("GET", "http://h/", {.keep_alive = false});
    World slow;
    slow.dials().takes().sends(response("200 OK", "b")).says_nothing().is_discarded(DiscardReason::close_header);
    auto came = fetch(slow, asked);
    CHECK_FALSE(came.ec);
    CHECK(came.response.body == "b");
    CHECK(slow.now == beginning + 50ms);
    CHECK(came.response.elapsed == 0ms);  // to the end of the body

    World resets;
    resets.dials().takes().sends(response("200 OK", "b")).resets().is_discarded(DiscardReason::close_header);
    CHECK_FALSE(fetch(resets, asked).ec);

    World until_close;
    until_close.dials().takes().sends("HTTP/1.1 200 OK\r\n\r\nb").closes().is_discarded(DiscardReason::close_header);
    CHECK_FALSE(fetch(until_close, asked).ec);
}

TEST_CASE("bytes behind the response end the connection", "[engine][A1][A4]") {
    const std::vector<std::string> responses = {
        response("200 OK", "hello"),
        response("200 OK"),
        "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    };
    for (auto& bytes : responses) {
        INFO(bytes);
        World world;
        world.hands_out_kept().takes().sends(bytes + "X").is_discarded(DiscardReason::leftover_bytes);
        CHECK_FALSE(fetch(world, Asked()).ec);
    }
}

TEST_CASE("the server's hint goes along with the connection", "[engine][A8]") {
    World world;
    world.hands_out_kept().takes().sends(response("200 OK", "", "Keep-Alive: timeout=5, max=9\r\n")).is_given_back(4s);
    CHECK_FALSE(fetch(world, Asked()).ec);

    World last;
    last.hands_out_kept().takes().sends(response("200 OK", "", "Keep-Alive: timeout=5, max=0\r\n"));
    last.is_discarded(DiscardReason::max_requests);
    CHECK_FALSE(fetch(last, Asked()).ec);
}

TEST_CASE("the connection's story is told with the response", "[engine]") {
    World world;
    world.hands_out_kept().takes().sends(response("200 OK")).is_given_back();
    Asked asked;
    Response r;
    detail::transfer t(asked.request, r);
    CHECK_FALSE(play(world, detail::fetch(t)));
    CHECK(t.conn == nullptr);
    CHECK(r.connection.requests == 1);
}

TEST_CASE("no place in the pool is an error, and nothing is released", "[engine]") {
    for (auto [given, expected] :
         {std::pair{errc::pool_empty, errc::pool_empty}, std::pair{errc::pool_closed, errc::pool_closed},
          std::pair{errc::read_timeout, errc::pool_timeout}, std::pair{errc::total_timeout, errc::total_timeout},
          std::pair{errc::cancelled, errc::cancelled}}) {
        World world;
        world.has_no_place(given);
        auto came = fetch(world, Asked());
        CHECK(came.ec == expected);
        CHECK(came.phase == Phase::pool);
        CHECK(came.reached == RequestState::not_sent);
    }
}

TEST_CASE("a fresh connection that closes without a word is an error", "[engine][B2]") {
    World world;
    world.dials().takes().closes().is_discarded(DiscardReason::peer_closed);
    auto came = fetch(world, Asked());
    CHECK(came.ec == errc::connection_closed);
    CHECK(came.phase == Phase::head);
    CHECK(came.reached == RequestState::maybe_sent);
    CHECK(came.response.status == 0);
}

TEST_CASE("an exception of the caller's passes through", "[engine]") {
    World world;
    world.hands_out_kept().takes().sends("HTTP/1.1 103 Early\r\n\r\n");
    Asked asked("GET", "http://h/", {.on_interim = [](int, const Headers&) { throw std::runtime_error("no"); }});
    CHECK_THROWS_AS(play_dry(world, asked), std::runtime_error);  // the driver's lease lets the connection go
}

TEST_CASE("an operation that is given up half-way leaves nothing behind", "[engine]") {
    Asked asked("POST", "http://h/", {.body = std::string(100'000, 'x')});
    for (std::size_t steps = 0; steps < 9; ++steps) {
        World world;
        world.dials().takes(10).takes().sends("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na").sends("b");
        Response r;
        detail::transfer t(asked.request, r);
        detail::operation<std::error_code> op(detail::fetch(t));
        for (auto* a = op.next(); a && world.played() < steps; a = op.next()) op.got() = world.perform(*a);
    }
    SUCCEED("what is left is for the sanitizers to find");
}

TEST_CASE("a failure at any step surfaces, and no connection outlives it", "[engine][A6]") {
    fails_everywhere([](World& w) { w.dials().takes().sends(response("200 OK", "hello")).is_given_back(); }, Asked());
    fails_everywhere(
        [](World& w) {
            w.hands_out_kept()
                .takes(9)
                .takes()
                .sends("HTTP/1.1 200 OK\r\n")
                .sends("\r\na")
                .sends("b")
                .closes()
                .is_discarded(DiscardReason::close_header);
        },
        Asked());
    fails_everywhere(
        [](World& w) {
            w.hands_out_kept()
                .takes()
                .sends("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na")
                .sends("b")
                .sends("c")
                .is_given_back();
        },
        Asked("POST", "http://h/", {.body = "b"}));
    fails_everywhere(
        [](World& w) {
            w.dials()
                .takes()
                .sends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                .sends("1\r\na\r")
                .sends("\n0\r\n\r\n");
            w.is_given_back();
        },
        Asked());
}
