// Bodies pulled by the caller: as pieces, as lines, into memory of the caller's own.
// Over TLS and through a tunnel, too.

#include "loopback.hpp"

#include <string>
#include <vector>

namespace {

std::string pulled(Stream& stream) {
    std::string all;
    for (std::string_view piece : stream) {
        CHECK_FALSE(piece.empty());
        all += piece;
    }
    return all;
}

std::vector<std::string> lines(Stream stream) {
    std::vector<std::string> all;
    for (std::string_view line : stream.lines()) all.emplace_back(line);
    return all;
}

}  // namespace

TEST_CASE("a stream has the head at once and the body when it is pulled", "[session][stream]") {
    Server server;
    auto& script = server.accept().answers(head("Content-Length: 10\r\nX: y\r\n"));
    Session session;
    auto stream = session.stream(server.url("/events"));
    CHECK(stream.response().status == 200);
    CHECK(stream.response().headers["x"] == "y");
    CHECK(stream.response().url.target() == "/events");
    CHECK(session.stats().in_use == 1);
    script.sends("01234");
    auto piece = stream.begin();
    CHECK(*piece == "01234");
    script.sends("56789");
    CHECK(*++piece == "56789");
    CHECK(++piece == stream.end());
    CHECK(session.stats().idle == 1);
}

TEST_CASE("a stream's pieces are the body, whatever its framing", "[session][stream]") {
    std::string large(1'000'000, 'x');
    auto [bytes, body, kept] = GENERATE_COPY(table<std::string, std::string, bool>({
        {ok("hello"), "hello", true},
        {ok(""), "", true},
        {chunked({"he", "l", "lo"}), "hello", true},
        {chunked({}), "", true},
        {head("", "204 No Content"), "", true},
        {head("") + "hello", "hello", false},
        {ok(large), large, true},
        {head("") + large, large, false},
        {head("Transfer-Encoding: chunked\r\n") + "f4240\r\n" + large + "\r\n0\r\n\r\n", large, true},
    }));
    Server server;
    auto& script = server.accept().answers(bytes);
    if (!kept) script.closes();
    Session session;
    auto stream = session.stream(server.url());
    CHECK((pulled(stream) == body));
    CHECK(session.stats().idle == (kept ? 1 : 0));
    CHECK(session.stats().in_use == 0);
}

TEST_CASE("a stream is read into the caller's memory", "[session][stream]") {
    auto bytes = GENERATE(ok("0123456789"), chunked({"0", "12345", "6789"}), head("") + "0123456789");
    Server server;
    server.accept().answers(bytes).closes();
    Session session;
    auto stream = session.stream(server.url());
    std::string all;
    char piece[3];
    std::error_code ec;
    for (std::size_t n; (n = stream.read_some(piece, ec)) > 0;) {
        REQUIRE(n <= sizeof piece);
        all.append(piece, n);
    }
    CHECK_FALSE(ec);
    CHECK(all == "0123456789");
    CHECK(stream.read_some(piece, ec) == 0);
    CHECK_FALSE(ec);
}

TEST_CASE("the rest of a stream is read as a string", "[session][stream]") {
    Server server;
    server.accept().answers(chunked({"01", "23456789"}));
    Session session;
    auto stream = session.stream(server.url());
    char first;
    std::error_code ec;
    CHECK(stream.read_some({&first, 1}, ec) == 1);
    CHECK(first == '0');
    CHECK(stream.read() == "123456789");
    CHECK(stream.read().empty());
}

TEST_CASE("a stream's lines are those of its body, wherever it is cut", "[session][stream]") {
    Server server;
    auto bytes = GENERATE(ok("a\nbc\r\n\nlast"), chunked({"a", "\nb", "c\r", "\n\nla", "st"}));
    auto bytewise = GENERATE(false, true);
    auto& script = server.accept().reads_request();
    bytewise ? script.sends_bytewise(bytes) : script.sends(bytes);
    Session session;
    CHECK(lines(session.stream(server.url())) == std::vector<std::string>{"a", "bc", "", "last"});
}

TEST_CASE("lines go on where other lines have stopped, and bytes where lines have", "[session][stream]") {
    Server server;
    server.accept().answers(ok("a\nb\r\nc\nd\ne")).answers(ok("alive"));
    Session session;
    auto stream = session.stream(server.url());
    {
        auto first = stream.lines();
        CHECK(*first.begin() == "a");
    }
    auto second = stream.lines();
    CHECK(*second.begin() == "b");
    char byte[1];
    CHECK(stream.read_some(byte) == 1);
    CHECK(byte[0] == 'c');
    CHECK(stream.next() == "\nd\ne");
    CHECK(stream.next().empty());
    CHECK(session.get(server.url()).body == "alive");
}

TEST_CASE("behind the end of a stream there are no lines, least of all another response's", "[session][stream]") {
    Server server;
    auto& script = server.accept().answers(ok("first\nsecond\nthird\n"));
    Session session;
    auto stream = session.stream(server.url());
    auto all = stream.lines();
    auto line = all.begin();
    CHECK(*line == "first");
    SECTION("when it was closed") {
        script.answers(ok("other\nbody\n", "Set-Cookie: name=a cookie of more bytes than there are in all lines\r\n"));
        stream.close();
        CHECK(session.get(server.url()).body == "other\nbody\n");
        CHECK(++line == all.end());
        CHECK(stream.next().empty());
    }
    SECTION("when it is another one now") {
        server.accept().answers(ok("other\nbody\n"));
        stream = session.stream(server.url());
        CHECK(*++line == "other");
        CHECK(*++line == "body");
        CHECK(++line == all.end());
    }
    SECTION("when its rest was read") {
        CHECK(stream.read() == "second\nthird\n");
        CHECK(++line == all.end());
    }
}

TEST_CASE("an empty body has no lines, and a line's end begins no other", "[session][stream]") {
    Server server;
    server.accept().answers(ok("")).answers(ok("a\n")).answers(ok("\n"));
    Session session;
    CHECK(lines(session.stream(server.url())).empty());
    CHECK(lines(session.stream(server.url())) == std::vector<std::string>{"a"});
    CHECK(lines(session.stream(server.url())) == std::vector<std::string>{""});
}

TEST_CASE("a line comes as soon as it is whole", "[session][stream]") {
    Server server;
    auto& script = server.accept().answers(head("Transfer-Encoding: chunked\r\n") + chunk("first\nsec"));
    Session session;
    auto stream = session.stream(server.url());
    auto all = stream.lines();
    auto line = all.begin();
    CHECK(*line == "first");
    script.sends(chunk("ond\n") + "0\r\n\r\n");
    CHECK(*++line == "second");
    CHECK(++line == all.end());
}

TEST_CASE("a line longer than the limit is refused", "[session][stream]") {
    Server server;
    server.accept().answers(ok("short\n" + std::string(100, 'x'))).ignores_the_rest();
    Session session;
    auto stream = session.stream(server.url());
    std::vector<std::string> all;
    auto error = error_of([&] {
        for (std::string_view line : stream.lines(50)) all.emplace_back(line);
    });
    CHECK(error.code() == ferry::errc::line_too_long);
    CHECK(all == std::vector<std::string>{"short"});
    CHECK(session.stats().in_use == 0);
}

TEST_CASE("any method can be streamed", "[session][stream]") {
    Server server;
    server.accept().answers(ok("reply"));
    Session session;
    auto stream = session.stream("POST", server.url(), {.body = "question"});
    CHECK(stream.read() == "reply");
    CHECK(server.request().body() == "question");
}

TEST_CASE("a stream that breaks off says so after its last piece", "[session][stream][C7]") {
    Server server;
    server.accept().answers(head("Content-Length: 10\r\n") + "01234").closes();
    Session session;
    auto stream = session.stream(server.url());
    std::string all;
    auto error = error_of([&] {
        for (std::string_view piece : stream) all += piece;
    });
    CHECK(all == "01234");
    CHECK(error.code() == ferry::errc::incomplete_body);
    CHECK(error.phase() == ferry::Phase::body);
    CHECK(session.stats().in_use == 0);
    check_that_it_lives(session, server);
}

TEST_CASE("a stream that moves goes on", "[session][stream]") {
    Server server;
    server.accept().answers(chunked({"01234", "56789"}));
    Session session;
    auto first = session.stream(server.url());
    char piece[5];
    std::error_code ec;
    CHECK(first.read_some(piece, ec) == 5);
    auto second = std::move(first);
    CHECK(second.read() == "56789");
    CHECK(session.stats().idle == 1);
}

TEST_CASE("a stream may outlive its session", "[session][stream]") {
    Server server;
    server.accept().answers(chunked({"01234", "56789"})).sees_the_end();
    auto stream = Session().stream(server.url());
    CHECK(stream.read() == "0123456789");
    CHECK(descriptor_connected_to(server.dialled_port()) == -1);
}

TEST_CASE("a stream that was closed is at its end", "[session][stream]") {
    Server server;
    server.accept().answers(chunked({"01234"})).answers(ok("next"));
    Session session;
    auto stream = session.stream(server.url());
    stream.close();
    CHECK(stream.next().empty());
    CHECK(stream.read().empty());
    CHECK(session.get(server.url()).connection.reused);
}

TEST_CASE("an error before the head is thrown by stream itself", "[session][stream]") {
    Server server;
    server.accept().reads_request().closes();
    Session session;
    auto error = error_of([&] { session.stream(server.url()); });
    CHECK(error.code() == ferry::errc::connection_closed);
    CHECK(session.stats().in_use == 0);
}
