// The end of a pool, and what it says of its hosts until then.

#include "catch.hpp"
#include "fake_connection.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

using namespace ferry;
using namespace ferry::testing;

namespace {

struct Watched {
    int* alive;
    explicit Watched(int& count) : alive(&count) { ++count; }
    Watched(Watched&& o) noexcept : alive(std::exchange(o.alive, nullptr)) {}
    ~Watched() {
        if (alive) --*alive;
    }
    detail::verdict probe() const noexcept { return detail::verdict::alive; }
};

HostStats of(const PoolStats& stats, const std::string& host) {
    for (auto& h : stats.hosts)
        if (h.origin == host) return h;
    return {};
}

}  // namespace

TEST_CASE("close() discards the idle ones and refuses those who come", "[pool]") {
    FakePool pool;
    keep(pool, "a", {1, 2});
    pool.close();
    CHECK(pool.stats().idle == 0);
    CHECK(pool.stats().discarded[DiscardReason::pool_closed] == 2);
    Lease lease;
    CHECK(pool.checkout("a", t0, false, nullptr, lease) == Outcome::closed);
    CHECK(pool.checkout("a", t0, true, nullptr, lease) == Outcome::closed);
    InLine who;
    CHECK(queue(pool, "a", who) == Outcome::closed);
    pool.close();
    CHECK(pool.stats().discarded.total() == 2);
}

TEST_CASE("what is in use when a pool closes is discarded when it comes back", "[pool]") {
    FakePool pool;
    auto kept = opened(pool, "a", 1), broken = opened(pool, "a", 2);
    pool.close();
    CHECK(kept->id == 1);
    CHECK(pool.stats().in_use == 2);
    kept.keep(t0);
    broken.discard(DiscardReason::reset);
    auto stats = pool.stats();
    CHECK(stats.idle == 0);
    CHECK(stats.in_use == 0);
    CHECK(stats.discarded[DiscardReason::pool_closed] == 1);
    CHECK(stats.discarded[DiscardReason::reset] == 1);
    CHECK(stats.hosts.empty());
}

TEST_CASE("every connection is destroyed, however it leaves the pool", "[pool][A13]") {
    int alive = 0;
    {
        detail::pool<std::string, Watched> pool({.max_idle_per_host = 2, .max_total = 4});
        for (int round = 0; round < 3; ++round) {
            for (const char* host : {"a", "b", "c"}) {
                std::vector<decltype(pool)::lease> leases(2);
                for (auto& lease : leases) {
                    REQUIRE(pool.checkout(host, t0, true, nullptr, lease) == decltype(pool)::outcome::granted);
                    lease.emplace(alive);
                    lease.opened(t0);
                }
                leases[0].keep(t0);
                if (round != 1) leases[1].keep(t0);
            }
        }
        CHECK(alive == static_cast<int>(pool.stats().idle));
        CHECK(alive > 0);
        CHECK(pool.prune(t0 + std::chrono::minutes(1), {}) > 0);
        CHECK(alive == 0);
    }
    CHECK(alive == 0);
}

TEST_CASE("a pool that is destroyed closes what is idle", "[pool]") {
    int alive = 0;
    {
        detail::pool<std::string, Watched> pool;
        decltype(pool)::lease lease;
        REQUIRE(pool.checkout("a", t0, false, nullptr, lease) == decltype(pool)::outcome::granted);
        lease.emplace(alive);
        lease.opened(t0);
        lease.keep(t0);
        CHECK(alive == 1);
    }
    CHECK(alive == 0);
}

TEST_CASE("the numbers are kept for each host", "[pool]") {
    FakePool pool({.max_per_host = 2});
    keep(pool, "a", {1, 2});
    auto one = checkout(pool, "a");
    auto two = opened(pool, "b", 3), three = opened(pool, "b", 4);
    InLine who;
    REQUIRE(queue(pool, "b", who) == Outcome::queued);

    auto stats = pool.stats();
    CHECK(stats.idle == 1);
    CHECK(stats.in_use == 3);
    CHECK(stats.waiting == 1);
    REQUIRE(stats.hosts.size() == 2);
    auto a = of(stats, "a"), b = of(stats, "b");
    CHECK(a.idle == 1);
    CHECK(a.in_use == 1);
    CHECK(a.waiting == 0);
    CHECK(b.idle == 0);
    CHECK(b.in_use == 2);
    CHECK(b.waiting == 1);
    Lease none;
    pool.leave(who, none);
}

TEST_CASE("a host is forgotten when nothing of it is left", "[pool]") {
    FakePool pool({.max_per_host = 1, .idle_timeout = std::chrono::seconds(10)});
    auto hosts = [&pool] { return pool.stats().hosts.size(); };
    SECTION("a lease on it was let go") {
        { auto lease = checkout(pool, "a"); }
        CHECK(hosts() == 0);
    }
    SECTION("its connection was discarded") {
        opened(pool, "a", 1).discard(DiscardReason::reset);
        CHECK(hosts() == 0);
    }
    SECTION("its idle connection expired and was pruned") {
        keep(pool, "a", {1});
        CHECK(hosts() == 1);
        CHECK(pool.prune(t0 + std::chrono::seconds(10), {}) == 1);
        CHECK(hosts() == 0);
    }
    SECTION("its idle connection was evicted") {
        keep(pool, "a", {1});
        CHECK(pool.evict());
        CHECK(hosts() == 0);
    }
    SECTION("the last in line was served and went") {
        auto lease = opened(pool, "a", 1);
        InLine who;
        REQUIRE(queue(pool, "a", who) == Outcome::queued);
        lease.discard(DiscardReason::reset);
        CHECK(hosts() == 1);
        turn_of(pool, who).discard(DiscardReason::reset);
        CHECK(hosts() == 0);
    }
    SECTION("the pool was closed") {
        keep(pool, "a", {1});
        auto lease = opened(pool, "b", 2);
        InLine who;
        REQUIRE(queue(pool, "b", who) == Outcome::queued);
        pool.close();
        Lease none;
        CHECK(pool.leave(who, none) == Outcome::closed);
        lease = Lease();
        CHECK(hosts() == 0);
    }
}

TEST_CASE("a host that was forgotten is known again when it is asked for", "[pool]") {
    FakePool pool({.max_idle_per_host = 0});
    for (int i = 0; i < 2; ++i) {
        { auto lease = checkout(pool, "a"); }
        keep(pool, "b", {1});
        auto a = checkout(pool, "a"), b = checkout(pool, "b");
        const auto now = pool.stats();
        REQUIRE(now.hosts.size() == 2);
        for (auto& host : now.hosts) CHECK(host.in_use == 1);
    }
    CHECK(pool.stats().hosts.empty());
}

TEST_CASE("a host is remembered while somebody is in line for it", "[pool]") {
    FakePool pool({.max_total = 1});
    auto lease = opened(pool, "a", 1);
    InLine who;
    REQUIRE(queue(pool, "b", who) == Outcome::queued);
    CHECK(pool.stats().hosts.size() == 2);
    Lease none;
    CHECK(pool.leave(who, none) == Outcome::left);
    CHECK(pool.stats().hosts.size() == 1);
}

TEST_CASE("keeping a connection while the room goes to another host leaves no trace of the first", "[pool][A13]") {
    // The shelf of "a" is emptied by the one in line while the lease is still putting its connection on it.
    for (std::size_t in_line : {1u, 2u, 3u}) {
        FakePool pool({.max_total = 1});
        auto lease = opened(pool, "a", 1);
        std::vector<InLine> line(in_line);
        for (auto& who : line) REQUIRE(queue(pool, "b", who) == Outcome::queued);
        for (auto& who : line) {
            lease.keep(t0);
            lease = turn_of(pool, who);
            if (!lease) open(lease, 2);
        }
        auto stats = pool.stats();
        REQUIRE(stats.hosts.size() == 1);
        CHECK(stats.hosts[0].origin == "b");
        CHECK(stats.in_use == 1);
    }
}

TEST_CASE("two hosts take turns at a pool of one place", "[pool][A13]") {
    FakePool pool({.max_total = 1});
    auto lease = opened(pool, "a", 0);
    for (int i = 1; i <= 20; ++i) {
        InLine who;
        REQUIRE(queue(pool, i % 2 ? "b" : "a", who) == Outcome::queued);
        if (i % 3) lease.keep(t0);
        else lease.discard(DiscardReason::aborted);
        lease = turn_of(pool, who);
        CHECK_FALSE(lease);
        open(lease, i);
        CHECK(pool.stats().hosts.size() == 1);
    }
}
