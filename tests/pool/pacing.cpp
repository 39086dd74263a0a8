// The turns that a rate limit gives, in virtual time.

#include "catch.hpp"

#include <ferry/pool/pacer.hpp>

using namespace ferry::detail;
using namespace std::chrono_literals;

namespace {
constexpr time_point beginning{1h};
}

TEST_CASE("turns come at the rate", "[pool][rate]") {
    pacer pace({.requests_per_second = 10});
    for (int i = 0; i < 5; ++i) CHECK(pace.turn("h", beginning) == beginning + i * 100ms);
    CHECK(pace.turn("other", beginning) == beginning);
    CHECK(pace.turn("h", beginning + 1s) == beginning + 1s);
    CHECK(pace.turn("h", beginning + 1s) == beginning + 1100ms);
}

TEST_CASE("after a rest a burst goes at once", "[pool][rate]") {
    pacer pace({.requests_per_second = 10, .burst = 3});
    for (auto at : {beginning, beginning + 10s}) {
        CHECK(pace.turn("h", at) == at);
        CHECK(pace.turn("h", at) == at);
        CHECK(pace.turn("h", at) == at);
        CHECK(pace.turn("h", at) == at + 100ms);
        CHECK(pace.turn("h", at) == at + 200ms);
    }
}

TEST_CASE("a very slow rate does not overflow", "[pool][rate]") {
    pacer pace({.requests_per_second = 1e-300, .burst = 1000000});
    for (int i = 0; i < 10; ++i) CHECK(pace.turn("h", beginning) <= beginning);
}

TEST_CASE("hosts are forgotten when they have rested", "[pool][rate]") {
    pacer pace({.requests_per_second = 1000});
    for (int i = 0; i < 10'000; ++i) pace.turn("h" + std::to_string(i), beginning + i * 1ms);
    CHECK(pace.turn("h9999", beginning + 9999ms) == beginning + 10000ms);
}
