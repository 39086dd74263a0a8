// Malformed responses: each is a protocol error, the connection is gone, and the session lives.
// Over TLS and through a tunnel, too.

#include "loopback.hpp"

#include <string>

using ferry::errc;

namespace {

using namespace std::string_literals;

const std::string status_line = "HTTP/1.1 200 OK\r\n";
const std::string chunked_head = head("Transfer-Encoding: chunked\r\n");

void check_refused(const std::string& bytes, errc code) {
    CAPTURE(bytes.substr(0, 200));
    Server server;
    server.accept().answers(bytes).sees_the_end();
    Session session;
    auto error = error_of([&] { session.get(server.url()); });
    CAPTURE(error.what());
    CHECK(error.code() == code);
    CHECK(error.code() == ferry::condition::protocol);
    CHECK(error.request_state() == ferry::RequestState::response_started);
    CHECK(session.stats().idle == 0);
    CHECK(session.stats().discarded[ferry::DiscardReason::aborted] == 1);
    check_that_it_lives(session, server);
}

}  // namespace

TEST_CASE("a malformed status line is refused", "[session][C8]") {
    auto [line, code] = GENERATE(table<std::string, errc>({
        {"hello\r\n", errc::malformed_status_line},
        {"SSH-2.0-OpenSSH_9.2\r\n", errc::malformed_status_line},
        {"<html>\n", errc::malformed_status_line},
        {" HTTP/1.1 200 OK\r\n", errc::malformed_status_line},
        {"RTSP/1.0 200 OK\r\n", errc::malformed_status_line},
        {"ICE/1.0 200 OK\r\n", errc::malformed_status_line},
        {"http/1.1 200 OK\r\n", errc::malformed_status_line},
        {"HTTP/2.0 200 OK\r\n", errc::unsupported_version},
        {"HTTP/0.9 200 OK\r\n", errc::unsupported_version},
        {"HTTP/1.2 200 OK\r\n", errc::unsupported_version},
        {"HTTP/1.10 200 OK\r\n", errc::unsupported_version},
        {"HTTP/1.1 99 Low\r\n", errc::invalid_status},
        {"HTTP/1.1 099 Low\r\n", errc::invalid_status},
        {"HTTP/1.1 1000 High\r\n", errc::invalid_status},
        {"HTTP/1.1 abc\r\n", errc::invalid_status},
        {"HTTP/1.1 -200 OK\r\n", errc::invalid_status},
    }));
    check_refused(line + "Content-Length: 0\r\n\r\n", code);
}

TEST_CASE("an empty reason is fine, and so is none", "[session][C8]") {
    Server server;
    server.accept()
        .answers("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n")
        .answers("HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n");
    Session session;
    CHECK(session.get(server.url()).reason.empty());
    CHECK(session.get(server.url()).status == 404);
}

TEST_CASE("a malformed field is refused", "[session][C9]") {
    auto field = GENERATE(as<std::string>(), "Content-Length : 0\r\n", " Content-Length: 0\r\n",
                          "Content\tLength: 0\r\n", ": empty\r\n", "no colon\r\n", "Bad Name: x\r\n", "A: b\rC: d\r\n",
                          "A: b\0c\r\n"s, "A\0: b\r\n"s, "A\rB: c\r\n");
    CAPTURE(field);
    Server server;
    server.accept().answers(status_line + field + "X: y\r\nContent-Length: 0\r\n\r\n").sees_the_end();
    Session session;
    auto error = error_of([&] { session.get(server.url()); });
    CHECK(error.code() == ferry::condition::protocol);
    CHECK(error.phase() == ferry::Phase::head);
    check_that_it_lives(session, server);
}

TEST_CASE("the strict profile refuses bare line feeds and folded fields", "[session][C9]") {
    auto [bytes, code] = GENERATE(table<std::string, errc>({
        {"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", errc::bare_line_feed},
        {status_line + "Content-Length: 0\n\r\n", errc::bare_line_feed},
        {status_line + "Content-Length: 0\r\n\n", errc::bare_line_feed},
        {"HTTP/1.1 200 OK\nContent-Length: 0\n\n", errc::bare_line_feed},
        {status_line + "A: b\r\n c\r\nContent-Length: 0\r\n\r\n", errc::obsolete_fold},
        {status_line + "A: b\r\n\tc\r\nContent-Length: 0\r\n\r\n", errc::obsolete_fold},
        {status_line + "A:\r\n b\r\nContent-Length: 0\r\n\r\n", errc::obsolete_fold},
    }));
    check_refused(bytes, code);
}

TEST_CASE("contradicting lengths are refused", "[session][C4]") {
    auto [fields, code] = GENERATE(table<std::string, errc>({
        {"Content-Length: 5\r\nContent-Length: 6\r\n", errc::conflicting_framing},
        {"Content-Length: 5, 6\r\n", errc::invalid_content_length},
        {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", errc::conflicting_framing},
        {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", errc::conflicting_framing},
    }));
    check_refused(head(fields) + "5\r\nhello\r\n0\r\n\r\n", code);
}

TEST_CASE("a Content-Length that is no number is refused", "[session][C4]") {
    std::string length = GENERATE("-1", "+5", "5x", "0x5", "5 5", "five", "1.0", "18446744073709551616",
                                  "99999999999999999999999", "");
    check_refused(head("Content-Length: " + length + "\r\n") + "hello", errc::invalid_content_length);
}

TEST_CASE("the same Content-Length twice is never read in two ways", "[session][C4]") {
    Server server;
    server.accept().answers(head("Content-Length: 5\r\nContent-Length: 5\r\n") + "hello").ignores_the_rest();
    Session session;
    std::error_code ec;
    auto r = session.get(server.url(), {}, ec);
    CHECK(((!ec && r.body == "hello") || ec == ferry::condition::protocol));
}

TEST_CASE("a transfer coding that is not known is refused", "[session][C5]") {
    std::string coding = GENERATE("bogus", "gzip, bogus", "bogus, chunked", "chunked, bogus", "chunked, chunked",
                                  "xchunked");
    check_refused(head("Transfer-Encoding: " + coding + "\r\n") + "5\r\nhello\r\n0\r\n\r\n",
                  errc::invalid_transfer_encoding);
}

TEST_CASE("a malformed chunk is refused, with what came before", "[session][C10]") {
    std::string chunk = GENERATE("x\r\nhello\r\n", "-5\r\nhello\r\n", "+5\r\nhello\r\n", "0x5\r\nhello\r\n",
                                 "5 5\r\nhello\r\n", "5\r\nhelloworld\r\n", "5\nhello\r\n", "\r\nhello\r\n",
                                 "10000000000000000\r\nhello\r\n", "ffffffffffffffffffff\r\nhello\r\n",
                                 "5\r\nhello\n0\r\n\r\n");
    CAPTURE(chunk);
    Server server;
    server.accept().answers(chunked_head + "3\r\nabc\r\n" + chunk).sees_the_end();
    Session session;
    auto error = error_of([&] { session.get(server.url()); });
    CHECK(error.code() == errc::malformed_chunk);
    CHECK(error.code() == ferry::condition::protocol);
    CHECK(error.phase() == ferry::Phase::body);
    REQUIRE(error.partial());
    CHECK(error.partial()->body.substr(0, 3) == "abc");
    check_that_it_lives(session, server);
}

TEST_CASE("a malformed trailer is refused", "[session][C10]") {
    std::string trailer = GENERATE("Bad Name: x\r\n", "no colon\r\n", ": x\r\n");
    Server server;
    server.accept().answers(chunked_head + "0\r\n" + trailer + "\r\n").sees_the_end();
    Session session;
    auto error = error_of([&] { session.get(server.url()); });
    CHECK(error.code() == ferry::condition::protocol);
    check_that_it_lives(session, server);
}
