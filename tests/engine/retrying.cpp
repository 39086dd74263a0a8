// What the retry policy repeats: failures before and within a response, statuses; how long it waits, in virtual time.

#include "catch.hpp"
#include "script_world.hpp"

#include <string>
#include <utility>

using namespace ferry;
using namespace ferry::testing;
using namespace std::chrono_literals;

namespace {

// 100 ms, then 200, then 400, at most 1 s.
Retry steady(unsigned total = 3) {
    return {.total = total, .backoff_factor = 100ms, .backoff_max = 1s, .jitter = false};
}

Asked asked_with(Retry retry, Options with = {}, std::string_view method = "GET") {
    with.retry = std::move(retry);
    return Asked(method, "http://h/", std::move(with));
}

World& refused_once(World& world) {
    return world.hands_out_blank().resolves({v4(1)}).starts(v4(1)).refuses().is_discarded(DiscardReason::aborted);
}

World& closed_once(World& world) { return world.dials().takes().closes().is_discarded(DiscardReason::peer_closed); }

World& answered(World& world, std::string_view body = "hello") {
    return world.dials().takes().sends(response("200 OK", body)).is_given_back();
}

World& busy_once(World& world, std::string_view fields = {}, std::string_view body = "busy") {
    return world.dials().takes().sends(response("503 Busy", body, fields)).is_given_back();
}

const std::string half = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nX: half\r\n\r\n01234";

}  // namespace

TEST_CASE("without a policy a refused connection is an error at once", "[engine][B6]") {
    World world;
    refused_once(world);
    CHECK(fetch(world, Asked()).ec == std::errc::connection_refused);
}

TEST_CASE("what could not be connected to is tried again, each time after a longer wait", "[engine][B6]") {
    World world;
    refused_once(world).sleeps(100ms);
    refused_once(world).sleeps(200ms);
    refused_once(world).sleeps(400ms);
    answered(world);
    auto came = fetch(world, asked_with(steady()));
    CHECK_FALSE(came.ec);
    CHECK(came.response.body == "hello");
    CHECK(world.now == beginning + 700ms);
    CHECK(came.response.elapsed == 700ms);
}

TEST_CASE("the wait grows no longer than its limit", "[engine][B6]") {
    World world;
    for (auto wait : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms}) refused_once(world).sleeps(wait);
    answered(world);
    CHECK_FALSE(fetch(world, asked_with(steady(6))).ec);
}

TEST_CASE("when the retries are used up the last error is the result", "[engine][B6]") {
    World world;
    refused_once(world).sleeps(100ms);
    closed_once(world).sleeps(200ms);
    refused_once(world);
    auto came = fetch(world, asked_with(steady(2)));
    CHECK(came.ec == std::errc::connection_refused);
    CHECK(came.phase == Phase::connect);
    CHECK(came.reached == RequestState::maybe_sent);
}

TEST_CASE("each kind of failure has a count of its own", "[engine][B6]") {
    auto rules = steady(9);
    SECTION("connect") {
        rules.connect = 1;
        World world;
        refused_once(world).sleeps(100ms);
        closed_once(world).sleeps(200ms);
        refused_once(world);
        CHECK(fetch(world, asked_with(rules)).ec == std::errc::connection_refused);
    }
    SECTION("read") {
        rules.read = 1;
        World world;
        closed_once(world).sleeps(100ms);
        refused_once(world).sleeps(200ms);
        closed_once(world);
        CHECK(fetch(world, asked_with(rules)).ec == errc::connection_closed);
    }
    SECTION("status") {
        rules.status = 1;
        rules.status_forcelist = {503};
        World world;
        busy_once(world).sleeps(100ms);
        closed_once(world).sleeps(200ms);
        busy_once(world);
        auto came = fetch(world, asked_with(rules));
        CHECK_FALSE(came.ec);
        CHECK(came.response.status == 503);
        CHECK(came.response.body == "busy");
    }
    SECTION("other") {
        rules.other = 1;
        World world;
        for (auto wait : {100ms, 0ms}) {
            world.dials().takes().sends("HTTP/1.1 nonsense\r\n\r\n").is_discarded(DiscardReason::aborted);
            if (wait > 0ms) world.sleeps(wait);
        }
        CHECK(fetch(world, asked_with(rules)).ec == condition::protocol);
    }
}

TEST_CASE("a POST that may have arrived is not repeated by the policy, one that did not leave is", "[engine][B6]") {
    World maybe;
    closed_once(maybe);
    auto came = fetch(maybe, asked_with(steady(), {.body = "b"}, "POST"));
    CHECK(came.ec == errc::connection_closed);
    CHECK(came.reached == RequestState::maybe_sent);

    World unsent;
    refused_once(unsent).sleeps(100ms);
    answered(unsent);
    CHECK_FALSE(fetch(unsent, asked_with(steady(), {.body = "b"}, "POST")).ec);

    World marked;
    closed_once(marked).sleeps(100ms);
    answered(marked);
    CHECK_FALSE(fetch(marked, asked_with(steady(), {.body = "b", .idempotent = true}, "POST")).ec);
}

TEST_CASE("a status on the list is asked for again, and its body does not stay", "[engine][B6]") {
    auto rules = steady();
    rules.status_forcelist = {500, 503};
    World world;
    busy_once(world).sleeps(100ms);
    busy_once(world).sleeps(200ms);
    world.dials().takes().sends("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe").sends("llo").is_given_back();
    auto came = fetch(world, asked_with(rules));
    CHECK(came.response.status == 200);
    CHECK(came.response.body == "hello");
    CHECK(came.response.history.empty());

    World other;
    other.dials().takes().sends(response("502 Bad", "gateway")).is_given_back();
    CHECK(fetch(other, asked_with(rules)).response.status == 502);
}

TEST_CASE("Retry-After is waited for, in seconds or until a date, but not too long", "[engine][B6]") {
    auto rules = steady();
    rules.retry_after_max = 7s;
    auto [field, wait] = GENERATE(table<std::string, std::chrono::milliseconds>({
        {"Retry-After: 5\r\n", 5s},
        {"Retry-After: 3600\r\n", 7s},
        {"Retry-After: 99999999999999999999999\r\n", 7s},
        {"Retry-After: Tue, 01 Jan 2999 00:00:00 GMT\r\n", 7s},
        {"Retry-After: Fri, 01 Jan 1999 00:00:00 GMT\r\n", 100ms},
        {"Retry-After: 0\r\n", 100ms},
    }));
    World world;
    busy_once(world, field).sleeps(wait);
    answered(world);
    CHECK(fetch(world, asked_with(rules)).response.status == 200);
}

TEST_CASE("a Retry-After that means nothing is no reason to ask again", "[engine][B6]") {
    auto field = GENERATE("", "Retry-After: soon\r\n", "Retry-After: -5\r\n", "Retry-After:\r\n");
    World world;
    busy_once(world, field);
    CHECK(fetch(world, asked_with(steady())).response.status == 503);
}

TEST_CASE("a wait that would last beyond the deadline is not begun", "[engine][B6]") {
    World failed;
    refused_once(failed).sleeps(100ms);
    refused_once(failed);
    auto came = fetch(failed, asked_with(steady(), {.timeout = 300ms}));
    CHECK(came.ec == std::errc::connection_refused);
    CHECK(failed.now == beginning + 100ms);

    World busy;
    busy_once(busy, "Retry-After: 5\r\n");
    CHECK(fetch(busy, asked_with(steady(), {.timeout = 5s})).response.status == 503);

    World broken;
    broken.dials().takes().sends(half).closes().is_discarded(DiscardReason::aborted);
    CHECK(fetch(broken, asked_with(steady(), {.timeout = 100ms})).ec == errc::incomplete_body);
}

TEST_CASE("one deadline covers all attempts of the policy", "[engine][B6][K3]") {
    World world;
    world.dials().takes().after(700ms).closes().is_discarded(DiscardReason::peer_closed).sleeps(100ms);
    world.dials().takes().says_nothing().is_discarded(DiscardReason::aborted);
    auto came = fetch(world, asked_with(steady(), {.timeout = 1s}));
    CHECK(came.ec == errc::total_timeout);
    CHECK(world.now == beginning + 1s);
}

TEST_CASE("a wait that is cancelled ends the call", "[engine][B6][K4]") {
    World failed;
    closed_once(failed).is_woken(errc::cancelled);
    auto came = fetch(failed, asked_with(steady()));
    CHECK(came.ec == errc::cancelled);
    CHECK(came.reached == RequestState::maybe_sent);

    World broken;
    broken.dials().takes().sends(half).closes().is_discarded(DiscardReason::aborted).is_woken(errc::cancelled);
    came = fetch(broken, asked_with(steady()));
    CHECK(came.ec == errc::cancelled);
    CHECK(came.response.body == "01234");

    World busy;
    busy_once(busy, "Retry-After: 5\r\n").is_woken(errc::cancelled);
    CHECK(fetch(busy, asked_with(steady())).ec == errc::cancelled);
}

TEST_CASE("what can only fail again is not tried again", "[engine][B6]") {
    World name;
    name.hands_out_blank().resolves_nothing(errc::host_not_found).is_discarded(DiscardReason::aborted);
    CHECK(fetch(name, asked_with(steady())).ec == errc::host_not_found);
    World pool;
    pool.has_no_place(errc::pool_empty);
    CHECK(fetch(pool, asked_with(steady())).ec == errc::pool_empty);
    World stopped;
    stopped.dials().is_silent_on(detail::action::kind::write).is_discarded(DiscardReason::aborted);
    CHECK(fetch(stopped, asked_with(steady(), {.timeout = 1s, .write_timeout = no_timeout})).ec == errc::total_timeout);
}

TEST_CASE("a stale connection is replaced without a retry of the policy", "[engine][B2][B6]") {
    World world;
    world.hands_out_kept().takes().closes().is_discarded(DiscardReason::peer_closed);
    world.dials_fresh().takes().closes().is_discarded(DiscardReason::peer_closed).sleeps(100ms);
    answered(world);
    CHECK_FALSE(fetch(world, asked_with(steady(1))).ec);
}

TEST_CASE("a failure at any step of a call that the policy repeats surfaces", "[engine][A6][B6]") {
    auto rules = steady(1);
    rules.status_forcelist = {503};
    fails_everywhere([](World& w) { closed_once(w).sleeps(100ms), answered(w); }, asked_with(rules));
    fails_everywhere(
        [](World& w) {
            w.dials().takes().sends(response("503 Busy", "", "Connection: close\r\n"));
            w.is_discarded(DiscardReason::close_header).sleeps(100ms);
            w.dials().takes().sends(half).sends("56789").is_given_back();
        },
        asked_with(rules, {.body = "b"}, "PUT"));
}
