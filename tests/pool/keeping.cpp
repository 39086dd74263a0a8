// What a pool hands out again, in which order, and what becomes of a lease.

#include "catch.hpp"
#include "fake_connection.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace ferry;
using namespace ferry::testing;
using ferry::detail::verdict;

TEST_CASE("an empty pool gives room to open a connection", "[pool]") {
    FakePool pool;
    auto lease = checkout(pool, "a");
    CHECK(lease.held());
    CHECK_FALSE(lease);
    CHECK_FALSE(lease.reused());
    CHECK(pool.stats().in_use == 1);
    CHECK(pool.stats().opened == 0);
}

TEST_CASE("a kept connection is handed out again", "[pool]") {
    FakePool pool;
    keep(pool, "a", {1});
    CHECK(pool.stats().idle == 1);
    CHECK(pool.stats().in_use == 0);

    auto lease = checkout(pool, "a", t0 + std::chrono::seconds(2));
    REQUIRE(lease);
    CHECK(lease->id == 1);
    CHECK(lease.reused());
    CHECK(lease.idle_since() == t0);
    CHECK(pool.stats().idle == 0);
    CHECK(pool.stats().in_use == 1);
    CHECK(pool.stats().opened == 1);
    CHECK(pool.stats().reused == 1);
}

TEST_CASE("the connection that was used last goes first", "[pool]") {
    FakePool pool;
    keep(pool, "a", {1, 2, 3});
    CHECK(take_all(pool, "a") == std::vector{3, 2, 1});
}

TEST_CASE("one connection serves any number of requests, one after the other", "[pool]") {
    FakePool pool;
    keep(pool, "a", {1});
    for (int i = 0; i < 100; ++i) {
        auto lease = checkout(pool, "a");
        REQUIRE(live(lease) == 1);
        lease.keep(t0);
    }
    CHECK(pool.stats().opened == 1);
    CHECK(pool.stats().reused == 100);
    CHECK(pool.stats().discarded.total() == 0);
}

TEST_CASE("hosts do not share connections", "[pool][A10]") {
    FakePool pool;
    keep(pool, "a", {1});
    CHECK_FALSE(checkout(pool, "b"));
    CHECK(checkout(pool, "a"));
}

TEST_CASE("a fresh checkout passes by the idle ones", "[pool][B4]") {
    FakePool pool;
    keep(pool, "a", {1});
    auto lease = checkout(pool, "a", t0, true);
    CHECK_FALSE(lease);
    CHECK_FALSE(lease.reused());
    CHECK(pool.stats().idle == 1);
    CHECK(pool.stats().reused == 0);
}

TEST_CASE("a dropped connection is never handed out, and counted with its reason", "[pool][A2][A7]") {
    struct Case {
        verdict found;
        DiscardReason reason;
    };
    for (auto [found, reason] : {Case{verdict::closed, DiscardReason::peer_closed},
                                 Case{verdict::unsolicited_data, DiscardReason::unsolicited_data},
                                 Case{verdict::error, DiscardReason::reset}}) {
        INFO(found);
        FakePool pool;
        auto one = opened(pool, "a", 1), two = opened(pool, "a", 2);
        auto& second = *two;
        one.keep(t0);
        two.keep(t0);
        second.found = found;

        auto lease = checkout(pool, "a");
        CHECK(live(lease) == 1);
        CHECK(lease.reused());
        auto stats = pool.stats();
        CHECK(stats.discarded[reason] == 1);
        CHECK(stats.discarded.total() == 1);
        CHECK(stats.reused == 1);
        CHECK(stats.in_use == 1);
        CHECK(stats.idle == 0);
    }
}

TEST_CASE("when all idle ones are dropped there is room to open another", "[pool][A2]") {
    FakePool pool;
    std::vector<Lease> leases;
    for (int id : {1, 2, 3}) leases.push_back(opened(pool, "a", id));
    for (auto& lease : leases) {
        lease->found = verdict::closed;
        lease.keep(t0);
    }
    auto lease = checkout(pool, "a");
    CHECK(live(lease) == 0);
    CHECK(lease.held());
    CHECK_FALSE(lease.reused());
    CHECK(pool.stats().discarded[DiscardReason::peer_closed] == 3);
    CHECK(pool.stats().reused == 0);
    CHECK(pool.stats().in_use == 1);
    open(lease, 4);
    lease.keep(t0);
    CHECK(take_all(pool, "a") == std::vector{4});
}

TEST_CASE("next() passes by an idle one that is over its time", "[pool]") {
    FakePool pool({.idle_timeout = std::chrono::seconds(10)});
    keep(pool, "a", {1}, t0);
    keep(pool, "a", {2}, t0 + std::chrono::seconds(5));
    auto now = t0 + std::chrono::seconds(12);
    auto lease = checkout(pool, "a", now);
    REQUIRE(lease->id == 2);
    lease.next(DiscardReason::peer_closed, now);
    CHECK_FALSE(lease);
    CHECK(pool.stats().discarded[DiscardReason::idle_expired] == 1);
    CHECK(pool.stats().discarded[DiscardReason::peer_closed] == 1);
}

TEST_CASE("a lease let go without keep is discarded as aborted", "[pool][A6][A13]") {
    FakePool pool;
    { auto lease = opened(pool, "a", 1); }
    CHECK(pool.stats().idle == 0);
    CHECK(pool.stats().in_use == 0);
    CHECK(pool.stats().discarded[DiscardReason::aborted] == 1);
}

TEST_CASE("a lease that never held an open connection is no discard", "[pool][A7]") {
    FakePool pool;
    { auto lease = checkout(pool, "a"); }
    {
        auto lease = checkout(pool, "a");
        lease.emplace(Fake{1});  // connecting failed
        lease.discard(DiscardReason::aborted);
    }
    CHECK(pool.stats().discarded.total() == 0);
    CHECK(pool.stats().in_use == 0);
    CHECK(pool.stats().opened == 0);
}

TEST_CASE("every reason for a discard is counted on its own", "[pool][A7]") {
    FakePool pool;
    for (std::size_t i = 0; i < discard_reasons; ++i) {
        auto reason = static_cast<DiscardReason>(i);
        opened(pool, "a", 1).discard(reason);
        CHECK(pool.stats().discarded[reason] == 1);
    }
    CHECK(pool.stats().discarded.total() == discard_reasons);
}

TEST_CASE("a lease gives its place back once, however often it is asked to", "[pool][A13]") {
    FakePool pool;
    auto lease = opened(pool, "a", 1);
    lease.keep(t0);
    CHECK_FALSE(lease.held());
    lease.keep(t0);
    lease.discard(DiscardReason::reset);
    CHECK(pool.stats().idle == 1);
    CHECK(pool.stats().in_use == 0);
    CHECK(pool.stats().discarded.total() == 0);
}

TEST_CASE("a lease that moves takes its place along", "[pool][A13]") {
    FakePool pool;
    auto first = opened(pool, "a", 1);
    Lease second(std::move(first));
    CHECK_FALSE(first.held());
    CHECK(second->id == 1);
    CHECK(pool.stats().in_use == 1);

    auto other = opened(pool, "b", 2);
    other = std::move(second);  // what it held is discarded
    CHECK(other->id == 1);
    CHECK(pool.stats().in_use == 1);
    CHECK(pool.stats().discarded[DiscardReason::aborted] == 1);

    auto& same = other;
    other = std::move(same);
    CHECK(other.held());
    other.keep(t0);
    CHECK(take_all(pool, "a") == std::vector{1});
}

TEST_CASE("an empty lease is harmless", "[pool]") {
    Lease lease;
    CHECK_FALSE(lease.held());
    lease.keep(t0);
    lease.discard(DiscardReason::aborted);
    lease = Lease();
    CHECK_FALSE(lease);
}
