// The line at a pool's limit: first come, first served, and nobody is forgotten.

#include "catch.hpp"
#include "fake_connection.hpp"

#include <chrono>
#include <vector>

using namespace ferry;
using namespace ferry::testing;

TEST_CASE("at a limit one waits in line, unless the pool may not wait", "[pool][A13]") {
    InLine who;
    {
        FakePool pool({.max_per_host = 1});
        auto lease = opened(pool, "a", 1);
        REQUIRE(queue(pool, "a", who) == Outcome::queued);
        CHECK(pool.stats().waiting == 1);
        CHECK_FALSE(who.woken);
        Lease none;
        CHECK(pool.leave(who, none) == Outcome::left);
    }
    FakePool pool({.max_per_host = 1, .wait = false});
    auto lease = opened(pool, "a", 1);
    CHECK(queue(pool, "a", who) == Outcome::empty);
    CHECK(pool.stats().waiting == 0);
}

TEST_CASE("a kept connection goes to the one in line", "[pool][A13]") {
    FakePool pool({.max_per_host = 1});
    auto lease = opened(pool, "a", 1);
    InLine who;
    REQUIRE(queue(pool, "a", who) == Outcome::queued);
    lease.keep(t0);
    CHECK(pool.stats().idle == 0);
    CHECK(pool.stats().in_use == 1);
    auto got = turn_of(pool, who);
    REQUIRE(got);
    CHECK(got->id == 1);
    CHECK(got.reused());
    CHECK(pool.stats().reused == 1);
}

TEST_CASE("a discarded connection leaves room for the one in line", "[pool][A13]") {
    FakePool pool({.max_per_host = 1});
    auto lease = opened(pool, "a", 1);
    InLine who;
    REQUIRE(queue(pool, "a", who) == Outcome::queued);
    lease.discard(DiscardReason::reset);
    auto got = turn_of(pool, who);
    CHECK_FALSE(got);
    CHECK_FALSE(got.reused());
    CHECK(pool.stats().in_use == 1);
}

TEST_CASE("places go to those in line in the order in which they came", "[pool][A13]") {
    FakePool pool({.max_per_host = 1});
    auto lease = opened(pool, "a", 1);
    std::vector<InLine> line(5);
    for (auto& who : line) REQUIRE(queue(pool, "a", who) == Outcome::queued);
    CHECK(pool.stats().waiting == 5);
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (i % 2) lease.keep(t0);
        else lease.discard(DiscardReason::aborted);
        for (std::size_t k = 0; k < line.size(); ++k) CHECK(line[k].woken == (k <= i));
        lease = turn_of(pool, line[i]);
        if (!lease) open(lease, static_cast<int>(i));
    }
    CHECK(pool.stats().waiting == 0);
}

TEST_CASE("no newcomer overtakes those in line", "[pool][A13]") {
    FakePool pool({.max_per_host = 1});
    auto lease = opened(pool, "a", 1);
    InLine first, second;
    REQUIRE(queue(pool, "a", first) == Outcome::queued);
    lease.keep(t0);
    REQUIRE(queue(pool, "a", second) == Outcome::queued);  // the place is the first one's, though not yet taken
    auto got = turn_of(pool, first);
    CHECK_FALSE(second.woken);
    got.keep(t0);
    CHECK(turn_of(pool, second)->id == 1);
}

TEST_CASE("one who leaves the line is passed by", "[pool][A13]") {
    FakePool pool({.max_per_host = 1});
    auto lease = opened(pool, "a", 1);
    std::vector<InLine> line(3);
    for (auto& who : line) REQUIRE(queue(pool, "a", who) == Outcome::queued);
    Lease none;
    CHECK(pool.leave(line[1], none) == Outcome::left);
    CHECK_FALSE(none.held());
    CHECK(pool.stats().waiting == 2);
    lease.keep(t0);
    auto got = turn_of(pool, line[0]);
    got.keep(t0);
    CHECK(turn_of(pool, line[2])->id == 1);
    CHECK_FALSE(line[1].woken);
}

TEST_CASE("the first and the last in line can leave as well", "[pool][A13]") {
    FakePool pool({.max_per_host = 1});
    auto lease = opened(pool, "a", 1);
    std::vector<InLine> line(3);
    for (auto& who : line) REQUIRE(queue(pool, "a", who) == Outcome::queued);
    Lease none;
    CHECK(pool.leave(line[0], none) == Outcome::left);
    CHECK(pool.leave(line[2], none) == Outcome::left);
    lease.discard(DiscardReason::aborted);
    CHECK(turn_of(pool, line[1]).held());
}

TEST_CASE("one who is served in the moment of leaving gets the connection", "[pool][A13]") {
    FakePool pool({.max_per_host = 1});
    auto lease = opened(pool, "a", 1);
    InLine late, next;
    REQUIRE(queue(pool, "a", late) == Outcome::queued);
    REQUIRE(queue(pool, "a", next) == Outcome::queued);
    lease.keep(t0);  // its time is over, and it has not yet seen that it was woken
    {
        Lease got;
        CHECK(pool.leave(late, got) == Outcome::granted);
        CHECK(got->id == 1);
        CHECK_FALSE(next.woken);
    }
    CHECK(next.woken);  // who does not want it any more lets it go, and the next is served
    CHECK(turn_of(pool, next).held());
}

TEST_CASE("one who leaves can come again", "[pool][A13]") {
    FakePool pool({.max_per_host = 1});
    auto lease = opened(pool, "a", 1);
    InLine who;
    Lease none;
    REQUIRE(queue(pool, "a", who) == Outcome::queued);
    CHECK(pool.leave(who, none) == Outcome::left);
    REQUIRE(queue(pool, "a", who) == Outcome::queued);
    lease.keep(t0);
    CHECK(turn_of(pool, who)->id == 1);
}

TEST_CASE("one in line for another host is served at the total limit", "[pool][A13]") {
    FakePool pool({.max_total = 1});
    auto lease = opened(pool, "a", 1);
    InLine who;
    REQUIRE(queue(pool, "b", who) == Outcome::queued);
    lease.keep(t0);  // it is closed at once to make room
    auto got = turn_of(pool, who);
    CHECK_FALSE(got);
    auto stats = pool.stats();
    CHECK(stats.idle == 0);
    CHECK(stats.in_use == 1);
    CHECK(stats.discarded[DiscardReason::pool_full] == 1);
    REQUIRE(stats.hosts.size() == 1);  // "a", kept and emptied in one step, is forgotten
    CHECK(stats.hosts[0].origin == "b");
}

TEST_CASE("a connection kept beside one in line for another host outlives it where there is room", "[pool][A13]") {
    FakePool pool({.max_per_host = 1, .max_total = 3});
    auto a = opened(pool, "a", 1), b = opened(pool, "b", 2);
    InLine who;
    REQUIRE(queue(pool, "b", who) == Outcome::queued);
    a.keep(t0);
    CHECK_FALSE(who.woken);
    CHECK(pool.stats().idle == 1);
    b.keep(t0);
    CHECK(turn_of(pool, who)->id == 2);
}

TEST_CASE("one at its host's limit does not hold up those behind", "[pool][A13]") {
    FakePool pool({.max_per_host = 1, .max_total = 2});
    auto a = opened(pool, "a", 1), b = opened(pool, "b", 2);
    InLine for_a, for_c;
    REQUIRE(queue(pool, "a", for_a) == Outcome::queued);
    REQUIRE(queue(pool, "c", for_c) == Outcome::queued);
    b.discard(DiscardReason::aborted);
    CHECK_FALSE(for_a.woken);
    auto c = turn_of(pool, for_c);
    CHECK_FALSE(c);
    a.keep(t0);
    CHECK(turn_of(pool, for_a)->id == 1);
}

TEST_CASE("one in line for a fresh connection does not get an idle one", "[pool][B4]") {
    FakePool pool({.max_per_host = 1});
    auto lease = opened(pool, "a", 1);
    InLine who;
    REQUIRE(queue(pool, "a", who, true) == Outcome::queued);
    lease.keep(t0);
    auto got = turn_of(pool, who);
    CHECK_FALSE(got);
    CHECK_FALSE(got.reused());
    CHECK(pool.stats().discarded[DiscardReason::pool_full] == 1);
}

TEST_CASE("a place that next() frees goes to the one in line", "[pool][A13]") {
    FakePool pool({.max_per_host = 1});
    auto lease = opened(pool, "a", 1);
    lease->found = detail::verdict::closed;
    lease.keep(t0);
    lease = checkout(pool, "a");
    InLine who;
    REQUIRE(queue(pool, "a", who) == Outcome::queued);
    CHECK(live(lease) == 0);
    CHECK_FALSE(who.woken);  // the place is still the lease's
    lease = Lease();
    CHECK(turn_of(pool, who).held());
}

TEST_CASE("a connection that may not be kept still leaves its place", "[pool][A13]") {
    FakePool pool({.max_idle_per_host = 0, .max_per_host = 1, .max_lifetime = std::chrono::seconds(10)});
    auto lease = opened(pool, "a", 1);
    InLine first, second;
    REQUIRE(queue(pool, "a", first) == Outcome::queued);
    REQUIRE(queue(pool, "a", second) == Outcome::queued);
    lease.keep(t0);  // none may be idle, but this one never is
    auto got = turn_of(pool, first);
    CHECK(got->id == 1);
    got.keep(t0 + std::chrono::seconds(10));
    CHECK_FALSE(turn_of(pool, second));
}

TEST_CASE("close() turns those in line away", "[pool]") {
    FakePool pool({.max_per_host = 1});
    auto lease = opened(pool, "a", 1);
    std::vector<InLine> line(3);
    for (auto& who : line) REQUIRE(queue(pool, "a", who) == Outcome::queued);
    pool.close();
    for (auto& who : line) {
        CHECK(who.woken);
        Lease none;
        CHECK(pool.leave(who, none) == Outcome::closed);
        CHECK_FALSE(none.held());
    }
    CHECK(pool.stats().waiting == 0);
}

TEST_CASE("one served before close() keeps the place", "[pool]") {
    FakePool pool({.max_per_host = 1});
    auto lease = opened(pool, "a", 1);
    InLine who;
    REQUIRE(queue(pool, "a", who) == Outcome::queued);
    lease.keep(t0);
    pool.close();
    auto got = turn_of(pool, who);
    CHECK(got->id == 1);
    got.keep(t0);
    CHECK(pool.stats().discarded[DiscardReason::pool_closed] == 1);
}
