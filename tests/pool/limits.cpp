// How many connections a pool keeps and opens, and which go when there are too many.

#include "catch.hpp"
#include "fake_connection.hpp"

#include <string>
#include <vector>

using namespace ferry;
using namespace ferry::testing;

namespace {

Outcome try_checkout(FakePool& pool, const std::string& host, bool fresh = false) {
    Lease lease;
    return pool.checkout(host, t0, fresh, nullptr, lease);
}

}  // namespace

TEST_CASE("of too many idle ones to a host the coldest goes", "[pool]") {
    FakePool pool({.max_idle_per_host = 2});
    keep(pool, "a", {1, 2, 3});
    keep(pool, "b", {4, 5});
    CHECK(pool.stats().discarded[DiscardReason::pool_full] == 1);
    CHECK(take_all(pool, "a") == std::vector{3, 2});
    CHECK(take_all(pool, "b") == std::vector{5, 4});
}

TEST_CASE("of too many idle ones in all the coldest goes, whatever its host", "[pool]") {
    FakePool pool({.max_idle = 3});
    keep(pool, "a", {1});
    keep(pool, "b", {2, 3});
    keep(pool, "c", {4});
    CHECK(pool.stats().idle == 3);
    CHECK(pool.stats().discarded[DiscardReason::pool_full] == 1);
    CHECK(pool.stats().hosts.size() == 2);  // "a" is forgotten
    CHECK(take_all(pool, "a").empty());
    CHECK(take_all(pool, "b") == std::vector{3, 2});
}

TEST_CASE("a pool that may keep none keeps none", "[pool]") {
    for (auto limits : {PoolLimits{.max_idle_per_host = 0}, PoolLimits{.max_idle = 0}}) {
        FakePool pool(limits);
        keep(pool, "a", {1, 2});
        CHECK(pool.stats().idle == 0);
        CHECK(pool.stats().in_use == 0);
        CHECK(pool.stats().hosts.empty());
        CHECK(pool.stats().discarded[DiscardReason::pool_full] == 2);
    }
}

TEST_CASE("ten idle ones to a host and a hundred in all are kept unless told otherwise", "[pool]") {
    FakePool pool;
    for (int host = 0; host < 12; ++host) keep(pool, std::to_string(host), {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
    CHECK(pool.stats().idle == 100);
    CHECK(take_all(pool, "11").size() == 10);
    CHECK(take_all(pool, "0").empty());
}

TEST_CASE("no more than max_per_host are open to a host", "[pool]") {
    FakePool pool({.max_per_host = 2});
    auto one = opened(pool, "a", 1), two = opened(pool, "a", 2);
    CHECK(try_checkout(pool, "a") == Outcome::empty);
    CHECK(try_checkout(pool, "b") == Outcome::granted);
    one.keep(t0);
    CHECK(try_checkout(pool, "a") == Outcome::granted);
    one = checkout(pool, "a");  // the try above let it go: room
    CHECK_FALSE(one);
    CHECK(try_checkout(pool, "a") == Outcome::empty);
}

TEST_CASE("a fresh connection at max_per_host takes the place of the coldest idle one", "[pool][B4]") {
    FakePool pool({.max_per_host = 2});
    keep(pool, "a", {1, 2});
    auto lease = checkout(pool, "a", t0, true);
    CHECK_FALSE(lease);
    CHECK(pool.stats().discarded[DiscardReason::pool_full] == 1);
    CHECK(take_all(pool, "a") == std::vector{2});
}

TEST_CASE("no more than max_total are open in all", "[pool]") {
    FakePool pool({.max_total = 2});
    auto one = opened(pool, "a", 1), two = opened(pool, "b", 2);
    CHECK(try_checkout(pool, "a") == Outcome::empty);
    CHECK(try_checkout(pool, "c") == Outcome::empty);
    CHECK(pool.stats().hosts.size() == 2);  // "c" was not remembered
    one.discard(DiscardReason::aborted);
    CHECK(try_checkout(pool, "c") == Outcome::granted);
}

TEST_CASE("at max_total the coldest idle one of another host makes room", "[pool]") {
    FakePool pool({.max_total = 3});
    keep(pool, "a", {1});
    keep(pool, "b", {2});
    auto three = opened(pool, "c", 3);
    auto lease = checkout(pool, "d");
    CHECK_FALSE(lease);
    auto stats = pool.stats();
    CHECK(stats.discarded[DiscardReason::pool_full] == 1);
    CHECK(stats.idle == 1);
    CHECK(stats.in_use == 2);
    CHECK(stats.hosts.size() == 3);
    CHECK(try_checkout(pool, "a") == Outcome::granted);  // at the price of the one to "b"
    CHECK(pool.stats().idle == 0);
}

TEST_CASE("both limits can be met by one checkout", "[pool]") {
    FakePool pool({.max_per_host = 1, .max_total = 1});
    keep(pool, "a", {1});
    { CHECK_FALSE(checkout(pool, "a", t0, true)); }
    keep(pool, "a", {2});
    CHECK_FALSE(checkout(pool, "b"));
    CHECK(pool.stats().discarded[DiscardReason::pool_full] == 2);
}

TEST_CASE("a place counts while its connection is being opened", "[pool]") {
    FakePool pool({.max_per_host = 1});
    auto lease = checkout(pool, "a");
    CHECK(try_checkout(pool, "a") == Outcome::empty);
    lease.emplace(Fake{1});
    CHECK(try_checkout(pool, "a") == Outcome::empty);
    lease.discard(DiscardReason::aborted);
    CHECK(try_checkout(pool, "a") == Outcome::granted);
}

TEST_CASE("evict closes the one that has been idle for longest", "[pool]") {
    FakePool pool;
    keep(pool, "a", {1});
    keep(pool, "b", {2});
    CHECK(pool.evict());
    CHECK(pool.stats().discarded[DiscardReason::pool_full] == 1);
    CHECK(pool.stats().hosts.size() == 1);
    CHECK(take_all(pool, "b") == std::vector{2});
    CHECK_FALSE(pool.evict());
}
