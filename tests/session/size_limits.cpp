// Responses that are too large in any respect, and how the error names the option that allows them.
// Over TLS and through a tunnel, too.

#include "loopback.hpp"

#include <string>

using ferry::errc;

namespace {

std::string repeated(std::string_view text, std::size_t n) {
    std::string all;
    for (std::size_t i = 0; i < n; ++i) all += text;
    return all;
}

void check_refused(const std::string& bytes, errc code, std::string_view option, ferry::SessionOptions options = {}) {
    Server server;
    server.accept().reads_request().sends_what_is_taken(bytes);
    Session session(options);
    auto error = error_of([&] { session.get(server.url()); });
    CAPTURE(error.what());
    CHECK(error.code() == code);
    CHECK(error.code() == ferry::condition::protocol);
    CHECK(says(error, option));
    check_that_it_lives(session, server);
}

}  // namespace

TEST_CASE("a head without end is refused", "[session][C10]") {
    SECTION("one field") {
        check_refused(head("A: " + std::string(100'000, 'a') + "\r\n"), errc::head_too_large, "max_head");
    }
    SECTION("a field name") {
        check_refused(head(std::string(100'000, 'a') + ": b\r\n"), errc::head_too_large, "max_head");
    }
    SECTION("a reason") {
        check_refused(head("", "200 " + std::string(100'000, 'a')), errc::head_too_large, "max_head");
    }
    SECTION("many fields") {
        auto fields = repeated("A: " + std::string(1000, 'a') + "\r\n", 100);
        check_refused(head(fields), errc::head_too_large, "max_head");
    }
    SECTION("one that never ends") {
        check_refused("HTTP/1.1 200 OK\r\nA: " + std::string(10'000'000, 'a'), errc::head_too_large, "max_head");
    }
    SECTION("the session's own limit") {
        check_refused(head("A: " + std::string(1000, 'a') + "\r\n"), errc::head_too_large, "max_head",
                      {.max_head = 500});
    }
}

TEST_CASE("too many fields are refused", "[session]") {
    check_refused(head(repeated("A: b\r\n", 257)), errc::too_many_fields, "max_fields");
    check_refused(head(repeated("A: b\r\n", 4)), errc::too_many_fields, "max_fields", {.max_fields = 3});
}

TEST_CASE("as many fields as allowed are accepted", "[session]") {
    Server server;
    server.accept().answers(ok("fields", repeated("A: b\r\n", 255)));
    Session session;
    CHECK(session.get(server.url()).headers.size() == 256);
}

TEST_CASE("chunk extensions and trailers have a limit", "[session][C10]") {
    auto chunks = head("Transfer-Encoding: chunked\r\n");
    SECTION("one long extension") {
        check_refused(chunks + "5;" + std::string(200'000, 'a') + "\r\nhello\r\n0\r\n\r\n",
                      errc::chunk_overhead_too_large, "chunk");
    }
    SECTION("an extension without end") {
        check_refused(chunks + "5;" + std::string(10'000'000, 'a'), errc::chunk_overhead_too_large, "chunk");
    }
    SECTION("trailers without end") {
        Server server;
        server.accept().reads_request().sends_what_is_taken(chunks + "0\r\n" + repeated("A: b\r\n", 100'000));
        Session session;
        auto error = error_of([&] { session.get(server.url()); });
        CHECK(error.code() == ferry::condition::protocol);
        check_that_it_lives(session, server);
    }
}

TEST_CASE("chunk extensions within the limit are ignored", "[session][C10]") {
    Server server;
    server.accept()
        .answers(head("Transfer-Encoding: chunked\r\n") + "5;a=b\r\nhello\r\n6;c=\"d;e\"\r\n world\r\n0;last\r\n\r\n")
        .answers(ok("next"));
    Session session;
    CHECK(session.get(server.url()).body == "hello world");
    CHECK(session.get(server.url()).connection.reused);
}

TEST_CASE("a body larger than max_body is refused, and the error names the option", "[session]") {
    auto body = GENERATE(ok("0123456789"), chunked({"01234", "56789"}), head("") + "0123456789");
    Server server;
    server.accept().reads_request().sends_what_is_taken(body).closes();
    Session session;
    auto error = error_of([&] { session.get(server.url(), {.max_body = 9}); });
    CHECK(error.code() == errc::body_too_large);
    CHECK(error.code() == ferry::condition::protocol);
    CHECK(says(error, "max_body"));
    CHECK(session.stats().idle == 0);
    check_that_it_lives(session, server);
}

TEST_CASE("a body of exactly max_body is accepted", "[session]") {
    auto body = GENERATE(ok("0123456789"), chunked({"01234", "56789"}), head("") + "0123456789");
    Server server;
    server.accept().answers(body).closes();
    Session session({.max_body = 10});
    CHECK(session.get(server.url()).body == "0123456789");
}

TEST_CASE("a huge Content-Length is refused without waiting for its bytes", "[session]") {
    Server server;
    server.accept().answers(head("Content-Length: 18446744073709551615\r\n")).sees_the_end();
    Session session;
    auto error = error_of([&] { session.get(server.url()); });
    CHECK(error.code() == errc::body_too_large);
}

TEST_CASE("a stream has no limit on its body", "[session]") {
    Server server;
    server.accept().answers(ok("0123456789"));
    Session session({.max_body = 5});
    std::string all;
    auto stream = session.stream(server.url());
    for (std::string_view piece : stream) all += piece;
    CHECK(all == "0123456789");
}
