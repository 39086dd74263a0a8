// A resolver of the caller's in an asynchronous session: the context goes on meanwhile, and nothing of it is used when
// it is gone.

#include "background.hpp"
#include "loopback.hpp"
#include "service.hpp"

#include <asio/bind_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <thread>

using ferry::errc;
using ferry::Resolved;
using ferry::Response;

namespace {

// Hangs until it is let go; what it has is its own.
struct HangingLookup {
    struct State {
        Signal entered, let_go;
        std::atomic<bool> left{false};
        std::atomic<int> calls{0};
        std::thread::id thread;
    };
    std::shared_ptr<State> state = std::make_shared<State>();

    ~HangingLookup() {
        state->let_go.raise();
        CHECK(eventually([this] { return state.use_count() == 1; }));
    }
    ferry::SessionOptions options() const {
        return {.resolver = [state = state](const std::string&, std::uint16_t) -> Resolved {
            ++state->calls;
            state->thread = std::this_thread::get_id();
            state->entered.raise();
            state->let_go.wait();
            state->left = true;
            return {"127.0.0.1"};
        }};
    }
};

}  // namespace

TEST_CASE("a context runs for as long as a name is looked up, and does other things", "[async][resolver]") {
    HangingLookup lookup;
    Server server;
    server.accept().answers(ok("found"));
    Signal other_things;
    asio::io_context io;
    AsyncSession http(io, lookup.options());
    std::string body;
    std::thread::id handled;
    http.get("http://api.test:" + std::to_string(server.port()), [&](std::error_code ec, Response r) {
        CHECK_FALSE(ec);
        body = r.body;
        handled = std::this_thread::get_id();
    });
    auto letting_go = in_background([&] {
        lookup.state->entered.wait();
        asio::post(io, [&] { other_things.raise(); });
        CHECK(other_things.wait());
        lookup.state->let_go.raise();
    });
    io.run();
    CHECK(body == "found");
    CHECK(handled == std::this_thread::get_id());
    CHECK(lookup.state->thread != std::this_thread::get_id());
}

TEST_CASE("a context runs for as long as a name is looked up, whoever handles the answer", "[async][resolver]") {
    HangingLookup lookup;
    Server server;
    server.accept().answers(ok("found"));
    asio::io_context io, other;
    AsyncSession http(io, lookup.options());
    std::string body;
    http.get("http://api.test:" + std::to_string(server.port()),
             asio::bind_executor(other.get_executor(), [&](std::error_code, Response r) { body = r.body; }));
    auto letting_go = in_background([&] {
        lookup.state->entered.wait();
        lookup.state->let_go.raise();
    });
    io.run();
    other.poll();
    CHECK(body == "found");
}

TEST_CASE("calls that begin together have their name looked up once", "[async][resolver]") {
    HangingLookup lookup;
    Service service([](const Request&) { return ok("found"); });
    asio::io_context io;
    AsyncSession http(io, lookup.options());
    int found = 0;
    for (int i = 0; i < 100; ++i)
        http.get("http://api.test:" + std::to_string(service.port()), [&](std::error_code ec, Response r) {
            CHECK_FALSE(ec);
            found += r.body == "found";
        });
    auto letting_go = in_background([&] {
        lookup.state->entered.wait();
        lookup.state->let_go.raise();
    });
    io.run();
    CHECK(found == 100);
    CHECK(lookup.state->calls == 1);
}

TEST_CASE("a context and its session are destroyed while a name is looked up", "[async][resolver]") {
    HangingLookup lookup;
    bool called = false;
    {
        asio::io_context io;
        AsyncSession http(io, lookup.options());
        http.get("http://api.test/", [&](std::error_code, Response) { called = true; });
        REQUIRE(lookup.state->entered.wait());
        const bool polled = GENERATE(false, true);
        if (polled) io.poll();
    }
    CHECK_FALSE(called);
    lookup.state->let_go.raise();
    CHECK(eventually([&] { return lookup.state->left.load(); }));
}

TEST_CASE("destroying a session ends a call whose name is looked up", "[async][resolver][K4]") {
    HangingLookup lookup;
    asio::io_context io;
    std::error_code came;
    {
        AsyncSession http(io, lookup.options());
        http.get("http://api.test/", [&](std::error_code ec, Response) { came = ec; });
        REQUIRE(lookup.state->entered.wait());
    }
    io.run();
    CHECK(came == errc::cancelled);
    CHECK_FALSE(lookup.state->left);
}

TEST_CASE("a name that is found at the moment at which its call is cancelled", "[async][resolver][K4][threads]") {
    Server server;
    asio::io_context io;
    for (int i = 0; i < 30; ++i) {
        HangingLookup lookup;
        std::error_code came;
        bool called = false;
        auto http = std::make_unique<AsyncSession>(io, lookup.options());
        http->get("http://api.test:" + std::to_string(server.port()), {.connect_timeout = 5s, .keep_alive = false},
                  [&](std::error_code ec, Response) {
                      came = ec;
                      called = true;
                  });
        REQUIRE(lookup.state->entered.wait());
        auto letting_go = in_background([&] { lookup.state->let_go.raise(); });
        http.reset();
        io.restart();
        io.run();
        CHECK(called);
        CHECK(came == errc::cancelled);
    }
}

TEST_CASE("several connections are opened ahead of need under one token", "[async][preconnect]") {
    Server server;
    for (int i = 0; i < 3; ++i) server.accept();
    asio::io_context io;
    AsyncSession http(io);
    std::error_code came = errc::cancelled;
    http.async_preconnect(server.url(), 3, [&](std::error_code ec) { came = ec; });
    io.run();
    CHECK_FALSE(came);
    CHECK(http.stats().idle == 3);
    CHECK(http.prune(ferry::all) == 3);
}
