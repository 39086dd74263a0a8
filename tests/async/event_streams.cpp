// Asynchronous streams of events: dropped, cancelled and closed while an operation is under way.
// Over TLS and through a tunnel, too.

#include "loopback.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>

#include <optional>
#include <string>

using ferry::errc;
using ferry::Event;

namespace {

std::string async_feed(std::string_view text) {
    return head("Content-Type: text/event-stream\r\n") + std::string(text);
}

// Takes one event, and begins to wait for the next.
struct WaitsForEvent {
    Server server;
    asio::io_context io;
    AsyncSession http{io};
    std::optional<ferry::AsyncEventStream> events;
    asio::cancellation_signal signal;
    std::optional<std::error_code> ended;

    // What happens as soon as the second operation is under way.
    template <class Then> void run(std::string_view first, bool closes, Then then) {
        auto& script = server.accept().answers(async_feed(first));
        closes ? script.closes() : script.ignores_the_rest();
        events.emplace(http.events(server.url()));
        events->async_next([&, then](std::error_code ec, std::optional<Event> e) {
            CHECK_FALSE(ec);
            REQUIRE(e);
            CHECK(e->data == "1");
            events->async_next(
                asio::bind_cancellation_slot(signal.slot(), [&](std::error_code why, std::optional<Event> none) {
                    CHECK_FALSE(none);
                    ended = why;
                }));
            then();
        });
        io.run();
        CHECK(http.stats().in_use == 0);
    }
};

const std::string open_feed = "data: 1\n\n", waiting_feed = "retry: 3600000\ndata: 1\n\n";

}  // namespace

TEST_CASE("a stream of events that is destroyed during an operation cancels it", "[async][events][K4]") {
    auto closes = GENERATE(false, true);  // it waits for an event, or for its next connection
    WaitsForEvent waits;
    waits.run(closes ? waiting_feed : open_feed, closes, [&] { waits.events.reset(); });
    REQUIRE(waits.ended);
    CHECK(*waits.ended == errc::cancelled);
}

TEST_CASE("a stream of events that is closed during an operation cancels it", "[async][events][K4]") {
    auto closes = GENERATE(false, true);
    WaitsForEvent waits;
    waits.run(closes ? waiting_feed : open_feed, closes, [&] { waits.events->close(); });
    CHECK(waits.ended == errc::cancelled);
}

TEST_CASE("a cancellation slot ends the wait for an event or a connection", "[async][events][K4]") {
    auto closes = GENERATE(false, true);
    WaitsForEvent waits;
    waits.run(closes ? waiting_feed : open_feed, closes, [&] { waits.signal.emit(asio::cancellation_type::terminal); });
    CHECK(waits.ended == errc::cancelled);
    REQUIRE(waits.events->error(*waits.ended));
    CHECK(says(*waits.events->error(*waits.ended), waits.server.url()));
}

TEST_CASE("a context that ends while an event is waited for ends the operation", "[async][events]") {
    Server server;
    auto& script = server.accept().answers(async_feed(open_feed));
    {
        asio::io_context io;
        AsyncSession http(io);
        auto events = http.events(server.url());
        events.async_next([&](std::error_code, std::optional<Event>) {
            events.async_next([](std::error_code, std::optional<Event>) { FAIL_CHECK("nothing came"); });
            io.stop();
        });
        io.run();
    }
    script.sees_the_end();
}

TEST_CASE("a session that is closed in order ends its streams of events", "[async][events]") {
    Server server;
    server.accept().answers(async_feed(open_feed)).ignores_the_rest();
    asio::io_context io;
    AsyncSession http(io);
    auto events = http.events(server.url());
    std::error_code ended, closed;
    events.async_next([&](std::error_code, std::optional<Event>) {
        events.async_next([&](std::error_code ec, std::optional<Event>) {
            ended = ec;
            events.close();
        });
        http.async_close(20ms, [&](std::error_code ec) { closed = ec; });
    });
    io.run();
    CHECK(ended == errc::cancelled);
    CHECK(closed == errc::total_timeout);
}

TEST_CASE("a stream of events that was never asked for one needs no context", "[async][events]") {
    asio::io_context io;
    AsyncSession http(io);
    { auto events = http.events("http://127.0.0.1:1/"); }
    { auto refused = http.events("htp://h/"); }
    CHECK(http.stats().in_use == 0);
}
