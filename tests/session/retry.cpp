// Requests that fail on a reused connection: which are sent again, and what the others' errors say.
// Over TLS and through a tunnel, too.

#include "loopback.hpp"

using ferry::RequestState;

namespace {

// A session with one idle connection that reads the next request and then says nothing.
struct Stale {
    Server server;
    Session session;
    Script& first = server.accept().answers(ok("one"));

    explicit Stale(bool reset = false) {
        session.get(server.url("/one"));
        first.reads_request();
        reset ? first.resets() : first.closes();
    }
};

}  // namespace

TEST_CASE("a GET that meets a close before any byte came back is sent again on a fresh connection", "[session][B2]") {
    Stale stale(GENERATE(false, true));
    stale.server.accept().answers(ok("two"));
    auto r = stale.session.get(stale.server.url("/two"));
    CHECK(r.body == "two");
    CHECK_FALSE(r.connection.reused);
    REQUIRE(stale.server.requests().size() == 3);
    CHECK(stale.server.request(1).bytes == stale.server.request(2).bytes);
}

TEST_CASE("a request is sent again only once", "[session][B2]") {
    Stale stale;
    stale.server.accept().reads_request().closes();
    auto error = error_of([&] { stale.session.get(stale.server.url("/two")); });
    CHECK(error.code() == ferry::errc::connection_closed);
    CHECK(error.request_state() == RequestState::maybe_sent);
    CHECK(stale.server.requests().size() == 3);
    check_that_it_lives(stale.session, stale.server);
}

TEST_CASE("the second attempt dials, even where another connection is idle", "[session][B4]") {
    Server server;
    server.accept().answers(ok("one"));
    auto& second = server.accept().answers(ok("two"));
    Session session;
    {
        auto a = session.stream(server.url()), b = session.stream(server.url());
        a.read(), b.read();
    }
    second.reads_request().closes();
    server.accept().answers(ok("three"));
    auto r = session.get(server.url());
    CHECK(r.body == "three");
    CHECK(r.connection.id == 3);
    CHECK(session.stats().idle == 2);
}

TEST_CASE("a POST that may have arrived is not sent again", "[session][B2][B5]") {
    Stale stale(GENERATE(false, true));
    auto error = error_of([&] { stale.session.post(stale.server.url(), {.body = "pay"}); });
    CHECK(error.code() == ferry::condition::network);
    CHECK(error.request_state() == RequestState::maybe_sent);
    CHECK(error.phase() == ferry::Phase::head);
    CHECK(error.partial() == nullptr);
    CHECK(stale.server.requests().size() == 2);
    check_that_it_lives(stale.session, stale.server);
}

TEST_CASE("a POST that the caller calls idempotent is sent again", "[session][B1]") {
    Stale stale;
    stale.server.accept().answers(ok("two"));
    ferry::Response r;
    SECTION("by option") { r = stale.session.post(stale.server.url(), {.body = "pay", .idempotent = true}); }
    SECTION("by key") {
        r = stale.session.post(stale.server.url(), {.headers = {{"idempotency-key", "7"}}, .body = "pay"});
    }
    CHECK(r.body == "two");
    CHECK(stale.server.request(2).body() == "pay");
}

TEST_CASE("PUT and DELETE are sent again", "[session][B1]") {
    Stale stale;
    stale.server.accept().answers(ok("two"));
    SECTION("PUT") {
        stale.session.put(stale.server.url(), {.body = "state"});
        CHECK(stale.server.request(2).body() == "state");
    }
    SECTION("DELETE") {
        stale.session.del(stale.server.url());
        CHECK(stale.server.request(2).method() == "DELETE");
    }
}

TEST_CASE("PATCH is not sent again", "[session][B1]") {
    Stale stale;
    auto error = error_of([&] { stale.session.patch(stale.server.url(), {.body = "step"}); });
    CHECK(error.request_state() == RequestState::maybe_sent);
}

// What TLS has sealed counts as handed over, so that only without it this can be seen.
TEST_CASE("a POST of which no byte was handed over is sent again", "[session][plain][B2]") {
    Server server;
    server.accept().answers(ok("one")).sees_the_end().closes();
    server.accept().answers(ok("two"));
    Session session;
    session.get(server.url());
    // The sending side shut down under the client: the probe sees nothing of it, the first write fails.
    REQUIRE(::shutdown(descriptor_connected_to(server.dialled_port()), SHUT_WR) == 0);
    auto r = session.post(server.url(), {.body = "pay"});
    CHECK(r.body == "two");
    CHECK(server.requests().size() == 2);
}

TEST_CASE("a fresh connection that closes without a word is an error at once", "[session][B2][B5]") {
    Server server;
    server.accept().reads_request().closes();
    Session session;
    auto error = error_of([&] { session.get(server.url("/silent")); });
    CHECK(error.code() == ferry::errc::connection_closed);
    CHECK(error.code() == ferry::condition::network);
    CHECK(error.request_state() == RequestState::maybe_sent);
    CHECK(error.phase() == ferry::Phase::head);
    CHECK(error.url() == server.url("/silent"));
    CHECK(says(error, server.url("/silent")));
    CHECK(says(error, "maybe sent"));
    check_that_it_lives(session, server);
}

TEST_CASE("after the first byte of a response nothing is sent again", "[session][B2][B5]") {
    Server server;
    auto start = GENERATE("H", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-");
    server.accept().answers(ok("one")).reads_request().sends(start).closes();
    Session session;
    session.get(server.url());
    auto error = error_of([&] { session.get(server.url()); });
    CHECK(error.code() == ferry::condition::network);
    CHECK(error.request_state() == RequestState::response_started);
    check_that_it_lives(session, server);
}

TEST_CASE("a request does without its session's retries, but not without a fresh connection", "[session][B6]") {
    Server server;
    server.accept().answers(reply("503 Busy")).reads_request().closes();
    server.accept().answers(ok("fresh"));
    Session session({.retry = {{.status_forcelist = {503}, .backoff_factor = 0ms}}});
    CHECK(session.get(server.url(), {.retry = ferry::no_retry}).status == 503);
    CHECK(server.requests().size() == 1);
    CHECK(session.get(server.url(), {.retry = ferry::no_retry}).body == "fresh");
}
