// The lenient profile: what RFC 9112 allows a recipient to accept, and nothing else.

#include "loopback.hpp"

#include <string>

namespace {

const std::string status_ok = "HTTP/1.1 200 OK\r\n";

}  // namespace

TEST_CASE("the lenient profile accepts bare line feeds", "[session][C9]") {
    std::string bytes = GENERATE("HTTP/1.1 200 OK\nContent-Length: 2\n\nhi",
                                 "HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\nhi",
                                 "HTTP/1.1 200 OK\nContent-Length: 2\r\n\nhi");
    CAPTURE(bytes);
    auto bytewise = GENERATE(false, true);
    Server server;
    auto& script = server.accept().reads_request();
    bytewise ? script.sends_bytewise(bytes) : script.sends(bytes);
    script.answers(ok("next"));
    Session session;
    auto r = session.get(server.url(), {.lenient = true});
    CHECK(r.body == "hi");
    CHECK(session.get(server.url()).connection.reused);
}

TEST_CASE("the lenient profile unfolds folded fields", "[session][C9]") {
    Server server;
    server.accept().answers(status_ok + "A: b\r\n  c\r\n\td\r\nContent-Length: 2\r\n\r\nhi");
    Session session({.lenient = true});
    auto r = session.get(server.url());
    CHECK(r.body == "hi");
    auto value = std::string(r.headers["a"]);
    CHECK(value.find_first_of("\r\n") == value.npos);
    CHECK(value.substr(0, 1) == "b");
    CHECK(value.back() == 'd');
}

TEST_CASE("the lenient profile accepts nothing that could be read in two ways", "[session][C9]") {
    using namespace std::string_literals;
    auto fields = GENERATE("Content-Length : 2\r\n"s, "A: b\0c\r\nContent-Length: 2\r\n"s,
                           "A: b\rc\r\nContent-Length: 2\r\n"s, "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"s,
                           "Content-Length: 2\r\nContent-Length: 3\r\n"s, "Content-Length: -2\r\n"s,
                           "Transfer-Encoding: bogus, chunked\r\n"s);
    CAPTURE(fields);
    Server server;
    server.accept().answers(status_ok + fields + "\r\n0\r\n\r\n").sees_the_end();
    Session session({.lenient = true});
    auto error = error_of([&] { session.get(server.url()); });
    CHECK(error.code() == ferry::condition::protocol);
    check_that_it_lives(session, server);
}

TEST_CASE("leniency is for one request where it was asked for by one", "[session][C9]") {
    Server server;
    server.accept().answers("HTTP/1.1 200 OK\nContent-Length: 0\n\n").answers("HTTP/1.1 200 OK\nContent-Length: 0\n\n");
    Session session;
    session.get(server.url(), {.lenient = true});
    auto error = error_of([&] { session.get(server.url()); });
    CHECK(error.code() == ferry::errc::bare_line_feed);
}
