// Idle connections of an asynchronous session: watched, yet no reason for a context to go on.
// Over TLS and through a tunnel, too.

#include "loopback.hpp"

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

using ferry::DiscardReason;
using ferry::Response;

namespace {

// Runs the context, which has no work of its own to do, until that is so.
template <class Condition> void run_until(asio::io_context& io, Condition condition) {
    asio::steady_timer tick(io);
    std::function<void()> again = [&] {
        if (condition()) return;
        tick.expires_after(5ms);
        tick.async_wait([&](std::error_code) { again(); });
    };
    again();
    io.restart();
    io.run();
}

}  // namespace

TEST_CASE("a context has nothing to do when all requests have ended", "[async][idle]") {
    Server server;
    server.accept().answers(ok()).answers(ok());
    asio::io_context io;
    AsyncSession http(io);
    for (int i = 0; i < 2; ++i) {
        bool called = false;
        http.get(server.url(), [&](std::error_code ec, Response r) {
            CHECK_FALSE(ec);
            CHECK(r.connection.reused == (i == 1));
            called = true;
        });
        io.restart();
        io.run();  // returns, long before the time limits and the idle connection's end
        CHECK(called);
        CHECK(http.stats().idle == 1);
    }
}

TEST_CASE("an idle connection that the server closes leaves the pool without being asked for", "[async][A9]") {
    Server server;
    auto& script = server.accept().answers(ok());
    asio::io_context io;
    AsyncSession http(io);
    http.get(server.url(), [](std::error_code, Response) {});
    io.run();
    REQUIRE(http.stats().idle == 1);
    SECTION("closed before it is watched") {
        script.closes();
        run_until(io, [&] { return http.stats().idle == 0; });
        CHECK(http.stats().discarded[DiscardReason::peer_closed] == 1);
    }
    SECTION("closed while it is watched") {
        asio::steady_timer pause(io, 150ms);
        pause.async_wait([&](std::error_code) { script.closes(); });
        io.restart();
        io.run();
        run_until(io, [&] { return http.stats().idle == 0; });
        CHECK(http.stats().discarded[DiscardReason::peer_closed] == 1);
    }
    SECTION("reset") {
        script.resets();
        run_until(io, [&] { return http.stats().idle == 0; });
        CHECK(http.stats().discarded[DiscardReason::reset] == 1);
    }
    SECTION("bytes that nobody asked for") {
        script.sends("HTTP/1.1 200 OK\r\n\r\n");
        run_until(io, [&] { return http.stats().idle == 0; });
        CHECK(http.stats().discarded[DiscardReason::unsolicited_data] == 1);
    }
}

TEST_CASE("a connection that was watched serves on, and is watched again", "[async][A2][A9]") {
    Server server;
    auto& script = server.accept();
    asio::io_context io;
    AsyncSession http(io);
    for (int i = 0; i < 4; ++i) {
        script.answers(ok());
        bool called = false;
        http.get(server.url(), [&](std::error_code ec, Response r) {
            CHECK_FALSE(ec);
            CHECK(r.connection.id == 1);
            called = true;
        });
        io.restart();
        io.run();
        CHECK(called);
        asio::steady_timer pause(io, i % 2 ? 120ms : 1ms);
        pause.async_wait([](std::error_code) {});
        io.restart();
        io.run();
    }
    script.closes();
    run_until(io, [&] { return http.stats().idle == 0; });
    CHECK(http.stats().reused == 3);
}

TEST_CASE("idle connections are closed when their time is over", "[async][A8]") {
    Server server;
    server.accept().answers(ok()).sees_the_end();
    asio::io_context io;
    AsyncSession http(io, {.pool = {.idle_timeout = 80ms}});
    http.get(server.url(), [](std::error_code, Response) {});
    io.run();
    run_until(io, [&] { return http.stats().idle == 0; });
    CHECK(http.stats().discarded[DiscardReason::idle_expired] == 1);
}

TEST_CASE("a connection that was closed while nobody ran the context is not handed out", "[async][A2]") {
    Server server;
    auto& script = server.accept().answers(ok("one"));
    server.accept().answers(ok("two"));
    asio::io_context io;
    AsyncSession http(io);
    http.get(server.url(), [](std::error_code, Response) {});
    io.run();
    script.closes();
    REQUIRE(script.delivered());
    std::string body;
    http.post(server.url(), {.body = "x"}, [&](std::error_code ec, Response r) {
        CHECK_FALSE(ec);
        body = r.body;
    });
    io.restart();
    io.run();
    CHECK(body == "two");
    CHECK(http.stats().discarded[DiscardReason::peer_closed] == 1);
}

TEST_CASE("a connection opened ahead of need serves the first request", "[async][preconnect]") {
    Server server;
    server.accept().answers(ok());
    asio::io_context io;
    AsyncSession http(io);
    bool opened = false, served = false;
    http.async_preconnect(server.url(), [&](std::error_code ec) {
        CHECK_FALSE(ec);
        CHECK(http.stats().idle == 1);
        opened = true;
        http.get(server.url(), [&](std::error_code ec2, Response r) {
            CHECK_FALSE(ec2);
            CHECK(r.connection.reused);
            CHECK(r.connection.requests == 1);
            served = true;
        });
    });
    io.run();
    CHECK(opened);
    CHECK(served);
    CHECK(http.stats().opened == 1);
}

TEST_CASE("closing lets the requests under way finish", "[async][close]") {
    Server server;
    auto& script = server.accept().reads_request();
    asio::io_context io;
    AsyncSession http(io);
    std::vector<std::string> order;
    http.get(server.url(), [&](std::error_code ec, Response) { order.push_back(ec ? ec.message() : "response"); });
    while (server.requests().empty()) io.run_for(1ms), io.restart();
    http.async_close(10s, [&](std::error_code ec) { order.push_back(ec ? ec.message() : "closed"); });
    http.get(server.url(), [&](std::error_code ec, Response) {
        CHECK(ec == ferry::errc::pool_closed);
        script.sends(ok());
    });
    io.run();
    CHECK(order == std::vector<std::string>{"response", "closed"});
    CHECK(http.stats().idle == 0);
}

TEST_CASE("closing cancels what takes too long", "[async][close]") {
    Server server;
    server.accept().reads_request().sees_the_end();
    asio::io_context io;
    AsyncSession http(io);
    std::error_code of_request, of_close;
    http.get(server.url(), [&](std::error_code ec, Response) { of_request = ec; });
    while (server.requests().empty()) io.run_for(1ms), io.restart();
    http.async_close(20ms, [&](std::error_code ec) { of_close = ec; });
    io.run();
    CHECK(of_request == ferry::errc::cancelled);
    CHECK(of_close == ferry::errc::total_timeout);
}

TEST_CASE("closing an idle session completes at once", "[async][close]") {
    asio::io_context io;
    AsyncSession http(io);
    bool closed = false;
    http.async_close(1h, [&](std::error_code ec) { closed = !ec; });
    io.run();
    CHECK(closed);
}
