// Who may say that a connection ends: Connection fields of either side, and HTTP/1.0.
// Over TLS and through a tunnel, too.

#include "loopback.hpp"

using ferry::DiscardReason;

TEST_CASE("a server that says close is taken at its word", "[session][A5]") {
    Server server;
    std::string fields = GENERATE("Connection: close\r\n", "connection: CLOSE\r\n", "Connection: keep-alive, Close\r\n",
                                  "Connection: x\r\nConnection: close\r\n", "Connection:close ,x\r\n");
    CAPTURE(fields);
    server.accept().answers(ok("one", fields)).sees_the_end();
    server.accept().answers(ok("two"));
    Session session;
    CHECK(session.get(server.url()).body == "one");
    CHECK(session.stats().idle == 0);
    CHECK(session.stats().discarded[DiscardReason::close_header] == 1);
    CHECK(session.get(server.url()).body == "two");
}

TEST_CASE("close is a token and not a piece of text", "[session][A5]") {
    Server server;
    std::string fields = GENERATE("Connection: closed\r\n", "Connection: x-close, keep-alive\r\n",
                                  "X-Connection: close\r\n");
    CAPTURE(fields);
    server.accept().answers(ok("one", fields)).answers(ok("two"));
    Session session;
    session.get(server.url());
    CHECK(session.get(server.url()).connection.reused);
}

TEST_CASE("a request without keep-alive says close and keeps nothing", "[session][A5]") {
    Server server;
    server.accept().answers(ok()).sees_the_end();
    Session session;
    SECTION("by option") { session.get(server.url(), {.keep_alive = false}); }
    SECTION("by the caller's own field") { session.get(server.url(), {.headers = {{"connection", "Close"}}}); }
    CHECK(server.request().count("Connection") == 1);
    CHECK(same_name(server.request().field("Connection").value_or(""), "close"));
    CHECK(session.stats().idle == 0);
    CHECK(session.stats().discarded[DiscardReason::close_header] == 1);
}

TEST_CASE("a session without keep-alive lets a request have it", "[session]") {
    Server server;
    server.accept().answers(ok()).sees_the_end();
    server.accept().answers(ok()).answers(ok());
    Session session({.keep_alive = false});
    session.get(server.url());
    session.get(server.url(), {.keep_alive = true});
    CHECK(session.get(server.url()).connection.reused);
}

TEST_CASE("an HTTP/1.0 connection ends with its response", "[session][A5]") {
    Server server;
    server.accept().answers("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\none").sees_the_end();
    server.accept().answers(ok("two"));
    Session session;
    auto r = session.get(server.url());
    CHECK(r.version == 10);
    CHECK(r.body == "one");
    CHECK(session.stats().discarded[DiscardReason::close_header] == 1);
    CHECK(session.get(server.url()).body == "two");
}

TEST_CASE("an HTTP/1.0 server that says keep-alive is kept", "[session][A5]") {
    Server server;
    server.accept()
        .answers("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 3\r\n\r\none")
        .answers(ok("two"));
    Session session;
    CHECK(session.get(server.url()).body == "one");
    CHECK(session.get(server.url()).connection.reused);
}

TEST_CASE("an HTTP/1.0 response with a transfer coding is read and its connection given up", "[session][C5]") {
    Server server;
    server.accept()
        .answers("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n")
        .sees_the_end();
    Session session;
    CHECK(session.get(server.url()).body == "one");
    CHECK(session.stats().idle == 0);
}
