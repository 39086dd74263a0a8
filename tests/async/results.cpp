// What a handler gets lies in the call's own memory until it returns: what it may do with the session meanwhile, and
// what is left for the next request.

#include "loopback.hpp"

#include <asio/bind_executor.hpp>
#include <asio/io_context.hpp>

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
