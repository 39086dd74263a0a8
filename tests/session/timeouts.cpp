// Every wait has an end: which limit ends it, and what the error says.
// Over TLS and through a tunnel, too.

#include "full_backlog.hpp"
#include "loopback.hpp"

#include <algorithm>
#include <span>

using ferry::Phase;
using ferry::RequestState;

namespace {

const std::string endless_upload(16'000'000, 'x');

void check(const ferry::Error& error, ferry::errc code, Phase phase, RequestState state) {
    CHECK(error.code() == code);
    CHECK(error.code() == ferry::condition::timeout);
    CHECK(error.code() == std::errc::timed_out);
    CHECK(error.phase() == phase);
    CHECK(error.request_state() == state);
}

}  // namespace

TEST_CASE("a server that never accepts ends in a connect timeout", "[session][K2][K3]") {
    FullBacklog never;
    Session session;
    auto error = prompt_error_of([&] { session.get(never.url(), {.connect_timeout = 50ms}); });
    check(error, ferry::errc::connect_timeout, never.phase(), RequestState::not_sent);
    CHECK(session.stats().in_use == 0);
    CHECK(session.stats().opened == (way() == Way::tunnel ? 1 : 0));  // as far as the proxy
}

TEST_CASE("the total limit covers connecting", "[session][K3]") {
    FullBacklog never;
    Session session;
    auto error = prompt_error_of([&] { session.get(never.url(), {.timeout = 50ms}); });
    check(error, ferry::errc::total_timeout, never.phase(), RequestState::not_sent);
}

TEST_CASE("a server that says nothing ends in a read timeout", "[session][K3]") {
    Server server;
    server.accept().reads_request().sees_the_end();
    Session session;
    auto error = prompt_error_of([&] { session.get(server.url(), {.read_timeout = 50ms}); });
    check(error, ferry::errc::read_timeout, Phase::head, RequestState::maybe_sent);
    CHECK(error.partial() == nullptr);
    check_that_it_lives(session, server);
}

TEST_CASE("a server that stops in the head ends in a read timeout", "[session][K3]") {
    Server server;
    server.accept().answers("HTTP/1.1 200 OK\r\nContent-").sees_the_end();
    Session session({.read_timeout = 50ms});
    auto error = prompt_error_of([&] { session.get(server.url()); });
    check(error, ferry::errc::read_timeout, Phase::head, RequestState::response_started);
}

TEST_CASE("a server that stops in the body ends in a read timeout, with what arrived", "[session][K3]") {
    Server server;
    auto start = GENERATE(head("Content-Length: 5\r\n") + "hel", head("Transfer-Encoding: chunked\r\n") + "5\r\nhel",
                          head("") + "hel");
    server.accept().answers(start).sees_the_end();
    Session session({.read_timeout = 50ms});
    auto error = prompt_error_of([&] { session.get(server.url()); });
    check(error, ferry::errc::read_timeout, Phase::body, RequestState::response_started);
    REQUIRE(error.partial());
    CHECK(error.partial()->body == "hel");
    CHECK(session.stats().discarded[ferry::DiscardReason::aborted] == 1);
}

TEST_CASE("slow bytes that each come in time are no timeout", "[session][K3]") {
    Server server;
    server.accept().reads_request().sends_bytewise(ok("slow"), 10ms);
    Session session({.read_timeout = 300ms});
    CHECK(session.get(server.url()).body == "slow");
}

TEST_CASE("slow bytes that each come in time meet the total limit", "[session][K3]") {
    Server server;
    SECTION("in the head") {
        server.accept().reads_request().sends_bytewise(ok("slow"), 10ms).sees_the_end();
        Session session;
        auto error = prompt_error_of([&] { session.get(server.url(), {.timeout = 100ms}); });
        check(error, ferry::errc::total_timeout, Phase::head, RequestState::response_started);
    }
    SECTION("in the body") {
        server.accept()
            .answers(head("Content-Length: 99\r\n"))
            .sends_bytewise(std::string(99, 'x'), 10ms)
            .sees_the_end();
        Session session({.timeout = 100ms});
        auto error = prompt_error_of([&] { session.get(server.url()); });
        check(error, ferry::errc::total_timeout, Phase::body, RequestState::response_started);
    }
    SECTION("in chunks") {
        std::vector<std::string> chunks(50, chunk("x"));
        server.accept().answers(head("Transfer-Encoding: chunked\r\n")).sends_pieces(chunks, 10ms).sees_the_end();
        Session session({.timeout = 100ms});
        auto error = prompt_error_of([&] { session.get(server.url()); });
        check(error, ferry::errc::total_timeout, Phase::body, RequestState::response_started);
    }
}

TEST_CASE("a server that stops reading ends in a write timeout", "[session][K3]") {
    Server server({.receive_buffer = 4096});
    server.accept().reads_head().ignores_the_rest();
    Session session({.write_timeout = 50ms});
    ferry::Options upload;
    SECTION("bytes in memory") { upload.body = endless_upload; }
    SECTION("a source") {
        upload.body = ferry::source([](std::span<char> into) {
            std::fill(into.begin(), into.end(), 'x');
            return into.size();
        });
    }
    auto error = prompt_error_of([&] { session.post(server.url(), upload); });
    check(error, ferry::errc::write_timeout, Phase::send, RequestState::maybe_sent);
    check_that_it_lives(session, server);
}

TEST_CASE("the total limit covers sending", "[session][K3]") {
    Server server({.receive_buffer = 4096});
    server.accept().reads_head().ignores_the_rest();
    Session session;
    auto error = prompt_error_of([&] { session.post(server.url(), {.body = endless_upload, .timeout = 100ms}); });
    check(error, ferry::errc::total_timeout, Phase::send, RequestState::maybe_sent);
}

TEST_CASE("a late response is never another request's", "[session][A6]") {
    Server server;
    Signal late;
    server.accept().reads_request().waits_for(late).sends_what_is_taken(ok("late"));
    server.accept().raises(late).answers(ok("right"));
    Session session;
    prompt_error_of([&] { session.get(server.url("/a"), {.read_timeout = 50ms}); });
    CHECK(session.get(server.url("/b")).body == "right");
}

TEST_CASE("a request's limits go before the session's", "[session][K3]") {
    Server server;
    server.accept().reads_request().pauses(100ms).sends(ok("patient"));
    Session session({.timeout = 20ms, .read_timeout = 20ms});
    auto r = session.get(server.url(), {.timeout = ferry::no_timeout, .read_timeout = ferry::no_timeout});
    CHECK(r.body == "patient");
}

TEST_CASE("the limits of one request do not stay with its connection", "[session][K3]") {
    Server server;
    server.accept().answers(ok()).reads_request().pauses(80ms).sends(ok("patient"));
    Session session;
    session.get(server.url(), {.timeout = 40ms, .read_timeout = 40ms, .write_timeout = 40ms});
    CHECK(session.get(server.url()).body == "patient");
}

TEST_CASE("the text of a timeout names its phase and its option", "[session][K3]") {
    Server server;
    server.accept().reads_request();
    Session session;
    auto error = prompt_error_of([&] { session.get(server.url("/slow"), {.read_timeout = 20ms}); });
    CHECK(says(error, "read_timeout"));
    CHECK(says(error, to_string(Phase::head)));
    CHECK(says(error, server.url("/slow")));
}
