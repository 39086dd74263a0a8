// The names that a session looks up: one lookup for all who ask for it meanwhile, by so many threads and no more.

#include "catch.hpp"
#include "sockets.hpp"

#include <ferry/io/lookups.hpp>
#include <ferry/resolver.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <vector>

using namespace ferry::testing;
namespace detail = ferry::detail;
using detail::lookups;

namespace {

// Holds back every lookup until it is opened, and knows how many there were at the same time.
struct Gate {
    struct State {
        std::atomic<bool> open{false};
        std::atomic<std::size_t> calls{0}, inside{0}, most{0};
    };
    std::shared_ptr<State> state = std::make_shared<State>();
    std::shared_ptr<const ferry::Resolver> resolver = std::make_shared<const ferry::Resolver>(
        [s = state](const std::string& host, std::uint16_t) -> ferry::Resolved {
            ++s->calls;
            const auto now = ++s->inside;
            for (auto most = s->most.load(); most < now && !s->most.compare_exchange_weak(most, now);) {
            }
            eventually([&] { return s->open.load(); });
            --s->inside;
            if (host == "nowhere.test") return ferry::errc::host_not_found;
            return {"127.0.0.1"};
        });
    std::shared_ptr<lookups> names = std::make_shared<lookups>();

    ~Gate() {
        state->open = true;
        resolver.reset();
        CHECK(eventually([this] { return state.use_count() == 1 && names.use_count() == 1; }));  // no thread is left
    }
    std::shared_ptr<detail::lookup> ask(const std::string& host, std::uint16_t port = 80,
                                        detail::time_point now = detail::clock::now()) {
        auto mine = std::make_shared<detail::lookup>();
        CHECK_FALSE(names->begin(host, port, resolver, mine, now));
        return mine;
    }
    bool asked(std::size_t times) const {
        return eventually([&] { return state->calls == times; });
    }
    bool open() const { return state->open = true; }
};

detail::lookup_result outcome_of(detail::lookup& l) {
    detail::lookup_result r;
    CHECK(eventually([&] { return l.take(r); }));
    return r;
}
bool is_found(detail::lookup& l, std::uint16_t port = 80) {
    const auto r = outcome_of(l);
    return !r.ec && r.found.size() == 1 && r.found[0].port == port;
}

}  // namespace

TEST_CASE("who asks for a name that is being looked up gets the same answer", "[resolver]") {
    Gate gate;
    auto first = gate.ask("api.test"), nowhere = gate.ask("nowhere.test");
    REQUIRE(gate.asked(2));
    auto second = gate.ask("api.test"), third = gate.ask("api.test"), also_nowhere = gate.ask("nowhere.test");
    gate.open();
    for (auto& one : {first, second, third}) CHECK(is_found(*one));
    for (auto& one : {nowhere, also_nowhere}) CHECK(outcome_of(*one).ec == ferry::errc::host_not_found);
    CHECK(gate.state->calls == 2);
    CHECK(is_found(*gate.ask("api.test")));  // what was found is not kept
    CHECK(gate.state->calls == 3);
}

TEST_CASE("names and ports are looked up each by itself", "[resolver]") {
    Gate gate;
    auto one = gate.ask("one.test"), two = gate.ask("two.test"), other_port = gate.ask("one.test", 81);
    CHECK(gate.asked(3));
    gate.open();
    CHECK(is_found(*one));
    CHECK(is_found(*two));
    CHECK(is_found(*other_port, 81));
}

TEST_CASE("a lookup that nobody waits for, or that has taken long, is not waited for by others", "[resolver]") {
    Gate gate;
    auto first = gate.ask("api.test");
    REQUIRE(gate.asked(1));
    std::shared_ptr<detail::lookup> second;
    SECTION("given up") {
        first.reset();
        second = gate.ask("api.test");
    }
    SECTION("slow") { second = gate.ask("api.test", 80, detail::clock::now() + lookups::soon); }
    REQUIRE(gate.asked(2));
    auto third = gate.ask("api.test");
    gate.open();
    CHECK(is_found(*second));
    CHECK(is_found(*third));
    if (first) CHECK(is_found(*first));
    CHECK(gate.state->calls == 2);
}

TEST_CASE("many names take turns with the threads that there may be", "[resolver][threads]") {
    Gate gate;
    std::vector<std::shared_ptr<detail::lookup>> all;
    for (std::size_t i = 0; i < 3 * lookups::most_threads; ++i)
        all.push_back(gate.ask("h" + std::to_string(i) + ".test"));
    REQUIRE(gate.asked(lookups::most_threads));
    auto joined = gate.ask("h" + std::to_string(all.size() - 1) + ".test");  // in the queue
    all[lookups::most_threads].reset();                                      // and so is this, which nobody wants now
    gate.open();
    for (auto& one : all)
        if (one) CHECK(is_found(*one));
    CHECK(is_found(*joined));
    CHECK(gate.state->calls == all.size() - 1);
    CHECK(gate.state->most == lookups::most_threads);
}
