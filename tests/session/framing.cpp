// Where the body of a good response ends: no body, a length, chunks, the end of the connection.
// Over TLS and through a tunnel, too.

#include "loopback.hpp"

#include <string>

TEST_CASE("a response to HEAD has no body, whatever its fields say", "[session][C1]") {
    auto fields = GENERATE("Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "");
    Server server;
    server.accept().answers(head(fields)).answers(ok("next"));
    Session session;
    auto r = session.head(server.url());
    CHECK(r.status == 200);
    CHECK(r.body.empty());
    CHECK(session.get(server.url()).connection.reused);
}

TEST_CASE("204 and 304 have no body, whatever their fields say", "[session][C1]") {
    auto status = GENERATE("204 No Content", "304 Not Modified");
    auto fields = GENERATE("Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "");
    CAPTURE(status, fields);
    Server server;
    server.accept().answers(head(fields, status)).answers(ok("next"));
    Session session;
    CHECK(session.get(server.url()).body.empty());
    CHECK(session.get(server.url()).connection.reused);
}

TEST_CASE("a body without a length goes to the end of the connection", "[session][C6]") {
    std::string large(200'000, 'x');
    auto body = GENERATE_COPY(as<std::string>(), "", "hello", large);
    Server server;
    server.accept().answers(head("") + body).closes();
    Session session;
    CHECK((session.get(server.url()).body == body));
    CHECK(session.stats().idle == 0);
    check_that_it_lives(session, server);
}

// Anybody can send a FIN; only the server can say under TLS that this was all (RFC 9112 9.8).
TEST_CASE("a bare FIN ends a body without a length, but not under TLS", "[session][C6]") {
    Server server;
    server.accept().answers(head("") + "hello").drops();
    Session session;
    std::error_code ec;
    auto r = session.get(server.url(), {}, ec);
    CHECK(ec == (over_tls() ? make_error_code(ferry::errc::tls_truncated) : std::error_code{}));
    CHECK(r.body == "hello");
    CHECK(session.stats().idle == 0);
    check_that_it_lives(session, server);
}

TEST_CASE("a reset is not the end of a body without a length", "[session][C6]") {
    Server server;
    server.accept().answers(head("") + "hello").resets();
    Session session;
    auto error = error_of([&] { session.get(server.url()); });
    CHECK(error.code() == ferry::condition::network);
}

TEST_CASE("a chunked body is put together", "[session][C10]") {
    Server server;
    auto large = std::string(70'000, 'x');
    server.accept()
        .answers(chunked({"a", "bc", "def"}))
        .answers(chunked({}))
        .answers(head("transfer-encoding: CHUNKED\r\n") + "00011170\r\n" + large +
                 "\r\nA\r\n0123456789\r\n000\r\n\r\n");
    Session session;
    CHECK(session.get(server.url()).body == "abcdef");
    CHECK(session.get(server.url()).body.empty());
    CHECK((session.get(server.url()).body == large + "0123456789"));
    CHECK(session.stats().opened == 1);
}

TEST_CASE("trailers stay apart from the headers", "[session][C10]") {
    Server server;
    server.accept()
        .answers(chunked({"hello"}, "Checksum: abc\r\nContent-Type: text/x-trailer\r\n"))
        .answers(chunked({"x"}));
    Session session;
    auto r = session.get(server.url());
    CHECK(r.body == "hello");
    CHECK(r.trailers["checksum"] == "abc");
    CHECK_FALSE(r.headers.contains("checksum"));
    CHECK_FALSE(r.headers.contains("content-type"));
    auto next = session.get(server.url());
    CHECK(next.connection.reused);
    CHECK(next.trailers.empty());
}

TEST_CASE("a response's memory used again holds nothing of the response before", "[session]") {
    Server server;
    server.accept().answers(chunked({"a long body"}, "T: 1\r\n")).answers(head("", "204 No Content"));
    Session session;
    ferry::Response r;
    std::error_code ec;
    session.request("GET", server.url(), {}, r, ec);
    CHECK(r.body == "a long body");
    session.request("GET", server.url("/b"), {}, r, ec);
    CHECK_FALSE(ec);
    CHECK(r.status == 204);
    CHECK(r.body.empty());
    CHECK(r.headers.empty());
    CHECK(r.trailers.empty());
    CHECK(r.url.target() == "/b");
}

TEST_CASE("fields keep their order, repetition and spelling", "[session]") {
    Server server;
    server.accept().answers(ok("", "Set-Cookie: a=1\r\nX-eMPTY:\r\nSet-Cookie:  b=2 \t\r\n"));
    Session session;
    auto r = session.get(server.url());
    auto cookies = r.headers.all("set-cookie");
    REQUIRE(cookies.size() == 2);
    CHECK(cookies[0] == "a=1");
    CHECK(cookies[1] == "b=2");
    CHECK(r.headers.find("x-empty") == "");
    CHECK((*++r.headers.begin()).name == "X-eMPTY");
}
