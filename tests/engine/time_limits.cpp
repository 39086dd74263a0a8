// Which time-out ends what: pool, write, read, and the total over all of them.

#include "catch.hpp"
#include "script_world.hpp"

#include <chrono>
#include <string>

using namespace ferry;
using namespace ferry::testing;
using namespace std::chrono_literals;
using Kind = detail::action::kind;

namespace {

const Options limits{.pool_timeout = 4s, .connect_timeout = 3s, .read_timeout = 2s, .write_timeout = 1s};

void expect(World& world, errc code, Phase phase, std::chrono::milliseconds at, Options options = limits) {
    options.body = std::string(5, 'x');
    auto came = fetch(world, Asked("POST", "http://h/", options));
    CHECK(came.ec == code);
    CHECK(came.ec == condition::timeout);
    CHECK(came.ec == std::errc::timed_out);
    CHECK(came.phase == phase);
    CHECK(world.now == beginning + at);
}

}  // namespace

TEST_CASE("waiting in line ends with the pool's time-out", "[engine][K3]") {
    World world;
    world.is_silent_on(Kind::checkout);
    expect(world, errc::pool_timeout, Phase::pool, 4s);
}

TEST_CASE("a server that takes nothing ends with the write time-out", "[engine][K3][A6]") {
    World world;
    world.hands_out_kept().after(900ms).takes(3).takes_nothing().is_discarded(DiscardReason::aborted);
    expect(world, errc::write_timeout, Phase::send, 1900ms);
}

TEST_CASE("a server that says nothing ends with the read time-out", "[engine][K3][A6]") {
    World head;
    head.hands_out_kept().takes().says_nothing().is_discarded(DiscardReason::aborted);
    expect(head, errc::read_timeout, Phase::head, 2s);

    World half;
    half.hands_out_kept()
        .takes()
        .after(1900ms)
        .sends("HTTP/1.1 200")
        .says_nothing()
        .is_discarded(DiscardReason::aborted);
    expect(half, errc::read_timeout, Phase::head, 3900ms);

    for (std::string_view framing :
         {"Content-Length: 5\r\n\r\nhel", "Transfer-Encoding: chunked\r\n\r\n5\r\nhel", "\r\nhel"}) {
        World body;
        body.hands_out_kept().takes().sends("HTTP/1.1 200 OK\r\n" + std::string(framing)).says_nothing();
        body.is_discarded(DiscardReason::aborted);
        expect(body, errc::read_timeout, Phase::body, 2s);
    }
}

TEST_CASE("the total counts from the call and covers everything", "[engine][K3]") {
    auto total = limits;
    total.timeout = 1500ms;
    World line;
    line.is_silent_on(Kind::checkout);
    expect(line, errc::total_timeout, Phase::pool, 1500ms, total);

    World write;
    write.after(1s).hands_out_kept().takes(1).takes_nothing().is_discarded(DiscardReason::aborted);
    expect(write, errc::total_timeout, Phase::send, 1500ms, total);

    World read;
    read.after(1s).hands_out_kept().takes().says_nothing().is_discarded(DiscardReason::aborted);
    expect(read, errc::total_timeout, Phase::head, 1500ms, total);

    World body;
    body.hands_out_kept().takes().after(1s).sends("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").says_nothing();
    body.is_discarded(DiscardReason::aborted);
    expect(body, errc::total_timeout, Phase::body, 1500ms, total);
}

TEST_CASE("without limits there are none", "[engine][K3]") {
    Options none{.timeout = no_timeout,
                 .pool_timeout = no_timeout,
                 .connect_timeout = no_timeout,
                 .read_timeout = no_timeout,
                 .write_timeout = no_timeout};
    World world;
    world.after(10h)
        .hands_out_blank()
        .after(10h)
        .resolves({v4(1)})
        .starts(v4(1))
        .after(10h)
        .connects()
        .after(10h)
        .takes();
    world.after(10h).sends(response("200 OK", "hello")).is_given_back();
    auto came = fetch(world, Asked("GET", "http://h/", none));
    CHECK_FALSE(came.ec);
    CHECK(came.response.elapsed == 50h);
}

TEST_CASE("a very long limit is as good as none", "[engine][K3]") {
    CHECK(detail::add(beginning, no_timeout) == detail::never);
    CHECK(detail::add(beginning, 1s) == beginning + 1s);
    CHECK(detail::add(detail::never, 1s) == detail::never);
}

TEST_CASE("cancelling names itself, wherever it strikes", "[engine][K4]") {
    World write, read;
    write.hands_out_kept().takes(1);
    read.hands_out_kept().takes().sends("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    for (auto* world : {&write, &read}) {
        world->fail_at(2 + (world == &read), errc::cancelled);
        auto came = play_dry(*world, Asked());
        CHECK(came.ec == errc::cancelled);
        CHECK(came.ec == std::errc::operation_canceled);
        CHECK(world->discarded == 1);
    }
}
