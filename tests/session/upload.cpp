// Request bodies: from memory, from a file, from a function; framed, replayed, and checked for their size.
// Over TLS and through a tunnel, too.

#include "loopback.hpp"
#include "pieces.hpp"
#include "temp_folder.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

using ferry::errc;

TEST_CASE("a body in memory goes out whole, with its length", "[session][body]") {
    auto size = GENERATE(std::size_t{1}, std::size_t{16'000}, std::size_t{16'384}, std::size_t{16'385},
                         std::size_t{3'000'000});
    auto body = patterned(size);
    Server server;
    server.accept().answers(ok()).answers(ok());
    Session session;
    session.post(server.url(), {.body = body});
    CHECK(session.post(server.url(), {.body = ferry::Body::borrow(body)}).connection.reused);
    for (std::size_t i = 0; i < 2; ++i) {
        CHECK(server.request(i).field("Content-Length") == std::to_string(size));
        CHECK((server.request(i).body() == body));
    }
}

TEST_CASE("a body of no bytes is still a body", "[session][body][D4]") {
    Server server;
    server.accept().answers(ok()).answers(ok());
    Session session;
    session.post(server.url(), {.body = ""});
    session.del(server.url(), {.body = ""});
    CHECK(server.request(0).field("Content-Length") == "0");
    CHECK(server.request(1).field("Content-Length") == "0");
}

TEST_CASE("a body may hold any byte", "[session][body]") {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
    Server server;
    server.accept().answers(ok());
    Session session;
    session.put(server.url(), {.body = std::as_bytes(std::span(bytes))});
    CHECK((server.request().body() == bytes));
}

TEST_CASE("a file goes out with its size", "[session][body]") {
    auto size = GENERATE(std::size_t{0}, std::size_t{5}, std::size_t{1'000'000});
    TempFolder folder;
    auto content = patterned(size);
    auto file = folder.write("file", content);
    Server server;
    server.accept().answers(ok()).answers(ok());
    Session session;
    session.post(server.url(), {.body = ferry::File{file}});
    CHECK(session.get(server.url()).connection.reused);
    CHECK(server.request().field("Content-Length") == std::to_string(size));
    CHECK_FALSE(server.request().field("Transfer-Encoding"));
    CHECK((server.request().body() == content));
}

TEST_CASE("a source of unknown length goes out in chunks", "[session][body][D4]") {
    auto size = GENERATE(std::size_t{0}, std::size_t{5}, std::size_t{1'000'000});
    auto content = patterned(size);
    Server server;
    server.accept().answers(ok()).answers(ok());
    Session session;
    session.post(server.url(), {.body = ferry::source(pieces_of(content, 100'000))});
    CHECK(session.get(server.url()).connection.reused);
    CHECK(server.request().field("Transfer-Encoding") == "chunked");
    CHECK_FALSE(server.request().field("Content-Length"));
    CHECK((unchunked(server.request().body()) == content));
}

TEST_CASE("a source of known length goes out with it", "[session][body][D4]") {
    auto content = patterned(500'000);
    Server server;
    server.accept().answers(ok()).answers(ok());
    Session session;
    session.post(server.url(), {.body = ferry::source(pieces_of(content, 9'999), content.size())});
    CHECK(session.get(server.url()).connection.reused);
    CHECK(server.request().field("Content-Length") == "500000");
    CHECK((server.request().body() == content));
}

TEST_CASE("a source that does not keep its word ends the request and the connection", "[session][body]") {
    auto announced = GENERATE(std::uint64_t{4}, std::uint64_t{6});
    Server server;
    server.accept().reads_head().reads_to_the_end();
    Session session;
    auto error = error_of(
        [&] { session.post(server.url(), {.body = ferry::source(pieces_of("01234", 99), announced)}); });
    CHECK(error.code() == errc::body_size_changed);
    CHECK(session.stats().idle == 0);
    check_that_it_lives(session, server);
}

TEST_CASE("what a source throws passes through the call, and its connection is closed", "[session][blocking][body]") {
    Server server;
    server.accept().reads_head().reads_to_the_end();
    Session session;
    auto failing = [n = 0](std::span<char> into) mutable -> std::size_t {
        if (n++) throw std::runtime_error("the disk is gone");
        into[0] = 'x';
        return 1;
    };
    CHECK_THROWS_WITH(session.post(server.url(), {.body = ferry::source(failing)}), "the disk is gone");
    CHECK(session.stats().idle == 0);
    CHECK(session.stats().in_use == 0);
    check_that_it_lives(session, server);
}

TEST_CASE("a caller's Content-Length that is right goes out once", "[session][D4]") {
    TempFolder folder;
    Server server;
    server.accept().answers(ok()).answers(ok()).answers(ok());
    Session session;
    ferry::Headers five{{"content-length", "5"}};
    session.post(server.url(), {.headers = five, .body = "01234"});
    session.post(server.url(), {.headers = five, .body = ferry::File{folder.write("file", "01234")}});
    session.post(server.url(), {.headers = five, .body = ferry::source(pieces_of("01234", 2), 5)});
    for (auto& request : server.requests()) {
        CHECK(request.count("Content-Length") == 1);
        CHECK(request.field("Content-Length") == "5");
        CHECK(request.body() == "01234");
    }
}

TEST_CASE("a caller's Content-Length that is not the file's is refused", "[session][D4]") {
    TempFolder folder;
    Server server;
    Session session;
    auto file = folder.write("file", "0123");
    auto error = error_of([&] {
        session.post(server.url(), {.headers = {{"Content-Length", "5"}}, .body = ferry::File{file}});
    });
    CHECK(error.code() == errc::content_length_mismatch);
    CHECK(server.connections() == 0);
}

TEST_CASE("a body is sent again from its beginning", "[session][body][B3]") {
    TempFolder folder;
    Server server;
    server.accept().answers(ok()).reads_request().closes();
    server.accept().answers(ok("done"));
    Session session;
    session.get(server.url());
    ferry::Response r;
    SECTION("a string") { r = session.put(server.url(), {.body = "0123456789"}); }
    SECTION("a file") { r = session.put(server.url(), {.body = ferry::File{folder.write("file", "0123456789")}}); }
    SECTION("a source that can be rewound") {
        std::size_t rewound = 0, at = 0;
        ferry::Source source{.read =
                                 [&](std::span<char> into) {
                                     auto n = std::min<std::size_t>(into.size(), 10 - at);
                                     std::memcpy(into.data(), &"0123456789"[at], n);
                                     at += n;
                                     return n;
                                 },
                             .size = 10,
                             .rewind = [&] { ++rewound, at = 0; }};
        r = session.put(server.url(), {.body = source});
        CHECK(rewound == 1);
    }
    CHECK(r.body == "done");
    REQUIRE(server.requests().size() == 3);
    CHECK(server.request(1).body() == "0123456789");
    CHECK(server.request(2).body() == "0123456789");
}

TEST_CASE("a body that cannot be rewound is not sent again, and the error says so", "[session][body][B3]") {
    Server server;
    server.accept().answers(ok()).reads_request().closes();
    Session session;
    session.get(server.url());
    auto error = error_of([&] { session.put(server.url(), {.body = ferry::source(pieces_of("01234", 9))}); });
    CHECK(error.code() == errc::body_not_rewindable);
    CHECK(error.request_state() == ferry::RequestState::maybe_sent);
    check_that_it_lives(session, server);
}

TEST_CASE("an expected go-ahead is waited for before the body is sent", "[session][D5]") {
    Server server;
    auto& script = server.accept().reads_head();
    SECTION("and comes") { script.sends("HTTP/1.1 100 Continue\r\n\r\n").reads(5).sends(ok("taken")); }
    SECTION("or does not") { script.reads(5).sends(ok("taken")); }
    Session session;
    CHECK(session.post(server.url(), {.body = "01234", .expect_continue = true}).body == "taken");
    CHECK(server.request().field("Expect") == "100-continue");
    CHECK(server.request().body().empty());  // the head came alone
}

TEST_CASE("a refusal in place of a go-ahead spares the body", "[session][D5]") {
    Server server;
    server.accept().reads_head().sends(reply("401 Unauthorized", "who?")).sees_the_end();
    Session session;
    CHECK(session.post(server.url(), {.body = "01234", .expect_continue = true}).status == 401);
    CHECK(session.stats().idle == 0);
}

TEST_CASE("after a 417 the request goes out again without the expectation", "[session][D5]") {
    Server server;
    server.accept().reads_head().sends(reply("417 Expectation Failed")).sees_the_end();
    server.accept().answers(ok("taken"));
    Session session;
    CHECK(session.post(server.url(), {.body = "01234", .expect_continue = true}).body == "taken");
    CHECK_FALSE(server.request(1).field("Expect"));
    CHECK(server.request(1).body() == "01234");
}
