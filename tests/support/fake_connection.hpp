// Something for a pool to keep that is no socket: a number, and what a probe of it finds.
#pragma once

#include "catch.hpp"

#include <ferry/pool/pool.hpp>

#include <chrono>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace ferry::testing {

struct Fake {
    int id = 0;
    detail::verdict found = detail::verdict::alive;
    detail::verdict probe() const noexcept { return found; }
};

using FakePool = detail::pool<std::string, Fake>;
using Lease = FakePool::lease;
using Outcome = FakePool::outcome;
using Moment = std::chrono::steady_clock::time_point;

// When the tests begin; time goes on only where they say so.
inline constexpr Moment t0{std::chrono::hours(1)};

struct InLine final : FakePool::waiter {
    bool woken = false;
    void wake() noexcept override { woken = true; }
};

// A place, with what the pool put into it.
inline Lease checkout(FakePool& pool, const std::string& host, Moment now = t0, bool fresh = false) {
    Lease lease;
    REQUIRE(pool.checkout(host, now, fresh, nullptr, lease) == Outcome::granted);
    return lease;
}

inline Fake& open(Lease& lease, int id, Moment now = t0) {
    lease.emplace(Fake{id});
    lease.opened(now);
    return *lease;
}

// A new connection, in use.
inline Lease opened(FakePool& pool, const std::string& host, int id, Moment now = t0) {
    auto lease = checkout(pool, host, now, true);
    open(lease, id, now);
    return lease;
}

// New connections that are idle; the last of them is the warmest.
inline void keep(FakePool& pool, const std::string& host, std::initializer_list<int> ids, Moment now = t0) {
    std::vector<Lease> leases;
    for (int id : ids) leases.push_back(opened(pool, host, id, now));
    for (auto& lease : leases) lease.keep(now);
}

// As a driver does it: the first that a probe finds alive. 0 where none was left.
inline int live(Lease& lease, Moment now = t0) {
    while (lease) {
        auto found = lease->probe();
        if (found == detail::verdict::alive) return lease->id;
        lease.next(detail::reason_of(found), now);
    }
    return 0;
}

// Which idle ones there are to one host, the warmest first; all of them are in use afterwards.
inline std::vector<int> take_all(FakePool& pool, const std::string& host, std::vector<Lease>& into, Moment now = t0) {
    std::vector<int> ids;
    for (;;) {
        Lease lease;
        if (pool.checkout(host, now, false, nullptr, lease) != Outcome::granted || !lease) return ids;
        ids.push_back(lease->id);
        into.push_back(std::move(lease));
    }
}

inline std::vector<int> take_all(FakePool& pool, const std::string& host, Moment now = t0) {
    std::vector<Lease> leases;
    return take_all(pool, host, leases, now);
}

inline Outcome queue(FakePool& pool, const std::string& host, InLine& who, bool fresh = false, Moment now = t0) {
    Lease none;
    auto outcome = pool.checkout(host, now, fresh, &who, none);
    CHECK_FALSE(none.held());
    return outcome;
}

// The turn of one who has been woken.
inline Lease turn_of(FakePool& pool, InLine& who) {
    CHECK(who.woken);
    Lease lease;
    REQUIRE(pool.leave(who, lease) == Outcome::granted);
    return lease;
}

}  // namespace ferry::testing
