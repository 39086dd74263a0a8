// Completion tokens: callbacks, futures, coroutines and whatever else Asio has; and on which executor handlers run.
// Over TLS and through a tunnel, too.

#include "loopback.hpp"

#include <asio/bind_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>
#if __has_include(<asio/as_tuple.hpp>)
#include <asio/as_tuple.hpp>
#include <asio/deferred.hpp>
#define FERRY_HAS_AS_TUPLE
#endif
#include <asio/detail/config.hpp>
#ifdef ASIO_HAS_CO_AWAIT
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/use_awaitable.hpp>
#endif

#include <memory>
#include <thread>

using ferry::errc;
using ferry::Response;

TEST_CASE("a callback gets the response, and never from within the call that starts it", "[async][tokens]") {
    Server server;
    server.accept().answers(ok("hello"));
    asio::io_context io;
    AsyncSession http(io);
    bool inside = true, called = false;
    http.get(server.url(), [&, owned = std::make_unique<int>(1)](std::error_code ec, Response r) {
        CHECK_FALSE(inside);
        CHECK_FALSE(ec);
        CHECK(r.status == 200);
        CHECK(r.body == "hello");
        CHECK(r.url.str() == server.url());
        CHECK(r.error == nullptr);
        CHECK(*owned == 1);
        called = true;
    });
    inside = false;
    io.run();
    CHECK(called);
}

TEST_CASE("what is wrong with the input is told in the same way", "[async][tokens][D3]") {
    asio::io_context io;
    AsyncSession http(io);
    bool inside = true, called = false;
    http.get("htp://h/", [&](std::error_code ec, Response r) {
        CHECK_FALSE(inside);
        CHECK(ec == errc::url_unsupported_scheme);
        REQUIRE(r.error);
        CHECK(r.error->phase() == ferry::Phase::input);
        CHECK(says(*r.error, "htp://h/"));
        CHECK_THROWS_AS(r.raise_for_error(), ferry::Error);
        called = true;
    });
    inside = false;
    io.run();
    CHECK(called);
}

TEST_CASE("an error names the phase, the URL and how far the request got", "[async][B5]") {
    Server server;
    server.accept().reads_request().sends("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab").closes();
    asio::io_context io;
    AsyncSession http(io);
    bool called = false;
    http.get(server.url(), [&](std::error_code ec, Response r) {
        called = true;
        CHECK(ec == errc::incomplete_body);
        CHECK(r.status == 200);
        CHECK(r.body == "ab");
        REQUIRE(r.error);
        CHECK(r.error->code() == ec);
        CHECK(r.error->request_state() == ferry::RequestState::response_started);
        CHECK(r.error->url() == server.url());
    });
    io.run();
    CHECK(called);
}

TEST_CASE("a future", "[async][tokens][threads]") {
    Server server;
    server.accept().answers(ok("later")).reads_request().closes();
    asio::thread_pool threads(2);
    AsyncSession http(threads);
    auto response = http.get(server.url(), asio::use_future);
    CHECK(response.get().body == "later");
    auto failing = http.post(server.url(), {.body = "x"}, asio::use_future);
    CHECK_THROWS_AS(failing.get(), std::system_error);
    http.close();
    threads.join();
}

TEST_CASE("the handler is called through its own executor", "[async][tokens][threads]") {
    Server server;
    server.accept().answers(ok()).answers(ok());
    asio::io_context io, other;
    auto strand = asio::make_strand(io);
    AsyncSession http(io);
    int called = 0;
    http.get(server.url(), asio::bind_executor(strand, [&](std::error_code ec, Response) {
                 CHECK_FALSE(ec);
                 CHECK(strand.running_in_this_thread());
                 ++called;
                 auto mine = std::this_thread::get_id();
                 http.get(server.url(), asio::bind_executor(other, [&, mine](std::error_code ec2, Response) {
                              CHECK_FALSE(ec2);
                              CHECK(std::this_thread::get_id() != mine);
                              ++called;
                          }));
             }));
    std::thread elsewhere;
    {
        auto running = asio::make_work_guard(other);
        elsewhere = std::thread([&] { other.run(); });
        io.run();
    }
    elsewhere.join();
    CHECK(called == 2);
}

TEST_CASE("a session on a strand", "[async][tokens][threads]") {
    Server server;
    server.accept().answers(ok());
    asio::io_context io;
    auto strand = asio::make_strand(io.get_executor());
    AsyncSession http(strand);
    bool called = false;
    http.get(server.url(), [&](std::error_code ec, Response) {
        CHECK_FALSE(ec);
        CHECK(strand.running_in_this_thread());
        called = true;
    });
    const auto begin = std::chrono::steady_clock::now();
    std::thread second([&] { io.run(); });
    io.run();
    second.join();
    CHECK(called);
    CHECK(std::chrono::steady_clock::now() - begin < 8s);  // the idle connection, for 15 s, did not hold it up
}

TEST_CASE("what the caller's functions throw becomes an error, and the session lives", "[async][C2]") {
    Server server;
    server.accept().answers("HTTP/1.1 103 Early Hints\r\n\r\n" + ok()).sees_the_end();
    server.accept().reads_head().reads_to_the_end();
    asio::io_context io;
    AsyncSession http(io);
    std::vector<std::string> texts;
    auto note = [&](std::error_code ec, const Response& r) {
        CHECK(ec == errc::callback_failed);
        texts.push_back(r.error->what());
    };
    http.get(server.url(), {.on_interim = [](int, const ferry::Headers&) { throw std::runtime_error("no hints"); }},
             note);
    io.run();
    auto failing = [n = 0](std::span<char> into) mutable -> std::size_t {
        if (n++) throw std::runtime_error("the disk is gone");
        into[0] = 'x';
        return 1;
    };
    http.post(server.url(), {.body = ferry::source(failing)}, note);
    io.restart();
    io.run();
    REQUIRE(texts.size() == 2);
    CHECK_THAT(texts[0], Catch::Matchers::ContainsSubstring("no hints"));
    CHECK_THAT(texts[1], Catch::Matchers::ContainsSubstring("the disk is gone"));
    CHECK(http.stats().in_use == 0);
    CHECK(http.stats().idle == 0);
}

TEST_CASE("what a handler throws comes out of run, and the session lives", "[async][tokens]") {
    Server server;
    server.accept().answers(ok()).answers(ok());
    asio::io_context io;
    AsyncSession http(io);
    http.get(server.url(), [](std::error_code, Response) { throw std::runtime_error("mine"); });
    CHECK_THROWS_WITH(io.run(), "mine");
    bool called = false;
    http.get(server.url(), [&](std::error_code ec, Response r) { called = !ec && r.connection.reused; });
    io.restart();
    io.run();
    CHECK(called);
}

#ifdef ASIO_HAS_CO_AWAIT
TEST_CASE("a coroutine", "[async][tokens]") {
    Server server;
    server.accept().answers(ok("one")).answers(ok("two")).reads_request().closes();
    asio::io_context io;
    AsyncSession http(io);
    bool finished = false;
    auto work = [&]() -> asio::awaitable<void> {
        auto one = co_await http.get(server.url(), asio::use_awaitable);
        CHECK(one.body == "one");
        const ferry::Options with{.body = "x"};  // g++ 12 destroys an aggregate twice that is made within a co_await
        auto two = co_await http.post(server.url(), with, asio::use_awaitable);
        CHECK(two.body == "two");
        CHECK(two.connection.reused);
        std::error_code failed;
        try {
            co_await http.post(server.url(), with, asio::use_awaitable);
        } catch (const std::system_error& e) {
            failed = e.code();
        }
        CHECK(failed == ferry::condition::network);
        finished = true;
    };
    asio::co_spawn(io, work, asio::detached);
    io.run();
    CHECK(finished);
}
#endif

#ifdef FERRY_HAS_AS_TUPLE
TEST_CASE("deferred and as_tuple", "[async][tokens]") {
    Server server;
    server.accept().answers(ok("one")).answers(ok("two"));
    asio::io_context io;
    AsyncSession http(io);
    int called = 0;
    {
        auto never_started = http.get(server.url(), asio::deferred);
        static_cast<void>(never_started);
    }
    auto first = http.get(server.url(), asio::deferred);
    std::move(first)([&](std::error_code ec, Response r) {
        CHECK_FALSE(ec);
        CHECK(r.body == "one");
        ++called;
    });
    io.run();
    http.get(server.url(), asio::as_tuple([&](std::tuple<std::error_code, Response> all) {
                 CHECK(std::get<1>(all).body == "two");
                 ++called;
             }));
    io.restart();
    io.run();
    CHECK(called == 2);
}
#endif
