// From a name to a connection: addresses raced under one deadline.

#include "catch.hpp"
#include "script_world.hpp"

#include <chrono>
#include <vector>

using namespace ferry;
using namespace ferry::testing;
using namespace std::chrono_literals;

namespace {

void answers(World& world) { world.takes().sends(response("200 OK")).is_given_back(); }

const auto refused = std::make_error_code(std::errc::connection_refused);
const auto unreachable = std::make_error_code(std::errc::host_unreachable);

}  // namespace

TEST_CASE("the families take turns, the resolver's first choice begins", "[engine][K2]") {
    using List = std::vector<Endpoint>;
    CHECK(detail::interleave({}) == List{});
    CHECK(detail::interleave({v4(1)}) == List{v4(1)});
    CHECK(detail::interleave({v6(1), v6(2), v4(1), v4(2)}) == List{v6(1), v4(1), v6(2), v4(2)});
    CHECK(detail::interleave({v4(1), v6(1), v6(2), v6(3)}) == List{v4(1), v6(1), v6(2), v6(3)});
    CHECK(detail::interleave({v6(1), v6(2), v6(3), v4(1)}) == List{v6(1), v4(1), v6(2), v6(3)});
}

TEST_CASE("an address that fails is followed by the next at once", "[engine][K2]") {
    World world;
    world.hands_out_blank().resolves({v6(1), v4(1)}).starts(v6(1)).after(10ms).refuses().starts(v4(1)).connects();
    answers(world);
    CHECK_FALSE(fetch(world, Asked()).ec);
    CHECK(world.now == beginning + 10ms);
}

TEST_CASE("an address that cannot even be tried is passed by", "[engine][K2]") {
    World world;
    world.hands_out_blank().resolves({v6(1), v6(2), v4(1)}).starts(v6(1), unreachable).starts(v4(1)).connects();
    answers(world);
    CHECK_FALSE(fetch(world, Asked()).ec);
}

TEST_CASE("an address that is slow gets company after 250 ms", "[engine][K2]") {
    World world;
    world.hands_out_blank().resolves({v6(1), v4(1), v4(2)}).starts(v6(1)).connects_nothing().starts(v4(1));
    world.connects_nothing().starts(v4(2)).connects();
    answers(world);
    CHECK_FALSE(fetch(world, Asked()).ec);
    CHECK(world.now == beginning + 500ms);
}

TEST_CASE("all addresses that fail make the first one's error", "[engine][K2]") {
    World world;
    world.hands_out_blank().resolves({v6(1), v4(1), v4(2)});
    world.starts(v6(1), unreachable)
        .starts(v4(1))
        .refuses()
        .starts(v4(2))
        .refuses(std::make_error_code(std::errc::timed_out));
    world.is_discarded(DiscardReason::aborted);
    auto came = fetch(world, Asked());
    CHECK(came.ec == unreachable);
    CHECK(came.phase == Phase::connect);
    CHECK(came.reached == RequestState::not_sent);
}

TEST_CASE("those begun earlier are waited for when the last one fails", "[engine][K2]") {
    World world;
    world.hands_out_blank()
        .resolves({v6(1), v4(1)})
        .starts(v6(1))
        .connects_nothing()
        .starts(v4(1))
        .refuses()
        .connects();
    answers(world);
    CHECK_FALSE(fetch(world, Asked()).ec);
}

TEST_CASE("a race ends when its last runner has failed", "[engine][K2]") {
    World world;
    world.hands_out_blank().resolves({v6(1), v4(1)}).starts(v6(1)).connects_nothing().starts(v4(1));
    world.refuses(unreachable).refuses().is_discarded(DiscardReason::aborted);
    CHECK(fetch(world, Asked()).ec == unreachable);
}

TEST_CASE("the connect deadline covers all addresses", "[engine][K2][K3]") {
    World world;
    world.hands_out_blank().resolves({v6(1), v4(1)}).starts(v6(1)).connects_nothing().starts(v4(1)).connects_nothing();
    world.is_discarded(DiscardReason::aborted);
    auto came = fetch(world, Asked("GET", "http://h/", {.connect_timeout = 3s}));
    CHECK(came.ec == errc::connect_timeout);
    CHECK(came.phase == Phase::connect);
    CHECK(world.now == beginning + 3s);
}

TEST_CASE("the connect deadline covers the resolution as well", "[engine][K2][K3]") {
    World slow;
    slow.hands_out_blank().after(2s).resolves({v4(1)}).starts(v4(1)).connects_nothing().is_discarded(
        DiscardReason::aborted);
    CHECK(fetch(slow, Asked("GET", "http://h/", {.connect_timeout = 3s})).ec == errc::connect_timeout);
    CHECK(slow.now == beginning + 3s);

    World hanging;
    hanging.hands_out_blank().is_silent_on(detail::action::kind::resolve).is_discarded(DiscardReason::aborted);
    auto came = fetch(hanging, Asked());
    CHECK(came.ec == errc::connect_timeout);
    CHECK(came.phase == Phase::resolve);
    CHECK(hanging.now == beginning + 10s);
}

TEST_CASE("a total deadline that is nearer has the say", "[engine][K2][K3]") {
    for (auto total : {2s, 3s}) {
        World world;
        world.hands_out_blank().resolves({v4(1)}).starts(v4(1)).connects_nothing().is_discarded(DiscardReason::aborted);
        CHECK(fetch(world, Asked("GET", "http://h/", {.timeout = total, .connect_timeout = 3s})).ec ==
              errc::total_timeout);
        CHECK(world.now == beginning + total);
    }
}

TEST_CASE("a name that is not found is an error of the resolver's", "[engine]") {
    World world;
    world.hands_out_blank().resolves_nothing(errc::host_not_found).is_discarded(DiscardReason::aborted);
    auto came = fetch(world, Asked());
    CHECK(came.ec == errc::host_not_found);
    CHECK(came.phase == Phase::resolve);

    World none;
    none.hands_out_blank().resolves({}).is_discarded(DiscardReason::aborted);
    CHECK(fetch(none, Asked()).ec == errc::no_address);
}

TEST_CASE("the resolver gets a host without brackets", "[engine]") {
    World world;
    world.dials();
    answers(world);
    CHECK_FALSE(fetch(world, Asked("GET", "http://[2001:db8::1]:8080/")).ec);
    CHECK(world.resolved == "2001:db8::1:8080");
}

TEST_CASE("a failure at any step of a race surfaces", "[engine][A6][K2]") {
    fails_everywhere(
        [](World& w) {
            w.hands_out_blank()
                .resolves({v6(1), v4(1)})
                .starts(v6(1))
                .connects_nothing()
                .starts(v4(1))
                .refuses()
                .connects();
            answers(w);
        },
        Asked());
}
