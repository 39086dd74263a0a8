// Who watches a pool hears of each opened connection that it discards: once, with the reason, and with no lock held.

#include "catch.hpp"
#include "fake_connection.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace ferry;
using namespace ferry::testing;
using ferry::detail::verdict;

namespace {

using Told = std::vector<std::pair<DiscardReason, int>>;

struct Watched {
    Told told;
    std::uint64_t counted = 0;  // as the pool's books had it when it was told last
    FakePool pool;

    explicit Watched(PoolLimits limits = {})
        : pool(limits, [this](DiscardReason why, const Fake& one) {
              told.emplace_back(why, one.id);
              counted = pool.stats().discarded.total();  // would not return if the lock were held
          }) {}
};

}  // namespace

TEST_CASE("a pool tells of what a lease discards", "[pool][A7]") {
    Watched w;
    opened(w.pool, "a", 1).discard(DiscardReason::reset);
    CHECK(w.told == Told{{DiscardReason::reset, 1}});
    CHECK(w.counted == 1);
    { auto dropped = opened(w.pool, "a", 2); }
    CHECK(w.told.back() == std::pair(DiscardReason::aborted, 2));
}

TEST_CASE("a pool does not tell of what is kept, nor of what was never opened", "[pool][A7]") {
    Watched w;
    keep(w.pool, "a", {1});
    checkout(w.pool, "a").keep(t0);
    {
        auto lease = checkout(w.pool, "b");
        lease.emplace(Fake{2});
        lease.discard(DiscardReason::aborted);
    }
    CHECK(w.told.empty());
}

TEST_CASE("a pool tells of what a probe finds dead, and not of the one that follows", "[pool][A2]") {
    Watched w;
    keep(w.pool, "a", {1, 2});
    auto lease = checkout(w.pool, "a");
    lease.next(DiscardReason::unsolicited_data, t0);
    CHECK(w.told == Told{{DiscardReason::unsolicited_data, 2}});
    CHECK(lease->id == 1);
}

TEST_CASE("a pool tells of idle ones with the reason of each", "[pool][A7]") {
    using std::chrono::seconds;
    Watched w({.max_idle_per_host = 2, .idle_timeout = seconds(10)});
    SECTION("over its time") {
        keep(w.pool, "a", {1});
        CHECK_FALSE(checkout(w.pool, "a", t0 + seconds(10)));
        CHECK(w.told == Told{{DiscardReason::idle_expired, 1}});
    }
    SECTION("one too many") {
        keep(w.pool, "a", {1, 2, 3});
        CHECK(w.told == Told{{DiscardReason::pool_full, 1}});
    }
    SECTION("found by pruning") {
        auto lease = opened(w.pool, "a", 1);
        lease->found = verdict::closed;
        lease.keep(t0);
        CHECK(w.pool.prune(t0, seconds(0)) == 1);
        CHECK(w.told == Told{{DiscardReason::peer_closed, 1}});
    }
    SECTION("evicted") {
        keep(w.pool, "a", {1});
        CHECK(w.pool.evict());
        CHECK(w.told == Told{{DiscardReason::pool_full, 1}});
    }
    SECTION("closed, and one more when it comes back") {
        auto lease = opened(w.pool, "a", 3);
        keep(w.pool, "a", {1, 2});
        w.pool.close();
        CHECK(w.told.size() == 2);
        lease.keep(t0);
        CHECK(w.told.back() == std::pair(DiscardReason::pool_closed, 3));
    }
    CHECK(w.counted == w.told.size());
}

TEST_CASE("a pool tells of each while it is itself destroyed", "[pool][A7]") {
    Told told;
    {
        FakePool pool({}, [&](DiscardReason why, const Fake& one) { told.emplace_back(why, one.id); });
        keep(pool, "a", {1});
    }
    CHECK(told == Told{{DiscardReason::pool_closed, 1}});
}
