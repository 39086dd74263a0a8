// Streams that are dropped before their end: a small rest is drained and the connection kept, a large_rest one is not.
// Over TLS and through a tunnel, too.

#include "loopback.hpp"

#include <string>

using ferry::DiscardReason;

namespace {

const std::string large_rest(2'000'000, 'x');

// Reads a few bytes of a stream and drops it.
void taste(Session& session, const Server& server) {
    auto stream = session.stream(server.url());
    char piece[3];
    std::error_code ec;
    stream.read_some(piece, ec);
    CHECK_FALSE(ec);
}

}  // namespace

TEST_CASE("a small rest is drained and the connection kept", "[session][stream]") {
    auto bytes = GENERATE(ok(std::string(100'000, 'x')), chunked({"01234", "56789"}), ok("0123456789"));
    Server server;
    auto& script = server.accept().answers(bytes);
    Session session;
    {
        auto stream = session.stream(server.url());
        REQUIRE(script.delivered());  // only what is on its way is waited for, and not for long
    }
    CHECK(session.stats().idle == 1);
    script.answers(ok("next"));
    auto r = session.get(server.url());
    CHECK(r.body == "next");
    CHECK(r.connection.reused);
}

TEST_CASE("a stream dropped in the middle of a small body leaves its connection clean", "[session][stream]") {
    Server server;
    auto& script = server.accept().answers(chunked({"01234", "56789"}, "Trailer: x\r\n"));
    Session session;
    taste(session, server);
    CHECK(session.stats().idle == 1);
    script.answers(ok("next"));
    CHECK(session.get(server.url()).body == "next");
    CHECK(session.stats().opened == 1);
}

TEST_CASE("a large_rest rest is not read, and its connection closed", "[session][stream]") {
    auto bytes = GENERATE_COPY(ok(large_rest),
                               head("Transfer-Encoding: chunked\r\n") + "1e8480\r\n" + large_rest + "\r\n0\r\n\r\n");
    Server server;
    server.accept().reads_request().sends_what_is_taken(bytes);
    Session session;
    taste(session, server);
    CHECK(session.stats().idle == 0);
    CHECK(session.stats().in_use == 0);
    CHECK(session.stats().discarded[DiscardReason::not_drained] == 1);
    check_that_it_lives(session, server);
}

TEST_CASE("a rest that does not come is not waited for", "[session][stream]") {
    auto bytes = GENERATE(head("Content-Length: 10\r\n") + "01234",
                          head("Transfer-Encoding: chunked\r\n") + chunk("01234"));
    Server server;
    server.accept().answers(bytes).sees_the_end();
    Session session;
    taste(session, server);
    CHECK(session.stats().discarded[DiscardReason::not_drained] == 1);
}

TEST_CASE("a body without end is not drained", "[session][stream]") {
    Server server;
    server.accept().answers(head("") + "01234").sees_the_end();
    Session session;
    taste(session, server);
    CHECK(session.stats().idle == 0);
    CHECK(session.stats().in_use == 0);
}

TEST_CASE("a stream that was read to its end gives its connection back before it goes", "[session][stream]") {
    Server server;
    server.accept().answers(ok("one")).answers(ok("two"));
    Session session;
    auto stream = session.stream(server.url());
    stream.read();
    CHECK(session.get(server.url()).connection.reused);
}

TEST_CASE("a rest that is malformed costs the connection and nothing else", "[session][stream]") {
    Server server;
    auto& script = server.accept().answers(head("Transfer-Encoding: chunked\r\n") + chunk("01234"));
    Session session;
    {
        auto stream = session.stream(server.url());
        CHECK(stream.next() == "01234");
        script.sends("nonsense\r\n");
        REQUIRE(script.delivered());
    }
    CHECK(session.stats().idle == 0);
    CHECK(session.stats().in_use == 0);
    check_that_it_lives(session, server);
}
