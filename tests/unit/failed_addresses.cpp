// The memory of addresses that failed: what it puts last, what it forgets, and that it stays small.

#include "catch.hpp"

#include <ferry/failed_addresses.hpp>

#include <chrono>
#include <string_view>
#include <thread>
#include <vector>

using namespace ferry;
using detail::failed_addresses;
using namespace std::chrono_literals;

namespace {

const detail::time_point now{1000s};

Endpoint at(std::string_view address, std::uint16_t port = 80) {
    auto e = detail::parse_address(address).value();
    e.port = port;
    return e;
}

using Peers = std::vector<Endpoint>;

Peers ordered(failed_addresses& memory, Peers peers, detail::time_point when = now) {
    memory.put_last(peers, when);
    return peers;
}

const Endpoint a = at("2001:db8::1"), b = at("192.0.2.1"), c = at("2001:db8::2"), d = at("192.0.2.2");

}  // namespace

TEST_CASE("what has failed is tried last, in the order that it had", "[connect][K2]") {
    failed_addresses memory;
    CHECK(ordered(memory, {a, b, c, d}) == Peers{a, b, c, d});
    memory.failed(c, now);
    memory.failed(a, now);
    CHECK(ordered(memory, {a, b, c, d}) == Peers{b, d, a, c});
    memory.failed(b, now);
    memory.failed(d, now);
    CHECK(ordered(memory, {a, b, c, d}) == Peers{a, b, c, d});
    CHECK(ordered(memory, {}).empty());
}

TEST_CASE("a failure is that of one address and port", "[connect][K2]") {
    failed_addresses memory;
    memory.failed(at("192.0.2.1", 80), now);
    CHECK(ordered(memory, {at("192.0.2.1", 443), d}).front() == at("192.0.2.1", 443));
    CHECK(ordered(memory, {at("192.0.2.1", 80), d}).front() == d);
}

TEST_CASE("a failure is forgotten after a while, or once the address works", "[connect][K2]") {
    failed_addresses memory;
    memory.failed(a, now);
    CHECK(ordered(memory, {a, b}, now + failed_addresses::lasting - 1ms) == Peers{b, a});
    CHECK(ordered(memory, {a, b}, now + failed_addresses::lasting) == Peers{a, b});
    CHECK(memory.size() == 0);
    memory.failed(a, now);
    memory.failed(a, now + 20s);  // The newest failure counts.
    CHECK(memory.size() == 1);
    CHECK(ordered(memory, {a, b}, now + 40s) == Peers{b, a});
    memory.worked(b, now + 40s);
    CHECK(ordered(memory, {a, b}, now + 40s) == Peers{b, a});
    memory.worked(a, now + 40s);
    CHECK(ordered(memory, {a, b}, now + 40s) == Peers{a, b});
}

TEST_CASE("a change of the network forgets all failures", "[connect][K2]") {
    failed_addresses memory;
    memory.failed(a, now);
    memory.clear();
    CHECK(ordered(memory, {a, b}) == Peers{a, b});
}

TEST_CASE("the memory of failures stays small, and keeps the newest", "[connect][K2]") {
    failed_addresses memory;
    for (std::uint16_t port = 1; port <= 1000; ++port) memory.failed(at("192.0.2.1", port), now);
    CHECK(memory.size() == failed_addresses::most);
    CHECK(ordered(memory, {at("192.0.2.1", 1000), b}).front() == b);
    CHECK(ordered(memory, {at("192.0.2.1", 1), b}).back() == b);
}

TEST_CASE("threads share the memory of failures", "[connect][K2][threads]") {
    failed_addresses memory;
    std::vector<std::thread> threads;
    for (std::uint16_t n = 0; n < 4; ++n) {
        threads.emplace_back([&memory, n] {
            for (std::uint16_t i = 0; i < 500; ++i) {
                const auto one = at("192.0.2.1", static_cast<std::uint16_t>(n * 100 + i % 50 + 1));
                memory.failed(one, now);
                ordered(memory, {one, b});
                memory.worked(one, now);
            }
        });
    }
    for (auto& t : threads) t.join();
    CHECK(memory.size() == 0);
}
