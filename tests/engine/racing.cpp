// What is learnt of addresses that fail; and where connections go that go elsewhere than their URLs say.

#include "catch.hpp"
#include "script_world.hpp"

#include <chrono>
#include <string>
#include <vector>

using namespace ferry;
using namespace ferry::testing;
using namespace std::chrono_literals;

namespace {

void answers(World& world) { world.takes().sends(response("200 OK")).is_given_back(); }

const auto refused = std::make_error_code(std::errc::connection_refused);
const auto unreachable = std::make_error_code(std::errc::host_unreachable);

// A session's memory of addresses, over several calls.
struct Memory {
    detail::session_state state;

    Came fetch(World& world, Asked& asked) {
        asked.request.shared = &state;
        return ferry::testing::fetch(world, asked);
    }
    Came fetch(World& world) {
        Asked asked;
        return fetch(world, asked);
    }
    // Whether that address comes behind the others now.
    bool distrusts(const Endpoint& peer, detail::time_point now) {
        std::vector<Endpoint> peers{peer, v4(200)};
        state.failed.put_last(peers, now);
        return peers.front() != peer;
    }
};

const auto none_left = std::make_error_code(std::errc::address_not_available);
const auto no_device = std::make_error_code(std::errc::no_such_device);

}  // namespace

TEST_CASE("an address that refused comes last the next time", "[engine][K2]") {
    Memory memory;
    World first, second;
    first.hands_out_blank().resolves({v4(1), v4(2)}).starts(v4(1)).refuses().starts(v4(2)).connects();
    answers(first);
    CHECK_FALSE(memory.fetch(first).ec);
    CHECK(memory.state.failed.size() == 1);
    second.hands_out_blank().resolves({v4(1), v4(2)}).starts(v4(2)).connects();
    answers(second);
    CHECK_FALSE(memory.fetch(second).ec);
}

TEST_CASE("an address that was silent when another answered comes last the next time", "[engine][K2]") {
    Memory memory;
    World first, second;
    first.hands_out_blank().resolves({v6(1), v4(1)}).starts(v6(1)).connects_nothing().starts(v4(1)).connects();
    answers(first);
    CHECK_FALSE(memory.fetch(first).ec);
    second.hands_out_blank().resolves({v6(1), v4(1)}).starts(v4(1)).connects();
    answers(second);
    CHECK_FALSE(memory.fetch(second).ec);
    CHECK(second.now == beginning);
}

TEST_CASE("an address whose turn was not over when another answered is not blamed", "[engine][K2]") {
    Memory memory;
    World world;
    world.hands_out_blank().resolves({v6(1), v4(1)}).starts(v6(1)).connects_nothing().starts(v4(1));
    world.after(249ms).connects(0);
    answers(world);
    CHECK_FALSE(memory.fetch(world).ec);
    CHECK(memory.state.failed.size() == 0);

    World later;
    later.hands_out_blank().resolves({v6(1), v4(1)}).starts(v6(1)).connects_nothing().starts(v4(1));
    later.after(250ms).connects(0);
    answers(later);
    CHECK_FALSE(memory.fetch(later).ec);
    CHECK(memory.distrusts(v4(1), later.now));
    CHECK_FALSE(memory.distrusts(v6(1), later.now));
}

TEST_CASE("addresses that were silent until the time was over are blamed, if they had their turn", "[engine][K2]") {
    Memory memory;
    World world;
    world.hands_out_blank().resolves({v6(1), v4(1)}).starts(v6(1)).connects_nothing().starts(v4(1)).connects_nothing();
    world.is_discarded(DiscardReason::aborted);
    Asked asked("GET", "http://h/", {.connect_timeout = 400ms});
    auto came = memory.fetch(world, asked);
    CHECK(came.ec == errc::connect_timeout);
    CHECK(came.particulars == "[2001::1]:80");
    CHECK(memory.distrusts(v6(1), world.now));
    CHECK_FALSE(memory.distrusts(v4(1), world.now));
}

TEST_CASE("an address that works again is forgiven, and all are after a while", "[engine][K2]") {
    Memory memory;
    World first, second;
    first.hands_out_blank().resolves({v4(1), v4(2)}).starts(v4(1)).refuses().starts(v4(2)).refuses();
    first.is_discarded(DiscardReason::aborted);
    CHECK(memory.fetch(first).ec == refused);
    CHECK(memory.state.failed.size() == 2);
    second.hands_out_blank().resolves({v4(1), v4(2)}).starts(v4(1)).connects();
    answers(second);
    CHECK_FALSE(memory.fetch(second).ec);
    CHECK_FALSE(memory.distrusts(v4(1), second.now));
    CHECK(memory.distrusts(v4(2), second.now));
    CHECK_FALSE(memory.distrusts(v4(2), second.now + 30s));
}

TEST_CASE("what this machine lacks is not an address's fault", "[engine][K2]") {
    Memory memory;
    World world;
    world.hands_out_blank().resolves({v4(1), v4(2), v4(3), v4(4), v4(5)});
    world.starts(v4(1), std::make_error_code(std::errc::too_many_files_open)).starts(v4(2), none_left);
    world.cannot_start(v4(3), unreachable, "interface nowhere").starts(v4(4)).refuses(none_left);
    world.starts(v4(5), unreachable).is_discarded(DiscardReason::aborted);
    CHECK(memory.fetch(world).ec == std::errc::too_many_files_open);
    CHECK(memory.state.failed.size() == 1);
    CHECK(memory.distrusts(v4(5), world.now));
}

TEST_CASE("an error names the address that failed first, or the option that could not be had", "[engine]") {
    World refusing;
    refusing.hands_out_blank().resolves({v4(1), v4(2)}).starts(v4(1)).refuses().starts(v4(2)).refuses(unreachable);
    refusing.is_discarded(DiscardReason::aborted);
    auto came = fetch(refusing, Asked());
    CHECK(came.ec == refused);
    CHECK(came.particulars == "192.0.2.1:80");

    World second_first;
    second_first.hands_out_blank().resolves({v4(1), v4(2)}).starts(v4(1)).connects_nothing().starts(v4(2));
    second_first.refuses().refuses(unreachable).is_discarded(DiscardReason::aborted);
    CHECK(fetch(second_first, Asked()).particulars == "192.0.2.2:80");

    World lacking;
    lacking.hands_out_blank().resolves({v4(1)}).cannot_start(v4(1), no_device, "interface nowhere");
    lacking.is_discarded(DiscardReason::aborted);
    came = fetch(lacking, Asked());
    CHECK(came.ec == no_device);
    CHECK(came.particulars == "interface nowhere");
}

TEST_CASE("an attempt that fails is not named when the next one works", "[engine]") {
    World world;
    world.hands_out_blank().resolves({v4(1), v4(2)}).cannot_start(v4(1), no_device, "interface nowhere");
    world.starts(v4(2)).connects().takes().sends("nonsense").is_discarded(DiscardReason::aborted);
    auto came = fetch(world, Asked());
    CHECK(came.ec == condition::protocol);
    CHECK(came.particulars.find("interface") == std::string::npos);
}

TEST_CASE("an override is resolved in the host's place", "[engine]") {
    Asked asked("GET", "http://api.example.com/", {}, {.resolve = {{"api.example.com:80", "localhost:8080"}}});
    World world;
    world.dials();
    answers(world);
    CHECK_FALSE(fetch(world, asked).ec);
    CHECK(world.resolved == "localhost:8080");
    CHECK(world.sent.find("Host: api.example.com\r\n") != std::string::npos);

    World unknown;
    unknown.hands_out_blank().resolves_nothing(errc::host_not_found).is_discarded(DiscardReason::aborted);
    CHECK(fetch(unknown, asked).particulars == "localhost");
}

TEST_CASE("from a local address only its family is reached", "[engine]") {
    Asked asked("GET", "http://h/", {}, {.socket = {.local_address = "127.0.0.1"}});
    World world;
    world.hands_out_blank().resolves({v6(1), v6(2), v4(1)}).starts(v4(1)).connects();
    answers(world);
    CHECK_FALSE(fetch(world, asked).ec);

    World none;
    none.hands_out_blank().resolves({v6(1)}).is_discarded(DiscardReason::aborted);
    auto came = fetch(none, asked);
    CHECK(came.ec == errc::no_address);
    CHECK(came.phase == Phase::resolve);
    CHECK(came.particulars == "none of the family of local_address 127.0.0.1");
}

TEST_CASE("to a unix domain socket nothing is resolved and nothing raced", "[engine]") {
    Asked asked("GET", "http://h/", {}, {.resolve = {{"h", "other"}}, .socket = {.unix_socket = "/run/x"}});
    World world;
    world.hands_out_blank().starts_at("/run/x").connects();
    answers(world);
    CHECK_FALSE(fetch(world, asked).ec);

    World missing;
    const auto no_file = std::make_error_code(std::errc::no_such_file_or_directory);
    missing.hands_out_blank().starts_at("/run/x", no_file).is_discarded(DiscardReason::aborted);
    auto came = fetch(missing, asked);
    CHECK(came.ec == no_file);
    CHECK(came.phase == Phase::connect);
    CHECK(came.particulars == "/run/x");
}

TEST_CASE("the full queue of a unix domain socket is waited for, up to the connect deadline", "[engine][K3]") {
    const auto full = std::make_error_code(std::errc::resource_unavailable_try_again);
    Asked asked("GET", "http://h/", {.connect_timeout = 15ms}, {.socket = {.unix_socket = "/run/x"}});
    World world;
    world.hands_out_blank().starts_at("/run/x", full).sleeps(10ms).starts_at("/run/x").connects();
    answers(world);
    CHECK_FALSE(fetch(world, asked).ec);

    World endless;
    endless.hands_out_blank().starts_at("/run/x", full).sleeps(10ms).starts_at("/run/x", full).sleeps(5ms);
    endless.starts_at("/run/x", full).is_discarded(DiscardReason::aborted);
    auto came = fetch(endless, asked);
    CHECK(came.ec == errc::connect_timeout);
    CHECK(came.phase == Phase::connect);

    fails_everywhere(
        [&](World& w) {
            w.hands_out_blank().starts_at("/run/x", full).sleeps(10ms).starts_at("/run/x").connects();
            answers(w);
        },
        asked);
}
