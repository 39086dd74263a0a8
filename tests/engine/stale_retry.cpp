// A kept connection that turns out to be dead: what is sent again, on what, and what is not.

#include "catch.hpp"
#include "script_world.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace ferry;
using namespace ferry::testing;
using namespace std::chrono_literals;

namespace {

// Ways in which a kept connection can end after the whole request was written.
enum class End { closes, resets, breaks };

void end_stale(World& world, End how) {
    world.hands_out_kept();
    switch (how) {
    case End::closes: world.takes().closes().is_discarded(DiscardReason::peer_closed); break;
    case End::resets: world.takes().resets().is_discarded(DiscardReason::reset); break;
    case End::breaks: world.takes(10).breaks_on_write().closes().is_discarded(DiscardReason::reset); break;
    }
}

Source rewindable(std::size_t size) {
    return {.read = [](std::span<char>) { return std::size_t{0}; }, .size = size, .rewind = [] {}};
}

}  // namespace

TEST_CASE("a stale connection is replaced by a fresh one without the caller noticing", "[engine][B2][B4]") {
    for (auto how : {End::closes, End::resets, End::breaks}) {
        World world;
        end_stale(world, how);
        world.dials_fresh()
            .takes_exactly("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            .sends(response("200 OK", "hello"))
            .is_given_back();
        auto came = fetch(world, Asked());
        CHECK_FALSE(came.ec);
        CHECK(came.response.body == "hello");
        CHECK_FALSE(came.response.connection.reused);
    }
}

TEST_CASE("every idempotent method is sent again", "[engine][B1][B2]") {
    for (auto method : {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "QUERY"}) {
        INFO(method);
        World world;
        end_stale(world, End::closes);
        world.dials_fresh().takes().sends("HTTP/1.1 204 None\r\n\r\n").is_given_back();
        CHECK_FALSE(fetch(world, Asked(method)).ec);
    }
}

TEST_CASE("a request that may have been acted upon is never sent twice in silence", "[engine][B2][B5]") {
    for (auto method : {"POST", "PATCH", "get", "X"}) {
        for (auto how : {End::closes, End::resets, End::breaks}) {
            INFO(method);
            World world;
            end_stale(world, how);
            auto came = fetch(world, Asked(method, "http://h/", {.body = "b"}));
            CHECK(came.ec == condition::network);
            CHECK(came.reached == RequestState::maybe_sent);
            CHECK(came.response.status == 0);
        }
    }
}

TEST_CASE("where no byte was written any method is sent again", "[engine][B2]") {
    for (auto method : {"POST", "GET"}) {
        World world;
        world.hands_out_kept().breaks_on_write().closes().is_discarded(DiscardReason::reset);
        world.dials_fresh().takes().sends(response("200 OK")).is_given_back();
        CHECK_FALSE(fetch(world, Asked(method, "http://h/", {.body = "b"})).ec);
    }
    World reset;
    reset.hands_out_kept().breaks_on_write(std::errc::connection_reset).resets().is_discarded(DiscardReason::reset);
    reset.dials_fresh().takes().sends(response("200 OK")).is_given_back();
    CHECK_FALSE(fetch(reset, Asked("POST")).ec);
}

TEST_CASE("a caller can mark a request as idempotent", "[engine][B1]") {
    World world;
    end_stale(world, End::closes);
    world.dials_fresh().takes().sends(response("200 OK")).is_given_back();
    CHECK_FALSE(fetch(world, Asked("POST", "http://h/", {.body = "b", .idempotent = true})).ec);
}

TEST_CASE("once a byte of the response has come nothing is sent again", "[engine][B2]") {
    World world;
    world.hands_out_kept().takes().sends("H").closes().is_discarded(DiscardReason::aborted);
    auto came = fetch(world, Asked());
    CHECK(came.ec == errc::incomplete_head);
    CHECK(came.reached == RequestState::response_started);

    World interim;
    interim.hands_out_kept().takes().sends("HTTP/1.1 103 Early\r\n\r\n").resets().is_discarded(DiscardReason::aborted);
    CHECK(fetch(interim, Asked()).ec == errc::incomplete_head);
}

TEST_CASE("silence is not staleness", "[engine][B2]") {
    World world;
    world.hands_out_kept().takes().says_nothing().is_discarded(DiscardReason::aborted);
    CHECK(fetch(world, Asked()).ec == errc::read_timeout);
}

TEST_CASE("the fresh connection has one chance", "[engine][B4]") {
    World world;
    end_stale(world, End::closes);
    world.dials_fresh().takes().closes().is_discarded(DiscardReason::peer_closed);
    auto came = fetch(world, Asked());
    CHECK(came.ec == errc::connection_closed);
    CHECK(came.reached == RequestState::maybe_sent);
}

TEST_CASE("the error tells how far any of the attempts got", "[engine][B5]") {
    World world;
    end_stale(world, End::closes);
    world.hands_out_fresh().resolves({v4(1)}).starts(v4(1)).refuses().is_discarded(DiscardReason::aborted);
    auto came = fetch(world, Asked());
    CHECK(came.ec == std::errc::connection_refused);
    CHECK(came.phase == Phase::connect);
    CHECK(came.reached == RequestState::maybe_sent);

    World unsent;
    unsent.hands_out_kept().breaks_on_write().closes().is_discarded(DiscardReason::reset);
    unsent.has_no_place(errc::pool_empty);
    came = fetch(unsent, Asked("POST"));
    CHECK(came.ec == errc::pool_empty);
    CHECK(came.reached == RequestState::not_sent);
}

TEST_CASE("one deadline covers all attempts", "[engine][B4]") {
    World world;
    world.hands_out_kept().takes().after(700ms).closes().is_discarded(DiscardReason::peer_closed);
    world.dials_fresh().takes().says_nothing().is_discarded(DiscardReason::aborted);
    auto came = fetch(world, Asked("GET", "http://h/", {.timeout = 1s}));
    CHECK(came.ec == errc::total_timeout);
    CHECK(world.now == beginning + 1s);
}

TEST_CASE("a queued 408 that closes an idle connection is not an answer", "[engine][A12]") {
    const auto idle_end = response("408 Request Timeout", "bye", "Connection: close\r\nX: 1\r\n");
    World world;
    world.hands_out_kept().takes().sends(idle_end).is_discarded(DiscardReason::peer_closed);
    world.dials_fresh().takes().sends(response("200 OK", "hello")).is_given_back();
    auto came = fetch(world, Asked());
    CHECK_FALSE(came.ec);
    CHECK(came.response.status == 200);
    CHECK(came.response.body == "hello");
    CHECK_FALSE(came.response.headers.contains("x"));
}

TEST_CASE("a 408 that closes comes even before the request could be written", "[engine][A12][A15]") {
    World world;
    world.hands_out_kept().breaks_on_write().sends(response("408 Request Timeout", "", "Connection: close\r\n"));
    world.is_discarded(DiscardReason::peer_closed)
        .dials_fresh()
        .takes()
        .sends(response("200 OK", "hello"))
        .is_given_back();
    CHECK(fetch(world, Asked("GET")).response.status == 200);
}

TEST_CASE("other 408s are answers", "[engine][A12]") {
    World keeps;
    keeps.hands_out_kept().takes().sends(response("408 Request Timeout")).is_given_back();
    CHECK(fetch(keeps, Asked()).response.status == 408);

    World fresh;
    fresh.dials().takes().sends(response("408 Request Timeout", "", "Connection: close\r\n"));
    fresh.is_discarded(DiscardReason::close_header);
    CHECK(fetch(fresh, Asked()).response.status == 408);

    World post;
    post.hands_out_kept().takes().sends(response("408 Request Timeout", "", "Connection: close\r\n"));
    post.is_discarded(DiscardReason::close_header);
    CHECK(fetch(post, Asked("POST")).response.status == 408);
}

TEST_CASE("a body that is pulled is sent again from its beginning if it can be rewound", "[engine][B3]") {
    Asked asked("PUT", "http://h/", {.body = rewindable(3)});
    World world;
    world.opens_body(3).hands_out_kept().takes().yields("abc").breaks_on_write().closes().is_discarded(
        DiscardReason::reset);
    world.opens_body(3).dials_fresh().takes().yields("abc").takes().sends(response("200 OK")).is_given_back();
    CHECK_FALSE(fetch(world, asked).ec);
    CHECK(world.sent.ends_with("\r\n\r\nabc"));
}

TEST_CASE("a body that cannot be rewound is not sent again, and the error says why", "[engine][B3]") {
    Asked asked("PUT", "http://h/", {.body = source([](std::span<char>) { return std::size_t{0}; }, 3)});
    World world;
    world.opens_body(3).hands_out_kept().takes().yields("abc").takes().closes();
    world.is_discarded(DiscardReason::peer_closed);
    auto came = fetch(world, asked);
    CHECK(came.ec == errc::body_not_rewindable);
    CHECK(came.reached == RequestState::maybe_sent);
}

TEST_CASE("a body of which nothing was taken needs no rewinding", "[engine][B3]") {
    Asked asked("PUT", "http://h/", {.body = source([](std::span<char>) { return std::size_t{0}; }, 3)});
    World world;
    world.opens_body(3).hands_out_kept().breaks_on_write().closes().is_discarded(DiscardReason::reset);
    world.opens_body(3).dials_fresh().takes().yields("abc").takes().sends(response("200 OK")).is_given_back();
    CHECK_FALSE(fetch(world, asked).ec);
}

TEST_CASE("a failure at any step of a repeated request surfaces", "[engine][A6][B2]") {
    fails_everywhere(
        [](World& w) {
            end_stale(w, End::closes);
            w.dials_fresh().takes().sends(response("200 OK", "hello")).is_given_back();
        },
        Asked());
    fails_everywhere(
        [](World& w) {
            w.opens_body(3).hands_out_kept().takes().yields("abc").breaks_on_write().closes().is_discarded(
                DiscardReason::reset);
            w.opens_body(3).dials_fresh().takes().yields("abc").takes().sends(response("200 OK")).is_given_back();
        },
        Asked("PUT", "http://h/", {.body = rewindable(3)}));
}
