// What handlers may do with the session and its contexts while they have a response; and that its memory, which then
// serves another one, carries nothing along.

#include "loopback.hpp"

#include <asio/bind_executor.hpp>
#include <asio/detail/config.hpp>
#include <asio/io_context.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>
#ifdef ASIO_HAS_CO_AWAIT
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/use_awaitable.hpp>
#endif

#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

using ferry::errc;
using ferry::Response;

TEST_CASE("a response that is taken by reference is untouched by requests that its handler starts", "[async][tokens]") {
    Server server;
    server.accept().answers(ok("first")).answers(ok("second")).answers(ok("third"));
    asio::io_context io;
    AsyncSession http(io);
    std::string bodies;
    http.get(server.url(), [&](std::error_code, const Response& first) {
        http.get(server.url(), [&](std::error_code, const Response& second) {
            http.get(server.url(), [&](std::error_code, Response&& third) { bodies += std::move(third.body); });
            bodies += second.body + " ";
        });
        bodies += first.body + " ";
    });
    io.run();
    CHECK(bodies == "first second third");
    CHECK(http.stats().idle == 1);
}

TEST_CASE("a handler may close or destroy the session and go on reading its response", "[async][tokens]") {
    Server server;
    server.accept().answers(ok("still here"));
    asio::io_context io;
    std::optional<AsyncSession> http(io);
    bool closed = false;
    std::string body;
    SECTION("close") {
        http->get(server.url(), [&](std::error_code, const Response& r) {
            http->async_close(5s, [&](std::error_code ec) { closed = !ec; });
            body = r.body;
        });
    }
    SECTION("destroy") {
        http->get(server.url(), [&](std::error_code, const Response& r) {
            http.reset();
            closed = true;
            body = r.body;
        });
    }
    io.run();
    CHECK(closed);
    CHECK(body == "still here");
}

#ifdef ASIO_HAS_CO_AWAIT
TEST_CASE("a coroutine elsewhere may own the session and its threads", "[async][tokens][threads]") {
    Server server;
    server.accept().answers(ok());
    asio::io_context io;
    bool done = false;
    auto work = [&]() -> asio::awaitable<void> {
        asio::thread_pool threads(1);
        AsyncSession http(threads);
        auto r = co_await http.get(server.url(), asio::use_awaitable);
        done = r.status == 200;
    };
    asio::co_spawn(io, work, asio::detached);
    io.run();
    CHECK(done);
}
#endif

TEST_CASE("a handler elsewhere may end the session and its context, or never run", "[async][tokens][threads]") {
    Server server;
    server.accept().answers(ok("x"));
    asio::io_context other;
    auto io = std::make_unique<asio::io_context>();
    std::optional<AsyncSession> http(*io);
    const bool runs = GENERATE(true, false);
    std::string body;
    http->get(server.url(), asio::bind_executor(other, [&](std::error_code, const Response& r) {
                  http.reset();
                  io.reset();
                  body = r.body;
              }));
    io->run();
    if (runs) {
        other.run();
    } else {
        http.reset();
        io.reset();
    }
    CHECK(body == (runs ? "x" : ""));
}

TEST_CASE("a request has ended when its handler is called", "[async][tokens][threads]") {
    Server server;
    server.accept().answers(ok());
    asio::thread_pool threads(2);
    AsyncSession http(threads);
    auto held = std::make_shared<int>();
    std::weak_ptr<int> options = held;
    std::promise<void> closed;
    http.get(server.url(), {.on_progress = [held = std::move(held)](const ferry::Progress&) {}},
             [&](std::error_code, const Response&) {
                 CHECK(options.expired());
                 try {
                     http.async_close(5s, asio::use_future).get();
                     closed.set_value();
                 } catch (...) {
                     closed.set_exception(std::current_exception());
                 }
             });
    CHECK_NOTHROW(closed.get_future().get());
    threads.join();
}

TEST_CASE("a handler by reference that throws gives its call back", "[async][tokens]") {
    Server server;
    server.accept().answers(ok()).answers(ok("again"));
    asio::io_context io;
    AsyncSession http(io);
    http.get(server.url(), [](std::error_code, const Response&) { throw std::runtime_error("mine"); });
    CHECK_THROWS_WITH(io.run(), "mine");
    io.restart();
    std::string body;
    http.get(server.url(), [&](std::error_code, const Response& r) { body = r.body; });
    io.run();
    CHECK(body == "again");
    bool closed = false;
    http.async_close(5s, [&](std::error_code ec) { closed = !ec; });
    io.restart();
    io.run();
    CHECK(closed);
}

TEST_CASE("a handler that never runs gives its call back", "[async][tokens]") {
    Server server;
    server.accept().answers(ok()).answers(ok("again"));
    asio::io_context io;
    AsyncSession http(io);
    {
        asio::io_context gone;
        http.get(server.url(), asio::bind_executor(gone, [](std::error_code, const Response&) { FAIL(); }));
        io.run();
    }
    io.restart();
    std::string body;
    http.get(server.url(), [&](std::error_code, const Response& r) { body = r.body; });
    io.run();
    CHECK(body == "again");
}

TEST_CASE("the memory of a response serves the next one, but not that of a large one", "[async][tokens]") {
    Server server;
    const std::string small(200, 's'), large(100'000, 'l');
    server.accept().answers(ok(small)).answers(ok(small)).answers(ok(large)).answers(ok(small));
    asio::io_context io;
    AsyncSession http(io);
    struct seen {
        const char* at;
        std::size_t capacity;
    };
    std::vector<seen> bodies;
    for (int i = 0; i < 4; ++i) {
        http.get(server.url(), [&](std::error_code ec, const Response& r) {
            CHECK_FALSE(ec);
            CHECK(r.trailers.empty());
            CHECK(r.history.empty());
            bodies.push_back({r.body.data(), r.body.capacity()});
        });
        io.restart();
        io.run();
    }
    REQUIRE(bodies.size() == 4);
    CHECK(bodies[0].at == bodies[1].at);
    CHECK(bodies[3].capacity < 1000);
}

TEST_CASE("a head that comes in parts is not touched by what other responses leave", "[async][tokens]") {
    Server server;
    ferry::testing::Signal go;
    auto cut = GENERATE(as<std::string>(), "X-Fir", "X-First: ab", "X-First: abcd\r", "X-First: abcd\r\nContent-Len");
    const std::string whole = "X-First: abcd\r\nContent-Length: 2\r\n";
    auto& slow = server.accept().reads_request().sends("HTTP/1.1 200 OK\r\n" + cut);
    slow.waits_for(go).sends(whole.substr(cut.size()) + "\r\nhi").answers(ok("next"));
    server.accept().answers(ok("other", "X-Of-The-Other: 0123456789\r\n"));
    asio::io_context io;
    AsyncSession http(io);
    std::string block, first, body;
    http.get(server.url(), [&](std::error_code, const Response& r) {
        block = r.headers.block();
        for (auto f : r.headers) first += std::string(f.value) + ";";
        body = r.body;
    });
    while (server.requests().empty()) io.run_for(1ms), io.restart();
    io.run_for(100ms);  // it takes what there is of the head
    http.get(server.url(), [&](std::error_code, const Response& r) {
        CHECK(r.body == "other");
        go.raise();
    });
    io.restart();
    io.run();
    CHECK(block == whole);
    CHECK(first == "abcd;2;");
    CHECK(body == "hi");
    http.get(server.url(), [&](std::error_code, const Response& r) { block = r.headers.block(); });
    io.restart();
    io.run();
    CHECK(block.find("X-First") == block.npos);
}

TEST_CASE("time that the caller's own functions take is not the server's", "[async][K2]") {
    Server server;
    server.accept().answers(ok()).reads_request().pauses(100ms).sends(ok("in time"));
    asio::io_context io;
    bool slow = false;
    ferry::SessionOptions options;
    options.read_timeout = 300ms;
    options.hooks.on_request = [&](const ferry::SentRequest&) {
        if (slow) std::this_thread::sleep_for(400ms);
    };
    AsyncSession http(io, std::move(options));
    http.get(server.url(), [&](std::error_code ec, const Response&) { slow = !ec; });
    io.run();
    std::string body;
    http.get(server.url(), [&](std::error_code, const Response& r) { body = r.body; });
    io.restart();
    io.run();
    CHECK(body == "in time");
}

TEST_CASE("a session may last longer than what its thread keeps for responses", "[async][tokens][threads]") {
    Server server;
    server.accept()
        .answers(ok("short"))
        .reads_request()
        .sends("HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n" + std::string(2000, 'x'));
    std::thread([&] {
        struct outlasting {
            asio::io_context io;
            std::optional<AsyncSession> http;
            ~outlasting() { http.reset(); }  // with a response that has come in part
        };
        static thread_local outlasting last;  // made first, and so destroyed last
        last.http.emplace(last.io);
        last.http->get(server.url(), [](std::error_code ec, const Response&) { CHECK_FALSE(ec); });
        last.io.run();
        last.http->get(server.url(), [](std::error_code, const Response&) {});
        last.io.restart();
        last.io.run_for(300ms);
    }).join();
}

TEST_CASE("nothing of a failure is left in the next response", "[async][tokens]") {
    Server server;
    server.accept().reads_request().sends("HTTP/1.1 200 Fine\r\nContent-Length: 5\r\nX-Old: yes\r\n\r\nab").closes();
    server.accept().answers(ok("whole"));
    asio::io_context io;
    AsyncSession http(io);
    http.get(server.url(), [&](std::error_code ec, const Response& r) {
        CHECK(ec == errc::incomplete_body);
        CHECK(r.error);
    });
    io.run();
    http.get("htp://nowhere/", [&](std::error_code ec, const Response& r) {
        CHECK(ec == errc::url_unsupported_scheme);
        CHECK(r.status == 0);
        CHECK(r.url.empty());
        CHECK(r.body.empty());
        CHECK(r.headers.empty());
    });
    io.restart();
    io.run();
    http.get(server.url(), [&](std::error_code ec, const Response& r) {
        CHECK_FALSE(ec);
        CHECK_FALSE(r.error);
        CHECK(r.body == "whole");
        CHECK_FALSE(r.headers.contains("X-Old"));
    });
    io.restart();
    io.run();
}
