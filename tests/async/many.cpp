// Many requests at once: lines for connections, many URLs, many threads.
// Over TLS and through a tunnel, too.

#include "loopback.hpp"
#include "service.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using ferry::Response;

namespace {
std::string echo_target(const Request& request) { return ok(request.target()); }
}  // namespace

TEST_CASE("those in line are served in their order", "[async][A13]") {
    Service service(echo_target);
    asio::io_context io;
    AsyncSession http(io, {.pool = {.max_per_host = 1}});
    std::string order;
    for (char c = 'a'; c <= 'j'; ++c)
        http.get(service.url("/" + std::string(1, c)), [&](std::error_code ec, Response r) {
            CHECK_FALSE(ec);
            order += r.body.substr(1);
        });
    CHECK(http.stats().waiting == 9);
    io.run();
    CHECK(order == "abcdefghij");
    CHECK(service.connections() == 1);
}

TEST_CASE("without waiting, a limit is an error at once", "[async][pool]") {
    Service service(echo_target);
    asio::io_context io;
    AsyncSession http(io, {.pool = {.max_per_host = 1, .wait = false}});
    std::error_code first, second;
    http.get(service.url(), [&](std::error_code ec, Response) { first = ec; });
    http.get(service.url(), [&](std::error_code ec, Response) { second = ec; });
    io.run();
    CHECK_FALSE(first);
    CHECK(second == ferry::errc::pool_empty);
}

TEST_CASE("a turn that does not come in time leaves the context without work", "[async][rate]") {
    Service service(echo_target);
    asio::io_context io;
    AsyncSession http(io, {.rate = {.requests_per_second = 0.001}});
    int called = 0;
    http.get(service.url(), [&](std::error_code ec, Response) { called += !ec; });
    http.get(service.url(), {.timeout = 20ms}, [&](std::error_code ec, Response) {
        CHECK(ec == ferry::errc::total_timeout);
        ++called;
    });
    io.run();
    CHECK(called == 2);
}

TEST_CASE("a session and a context among threads", "[async][threads]") {
    Service service(echo_target);
    asio::io_context io;
    AsyncSession http(io, {.pool = {.max_idle_per_host = 6, .max_per_host = 6}});
    std::atomic<std::size_t> right{0};
    auto guard = asio::make_work_guard(io);
    std::vector<std::thread> runners, starters;
    for (int i = 0; i < 3; ++i) runners.emplace_back([&] { io.run(); });
    for (int t = 0; t < 3; ++t)
        starters.emplace_back([&, t] {
            for (int i = 0; i < 100; ++i) {
                auto target = "/" + std::to_string(t) + "/" + std::to_string(i);
                http.get(service.url(target), [&, target](std::error_code ec, Response r) {
                    if (!ec && r.body == target) ++right;
                });
            }
        });
    for (auto& t : starters) t.join();
    guard.reset();
    for (auto& t : runners) t.join();
    CHECK(right == 300);
    CHECK(service.connections() <= 6);
    CHECK(http.stats().in_use == 0);
    CHECK(http.stats().waiting == 0);
}

TEST_CASE("cancelled, timed out and destroyed among threads", "[async][threads][K4]") {
    Service service([](const Request& request) {
        if (request.target() == "/slow") std::this_thread::sleep_for(3ms);
        return ok();
    });
    asio::io_context io;
    std::atomic<int> called{0};
    constexpr int n = 200;
    std::vector<asio::cancellation_signal> signals(n);
    auto guard = asio::make_work_guard(io);
    std::vector<std::thread> runners;
    for (int i = 0; i < 3; ++i) runners.emplace_back([&] { io.run(); });
    {
        AsyncSession http(io, {.pool = {.max_per_host = 5}});
        for (std::size_t i = 0; i < n; ++i) {
            // Signals are not to be used by two threads, so each is emitted where its request is started.
            http.get(service.url(i % 3 ? "/slow" : "/"), {.timeout = std::chrono::milliseconds(1 + i % 40)},
                     asio::bind_cancellation_slot(signals[i].slot(), [&](std::error_code, Response) { ++called; }));
            if (i % 5 == 0) signals[i].emit(asio::cancellation_type::terminal);
        }
        std::this_thread::sleep_for(10ms);
    }
    guard.reset();
    for (auto& t : runners) t.join();
    CHECK(called == n);
}

TEST_CASE("many URLs, so many at a time, results as they come", "[async][get_all]") {
    Service service(echo_target);
    asio::io_context io;
    AsyncSession http(io);
    std::vector<std::string> urls;
    for (int i = 0; i < 50; ++i) urls.push_back(service.url("/" + std::to_string(i)));
    urls.push_back("not a URL");
    std::vector<int> seen(urls.size());
    std::size_t most = 0;
    bool done = false;
    ferry::get_all(
        http, urls, {.concurrency = 4},
        [&](std::size_t index, std::error_code ec, Response r) {
            ++seen[index];
            most = std::max<std::size_t>(most, http.stats().in_use);
            if (index < 50) CHECK(r.body == "/" + std::to_string(index));
            else CHECK(ec == ferry::condition::input);
        },
        [&](std::error_code ec) {
            CHECK_FALSE(ec);
            CHECK(std::accumulate(seen.begin(), seen.end(), 0) == 51);
            done = true;
        });
    io.run();
    CHECK(done);
    CHECK(std::all_of(seen.begin(), seen.end(), [](int n) { return n == 1; }));
    CHECK(most <= 4);
    CHECK(service.connections() <= 4);
}

TEST_CASE("no URLs at all are done at once", "[async][get_all]") {
    asio::io_context io;
    AsyncSession http(io);
    bool done = false;
    ferry::get_all(
        http, {}, {}, [](std::size_t, std::error_code, Response) { FAIL("called"); },
        [&](std::error_code ec) { done = !ec; });
    io.run();
    CHECK(done);
}

TEST_CASE("what a result's function throws comes out of run, and the rest goes on", "[async][get_all]") {
    Service service(echo_target);
    asio::io_context io;
    AsyncSession http(io);
    int results = 0, done = 0;
    const std::vector<std::string> urls(6, service.url("/x"));
    ferry::get_all(
        http, urls, {.concurrency = 1},
        [&](std::size_t, std::error_code, Response) {
            if (++results % 2 == 1) throw std::runtime_error("not this one");
        },
        [&](std::error_code) { ++done; });
    int thrown = 0;
    for (bool again = true; again;) {
        try {
            io.run();
            again = false;
        } catch (const std::runtime_error&) {
            ++thrown;
        }
    }
    CHECK(results == 6);
    CHECK(thrown == 3);
    CHECK(done == 1);
}

TEST_CASE("getting many URLs can be cancelled", "[async][get_all][K4]") {
    Server server;
    server.accept().reads_request().sees_the_end();
    asio::io_context io;
    AsyncSession http(io);
    asio::cancellation_signal signal;
    std::vector<std::error_code> each;
    std::error_code all;
    ferry::get_all(
        http, std::vector<std::string>(5, server.url()), {.concurrency = 1},
        [&](std::size_t, std::error_code ec, Response) { each.push_back(ec); },
        asio::bind_cancellation_slot(signal.slot(), [&](std::error_code ec) { all = ec; }));
    while (server.requests().empty()) io.run_for(1ms), io.restart();
    signal.emit(asio::cancellation_type::terminal);
    io.run();
    CHECK(each == std::vector<std::error_code>{ferry::errc::cancelled});
    CHECK(all == ferry::errc::cancelled);
}
