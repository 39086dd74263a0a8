// How a stream of events begins badly, waits, and ends otherwise than by the server's wish.
// Over TLS and through a tunnel, too.

#include "background.hpp"
#include "full_backlog.hpp"
#include "loopback.hpp"

#include <optional>
#include <string>
#include <thread>

using ferry::errc;

namespace {

std::string feed_of(std::string_view text) { return head("Content-Type: text/event-stream\r\n") + std::string(text); }

// A stream whose next connection is far away.
struct WaitingFeed {
    Server server;
    Session session;
    std::stop_source stop;
    std::optional<EventStream> events;

    explicit WaitingFeed(ferry::Options with = {}) {
        server.accept().answers(feed_of("retry: 3600000\ndata: 1\n\n")).closes();
        with.stop = stop.get_token();
        events.emplace(session.events(server.url(), with));
        CHECK(events->next()->data == "1");
    }
};

}  // namespace

TEST_CASE("a first connection that fails is told, and may be tried again by the caller", "[session][events]") {
    Server server;
    server.accept().reads_request().closes();
    server.accept().answers(feed_of("data: 1\n\n")).ignores_the_rest();
    Session session;
    auto events = session.events(server.url());
    auto error = error_of([&] { events.next(); });
    CHECK(error.code() == errc::connection_closed);
    CHECK(error.request_state() == ferry::RequestState::maybe_sent);
    CHECK(events.response().url.str() == server.url());
    CHECK(session.stats().in_use == 0);
    CHECK(events.next()->data == "1");
}

TEST_CASE("a server that is not there is told at the first connection", "[session][direct][events]") {
    auto port = local_port(listen_on_loopback().get());
    Session session;
    auto events = session.events(scheme() + "127.0.0.1:" + std::to_string(port));
    CHECK(error_of([&] { events.next(); }).code() == std::errc::connection_refused);
    std::error_code ec;
    CHECK_FALSE(events.next(ec));
    CHECK(ec == std::errc::connection_refused);
}

TEST_CASE("a server that goes away for a while is waited for", "[session][events]") {
    Server server;
    server.accept().answers(feed_of("retry: 1\ndata: 1\n\n")).closes();
    for (int i = 0; i < 3; ++i) server.accept().reads_request().resets();
    server.accept().answers(feed_of("data: 2\n\n")).ignores_the_rest();
    Session session;
    auto events = session.events(server.url());
    CHECK(events.next()->data == "1");
    CHECK(events.next()->data == "2");
}

TEST_CASE("a malformed answer to a later connection is an error", "[session][events]") {
    Server server;
    server.accept().answers(feed_of("retry: 1\ndata: 1\n\n")).closes();
    server.accept().answers("HTTP/1.1 nonsense\r\n\r\n").ignores_the_rest();
    Session session;
    auto events = session.events(server.url());
    events.next();
    CHECK(error_of([&] { events.next(); }).code() == ferry::condition::protocol);
    CHECK(session.stats().in_use == 0);
}

TEST_CASE("after a redirect the next connection goes to the first URL again", "[session][events][E1]") {
    Server server;
    auto status = GENERATE("301 Moved", "307 There");
    server.accept()
        .answers(reply(status, "", "Location: /real\r\n"))
        .answers(feed_of("retry: 1\nid: 5\ndata: 1\n\n"))
        .closes();
    server.accept().answers(reply(status, "", "Location: /other\r\n")).answers(head("", "204 No Content"));
    Session session;
    auto events = session.events(server.url("/first"));
    CHECK(events.next()->data == "1");
    CHECK(events.response().history.size() == 1);
    CHECK_FALSE(events.next());
    auto all = server.requests();
    REQUIRE(all.size() == 4);
    CHECK(all[1].target() == "/real");
    CHECK(all[2].target() == "/first");
    CHECK(all[3].target() == "/other");
    CHECK(all[2].field("Last-Event-ID") == "5");
    CHECK(all[3].field("Last-Event-ID") == "5");
    CHECK(events.response().history.size() == 1);
}

TEST_CASE("a stream of events that waits is cancelled by another thread", "[session][events][K4]") {
    SECTION("for an event") {
        Server server;
        auto& script = server.accept().answers(feed_of("data: 1\n\n")).ignores_the_rest();
        std::stop_source stop;
        Session session;
        auto events = session.events(server.url(), {.stop = stop.get_token()});
        CHECK(events.next()->data == "1");
        auto stopping = in_background([&] { script.delivered(), stop.request_stop(); });
        CHECK(prompt_error_of([&] { events.next(); }).code() == errc::cancelled);
        CHECK(session.stats().in_use == 0);
        CHECK(prompt_error_of([&] { events.next(); }).code() == errc::cancelled);
    }
    SECTION("for the next connection") {
        WaitingFeed feed;
        auto stopping = in_background([&] {
            eventually([&] { return feed.session.stats().in_use == 0; });
            feed.stop.request_stop();
        });
        CHECK(prompt_error_of([&] { feed.events->next(); }).code() == errc::cancelled);
    }
    SECTION("before it began") {
        Server server;
        std::stop_source stop;
        stop.request_stop();
        Session session;
        auto events = session.events(server.url(), {.stop = stop.get_token()});
        CHECK(prompt_error_of([&] { events.next(); }).code() == errc::cancelled);
        CHECK(server.connections() == 0);
    }
}

TEST_CASE("one timeout is for all connections of a stream of events", "[session][events][K3]") {
    SECTION("while it waits for an event") {
        Server server;
        server.accept().answers(feed_of("data: 1\n\n")).ignores_the_rest();
        Session session;
        auto events = session.events(server.url(), {.timeout = 200ms});
        CHECK(events.next()->data == "1");
        CHECK(prompt_error_of([&] { events.next(); }).code() == errc::total_timeout);
        CHECK(session.stats().in_use == 0);
    }
    SECTION("with no time left to wait for the next connection") {
        WaitingFeed feed({.timeout = 60s});
        CHECK(prompt_error_of([&] { feed.events->next(); }).code() == errc::total_timeout);
    }
    SECTION("over two connections") {
        Server server;
        server.accept().answers(feed_of("retry: 1\ndata: 1\n\n")).pauses(250ms).closes();
        server.accept().reads_request().pauses(250ms).sends_what_is_taken(feed_of("data: 2\n\n")).ignores_the_rest();
        Session session;
        auto events = session.events(server.url(), {.timeout = 400ms});
        CHECK(events.next()->data == "1");
        CHECK(prompt_error_of([&] { events.next(); }).code() == errc::total_timeout);
    }
}

TEST_CASE("a server's wish for an endless wait is granted", "[session][events][K4]") {
    Server server;
    server.accept().answers(feed_of("retry: 18446744073709551615\ndata: 1\n\n")).closes();
    std::stop_source stop;
    Session session;
    auto events = session.events(server.url(), {.stop = stop.get_token()});
    CHECK(events.next()->data == "1");
    auto stopping = in_background([&] {
        eventually([&] { return session.stats().in_use == 0; });
        stop.request_stop();
    });
    CHECK(prompt_error_of([&] { events.next(); }).code() == errc::cancelled);
}

TEST_CASE("silence is no fault of a stream of events unless a read timeout makes it one", "[session][events]") {
    Server server;
    server.accept().answers(feed_of("retry: 1\nid: 1\ndata: 1\n\n")).sees_the_end();
    server.accept().answers(feed_of("data: 2\n\n")).pauses(100ms).sends("data: 3\n\n").ignores_the_rest();
    SECTION("one is given: then it connects again") {
        Session session;
        auto events = session.events(server.url(), {.read_timeout = 50ms});
        CHECK(events.next()->data == "1");
        CHECK(events.next()->data == "2");
        CHECK(server.request(1).field("Last-Event-ID") == "1");
    }
    SECTION("the session's is not meant") {
        Session session({.read_timeout = 20ms});
        Server other;
        other.accept().answers(feed_of("data: 2\n\n")).pauses(100ms).sends("data: 3\n\n").ignores_the_rest();
        auto events = session.events(other.url());
        CHECK(events.next()->data == "2");
        CHECK(events.next()->data == "3");
        server.stop(true);
    }
}

TEST_CASE("an event over the limit ends the stream", "[session][events]") {
    Server server;
    server.accept().answers(feed_of("data: 1\n\ndata: " + std::string(200, 'x') + "\n\n")).ignores_the_rest();
    Session session;
    auto events = session.events(server.url(), {.max_body = 100});
    CHECK(events.next()->data == "1");
    CHECK(error_of([&] { events.next(); }).code() == errc::line_too_long);
    CHECK(session.stats().in_use == 0);
    CHECK(error_of([&] { events.next(); }).code() == errc::line_too_long);
    check_that_it_lives(session, server);
}

TEST_CASE("a stream of events that is closed or dropped gives its place back", "[session][events][A13]") {
    auto framed = GENERATE(false, true);
    Server server;
    auto bytes = framed ? reply("200 OK", "data: 1\n\ndata: 2\n\n", "Content-Type: text/event-stream\r\n")
                        : feed_of("data: 1\n\ndata: 2\n\n");
    auto& script = server.accept().answers(bytes);
    if (framed) script.answers(ok("next"));
    else script.sees_the_end(), server.accept().answers(ok("next"));
    Session session({.pool = {.max_per_host = 1}});
    std::optional events(session.events(server.url()));
    CHECK(session.stats().in_use == 0);  // not before it is asked for something
    CHECK(events->next()->data == "1");
    CHECK(session.stats().in_use == 1);
    SECTION("closed") { events->close(); }
    SECTION("dropped") { events.reset(); }
    SECTION("replaced") { *events = session.events(server.url("/other")); }
    CHECK(session.get(server.url()).connection.reused == framed);
}

TEST_CASE("a stream of events that was closed has no more of them", "[session][blocking][events]") {
    WaitingFeed feed;
    feed.events->close();
    CHECK_FALSE(feed.events->next());
}

TEST_CASE("a stream of events may outlive its session", "[session][events]") {
    Server server;
    auto& script = server.accept().answers(feed_of("data: 1\n\n"));
    std::optional<Session> session(std::in_place);
    auto events = session->events(server.url());
    CHECK(events.next()->data == "1");
#ifndef FERRY_TEST_ASYNC
    session.reset();  // the asynchronous one's context would wait for the stream's end
#endif
    script.sends("data: 2\n\n").ignores_the_rest();
    CHECK(events.next()->data == "2");
}

TEST_CASE("what is wrong with a request for events is told", "[session][events]") {
    Session session;
    auto error = error_of([&] { session.events("htp://h/").next(); });
    CHECK(error.code() == errc::url_unsupported_scheme);
    error = error_of([&] { session.events("http://h/", {.headers = {{"X Y", "z"}}}).next(); });
    CHECK(error.code() == errc::invalid_header_name);
}
