// Responses that end too early: the error says where, and carries what arrived.
// Over TLS and through a tunnel, too.

#include "loopback.hpp"

namespace {

const std::string with_length = head("Content-Length: 5\r\nX: y\r\n");
const std::string in_chunks = head("Transfer-Encoding: chunked\r\nX: y\r\n");

struct Cut {
    std::string bytes;
    std::string body;
};

}  // namespace

TEST_CASE("a connection that ends in the head is an incomplete head", "[session][C7]") {
    Server server;
    std::string bytes = GENERATE("HTTP/1.1", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n");
    server.accept().answers(bytes).closes();
    Session session;
    auto error = error_of([&] { session.get(server.url()); });
    CHECK(error.code() == ferry::errc::incomplete_head);
    CHECK(error.code() == ferry::condition::network);
    CHECK(error.phase() == ferry::Phase::head);
    CHECK(error.request_state() == ferry::RequestState::response_started);
    check_that_it_lives(session, server);
}

TEST_CASE("a connection that ends in the body is an incomplete body, with what arrived", "[session][C7]") {
    auto cut = GENERATE(Cut{with_length, ""}, Cut{with_length + "hel", "hel"}, Cut{in_chunks, ""},
                        Cut{in_chunks + "5", ""}, Cut{in_chunks + "5\r\nhel", "hel"},
                        Cut{in_chunks + "5\r\nhello", "hello"}, Cut{in_chunks + "5\r\nhello\r\n", "hello"},
                        Cut{in_chunks + "5\r\nhello\r\n0\r\n", "hello"},
                        Cut{in_chunks + "5\r\nhello\r\n0\r\nTrailer: x\r\n", "hello"});
    auto says_so = GENERATE(true, false);  // to TLS; the body's own framing is what counts
    CAPTURE(cut.bytes, says_so);
    Server server;
    auto& script = server.accept().answers(cut.bytes);
    says_so ? script.closes() : script.drops();
    Session session;
    auto error = error_of([&] { session.get(server.url()); });
    CHECK(error.code() == ferry::errc::incomplete_body);
    CHECK(error.code() == ferry::condition::network);
    CHECK(error.phase() == ferry::Phase::body);
    CHECK(error.request_state() == ferry::RequestState::response_started);
    REQUIRE(error.partial());
    CHECK(error.partial()->status == 200);
    CHECK(error.partial()->headers["x"] == "y");
    CHECK(error.partial()->body == cut.body);
    check_that_it_lives(session, server);
}

TEST_CASE("a large body that ends too early carries what arrived", "[session][C7]") {
    std::string half(3'000'000, 'x');
    Server server;
    server.accept().answers(head("Content-Length: 6000000\r\n") + half).closes();
    Session session;
    auto error = error_of([&] { session.get(server.url()); });
    REQUIRE(error.partial());
    CHECK((error.partial()->body == half));
}

TEST_CASE("a reset in the body is an error of the network, with what arrived", "[session][C7]") {
    Server server;
    server.accept().answers(with_length + "hel").resets();
    Session session;
    auto error = error_of([&] { session.get(server.url()); });
    CHECK(error.code() == ferry::condition::network);
    CHECK(error.request_state() == ferry::RequestState::response_started);
    check_that_it_lives(session, server);
}

TEST_CASE("the call with an error_code returns what arrived", "[session][C7]") {
    Server server;
    server.accept().answers(with_length + "hel").closes();
    Session session;
    std::error_code ec;
    auto r = session.get(server.url(), {}, ec);
    CHECK(ec == ferry::errc::incomplete_body);
    CHECK(r.status == 200);
    CHECK(r.body == "hel");
}
