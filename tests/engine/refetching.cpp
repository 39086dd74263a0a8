// Whole bodies that fail half way, and what the retry policy makes of that, in virtual time.

#include "catch.hpp"
#include "script_world.hpp"

#include <string>

using namespace ferry;
using namespace ferry::testing;
using namespace std::chrono_literals;

namespace {

const std::string half = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nX: half\r\n\r\n01234";

Retry in_100_ms(unsigned total = 3) { return {.total = total, .backoff_factor = 100ms, .jitter = false}; }

Asked asked_with(Retry retry, Options with = {}, std::string_view method = "GET") {
    with.retry = std::move(retry);
    return Asked(method, "http://h/", std::move(with));
}

}  // namespace

TEST_CASE("a body that broke off is fetched again, and nothing of its first part stays", "[engine][B6]") {
    auto [broken, ec] = GENERATE_COPY(table<std::string, std::error_code>({
        {half, errc::incomplete_body},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n", errc::incomplete_body},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n0\r\nT: early\r\n", errc::incomplete_body},
    }));
    World world;
    world.dials().takes().sends(broken).closes().is_discarded(DiscardReason::aborted).sleeps(100ms);
    world.dials().takes().sends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nwh\r\n");
    world.sends("3\r\nole\r\n0\r\n\r\n").is_given_back();
    auto came = fetch(world, asked_with(in_100_ms()));
    CHECK_FALSE(came.ec);
    CHECK(came.response.body == "whole");
    CHECK_FALSE(came.response.headers.contains("x"));
    CHECK(came.response.trailers.empty());
    CHECK(came.response.elapsed == 100ms);
    CHECK(came.response.timings.first_byte == 100ms);

    World last;
    last.dials().takes().sends(broken).closes().is_discarded(DiscardReason::aborted);
    auto end = fetch(last, asked_with(in_100_ms(0)));
    CHECK(end.ec == ec);
    CHECK(end.phase == Phase::body);
    CHECK(end.response.status == 200);
    CHECK(end.response.body == "01234");
}

TEST_CASE("a body that times out counts as a read", "[engine][B6]") {
    auto rules = in_100_ms();
    rules.read = 1;
    World world;
    world.dials().takes().sends(half).says_nothing().is_discarded(DiscardReason::aborted).sleeps(100ms);
    world.dials().takes().sends(half).says_nothing().is_discarded(DiscardReason::aborted);
    auto came = fetch(world, asked_with(rules, {.read_timeout = 5s}));
    CHECK(came.ec == errc::read_timeout);
    CHECK(world.now == beginning + 10s + 100ms);
}

TEST_CASE("a body over its limit is not fetched again, nor one that answers a POST", "[engine][B6]") {
    World large;
    large.dials().takes().sends(half).is_discarded(DiscardReason::aborted);
    CHECK(fetch(large, asked_with(in_100_ms(), {.max_body = 9})).ec == errc::body_too_large);
    World post;
    post.dials().takes().sends(half).closes().is_discarded(DiscardReason::aborted);
    auto came = fetch(post, asked_with(in_100_ms(), {.body = "b"}, "POST"));
    CHECK(came.ec == errc::incomplete_body);
    CHECK(came.response.body == "01234");
}

TEST_CASE("a body of a close that was asked for is fetched again as well", "[engine][B6]") {
    World world;
    world.dials().takes().sends(half).closes().is_discarded(DiscardReason::aborted).sleeps(100ms);
    world.dials().takes().sends(response("200 OK", "whole")).closes().is_discarded(DiscardReason::close_header);
    CHECK(fetch(world, asked_with(in_100_ms(), {.keep_alive = false})).response.body == "whole");
}
