// Server-sent events over connections that end: what is asked for again, what is given, and when it is over.

#include "background.hpp"
#include "coded.hpp"
#include "loopback.hpp"

#include <string>
#include <thread>
#include <vector>

using ferry::errc;
using ferry::Event;

namespace {

const std::string event_type = "Content-Type: text/event-stream\r\n";

// The head of a stream that ends with its connection.
std::string event_head(std::string_view fields = {}) { return head(event_type + std::string(fields)); }
std::string event_reply(std::string_view text) { return event_head() + std::string(text); }
const std::string no_more_events = head("", "204 No Content");

std::vector<Event> all_events(EventStream& events) {
    std::vector<Event> all;
    while (auto e = events.next()) all.push_back(*e);
    return all;
}

std::vector<std::string> data_of(const std::vector<Event>& events) {
    std::vector<std::string> all;
    for (auto& e : events) all.push_back(e.data);
    return all;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("events come as the server sends them, until it has no more", "[session][events]") {
    Server server;
    server.accept()
        .answers(event_reply("retry: 1\nid: 1\ndata: one\n\n: hello\nevent: add\r\ndata: two\r\ndata: more\r\n\r\n"
                             "data\n\ndata: cut"))
        .closes();
    server.accept().answers(no_more_events);
    Session session;
    auto events = session.events(server.url("/feed"));
    auto all = all_events(events);
    REQUIRE(all.size() == 3);
    CHECK(all[0].type == "message");
    CHECK(all[0].data == "one");
    CHECK(all[0].id == "1");
    CHECK(all[1].type == "add");
    CHECK(all[1].data == "two\nmore");
    CHECK(all[1].id == "1");
    CHECK(all[2].data.empty());
    CHECK_FALSE(events.next());
    CHECK(events.response().status == 204);
    auto first = server.request(0), second = server.request(1);
    CHECK(first.field("Accept") == "text/event-stream");
    CHECK(first.count("Accept") == 1);
    CHECK(first.field("Cache-Control") == "no-store");
    CHECK_FALSE(first.field("Last-Event-ID"));
    CHECK(second.field("Last-Event-ID") == "1");
    CHECK(second.field("Accept") == "text/event-stream");
    CHECK(session.stats().in_use == 0);
    CHECK(session.stats().idle == 1);
}

TEST_CASE("events are iterated over", "[session][events]") {
    Server server;
    server.accept().answers(event_reply("retry: 1\ndata: a\n\ndata: b\n\n")).closes();
    server.accept().answers(no_more_events);
    Session session;
    std::string all;
    auto events = session.events(server.url());
    for (const Event& e : events) all += e.data;
    CHECK(all == "ab");
}

TEST_CASE("events come whatever they are cut into, and however they are framed and coded", "[session][events]") {
    const std::string text = "\xEF\xBB\xBFretry: 1\r\nid: 7\r\ndata: one\r\n\r\ndata: two\rdata: 2\r\rdata: three\n\n";
    Server server;
    auto& script = server.accept().reads_request();
    SECTION("byte by byte") { script.sends_bytewise(event_head() + text); }
    SECTION("until close") { script.sends(event_head() + text); }
    SECTION("with a length") { script.sends(ok(text, event_type)); }
    SECTION("in chunks") {
        script.sends(event_head("Transfer-Encoding: chunked\r\n"));
        for (std::size_t at = 0; at < text.size(); at += 3) script.sends(chunk(text.substr(at, 3)));
        script.sends("0\r\n\r\n");
    }
    SECTION("with gzip") { script.sends(ok(zlib_coded(text), event_type + "Content-Encoding: gzip\r\n")); }
    script.closes();
    server.accept().answers(no_more_events);
    Session session;
    auto events = session.events(server.url());
    CHECK(data_of(all_events(events)) == Texts{"one", "two\n2", "three"});
}

TEST_CASE("an event comes as soon as it is whole", "[session][events]") {
    Server server;
    auto& script = server.accept().answers(event_reply("data: a\n\ndata: b"));
    Session session;
    auto events = session.events(server.url());
    CHECK(events.next()->data == "a");
    script.sends("\n\n");
    CHECK(events.next()->data == "b");
    CHECK(session.stats().in_use == 1);
    CHECK(events.response().status == 200);
    script.ignores_the_rest();
}

TEST_CASE("a stream of events is taken up where it was cut, as often as it takes", "[session][events]") {
    auto reset = GENERATE(false, true);
    Server server;
    auto& one = server.accept().answers(event_reply("retry: 2\nid: a\ndata: 1\n\nid: b\ndata: lost"));
    server.accept().reads_request().closes();
    server.accept().answers(event_reply("data: 2\n\nid\ndata: 3\n\n")).closes();
    server.accept().answers(no_more_events);
    Session session;
    auto events = session.events(server.url());
    CHECK(events.next()->data == "1");
    reset ? one.resets() : one.closes();
    CHECK(data_of(all_events(events)) == Texts{"2", "3"});
    auto all = server.requests();
    REQUIRE(all.size() == 4);
    CHECK(all[1].field("Last-Event-ID") == "a");
    CHECK(all[2].field("Last-Event-ID") == "a");
    CHECK_FALSE(all[3].field("Last-Event-ID"));  // the server has taken it back
    for (auto& request : all) CHECK(request.count("Accept") == 1);
}

TEST_CASE("a caller's own fields go with every connection", "[session][events]") {
    Server server;
    server.accept().answers(event_reply("retry: 1\nid: new\ndata: 1\n\n")).closes();
    server.accept().answers(no_more_events);
    Session session({.headers = {{"Accept", "text/html"}, {"X-Team", "blue"}}});
    auto events = session.events(server.url(), {.params = {{"a", "1"}},
                                                .headers = {{"X", "y"}, {"Cache-Control", "no-cache"}},
                                                .auth = ferry::bearer("token")});
    all_events(events);
    for (auto& request : server.requests()) {
        CHECK(request.target() == "/?a=1");
        CHECK(request.field("X") == "y");
        CHECK(request.field("X-Team") == "blue");
        CHECK(request.field("Authorization") == "Bearer token");
        CHECK(request.field("Accept") == "text/event-stream");
        CHECK(request.field("Cache-Control") == "no-cache");
        for (auto name : {"Accept", "Cache-Control", "Authorization", "X"}) CHECK(request.count(name) == 1);
    }
}

TEST_CASE("what is no stream of events is an error, and is not asked for again", "[session][events]") {
    auto [bytes, code] = GENERATE(table<std::string, errc>({
        {ok("data: x\n\n", "Content-Type: text/plain\r\n"), errc::not_an_event_stream},
        {ok("data: x\n\n"), errc::not_an_event_stream},
        {ok("", "Content-Type: text/event-streams\r\n"), errc::not_an_event_stream},
        {reply("404 Not Found", "no", event_type), errc::client_error_status},
        {reply("500 Oops", "no", event_type), errc::server_error_status},
        {reply("201 Created", "data: x\n\n", event_type), errc::not_an_event_stream},
    }));
    auto later = GENERATE(false, true);
    Server server;
    if (later) server.accept().answers(event_reply("retry: 1\ndata: 1\n\n")).closes();
    server.accept().answers(bytes).answers(ok("next"));
    Session session;
    auto events = session.events(server.url("/feed"));
    if (later) CHECK(events.next()->data == "1");
    auto error = error_of([&] { events.next(); });
    CHECK(error.code() == code);
    CHECK(error.phase() == ferry::Phase::head);
    CHECK(error.url() == server.url("/feed"));
    if (code == errc::not_an_event_stream && says(error, "Content-Type")) CHECK(says(error, "Content-Type: "));
    CHECK_FALSE(events.next());
    CHECK(session.stats().in_use == 0);
    CHECK(session.get(server.url()).connection.reused);
}

TEST_CASE("the type of a stream of events may have parameters", "[session][events]") {
    Server server;
    server.accept()
        .answers(head("Content-Type: Text/Event-Stream ; charset=utf-8\r\n") + "retry: 1\ndata: 1\n\n")
        .closes();
    server.accept().answers(no_more_events);
    Session session;
    auto events = session.events(server.url());
    CHECK(data_of(all_events(events)) == Texts{"1"});
}
