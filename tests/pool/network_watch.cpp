// Noticing that a machine has slept, with clocks that the tests wind.

#include "catch.hpp"

#include <ferry/pool/network_watch.hpp>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace {

// Two clocks side by side.
struct Clocks {
    ferry::detail::network_watch watch;
    ferry::detail::time_point now{std::chrono::hours(1)};
    ferry::detail::network_watch::wall wall{std::chrono::hours(24 * 365 * 50)};
    int suspicions = 0;

    // Some time later, of which the machine has slept a part: is it noticed?
    bool look(std::chrono::milliseconds awake, std::chrono::milliseconds asleep = {}) {
        now += awake;
        wall += awake + asleep;
        const auto before = suspicions;
        watch.look(now, wall, [&] { ++suspicions; });
        return suspicions > before;
    }
};

}  // namespace

TEST_CASE("time that passes on both clocks is no sleep", "[pool][network]") {
    Clocks c;
    CHECK_FALSE(c.look(0s));
    CHECK_FALSE(c.look(1ms));
    CHECK_FALSE(c.look(100h));
}

TEST_CASE("time that only the wall's clock has seen was slept, if it is more than five seconds", "[pool][network]") {
    Clocks c;
    CHECK_FALSE(c.look(0s));
    CHECK_FALSE(c.look(1s, 5s));
    CHECK(c.look(1s, 5001ms));
    CHECK_FALSE(c.look(1s));
    CHECK(c.look(0s, 8h));
    CHECK(c.suspicions == 2);
}

TEST_CASE("the first look has nothing to compare with", "[pool][network]") {
    Clocks c;
    CHECK_FALSE(c.look(1s, 1h));
}

TEST_CASE("a wall's clock that is set back is no sleep, and the next one counts from there", "[pool][network]") {
    Clocks c;
    CHECK_FALSE(c.look(0s));
    CHECK_FALSE(c.look(1s, -1h));
    CHECK(c.look(1s, 6s));
}

TEST_CASE("clocks that drift apart slowly are no sleep", "[pool][network]") {
    Clocks c;
    CHECK_FALSE(c.look(0s));
    for (int i = 0; i < 100; ++i) CHECK_FALSE(c.look(10min, 300ms));
}

TEST_CASE("short naps between looks add up to nothing", "[pool][network]") {
    Clocks c;
    CHECK_FALSE(c.look(0s));
    for (int i = 0; i < 10; ++i) CHECK_FALSE(c.look(1s, 4s));
}

TEST_CASE("no thread is past its look before what is suspect has gone", "[pool][network][threads]") {
    ferry::detail::network_watch watch;
    const ferry::detail::time_point now{1h};
    watch.look(now, 1h, [] { FAIL("nothing to be suspicious of"); });
    std::atomic<bool> gone{false};
    std::atomic<int> too_early{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            watch.look(now, 2h, [&] {
                std::this_thread::yield();
                gone = true;
            });
            if (!gone) ++too_early;
        });
    for (auto& t : threads) t.join();
    CHECK(too_early == 0);
}

TEST_CASE("the clock on the wall goes", "[pool][network]") {
    const auto system = std::chrono::system_clock::now().time_since_epoch();
    const auto difference = ferry::detail::network_watch::wall_now() - system;
    CHECK(difference < 1min);
    CHECK(difference > -1min);
}
