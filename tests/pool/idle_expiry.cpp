// How long idle connections last: idle timeout, the server's hint, and a lifetime with jitter.

#include "catch.hpp"
#include "fake_connection.hpp"

#include <chrono>
#include <optional>
#include <vector>

using namespace ferry;
using namespace ferry::testing;
using namespace std::chrono_literals;

namespace {

// Why one connection, kept at t0 with a hint, is gone at t0 + `after`; nothing if it is still there.
std::optional<DiscardReason> gone_after(PoolLimits limits, std::chrono::milliseconds after,
                                        std::optional<std::chrono::milliseconds> hint = {}) {
    FakePool pool(limits);
    opened(pool, "a", 1).keep(t0, hint);
    if (checkout(pool, "a", t0 + after)) return std::nullopt;
    auto counts = pool.stats().discarded;
    REQUIRE(counts.total() == 1);
    for (std::size_t i = 0;; ++i)
        if (counts[static_cast<DiscardReason>(i)]) return static_cast<DiscardReason>(i);
}

constexpr std::optional<DiscardReason> alive;

}  // namespace

TEST_CASE("idle connections expire when their time is reached", "[pool]") {
    CHECK(gone_after({.idle_timeout = 10s}, 9999ms) == alive);
    CHECK(gone_after({.idle_timeout = 10s}, 10s) == DiscardReason::idle_expired);
    CHECK(gone_after({.idle_timeout = 10s}, 1h) == DiscardReason::idle_expired);
    CHECK(gone_after({.idle_timeout = 0s}, 0s) == DiscardReason::idle_expired);
}

TEST_CASE("fifteen seconds are the idle timeout unless told otherwise", "[pool]") {
    CHECK(gone_after({}, 14999ms) == alive);
    CHECK(gone_after({}, 15s) == DiscardReason::idle_expired);
}

TEST_CASE("without an idle timeout they last", "[pool]") {
    CHECK(gone_after({.idle_timeout = no_timeout}, 240h) == alive);
    CHECK(gone_after({.idle_timeout = no_timeout}, 6s, 5s) == DiscardReason::hint_expired);
}

TEST_CASE("a server's hint counts only where it is the shorter one", "[pool][A8]") {
    CHECK(gone_after({.idle_timeout = 10s}, 3999ms, 4s) == alive);
    CHECK(gone_after({.idle_timeout = 10s}, 4s, 4s) == DiscardReason::hint_expired);
    CHECK(gone_after({.idle_timeout = 10s}, 10s, 10s) == DiscardReason::idle_expired);
    CHECK(gone_after({.idle_timeout = 10s}, 10s, 60s) == DiscardReason::idle_expired);
    CHECK(gone_after({.idle_timeout = 10s}, 9999ms, 60s) == alive);
}

TEST_CASE("each return starts the idle time anew, with a hint or without", "[pool][A8]") {
    FakePool pool({.idle_timeout = 10s});
    opened(pool, "a", 1).keep(t0, 2s);
    checkout(pool, "a", t0 + 1s).keep(t0 + 1s);  // no hint this time
    auto lease = checkout(pool, "a", t0 + 10s);
    REQUIRE(lease);
    CHECK(lease.idle_since() == t0 + 1s);
    lease.keep(t0 + 10s, 1s);
    CHECK_FALSE(checkout(pool, "a", t0 + 11s));
    CHECK(pool.stats().discarded[DiscardReason::hint_expired] == 1);
}

TEST_CASE("the colder ones behind an expired one are looked at too", "[pool]") {
    FakePool pool({.idle_timeout = 10s});
    keep(pool, "a", {1, 2});
    opened(pool, "a", 3).keep(t0, 1s);
    CHECK(take_all(pool, "a", t0 + 5s) == std::vector{2, 1});
    CHECK(pool.stats().discarded[DiscardReason::hint_expired] == 1);
}

TEST_CASE("a connection's life ends within the last tenth of its maximum", "[pool]") {
    constexpr auto life = 1000s;
    int early = 0, late = 0;
    FakePool pool({.max_idle_per_host = 200, .max_idle = 200, .idle_timeout = no_timeout, .max_lifetime = life});
    std::vector<Lease> leases;
    for (int i = 0; i < 100; ++i) leases.push_back(opened(pool, "a", i));
    for (auto& lease : leases) lease.keep(t0);
    leases.clear();
    CHECK(take_all(pool, "a", leases, t0 + life * 9 / 10 - 1ms).size() == 100);
    for (auto& lease : leases) lease.keep(t0 + life * 9 / 10 - 1ms);
    leases.clear();
    late = static_cast<int>(take_all(pool, "a", leases, t0 + life * 95 / 100).size());
    early = 100 - late;
    for (auto& lease : leases) lease.keep(t0 + life * 95 / 100);
    INFO("ended by the middle of the tenth: " << early);
    CHECK(early > 20);
    CHECK(late > 20);
    CHECK(take_all(pool, "a", t0 + life).empty());
    CHECK(pool.stats().discarded[DiscardReason::max_lifetime] == 100);
}

TEST_CASE("a lifetime counts from connecting and not from the last use", "[pool]") {
    FakePool pool({.idle_timeout = no_timeout, .max_lifetime = 100s});
    auto lease = opened(pool, "a", 1);
    for (auto now = t0; now < t0 + 80s; now += 10s) {
        lease.keep(now);
        lease = checkout(pool, "a", now);
        REQUIRE(lease);
    }
    lease.keep(t0 + 80s);
    CHECK_FALSE(checkout(pool, "a", t0 + 100s));
}

TEST_CASE("a connection that is over its lifetime when it comes back is not kept", "[pool]") {
    FakePool pool({.max_lifetime = 100s});
    opened(pool, "a", 1).keep(t0 + 100s);
    CHECK(pool.stats().idle == 0);
    CHECK(pool.stats().in_use == 0);
    CHECK(pool.stats().discarded[DiscardReason::max_lifetime] == 1);
    CHECK(pool.stats().hosts.empty());
}

TEST_CASE("without a maximum, lives do not end", "[pool]") {
    CHECK(gone_after({.idle_timeout = no_timeout}, std::chrono::hours(24 * 365)) == alive);
}
