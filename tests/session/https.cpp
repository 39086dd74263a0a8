// https over sockets: connections that live as long as without TLS, and for the same reasons.

#include "tls_loopback.hpp"

#include <openssl/ssl.h>

using ferry::DiscardReason;

namespace {

const auto both_versions = {TLS1_2_VERSION, TLS1_3_VERSION};

// A session's second get, on a connection that met its end while it was idle.
void check_fresh_after(int version, DiscardReason reason, const TlsLoopback::Play& end) {
    TlsLoopback server({.version = version});
    Signal answered, ended;
    server.accept([&](TlsConnection& c) {
        c.answers(ok("one"));
        c.waits_for(answered);
        end(c);
        ended.raise();
    });
    server.accept([](TlsConnection& c) { c.answers(ok("two")); });
    Session session(trusting());
    CHECK(session.get(server.url()).body == "one");
    answered.raise();
    REQUIRE(ended.wait());
    auto r = session.post(server.url(), {.body = "not repeatable"});
    CHECK(r.body == "two");
    CHECK_FALSE(r.connection.reused);
    CHECK(session.stats().discarded[reason] == 1);
    CHECK(session.stats().opened == 2);
}

}  // namespace

TEST_CASE("five gets over https share one connection", "[session][A3]") {
    auto version = GENERATE(values<int>(both_versions));
    TlsLoopback server({.version = version});
    server.accept([](TlsConnection& c) {
        for (int i = 0; i < 5; ++i) c.answers(i % 2 ? ok("body") : chunked({"bo", "dy"}));
        CHECK(c.peer.protocol() == "http/1.1");
        CHECK(c.peer.server_name().empty());
        CHECK(c.requests[0].field("Host") == c.requests[4].field("Host"));
    });
    Session session(trusting());
    for (int i = 0; i < 5; ++i) {
        auto r = session.get(server.url("/" + std::to_string(i)));
        CHECK(r.body == "body");
        CHECK(r.connection.reused == (i > 0));
        CHECK((r.timings.tls > 0ns) == (i == 0));
    }
    CHECK(session.stats().opened == 1);
    CHECK(session.stats().discarded.total() == 0);
}

TEST_CASE("a name is told to the server and verified, an address only verified", "[session][K1]") {
    TlsLoopback server;
    for (int i = 0; i < 2; ++i)
        server.accept([](TlsConnection& c) {
            c.answers(ok());
            CHECK(c.peer.server_name() == "localhost");
        });
    CHECK(Session(trusting()).get(server.url("/", "LOCALHOST")).ok());
    CHECK(Session(trusting({.server_name = "localhost"})).get(server.url()).ok());
}

TEST_CASE("a server that closes an idle https connection costs a fresh one, and no error", "[session][A3]") {
    auto version = GENERATE(values<int>(both_versions));
    SECTION("with close_notify") {
        check_fresh_after(version, DiscardReason::peer_closed, [](TlsConnection& c) { c.closes(); });
    }
    SECTION("with close_notify alone") {
        check_fresh_after(version, DiscardReason::peer_closed, [](TlsConnection& c) {
            c.close_notify();
            c.delivered();
        });
    }
    SECTION("with a bare FIN") {
        check_fresh_after(version, DiscardReason::peer_closed, [](TlsConnection& c) { c.fin(); });
    }
    SECTION("with a reset") {
        check_fresh_after(version, DiscardReason::reset, [](TlsConnection& c) { c.resets(); });
    }
    SECTION("with bytes that are no TLS") {
        check_fresh_after(version, DiscardReason::tls_error, [](TlsConnection& c) {
            c.sends_raw("HTTP/1.1 408 Request Timeout\r\n\r\n");
            c.delivered();
        });
    }
}

TEST_CASE("what a server says unasked over https is nobody's response", "[session][A1][A3]") {
    auto version = GENERATE(values<int>(both_versions));
    check_fresh_after(version, DiscardReason::unsolicited_data, [](TlsConnection& c) {
        c.sends(reply("408 Request Timeout", "poison", "Connection: close\r\n"));
        c.delivered();
    });
}

TEST_CASE("bytes in the record of a response, beyond its end, cost the connection", "[session][A4]") {
    TlsLoopback server({.version = GENERATE(values<int>(both_versions))});
    server.accept([](TlsConnection& c) { c.answers(ok("one") + ok("poison")); });
    server.accept([](TlsConnection& c) { c.answers(ok("two")); });
    Session session(trusting());
    CHECK(session.get(server.url()).body == "one");
    CHECK(session.get(server.url()).body == "two");
    CHECK(session.stats().discarded[DiscardReason::leftover_bytes] == 1);
}

TEST_CASE("tickets before, inside and behind a response do not cost the connection", "[session][A3]") {
    auto pause = GENERATE(0ms, 20ms);
    TlsLoopback server({.tickets = 0});
    Signal idle, sent;
    server.accept([&](TlsConnection& c) {
        c.request();
        c.ticket();
        c.pauses(pause);
        c.sends("HTTP/1.1 200 OK\r\nContent-");
        c.ticket();
        c.pauses(pause);
        c.sends("Length: 4\r\n\r\nbo");
        c.ticket();
        c.sends("dy");
        c.ticket();
        c.waits_for(idle);
        c.ticket();
        c.delivered();
        sent.raise();
        c.answers(ok("two"));
        c.pauses(pause);
        c.ticket();
        c.answers(ok("three"));
    });
    Session session(trusting());
    CHECK(session.get(server.url()).body == "body");
    idle.raise();
    REQUIRE(sent.wait());
    auto r = session.get(server.url());
    CHECK(r.body == "two");
    CHECK(r.connection.reused);
    CHECK(session.get(server.url()).connection.reused);
    CHECK(session.stats().opened == 1);
}

TEST_CASE("new keys do not cost the connection, and are answered", "[session][A3]") {
    auto both = GENERATE(false, true);
    TlsLoopback server;
    Signal idle, sent;
    server.accept([&](TlsConnection& c) {
        c.request();
        c.update_key(both);
        c.sends("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbo");
        c.update_key(both);
        c.sends("dy");
        c.waits_for(idle);
        c.update_key(both);
        c.delivered();
        sent.raise();
        c.answers(ok("two"));
        c.answers(ok("three"));
    });
    Session session(trusting());
    CHECK(session.get(server.url()).body == "body");
    idle.raise();
    REQUIRE(sent.wait());
    CHECK(session.get(server.url()).body == "two");
    CHECK(session.get(server.url()).connection.reused);
    CHECK(session.stats().discarded.total() == 0);
}

TEST_CASE("a later connection resumes the session of an earlier one", "[session][K1]") {
    auto version = GENERATE(values<int>(both_versions));
    auto wanted = GENERATE(true, false);
    TlsLoopback server({.version = version});
    for (int i = 0; i < 3; ++i)
        server.accept([i, wanted](TlsConnection& c) {
            c.answers(ok("", "Connection: close\r\n"));
            CHECK((SSL_session_reused(c.peer.native()) == 1) == (i > 0 && wanted));
        });
    Session session(trusting({.session_resumption = wanted}));
    for (int i = 0; i < 3; ++i) CHECK(session.get(server.url()).ok());
    CHECK(session.stats().tls_full == (wanted ? 1 : 3));
    CHECK(session.stats().tls_resumed == (wanted ? 2 : 0));
}

TEST_CASE("a session that ends says goodbye in TLS", "[session][A16]") {
    TlsLoopback server({.version = GENERATE(values<int>(both_versions))});
    Signal told;
    server.accept([&](TlsConnection& c) {
        c.answers(ok());
        if (c.told_of_close()) told.raise();
    });
    {
        Session session(trusting());
        session.get(server.url());
    }
    CHECK(told.wait());
}

TEST_CASE("a connection that dies as the request arrives is replaced if the request may be repeated", "[session][B2]") {
    auto version = GENERATE(values<int>(both_versions));
    auto how = GENERATE(&TlsConnection::closes, &TlsConnection::fin, &TlsConnection::resets);
    auto post = GENERATE(false, true);
    TlsLoopback server({.version = version});
    server.accept([=](TlsConnection& c) {
        c.answers(ok("one"));
        c.request();
        (c.*how)();
    });
    if (!post) server.accept([](TlsConnection& c) { c.answers(ok("two")); });
    Session session(trusting());
    session.get(server.url());
    if (!post) {
        CHECK(session.get(server.url()).body == "two");
        return;
    }
    auto error = error_of([&] { session.post(server.url(), {.body = "once"}); });
    CHECK(error.code() == ferry::condition::network);
    CHECK(error.request_state() == ferry::RequestState::maybe_sent);
}

// More than one write of ciphertext: what has left cannot be taken back, however the last of them ends.
TEST_CASE("a large post that breaks off on a kept https connection is not sent again", "[session][B2]") {
    TlsLoopback server({.version = GENERATE(values<int>(both_versions))}, 4096);
    server.accept([](TlsConnection& c) {
        c.answers(ok("one"));
        c.request_head();
        c.ignores_the_rest();
        c.resets();
    });
    Session session(trusting());
    session.get(server.url());
    auto error = error_of([&] { session.post(server.url(), {.body = std::string(16'000'000, 'x')}); });
    CHECK(error.code() == ferry::condition::network);
    CHECK(error.request_state() == ferry::RequestState::maybe_sent);
}
