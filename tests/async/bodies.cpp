// Bodies both ways: streams as Asio's own algorithms use them, and sources that answer later.
// Over TLS and through a tunnel, too.

#include "loopback.hpp"

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/read.hpp>
#include <asio/steady_timer.hpp>

#include <memory>
#include <optional>

using ferry::AsyncStream;
using ferry::Response;

namespace {

AsyncStream open(asio::io_context& io, AsyncSession& http, const std::string& url) {
    std::optional<AsyncStream> stream;
    http.stream(url, [&](std::error_code ec, AsyncStream s) {
        CHECK_FALSE(ec);
        stream.emplace(std::move(s));
    });
    io.restart();
    io.run();
    REQUIRE(stream);
    return std::move(*stream);
}

}  // namespace

TEST_CASE("a stream is what asio::async_read reads from", "[async][stream]") {
    Server server;
    server.accept().answers(chunked({"one ", "two ", "three"})).answers(ok());
    asio::io_context io;
    AsyncSession http(io);
    auto stream = open(io, http, server.url());
    CHECK(stream.status() == 200);
    std::string first(6, ' '), rest(100, ' ');
    asio::async_read(stream, asio::buffer(first), [&](std::error_code ec, std::size_t n) {
        CHECK_FALSE(ec);
        CHECK(n == 6);
        asio::async_read(stream, asio::buffer(rest), [&](std::error_code end, std::size_t m) {
            CHECK(end == asio::error::eof);
            rest.resize(m);
        });
    });
    io.restart();
    io.run();
    CHECK(first + rest == "one two three");
    CHECK(http.stats().idle == 1);
    bool reused = false;
    http.get(server.url(), [&](std::error_code, Response r) { reused = r.connection.reused; });
    io.restart();
    io.run();
    CHECK(reused);
}

TEST_CASE("a stream that is dropped gives its connection back when the rest is near", "[async][stream]") {
    Server server;
    server.accept().answers(ok(std::string(100'000, 'x'))).answers(ok());
    asio::io_context io;
    AsyncSession http(io);
    {
        auto stream = open(io, http, server.url());
        CHECK(http.stats().in_use == 1);
    }
    io.restart();
    io.run();
    CHECK(http.stats().in_use == 0);
    CHECK(http.stats().idle == 1);
    open(io, http, server.url());
    CHECK(http.stats().reused == 1);
}

TEST_CASE("a stream outlives its session", "[async][stream]") {
    Server server;
    server.accept().answers(ok("all of it")).sees_the_end();
    asio::io_context io;
    std::optional<AsyncSession> http(std::in_place, io);
    auto stream = open(io, *http, server.url());
    http.reset();
    std::string body;
    stream.async_read([&](std::error_code ec, std::string all) {
        CHECK_FALSE(ec);
        body = std::move(all);
    });
    io.restart();
    io.run();
    CHECK(body == "all of it");
}

TEST_CASE("a body from a function that answers later", "[async][body]") {
    Server server;
    server.accept().answers(ok()).answers(ok());
    asio::io_context io;
    AsyncSession http(io);
    auto timer = std::make_shared<asio::steady_timer>(io);
    auto source = [timer, n = 0](std::span<char> into, auto done) mutable {
        timer->expires_after(std::chrono::milliseconds(2));
        timer->async_wait([into, done, number = n++](std::error_code) {
            if (number == 3) return done({}, 0);
            into[0] = static_cast<char>('a' + number);
            done({}, 1);
        });
    };
    int called = 0;
    auto count = [&](std::error_code ec, Response) { called += !ec; };
    SECTION("of unknown size") {
        http.post(server.url(), {.body = ferry::async_source(source)}, count);
        io.run();
        CHECK(server.request().body() == "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n");
        CHECK(server.request().field("transfer-encoding") == "chunked");
    }
    SECTION("of known size") {
        http.put(server.url(), {.body = ferry::async_source(source, 3)}, count);
        io.run();
        CHECK(server.request().body() == "abc");
        CHECK(server.request().field("content-length") == "3");
    }
    CHECK(called == 1);
    http.get(server.url(), count);
    io.restart();
    io.run();
    CHECK(called == 2);
}

TEST_CASE("a source that fails ends the request", "[async][body]") {
    Server server;
    server.accept().reads_head().reads_to_the_end();
    asio::io_context io;
    AsyncSession http(io);
    auto source = [&io](std::span<char>, auto done) {
        asio::post(io, [done] { done(std::make_error_code(std::errc::io_error), 0); });
    };
    std::error_code failed;
    http.post(server.url(), {.body = ferry::async_source(source)}, [&](std::error_code ec, Response) { failed = ec; });
    io.run();
    CHECK(failed == ferry::errc::body_not_readable);
    CHECK(http.stats().in_use == 0);
}

TEST_CASE("a source that does not answer in time leaves the context without work", "[async][body]") {
    Server server;
    server.accept().reads_head().reads_to_the_end();
    asio::io_context io;
    AsyncSession http(io);
    std::function<void(std::error_code, std::size_t)> never_called;
    auto source = [&](std::span<char>, auto done) { never_called = done; };
    std::error_code ended;
    http.post(server.url(), {.body = ferry::async_source(source), .timeout = 30ms},
              [&](std::error_code ec, Response) { ended = ec; });
    io.run();
    CHECK(ended == ferry::errc::total_timeout);
    never_called({}, 1);  // of no interest any more
    CHECK(http.stats().in_use == 0);
}

TEST_CASE("a blocking session refuses a source that answers later", "[async][body]") {
    ferry::Session session;
    auto source = [](std::span<char>, auto) {};
    auto error = error_of([&] { session.post("http://127.0.0.1:1/", {.body = ferry::async_source(source)}); });
    CHECK(error.code() == ferry::errc::invalid_option);
}

TEST_CASE("a stream that is dropped when its bytes have come gives its place back", "[async][stream]") {
    Server server;
    auto& script = server.accept().reads_request().sends(head("Content-Length: 9\r\n"));
    server.accept().answers(ok());
    asio::io_context io;
    AsyncSession http(io, {.pool = {.max_per_host = 1}});
    std::optional<AsyncStream> stream(open(io, http, server.url()));
    int called = 0;
    stream->async_next([&](std::error_code, std::string_view) { ++called; });
    script.sends("some");
    REQUIRE(script.delivered());
    asio::post(io, [&] { stream.reset(); });
    io.restart();
    io.run();
    CHECK(called == 1);
    CHECK(http.stats().in_use == 0);
    bool served = false;
    http.get(server.url(), [&](std::error_code ec, Response) { served = !ec; });
    io.restart();
    io.run();
    CHECK(served);
}

TEST_CASE("a body in pieces goes out on a connection that has been watched", "[async][body]") {
    Server server;
    server.accept().answers(ok()).answers(ok("all of it"));
    asio::io_context io;
    AsyncSession http(io);
    http.get(server.url(), [](std::error_code, Response) {});
    io.run();
    asio::steady_timer pause(io, 1200ms);
    pause.async_wait([](std::error_code) {});
    io.restart();
    io.run();
    auto source = [n = 0](std::span<char> into) mutable -> std::size_t {
        into[0] = 'x';
        return n++ < 5 ? 1 : 0;
    };
    std::error_code failed;
    Response response;
    http.post(server.url(), {.body = ferry::source(source), .read_timeout = 2s, .idempotent = true},
              [&](std::error_code ec, Response r) { failed = ec, response = std::move(r); });
    io.restart();
    io.run();
    CHECK_FALSE(failed);
    CHECK(response.body == "all of it");
    CHECK(response.connection.reused);
}

TEST_CASE("lines, then the rest, and lines that are too long", "[async][stream]") {
    Server server;
    server.accept().answers(ok("one\ntwo\nthe rest")).answers(ok("far too long\nshort\n")).sees_the_end();
    asio::io_context io;
    AsyncSession http(io);
    std::string line, rest;
    {
        auto stream = open(io, http, server.url());
        stream.async_next_line([&](std::error_code, std::optional<std::string_view> first) {
            line = first.value_or("none");
            stream.async_read([&](std::error_code, std::string all) { rest = std::move(all); });
        });
        io.restart();
        io.run();
    }
    CHECK(line == "one");
    CHECK(rest == "two\nthe rest");
    auto stream = open(io, http, server.url());
    std::vector<std::error_code> codes;
    stream.async_next_line(5, [&](std::error_code ec, std::optional<std::string_view>) {
        codes.push_back(ec);
        stream.async_next_line(5,
                               [&](std::error_code again, std::optional<std::string_view>) { codes.push_back(again); });
    });
    io.restart();
    io.run();
    CHECK(codes == std::vector<std::error_code>(2, ferry::errc::line_too_long));
}
