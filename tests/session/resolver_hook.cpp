// Names that a function of the caller's looks up, on a thread of its own that may be left behind.

#include "background.hpp"
#include "loopback.hpp"
#include "service.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

using ferry::errc;
using ferry::Phase;
using ferry::Resolved;

namespace {

// A resolver that hangs until it is let go, and then finds what nobody asks for any more.
struct HangingResolver {
    struct State {
        Signal entered, let_go;
        std::atomic<int> left{0};
        std::string answer = "127.0.0.1";  // used when all else may be gone
    };
    std::shared_ptr<State> state = std::make_shared<State>();

    ~HangingResolver() {
        state->let_go.raise();
        CHECK(eventually([this] { return state.use_count() == 1; }));  // no thread and no session has it
    }
    ferry::Resolver hook() const {
        return [state = state](const std::string&, std::uint16_t) -> Resolved {
            state->entered.raise();
            state->let_go.wait();
            ++state->left;
            return {state->answer};
        };
    }
};

}  // namespace

TEST_CASE("a name is looked up by the caller's function", "[session][resolver]") {
    Server server;
    server.accept().answers(ok("one")).answers(ok("two"));
    std::atomic<int> calls{0};
    std::string asked;
    const auto caller = std::this_thread::get_id();
    bool elsewhere = false;
    Session session({.resolver = [&](const std::string& host, std::uint16_t port) -> Resolved {
        ++calls;
        asked = host + " " + std::to_string(port);
        elsewhere = std::this_thread::get_id() != caller;
        return {"127.0.0.1"};
    }});
    const auto port = std::to_string(server.port());
    CHECK(session.get("http://Api.Test:" + port + "/").body == "one");
    CHECK(session.get("http://api.test:" + port + "/").connection.reused);
    CHECK(calls == 1);
    CHECK(asked == "api.test " + port);
    CHECK(elsewhere);
    CHECK(server.request().field("Host") == "api.test:" + port);
}

TEST_CASE("addresses are tried with the ports that the function gives them", "[session][resolver]") {
    Server server;
    server.accept().answers(ok("there"));
    auto there = *ferry::detail::parse_address("127.0.0.1");
    there.port = server.port();
    Session session({.resolver = [&](const std::string&, std::uint16_t) { return std::vector{there}; }});
    CHECK(session.get("http://api.test/").body == "there");
}

TEST_CASE("the function is not asked for addresses, nor for this machine", "[session][resolver]") {
    Server server;
    server.accept().answers(ok());
    server.accept().answers(ok());
    std::atomic<int> calls{0};
    Session session({.resolver = [&](const std::string&, std::uint16_t) -> Resolved {
        ++calls;
        return errc::host_not_found;
    }});
    session.get(server.url());
    session.get("http://localhost:" + std::to_string(server.port()) + "/");
    CHECK(calls == 0);
}

TEST_CASE("an override that leads to a name asks the function for it", "[session][resolver][resolve]") {
    Server server;
    server.accept().answers(ok());
    std::string asked;
    Session session({.resolve = {{"api.test", "other.test:" + std::to_string(server.port())}},
                     .resolver = [&](const std::string& host, std::uint16_t) -> Resolved {
                         asked = host;
                         return {"127.0.0.1"};
                     }});
    session.get("http://api.test/");
    CHECK(asked == "other.test");
}

TEST_CASE("what the function cannot find, or throws, is the call's error", "[session][resolver]") {
    ferry::Resolver resolver;
    std::error_code expected;
    std::string text;
    SECTION("an error") {
        resolver = [](const std::string&, std::uint16_t) -> Resolved { return errc::resolver_try_again; };
        expected = errc::resolver_try_again;
    }
    SECTION("no address") {
        resolver = [](const std::string&, std::uint16_t) -> Resolved { return {}; };
        expected = errc::no_address;
    }
    SECTION("an exception") {
        resolver = [](const std::string& host, std::uint16_t) -> Resolved {
            throw std::runtime_error("no idea of " + host);
        };
        expected = errc::resolver_failed;
        text = "no idea of api.test";
    }
    SECTION("an exception of no standard") {
        resolver = [](const std::string&, std::uint16_t) -> Resolved { throw 1; };
        expected = errc::resolver_failed;
    }
    SECTION("what is no address") {
        resolver = [](const std::string&, std::uint16_t) -> Resolved { return {"nonsense"}; };
        expected = errc::resolver_failed;
        text = "not an IP address: nonsense";
    }
    Session session({.resolver = resolver});
    const auto error = error_of([&] { session.get("http://api.test/"); });
    CHECK(error.code() == expected);
    CHECK(error.phase() == Phase::resolve);
    CHECK(says(error, "http://api.test/"));
    CHECK(says(error, text));
    CHECK(session.stats().in_use == 0);
}

TEST_CASE("a function that hangs does not outlive the limits, and is left behind", "[session][resolver][K2][K3]") {
    HangingResolver hanging;
    Server server;
    Session session({.resolver = hanging.hook()});
    const auto url = "http://api.test:" + std::to_string(server.port()) + "/";
    const auto error = prompt_error_of([&] { session.get(url, {.connect_timeout = 20ms}); });
    CHECK(error.code() == errc::connect_timeout);
    CHECK(error.phase() == Phase::resolve);
    CHECK(prompt_error_of([&] { session.get(url, {.timeout = 20ms}); }).code() == errc::total_timeout);
    CHECK(hanging.state->left == 0);
    CHECK(session.stats().in_use == 0);
    hanging.state->let_go.raise();
    REQUIRE(eventually([&] { return hanging.state->left == 2; }));
    server.accept().answers(ok("later"));
    CHECK(session.get(url).body == "later");
}

TEST_CASE("a stop ends a call whose function hangs", "[session][resolver][K4][threads]") {
    HangingResolver hanging;
    Session session({.resolver = hanging.hook()});
    std::stop_source stop;
    auto stopping = in_background([&] {
        hanging.state->entered.wait();
        stop.request_stop();
    });
    const auto error = prompt_error_of([&] { session.get("http://api.test/", {.stop = stop.get_token()}); });
    CHECK(error.code() == errc::cancelled);
    CHECK(hanging.state->left == 0);
}

TEST_CASE("a session is destroyed while its function hangs", "[session][resolver][K2][threads]") {
    HangingResolver hanging;
    {
        Session session({.resolver = hanging.hook()});
        const auto error = prompt_error_of([&] { session.get("http://api.test/", {.connect_timeout = 20ms}); });
        CHECK(error.code() == errc::connect_timeout);
        REQUIRE(hanging.state->entered.wait());
    }
    CHECK(hanging.state->left == 0);
    hanging.state->let_go.raise();
    CHECK(eventually([&] { return hanging.state->left == 1; }));
}

TEST_CASE("several names are looked up at the same time", "[session][resolver][threads]") {
    Service service([](const Request&) { return ok("found"); });
    std::atomic<int> inside{0};
    Session session({.resolver = [&](const std::string&, std::uint16_t) -> Resolved {
        ++inside;
        eventually([&] { return inside >= 2; });
        return {"127.0.0.1"};
    }});
    const auto port = std::to_string(service.port());
    auto one = in_background([&] { return session.get("http://one.test:" + port + "/").body; });
    CHECK(session.get("http://two.test:" + port + "/").body == "found");
    CHECK(one.get() == "found");
    CHECK(inside == 2);
}

TEST_CASE("an overlay looks names up as its session does", "[session][resolver]") {
    Server server;
    server.accept().answers(ok("found"));
    Session session({.resolver = [](const std::string&, std::uint16_t) -> Resolved { return {"127.0.0.1"}; }});
    auto overlay = session.with({.headers = {{"X-A", "b"}}});
    CHECK(overlay.get("http://api.test:" + std::to_string(server.port()) + "/").body == "found");
}
