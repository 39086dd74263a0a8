// Connections that are given up without the server's doing, and how those it closed are swept out.
// Over TLS and through a tunnel, too.

#include "loopback.hpp"
#include "service.hpp"

#include <thread>

using ferry::DiscardReason;

TEST_CASE("a connection idle for longer than idle_timeout is not used again", "[session]") {
    Server server;
    server.accept().answers(ok()).sees_the_end();
    server.accept().answers(ok());
    Session session({.pool = {.idle_timeout = 20ms}});
    session.get(server.url());
    std::this_thread::sleep_for(40ms);
    CHECK_FALSE(session.get(server.url()).connection.reused);
    CHECK(session.stats().discarded[DiscardReason::idle_expired] == 1);
}

TEST_CASE("the server's Keep-Alive timeout is kept, with a margin", "[session][A8]") {
    Server server;
    server.accept().answers(ok("", "Keep-Alive: max=9, timeout=1\r\n")).sees_the_end();
    server.accept().answers(ok());
    Session session;
    session.get(server.url());
    std::this_thread::sleep_for(600ms);  // the margin is half of so short a time
    CHECK_FALSE(session.get(server.url()).connection.reused);
    CHECK(session.stats().discarded[DiscardReason::hint_expired] == 1);
}

TEST_CASE("a connection that the server will not keep at all is closed at once", "[session][A8]") {
    Server server;
    server.accept().answers(ok("", "Keep-Alive: timeout=0\r\n")).sees_the_end();
    Session session;
    session.get(server.url());
    CHECK(session.stats().idle == 0);
    CHECK(session.stats().discarded[DiscardReason::hint_expired] == 1);
}

TEST_CASE("a generous Keep-Alive timeout changes nothing", "[session][A8]") {
    Server server;
    auto field = GENERATE("Keep-Alive: timeout=60\r\n", "Keep-Alive: timeout=99999999999999999999\r\n",
                          "Keep-Alive: timeout=x, max=\r\n", "Keep-Alive:\r\n");
    server.accept().answers(ok("", field)).answers(ok());
    Session session;
    session.get(server.url());
    CHECK(session.get(server.url()).connection.reused);
}

TEST_CASE("a connection serves no more requests than the server's Keep-Alive max", "[session][A8]") {
    Server server;
    server.accept()
        .answers(ok("", "Keep-Alive: timeout=60, max=1\r\n"))
        .answers(ok("", "Keep-Alive: timeout=60, max=0\r\n"))
        .sees_the_end();
    server.accept().answers(ok());
    Session session;
    session.get(server.url());
    CHECK(session.get(server.url()).connection.reused);
    CHECK_FALSE(session.get(server.url()).connection.reused);
    CHECK(session.stats().discarded[DiscardReason::max_requests] == 1);
}

TEST_CASE("a connection is not used beyond max_lifetime", "[session]") {
    Server server;
    server.accept().answers(ok()).sees_the_end();
    server.accept().answers(ok());
    Session session({.pool = {.max_lifetime = 30ms}});
    session.get(server.url());
    std::this_thread::sleep_for(40ms);
    CHECK_FALSE(session.get(server.url()).connection.reused);
    // On a busy machine the second one's time is over too.
    CHECK(session.stats().discarded[DiscardReason::max_lifetime] >= 1);
}

TEST_CASE("prune closes idle connections that the server has closed, and no others", "[session][A9]") {
    Server gone, there;
    auto& closing = gone.accept().answers(ok());
    there.accept().answers(ok()).answers(ok());
    Session session;
    session.get(there.url());
    session.get(gone.url());
    closing.closes();
    REQUIRE(closing.delivered());
    CHECK(session.prune() == 1);
    CHECK(descriptor_connected_to(gone.port()) == -1);  // through a tunnel there is none at all
    CHECK(session.stats().idle == 1);
    CHECK(session.prune() == 0);
    CHECK(session.get(there.url()).connection.reused);
}

TEST_CASE("calls to one host sweep out what another host has closed", "[session][A9]") {
    Server gone;
    auto& closing = gone.accept().answers(ok());
    Service there([](const Request&) { return ok(); });
    Session session;
    session.get(gone.url());
    closing.closes();
    REQUIRE(closing.delivered());
    CHECK(eventually([&] {  // once a second at most
        session.get(there.url());
        return session.stats().discarded[DiscardReason::peer_closed] == 1;
    }));
    CHECK(descriptor_connected_to(gone.port()) == -1);
}
