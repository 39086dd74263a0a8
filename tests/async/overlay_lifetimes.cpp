// Overlays of an AsyncSession whose variables end while handlers are still to be called.
// Over TLS and through a tunnel, too.

#include "loopback.hpp"
#include "mock.hpp"

#include <asio/io_context.hpp>

#include <future>
#include <optional>
#include <string>

namespace {

// Runs until the promise is kept; what is pending on the context beside it is none of its affair.
template <class T> T run_for(asio::io_context& io, std::future<T> result) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (result.wait_for(0ms) != std::future_status::ready && std::chrono::steady_clock::now() < end) {
        io.run_for(1ms);
        io.restart();
    }
    return result.get();
}

struct Awaited {
    std::promise<ferry::Response> done;
    std::future<ferry::Response> result = done.get_future();
    auto handler() {
        return [this](std::error_code, ferry::Response r) { done.set_value(std::move(r)); };
    }
};

}  // namespace

TEST_CASE("a call of an overlay goes on when the session's variable ends", "[async][overlay]") {
    Server server;
    auto& script = server.accept().reads_request();
    asio::io_context io;
    std::optional<AsyncSession> session(std::in_place, io);
    auto overlay = session->with({.headers = {{"X-A", "b"}}});
    Awaited call;
    overlay.get(server.url(), call.handler());
    session.reset();
    script.sends(ok("body"));
    CHECK(run_for(io, std::move(call.result)).body == "body");
    CHECK(server.request().field("X-A") == "b");
}

TEST_CASE("a call of a temporary overlay goes on while the session lives", "[async][overlay]") {
    Server server;
    auto& script = server.accept().reads_request();
    asio::io_context io;
    AsyncSession session(io);
    Awaited call;
    session.with({.headers = {{"X-A", std::string(100, 'b')}}, .auth = ferry::bearer("t")})
        .get(server.url(), call.handler());
    script.sends(reply("302 Found", "", "Location: /b\r\n")).answers(ok("body"));
    CHECK(run_for(io, std::move(call.result)).body == "body");
    CHECK(server.request(1).field("X-A") == std::string(100, 'b'));
    CHECK(server.request(1).field("Authorization") == "Bearer t");
}

TEST_CASE("the end of the last of a session and its overlays cancels what is pending", "[async][overlay][K4]") {
    Server server;
    server.accept().reads_request().sees_the_end();
    asio::io_context io;
    std::optional<AsyncSession> session(std::in_place, io);
    std::optional<ferry::AsyncSession> overlay(session->with({.headers = {{"X-A", "b"}}}));
    Awaited one;
    session->get(server.url(), one.handler());
    while (server.requests().empty()) io.run_for(1ms), io.restart();
    session.reset();
    io.run_for(1ms), io.restart();
    CHECK(one.result.wait_for(0ms) != std::future_status::ready);
    overlay.reset();
    auto r = run_for(io, std::move(one.result));
    REQUIRE(r.error);
    CHECK(r.error->code() == ferry::errc::cancelled);
    io.run();  // and nothing keeps the context at work
}

TEST_CASE("an overlay completes an adapter's answer after its own end", "[async][overlay][adapter]") {
    asio::io_context io;
    AsyncSession session(io);
    session.mount("https://mock.invalid/", named("mock"));
    Awaited call;
    std::optional<ferry::AsyncSession> overlay(session.with({.params = {{"a", 1}}}));
    overlay->get("https://mock.invalid/", call.handler());
    CHECK(call.result.wait_for(0ms) != std::future_status::ready);  // never from within the function that starts it
    overlay.reset();
    auto r = run_for(io, std::move(call.result));
    CHECK(r.body == "mock");
    CHECK(r.url.target() == "/?a=1");
}

TEST_CASE("preconnecting to what an adapter answers connects to nothing", "[async][adapter]") {
    asio::io_context io;
    AsyncSession session(io);
    session.mount("https://mock.invalid/", named("mock"));
    std::optional<std::error_code> ec;
    session.async_preconnect("https://mock.invalid/", [&](std::error_code e) { ec = e; });
    io.run();
    REQUIRE(ec);
    CHECK_FALSE(*ec);
    CHECK(session.stats().opened == 0);
}

TEST_CASE("from the lines of an adapter's body back to its bytes nothing is lost", "[async][adapter][stream]") {
    Session session;
    session.mount("http://mock.invalid/", named("one\ntwo\nthree"));
    auto stream = session.stream("http://mock.invalid/");
    CHECK(stream.next_line(100) == "one");
    CHECK(stream.next() == "two\nthree");
    CHECK(stream.next().empty());
}
