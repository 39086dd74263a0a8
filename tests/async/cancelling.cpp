// Cancellation slots in every phase, sessions and contexts that end: each handler is called once, or destroyed.
// Over TLS and through a tunnel, too.

#include "full_backlog.hpp"
#include "loopback.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/buffer.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/detail/config.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#ifdef ASIO_HAS_CO_AWAIT
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/use_awaitable.hpp>
#endif

#include <array>
#include <memory>
#include <optional>
#include <vector>

using ferry::errc;
using ferry::Phase;
using ferry::RequestState;
using ferry::Response;

namespace {

// One request that a signal can end, and what came of it.
struct Cancellable {
    explicit Cancellable(ferry::SessionOptions options = {}) : http(io, std::move(options)) {}
    auto handler() {
        return asio::bind_cancellation_slot(signal.slot(), [this](std::error_code e, Response r) {
            ++called;
            ec = e;
            response = std::move(r);
        });
    }
    // Emits when `ready` says so, and runs until the handler has been called.
    template <class Ready> void cancel_when(Ready ready, asio::cancellation_type_t type) {
        while (!ready()) io.run_for(1ms), io.restart();
        signal.emit(type);
        while (!called) io.run_for(1ms), io.restart();
        CHECK(called == 1);
    }
    void check_cancelled(Phase phase, RequestState state) {
        CHECK(ec == errc::cancelled);
        CHECK(ec == std::errc::operation_canceled);
        REQUIRE(response.error);
        CHECK(response.error->phase() == phase);
        CHECK(response.error->request_state() == state);
        CHECK(http.stats().in_use == 0);
        CHECK(http.stats().waiting == 0);
    }
    asio::io_context io;
    AsyncSession http;
    asio::cancellation_signal signal;
    std::error_code ec;
    Response response;
    int called = 0;
};

constexpr auto terminal = asio::cancellation_type::terminal;
constexpr auto total = asio::cancellation_type::total;

}  // namespace

TEST_CASE("by a slot: cancelled in line for a connection", "[async][K4][A13]") {
    Server server;
    auto& script = server.accept().reads_request();
    Cancellable c({.pool = {.max_per_host = 1}});
    bool first = false;
    c.http.get(server.url(), [&](std::error_code ec, Response) { first = !ec; });
    c.http.get(server.url(), c.handler());
    c.cancel_when([&] { return c.http.stats().waiting == 1; }, total);
    CHECK(c.ec == errc::cancelled);
    CHECK(c.response.error->phase() == Phase::pool);
    CHECK(c.http.stats().waiting == 0);
    script.sends(ok());
    c.io.run();
    CHECK(first);
}

TEST_CASE("by a slot: cancelled while connecting", "[async][K4]") {
    FullBacklog never;
    Cancellable c;
    c.http.get(never.url(), c.handler());
    const std::size_t opened = never.phase() == Phase::proxy ? 1 : 0;
    c.cancel_when([&] { return c.http.stats().in_use == 1 && c.http.stats().opened == opened; }, terminal);
    c.check_cancelled(never.phase(), RequestState::not_sent);
}

TEST_CASE("by a slot: cancelled while waiting for the head", "[async][K4]") {
    auto type = GENERATE(asio::cancellation_type::terminal, asio::cancellation_type::partial,
                         asio::cancellation_type::total);
    Server server;
    auto& script = server.accept().reads_request();
    Cancellable c;
    c.http.get(server.url(), c.handler());
    c.cancel_when([&] { return !server.requests().empty(); }, type);
    c.check_cancelled(Phase::head, RequestState::maybe_sent);
    script.sees_the_end();
}

TEST_CASE("total cancellation leaves a request alone that may have had an effect", "[async][K4]") {
    Server server;
    auto& script = server.accept().reads_request();
    Cancellable c;
    c.http.post(server.url(), {.body = "pay"}, c.handler());
    while (server.requests().empty()) c.io.run_for(1ms), c.io.restart();
    c.signal.emit(total);
    c.io.poll();
    CHECK(c.called == 0);
    script.sends(ok("paid"));
    c.io.restart();
    c.io.run();
    CHECK_FALSE(c.ec);
    CHECK(c.response.body == "paid");
}

#if FERRY_HAS_TLS
TEST_CASE("total cancellation ends a request of which only a handshake has left", "[async][direct][K4]") {
    Cancellable c;
    asio::ip::tcp::acceptor acceptor(c.io, {asio::ip::make_address("127.0.0.1"), 0});
    asio::ip::tcp::socket peer(c.io);
    std::array<char, 1000> hello{};
    bool greeted = false;
    acceptor.async_accept(peer, [&](std::error_code) {
        peer.async_read_some(asio::buffer(hello), [&](std::error_code ec, std::size_t) { greeted = !ec; });
    });
    const auto url = "https://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port());
    c.http.post(url, {.body = "pay"}, c.handler());
    c.cancel_when([&] { return greeted; }, total);
    c.check_cancelled(Phase::tls, RequestState::not_sent);
}
#endif

TEST_CASE("by a slot: cancelled within the body", "[async][K4]") {
    Server server;
    auto& script = server.accept().reads_request().sends(head("Content-Length: 9\r\n") + "some");
    Cancellable c;
    c.http.get(server.url(), c.handler());
    while (server.requests().empty()) c.io.run_for(1ms), c.io.restart();
    script.delivered();
    c.io.run_for(20ms);  // it takes the head, and what there is of the body
    c.io.restart();
    c.cancel_when([] { return true; }, terminal);
    c.check_cancelled(Phase::body, RequestState::response_started);
    CHECK(c.response.status == 200);
    CHECK(c.response.body == "some");
    script.sees_the_end();
}

TEST_CASE("a signal that comes too late does nothing, and the next request nothing with it", "[async][K4]") {
    Server server;
    auto& script = server.accept().answers(ok()).reads_request();
    Cancellable c;
    c.http.get(server.url(), c.handler());
    c.io.run();
    CHECK_FALSE(c.ec);
    bool second = false;
    c.http.get(server.url(), [&](std::error_code ec, Response) { second = !ec; });
    c.signal.emit(terminal);
    script.sends(ok());
    c.io.restart();
    c.io.run();
    CHECK(second);
}

TEST_CASE("destroying the session cancels what is under way, and each handler is called once", "[async][K4]") {
    Server server;
    server.accept().reads_request().sees_the_end();
    FullBacklog never;
    asio::io_context io;
    int called = 0;
    auto count = [&](std::error_code ec, Response) {
        CHECK((ec == errc::cancelled || ec == errc::pool_closed));
        ++called;
    };
    {
        AsyncSession http(io, {.pool = {.max_per_host = 1}});
        http.get(server.url(), count);
        http.get(server.url(), count);  // in line
        http.get(never.url(), count);
        while (server.requests().empty()) io.run_for(1ms), io.restart();
        CHECK(called == 0);
    }
    io.run();
    CHECK(called == 3);
}

TEST_CASE("a context that ends takes the handlers with it", "[async][K4]") {
    auto token = std::make_shared<int>(0);
    Server server;
    auto& script = server.accept().reads_request();
    FullBacklog never;
    {
        auto io = std::make_unique<asio::io_context>();
        auto http = std::make_unique<AsyncSession>(*io, ferry::SessionOptions{.pool = {.max_per_host = 1}});
        auto keep = [token](std::error_code, Response) { FAIL("called"); };
        http->get(server.url(), keep);
        http->get(server.url(), keep);  // in line
        http->get(never.url(), keep);
        while (server.requests().empty()) io->run_for(1ms), io->restart();
        CHECK(token.use_count() > 3);
        io->stop();
        http.reset();
        io.reset();
    }
    CHECK(token.use_count() == 1);
    script.sees_the_end();
}

TEST_CASE("a stream that is destroyed in the middle of a read gives its handler the cancellation", "[async][K4]") {
    Server server;
    auto& script = server.accept().reads_request().sends(head("Content-Length: 9\r\n"));
    asio::io_context io;
    AsyncSession http(io);
    std::optional<ferry::AsyncStream> stream;
    http.stream(server.url(), [&](std::error_code ec, ferry::AsyncStream s) {
        CHECK_FALSE(ec);
        stream.emplace(std::move(s));
    });
    io.run();
    REQUIRE(stream);
    std::error_code ended;
    stream->async_next([&](std::error_code ec, std::string_view) { ended = ec; });
    stream.reset();
    io.restart();
    io.run();
    CHECK(ended == errc::cancelled);
    CHECK(http.stats().in_use == 0);
    script.sees_the_end();
}

#ifdef ASIO_HAS_CO_AWAIT
TEST_CASE("whichever of a request and a timer is first ends the other", "[async][K4]") {
    using namespace asio::experimental::awaitable_operators;
    Server server;
    auto& script = server.accept().reads_request();
    asio::io_context io;
    AsyncSession http(io);
    bool finished = false;
    auto work = [&]() -> asio::awaitable<void> {
        asio::steady_timer timer(io, 30ms);
        auto first = co_await (http.get(server.url(), asio::use_awaitable) || timer.async_wait(asio::use_awaitable));
        CHECK(first.index() == 1);
        CHECK(http.stats().in_use == 0);
        script.sees_the_end();
        server.accept().answers(ok("quick"));
        timer.expires_after(1h);
        auto second = co_await (http.get(server.url(), asio::use_awaitable) || timer.async_wait(asio::use_awaitable));
        REQUIRE(second.index() == 0);
        CHECK(std::get<0>(second).body == "quick");
        finished = true;
    };
    asio::co_spawn(io, work, asio::detached);
    io.run();
    CHECK(finished);
}
#endif
