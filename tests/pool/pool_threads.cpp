// Many threads at one pool: no connection has two users, no limit is passed, nobody waits for ever.

#include "catch.hpp"
#include "fake_connection.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

using namespace ferry;
using namespace ferry::testing;

namespace {

struct Guarded {
    std::atomic<int> users{0};
    detail::verdict found = detail::verdict::alive;
    detail::verdict probe() const noexcept { return found; }
};
using GuardedPool = detail::pool<std::string, Guarded>;

class Blocked final : public GuardedPool::waiter {
public:
    void wake() noexcept override {
        std::lock_guard lock(mutex_);
        woken_ = true;
        changed_.notify_one();
    }
    bool wait(std::chrono::microseconds limit) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, limit, [this] { return woken_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false;
};

struct Load {
    GuardedPool pool;
    std::atomic<int> shared{0}, served{0}, gave_up{0}, turned_away{0};

    explicit Load(PoolLimits limits) : pool(limits) {}

    // A place, after waiting for at most `patience`; none is held if that was not enough.
    GuardedPool::lease obtain(const std::string& host, bool fresh, std::chrono::microseconds patience) {
        using outcome = GuardedPool::outcome;
        GuardedPool::lease lease;
        Blocked who;
        auto got = pool.checkout(host, t0, fresh, &who, lease);
        if (got == outcome::queued) {
            who.wait(patience);
            got = pool.leave(who, lease);
        }
        if (got == outcome::left) ++gave_up;
        if (got == outcome::closed) ++turned_away;
        return lease;
    }

    void use(GuardedPool::lease& lease, unsigned seed) {
        while (lease && lease->probe() != detail::verdict::alive) lease.next(DiscardReason::peer_closed, t0);
        if (!lease) lease.emplace(), lease.opened(t0);
        if (lease->users++ != 0) ++shared;
        lease->users--;
        ++served;
        if (seed % 5 == 0) lease->found = detail::verdict::closed;
        if (seed % 7 == 0) lease.discard(DiscardReason::aborted);
        else if (seed % 11 != 0) lease.keep(t0);
    }

    void run(unsigned number, int rounds, std::chrono::microseconds patience) {
        auto seed = number * 7919 + 1;
        for (int i = 0; i < rounds; ++i) {
            seed = seed * 1664525 + 1013904223;
            auto dice = seed >> 16;
            auto lease = obtain(std::string(1, static_cast<char>('a' + dice % 3)), dice % 13 == 0, patience);
            if (lease.held()) use(lease, dice);
            if (dice % 50 == 0) pool.prune(t0, {});
            if (dice % 61 == 0) pool.evict();
            if (dice % 29 == 0) static_cast<void>(pool.stats());
        }
    }
};

template <class Work> void in_threads(unsigned count, Work work) {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < count; ++i) threads.emplace_back([&work, i] { work(i); });
    for (auto& thread : threads) thread.join();
}

}  // namespace

TEST_CASE("no connection is handed to two threads, and every one of them gets its turn", "[pool][threads][A13]") {
    for (auto limits : {PoolLimits{.max_idle_per_host = 2}, PoolLimits{.max_per_host = 2},
                        PoolLimits{.max_idle = 3, .max_per_host = 3, .max_total = 4}, PoolLimits{.max_total = 1}}) {
        Load load(limits);
        in_threads(8, [&](unsigned number) { load.run(number, 300, std::chrono::minutes(1)); });
        CHECK(load.shared == 0);
        CHECK(load.gave_up == 0);
        CHECK(load.served == 8 * 300);
        auto stats = load.pool.stats();
        CHECK(stats.in_use == 0);
        CHECK(stats.waiting == 0);
        CHECK(stats.opened == stats.discarded.total() + stats.idle);
    }
}

TEST_CASE("threads that lose their patience leave no trace in the line", "[pool][threads][A13]") {
    Load load({.max_per_host = 1, .max_total = 2});
    in_threads(8, [&](unsigned number) { load.run(number, 300, std::chrono::microseconds(number * 5)); });
    CHECK(load.shared == 0);
    CHECK(load.served + load.gave_up == 8 * 300);
    auto stats = load.pool.stats();
    CHECK(stats.in_use == 0);
    CHECK(stats.waiting == 0);
    for (auto& host : stats.hosts) CHECK(host.in_use == 0);
}

TEST_CASE("the number of open connections never passes the limits", "[pool][threads]") {
    Load load({.max_per_host = 2, .max_total = 3});
    std::atomic<bool> done{false};
    std::size_t most = 0, most_to_one = 0;
    std::thread observer([&] {
        while (!done) {
            auto stats = load.pool.stats();
            most = std::max(most, stats.idle + stats.in_use);
            for (auto& host : stats.hosts) most_to_one = std::max(most_to_one, host.idle + host.in_use);
        }
    });
    in_threads(6, [&](unsigned number) { load.run(number, 300, std::chrono::minutes(1)); });
    done = true;
    observer.join();
    CHECK(most <= 3);
    CHECK(most_to_one <= 2);
}

TEST_CASE("a pool closed under load lets every thread go", "[pool][threads]") {
    Load load({.max_per_host = 1, .max_total = 2});
    in_threads(8, [&](unsigned number) {
        if (number == 7) {
            while (load.served < 100) std::this_thread::yield();
            load.pool.close();
        } else {
            load.run(number, 300, std::chrono::minutes(1));
        }
    });
    CHECK(load.shared == 0);
    CHECK(load.served + load.turned_away == 7 * 300);
    auto stats = load.pool.stats();
    CHECK(stats.idle == 0);
    CHECK(stats.in_use == 0);
    CHECK(stats.waiting == 0);
}
