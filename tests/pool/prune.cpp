// Pruning: idle connections that are over their time or dead go without waiting for the next request.

#include "catch.hpp"
#include "fake_connection.hpp"

#include <chrono>
#include <string>
#include <vector>

using namespace ferry;
using namespace ferry::testing;
using namespace std::chrono_literals;
using ferry::detail::verdict;

TEST_CASE("a prune closes what the peer has closed and keeps the rest in its order", "[pool][A9]") {
    FakePool pool;
    std::vector<Lease> leases;
    for (int id : {1, 2, 3, 4, 5}) leases.push_back(opened(pool, "a", id));
    leases[1]->found = verdict::closed;
    leases[3]->found = verdict::unsolicited_data;
    for (auto& lease : leases) lease.keep(t0);
    CHECK(pool.prune(t0 + 1s, {}) == 2);
    auto stats = pool.stats();
    CHECK(stats.idle == 3);
    CHECK(stats.in_use == 0);
    CHECK(stats.reused == 0);
    CHECK(stats.discarded[DiscardReason::peer_closed] == 1);
    CHECK(stats.discarded[DiscardReason::unsolicited_data] == 1);
    CHECK(take_all(pool, "a") == std::vector{5, 3, 1});
}

TEST_CASE("a prune closes what is over its time, without a probe", "[pool][A9]") {
    FakePool pool({.idle_timeout = 10s});
    keep(pool, "a", {1});
    keep(pool, "b", {2}, t0 + 5s);
    CHECK(pool.prune(t0 + 10s, 1h) == 1);
    CHECK(pool.stats().discarded[DiscardReason::idle_expired] == 1);
    CHECK(pool.stats().hosts.size() == 1);
}

TEST_CASE("a prune with a rest spares those that were in use just now", "[pool][A9]") {
    FakePool pool;
    auto old = opened(pool, "a", 1), young = opened(pool, "a", 2);
    old->found = young->found = verdict::closed;
    old.keep(t0);
    young.keep(t0 + 1500ms);
    CHECK(pool.prune(t0 + 2s, 1s) == 1);
    CHECK(pool.stats().idle == 1);
    CHECK(pool.prune(t0 + 2500ms, 1s) == 1);
    CHECK(pool.stats().idle == 0);
    CHECK(pool.stats().hosts.empty());
}

TEST_CASE("a prune cools what has rested and is alive", "[pool]") {
    struct Warm {
        verdict found = verdict::alive;
        int cooled = 0;
        verdict probe() const noexcept { return found; }
        void cool() noexcept { ++cooled; }
    };
    using WarmPool = detail::pool<std::string, Warm>;
    WarmPool pool;
    WarmPool::lease old, young;
    for (auto* lease : {&old, &young}) {
        REQUIRE(pool.checkout("a", t0, true, nullptr, *lease) == WarmPool::outcome::granted);
        lease->emplace(Warm{});
        lease->opened(t0);
    }
    auto& rested = *old;
    auto& used = *young;
    old.keep(t0);
    young.keep(t0 + 1500ms);
    CHECK(pool.prune(t0 + 2s, 1s) == 0);
    CHECK(rested.cooled == 1);
    CHECK(used.cooled == 0);
}

TEST_CASE("a prune does not make a connection younger", "[pool][A9]") {
    FakePool pool({.idle_timeout = 10s});
    keep(pool, "a", {1});
    CHECK(pool.prune(t0 + 9s, {}) == 0);
    auto lease = checkout(pool, "a", t0 + 9s);
    REQUIRE(lease);
    CHECK(lease.idle_since() == t0);
    lease.keep(t0 + 9s);
    CHECK(pool.prune(t0 + 19s, {}) == 1);
}

TEST_CASE("after a prune the oldest of all hosts is still the first to make room", "[pool][A9]") {
    FakePool pool;
    keep(pool, "a", {1});
    keep(pool, "b", {2});
    keep(pool, "a", {3});
    CHECK(pool.prune(t0, {}) == 0);
    CHECK(pool.evict());
    CHECK(take_all(pool, "a") == std::vector{3});
    CHECK(take_all(pool, "b") == std::vector{2});
}

TEST_CASE("a prune of an empty pool does nothing", "[pool][A9]") {
    FakePool pool;
    CHECK(pool.prune(t0, {}) == 0);
    pool.close();
    CHECK(pool.prune(t0, {}) == 0);
}

TEST_CASE("it is time to prune at most once a second", "[pool][A9]") {
    FakePool pool;
    CHECK(pool.prune_due(t0));
    CHECK_FALSE(pool.prune_due(t0));
    CHECK_FALSE(pool.prune_due(t0 + 999ms));
    CHECK(pool.prune_due(t0 + 1s));
    CHECK_FALSE(pool.prune_due(t0 + 1999ms));
    CHECK(pool.prune_due(t0 + 1h));
}

TEST_CASE("all that is idle goes at once, and what is in use does not", "[pool][A7]") {
    FakePool pool;
    keep(pool, "a", {1, 2});
    keep(pool, "b", {3});
    auto used = checkout(pool, "a");
    REQUIRE(used);
    CHECK(pool.clear(DiscardReason::network_changed) == 2);
    CHECK(pool.clear(DiscardReason::network_changed) == 0);
    auto stats = pool.stats();
    CHECK(stats.idle == 0);
    CHECK(stats.in_use == 1);
    CHECK(stats.discarded[DiscardReason::network_changed] == 2);
    CHECK(stats.hosts.size() == 1);
    used.keep(t0);
    CHECK(take_all(pool, "a") == std::vector{2});
}

TEST_CASE("there is room as long as nothing would be closed for one more", "[pool][A13]") {
    FakePool idle_per_host({.max_idle_per_host = 2});
    keep(idle_per_host, "a", {1});
    CHECK(idle_per_host.has_room(std::string("a")));
    keep(idle_per_host, "a", {2});
    CHECK_FALSE(idle_per_host.has_room(std::string("a")));
    CHECK(idle_per_host.has_room(std::string("b")));

    FakePool idle({.max_idle = 2});
    keep(idle, "a", {1});
    keep(idle, "b", {2});
    CHECK_FALSE(idle.has_room(std::string("c")));

    FakePool per_host({.max_per_host = 2});
    keep(per_host, "a", {1});
    auto used = checkout(per_host, "a", t0, true);
    CHECK_FALSE(per_host.has_room(std::string("a")));
    CHECK(per_host.has_room(std::string("b")));

    FakePool total({.max_total = 2});
    keep(total, "a", {1});
    auto other = checkout(total, "b", t0, true);
    CHECK_FALSE(total.has_room(std::string("c")));
}
