// Which bodies are decoded at all, and how much may come out of them.

#include "coded.hpp"
#include "loopback.hpp"
#include "temp_folder.hpp"

#include <string>

using ferry::errc;

namespace {

const std::string gzip_line = "Content-Encoding: gzip\r\n";

std::string zeros(std::size_t size) { return std::string(size, '\0'); }

}  // namespace

TEST_CASE("a caller who says what is accepted gets the body as it came", "[session][D6]") {
    auto coded = zlib_coded(small_text);
    TempFolder folder;
    Server server;
    server.accept().answers(ok(coded, gzip_line)).answers(ok("next"));
    SECTION("for a request") {
        Session session;
        CHECK((session.get(server.url(), {.headers = {{"accept-encoding", "gzip"}}}).body == coded));
        CHECK(session.get(server.url()).body == "next");
        CHECK(server.request(0).field("Accept-Encoding") == "gzip");
        CHECK(server.request(0).count("Accept-Encoding") == 1);
        CHECK(server.request(1).field("Accept-Encoding") == "gzip, deflate, br, zstd");
    }
    SECTION("for a session") {
        Session session({.headers = {{"Accept-Encoding", "identity"}}});
        CHECK((session.get(server.url()).body == coded));
        session.get(server.url());
        CHECK(server.request().field("Accept-Encoding") == "identity");
        CHECK(server.request().count("Accept-Encoding") == 1);
    }
    SECTION("for a stream") {
        Session session;
        auto stream = session.stream(server.url(), {.headers = {{"Accept-Encoding", "*"}}});
        CHECK((stream.read() == coded));
        session.get(server.url());
    }
    SECTION("for a download") {
        Session session;
        session.download(server.url(), folder / "file", {.headers = {{"Accept-Encoding", "*"}}});
        CHECK((folder.read("file") == coded));
        session.get(server.url());
    }
}

TEST_CASE("decoding can be switched off", "[session][D6]") {
    auto coded = zlib_coded(small_text);
    Server server;
    server.accept().answers(ok(coded, gzip_line)).answers(ok(coded, gzip_line));
    SECTION("for a request") {
        Session session;
        CHECK((session.get(server.url(), {.decode = false}).body == coded));
        CHECK(session.get(server.url()).body == small_text);
    }
    SECTION("for a session, and on again for a request") {
        Session session({.decode = false});
        CHECK((session.get(server.url()).body == coded));
        CHECK(session.get(server.url(), {.decode = true}).body == small_text);
        CHECK_FALSE(server.request(0).field("Accept-Encoding"));
    }
    SECTION("for an overlay") {
        Session session;
        auto raw = session.with({.decode = false});
        CHECK((raw.get(server.url()).body == coded));
        CHECK(session.get(server.url()).body == small_text);
        CHECK_FALSE(server.request(0).field("Accept-Encoding"));
        CHECK(server.request(1).field("Accept-Encoding"));
    }
}

TEST_CASE("a body in a coding that is not known is passed on as it came", "[session][I1]") {
    auto coding = GENERATE("snappy", "gzip, snappy", "identity", "", "gzip;q=1");
    Server server;
    server.accept().answers(ok("as it is", "Content-Encoding: " + std::string(coding) + "\r\n")).answers(ok());
    Session session;
    CHECK(session.get(server.url()).body == "as it is");
    CHECK(session.get(server.url()).connection.reused);
}

TEST_CASE("the limit of a body is for what it decodes to", "[session][I2]") {
    auto coded = zlib_coded(zeros(5000));
    REQUIRE(coded.size() < 100);
    Server server;
    server.accept().answers(ok(coded, gzip_line)).answers(ok(coded, gzip_line)).ignores_the_rest();
    Session session({.max_body = 5000});
    CHECK(session.get(server.url()).body.size() == 5000);
    SECTION("whole") {
        auto error = error_of([&] { session.get(server.url(), {.max_body = 4999}); });
        CHECK(error.code() == errc::body_too_large);
        CHECK(error.partial()->body.size() == 4999);
    }
    SECTION("from a stream") {
        auto stream = session.stream(server.url(), {.max_body = 4999});
        CHECK(error_of([&] { stream.read(); }).code() == errc::body_too_large);
    }
    CHECK(session.stats().idle == 0);
    check_that_it_lives(session, server);
}

TEST_CASE("a coded body may be longer on the wire than its limit says", "[session][I2]") {
    Server server;
    server.accept().answers(ok(zlib_coded("five!"), gzip_line));
    Session session;
    CHECK(session.get(server.url(), {.max_body = 5}).body == "five!");
}

TEST_CASE("a body that expands beyond all measure is refused, however it is taken", "[session][I2]") {
    auto bomb = zlib_coded(zlib_coded(zeros(std::size_t{64} << 20)));
    auto bytes = ok(bomb, "Content-Encoding: gzip, gzip\r\n");
    TempFolder folder;
    Server server;
    server.accept().answers(bytes).ignores_the_rest();
    Session session;
    std::error_code ec;
    SECTION("whole") {
        ec = error_of([&] { session.get(server.url()); }).code();
    }
    SECTION("by pieces") {
        auto stream = session.stream(server.url());
        while (!ec) stream.next(ec);
    }
    SECTION("into a file") {
        ec = error_of([&] { session.download(server.url(), folder / "file"); }).code();
        CHECK(folder.files() == 0);
    }
    CHECK(ec == errc::expansion_too_large);
    check_that_it_lives(session, server);
}

TEST_CASE("how much a body may expand is the session's affair", "[session][I2]") {
    auto dense = zlib_coded(zeros(4'000'000));
    REQUIRE(dense.size() < 40'000);
    Server server;
    server.accept().answers(ok(dense, gzip_line)).ignores_the_rest();
    SECTION("less") {
        Session session({.max_expansion = 100});
        CHECK(error_of([&] { session.get(server.url()); }).code() == errc::expansion_too_large);
    }
    SECTION("without limit") {
        Session session({.max_expansion = 0});
        CHECK(session.get(server.url()).body.size() == 4'000'000);
    }
}

TEST_CASE("after lines of a coded stream come its other bytes", "[session][I1][stream]") {
    Server server;
    server.accept().answers(ok(zlib_coded("first\nand the rest"), gzip_line));
    Session session;
    auto stream = session.stream(server.url());
    auto lines = stream.lines();
    CHECK(*lines.begin() == "first");
    CHECK(stream.read() == "and the rest");
}

TEST_CASE("the body of a redirect is let go, whatever its coding", "[session][E1][I2]") {
    Server server;
    server.accept()
        .answers(reply("302 Found", "this is no gzip", "Location: /next\r\n" + gzip_line))
        .answers(ok(zlib_coded("there"), gzip_line));
    Session session;
    auto r = session.get(server.url());
    CHECK(r.body == "there");
    CHECK(r.connection.reused);
}
