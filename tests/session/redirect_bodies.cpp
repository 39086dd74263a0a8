// The bodies of redirects themselves: read where that is cheap, and never a reason to hang or to fail.

#include "background.hpp"
#include "loopback.hpp"
#include "pieces.hpp"
#include "service.hpp"

#include <atomic>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

using ferry::errc;

namespace {

std::string moved_head(std::string_view fields) {
    return head("Location: /there\r\n" + std::string(fields), "302 Found");
}

}  // namespace

TEST_CASE("a chain of redirects on one server needs one connection", "[session][E6][A5]") {
    Server server;
    server.accept()
        .answers(moved("/1"))
        .answers(moved("/2", "303 See Other", patterned(200'000)))
        .answers(head("Location: /3\r\nTransfer-Encoding: chunked\r\n", "307 T") + "3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n")
        .answers(ok("there"));
    Session session;
    auto r = session.get(server.url());
    CHECK(r.body == "there");
    CHECK(r.connection.requests == 4);
    REQUIRE(r.history.size() == 3);
    CHECK((r.history[1].body == patterned(200'000)));
    CHECK(r.history[2].body == "abc");
    CHECK(r.history[2].trailers["X-Sum"] == "1");
    CHECK(r.trailers.empty());
}

TEST_CASE("a redirect on a connection that ends goes on with another", "[session][E6][A5]") {
    Server server;
    auto& first = server.accept();
    SECTION("by its word") { first.answers(reply("302 F", "x", "Location: /there\r\nConnection: close\r\n")).closes(); }
    SECTION("by its framing") { first.answers(moved_head("") + "x").closes(); }
    server.accept().answers(ok("there"));
    Session session;
    auto r = session.get(server.url());
    CHECK(r.body == "there");
    REQUIRE(r.history.size() == 1);
    CHECK(r.history[0].body == "x");
}

TEST_CASE("the body of a redirect is not worth much reading", "[session][E6]") {
    Server server;
    auto& first = server.accept();
    SECTION("when it is announced to be large") {
        first.answers(moved_head("Content-Length: 300000\r\n")).reads_to_the_end();
    }
    SECTION("when it has no end") {
        auto chunk = "8000\r\n" + std::string(0x8000, 'x') + "\r\n";
        auto all = moved_head("Transfer-Encoding: chunked\r\n");
        while (all.size() < 30'000'000) all += chunk;
        first.reads_request().sends_what_is_taken(all).reads_to_the_end();
    }
    SECTION("when it comes too slowly") {
        first.answers(moved_head("Content-Length: 10\r\n") + "012").reads_to_the_end();
    }
    SECTION("when nothing says where it ends") { first.answers(moved_head("") + "012").reads_to_the_end(); }
    server.accept().answers(ok("there"));
    Session session;
    auto r = session.get(server.url());
    CHECK(r.body == "there");
    REQUIRE(r.history.size() == 1);
    CHECK(r.history[0].body.size() <= 320'000);
    CHECK(session.stats().idle == 1);
}

TEST_CASE("a broken body of a redirect does not fail the call", "[session][E6][C7]") {
    Server server;
    auto& first = server.accept();
    SECTION("cut off") { first.answers(moved_head("Content-Length: 10\r\n") + "012").closes(); }
    SECTION("reset") { first.answers(moved_head("Content-Length: 10\r\n") + "012").resets(); }
    SECTION("of malformed chunks") {
        first.answers(moved_head("Transfer-Encoding: chunked\r\n") + "3\r\nabc\r\nZ!\r\n").sees_the_end();
    }
    server.accept().answers(ok("there"));
    Session session;
    auto r = session.get(server.url());
    CHECK(r.body == "there");
    CHECK_FALSE(r.error);
    CHECK(session.stats().idle == 1);
}

TEST_CASE("a redirect whose body is badly coded but whole keeps its connection", "[session][E6][I2]") {
    Server server;
    server.accept()
        .answers(reply("302 F", "no gzip at all", "Location: /there\r\nContent-Encoding: gzip\r\n"))
        .answers(ok("there"));
    Session session;
    CHECK(session.get(server.url()).body == "there");
}

TEST_CASE("limits of the call do not fail it in the body of a redirect", "[session][E6]") {
    Server server;
    Session session;
    ferry::Options with;
    auto& first = server.accept();
    SECTION("of size") {
        with.max_body = 5;
        first.answers(moved("/there", "302 Found", "more than that")).sees_the_end();
    }
    SECTION("of time between bytes") {
        with.read_timeout = 50ms;
        first.answers(moved_head("Content-Length: 10\r\n") + "012").reads_to_the_end();
    }
    server.accept().answers(ok("there"));
    CHECK(session.get(server.url(), with).body == "there");
}

TEST_CASE("what was wrong with a redirect's body is not said of what follows", "[session][E6]") {
    Server server;
    server.accept().answers(moved_head("Transfer-Encoding: chunked\r\n") + "Z!\r\n").sees_the_end();
    server.accept().reads_request().closes();
    Session session;
    auto error = error_of([&] { session.get(server.url()); });
    CHECK(error.code() == errc::connection_closed);
    CHECK(error.url() == server.url("/there"));
    CHECK_FALSE(says(error, "chunk"));
}

TEST_CASE("the total timeout covers all hops, and their bodies", "[session][K3][E6]") {
    Session session;
    SECTION("many") {
        Service service([n = std::make_shared<std::atomic<int>>(0)](auto&) {
            std::this_thread::sleep_for(20ms);
            return moved("/" + std::to_string(++*n));
        });
        auto error = prompt_error_of(
            [&] { session.get(service.url(), {.timeout = 200ms, .redirects = {{.max = 1000}}}); });
        CHECK(error.code() == errc::total_timeout);
    }
    SECTION("one whose body does not end") {
        Server server;
        server.accept().answers(moved_head("Content-Length: 10\r\n") + "012").reads_to_the_end();
        auto error = prompt_error_of([&] { session.get(server.url(), {.timeout = 100ms}); });
        CHECK(error.code() == errc::total_timeout);
        CHECK(error.phase() == ferry::Phase::body);
        CHECK(error.url() == server.url());
        REQUIRE(error.partial());
        CHECK(error.partial()->body == "012");
        CHECK(server.connections() == 1);
    }
}

TEST_CASE("a call that is cancelled in the body of a redirect does not go on", "[session][K4][E6]") {
    Server server;
    Signal reached;
    server.accept().answers(moved_head("Content-Length: 10\r\n") + "012").reads_to_the_end();
    Session session({.hooks = {.on_response = [&](auto&) { reached.raise(); }}});
    std::stop_source stop;
    auto error = in_background(
        [&] { return prompt_error_of([&] { session.get(server.url(), {.stop = stop.get_token()}); }); });
    REQUIRE(reached.wait());
    stop.request_stop();
    auto e = error.get();
    CHECK(e.code() == errc::cancelled);
    CHECK(e.phase() == ferry::Phase::body);
    CHECK(server.connections() == 1);
    CHECK(session.stats().in_use == 0);
}
