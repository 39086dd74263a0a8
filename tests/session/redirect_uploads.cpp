// Bodies of requests that are redirected, and the streams and downloads that a redirect leads to.

#include "loopback.hpp"
#include "pieces.hpp"
#include "temp_folder.hpp"

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

using ferry::errc;

namespace {

constexpr std::string_view keeps_body = "307 Temporary Redirect";

}  // namespace

TEST_CASE("a body that a redirect keeps is sent again from its beginning", "[session][E1][B3]") {
    auto size = GENERATE(std::size_t{5}, std::size_t{100'000});
    auto content = patterned(size);
    TempFolder folder;
    Server server;
    server.accept().answers(moved("/there", keeps_body)).answers(ok("there"));
    Session session;
    SECTION("borrowed bytes") { session.post(server.url(), {.body = ferry::Body::borrow(content)}); }
    SECTION("a file") { session.post(server.url(), {.body = ferry::File{folder.write("file", content)}}); }
    SECTION("a source that rewinds") {
        std::function<std::size_t(std::span<char>)> read = pieces_of(content, 7'000);
        ferry::Source source{.read = [&](std::span<char> into) { return read(into); },
                             .rewind = [&] { read = pieces_of(content, 7'000); }};
        session.post(server.url(), {.body = source});
        CHECK((unchunked(server.request(1).body()) == content));
        CHECK(server.request(0).body() == server.request(1).body());
        return;
    }
    for (int i : {0, 1}) {
        CHECK((server.request(static_cast<std::size_t>(i)).body() == content));
        CHECK(server.request(static_cast<std::size_t>(i)).field("Content-Length") == std::to_string(size));
    }
}

TEST_CASE("a source that cannot be rewound ends at a redirect that needs it, and only there", "[session][E1][B3]") {
    Server server;
    Session session;
    ferry::Options with{.body = ferry::source(pieces_of("state", 2))};
    SECTION("needed") {
        server.accept().answers(moved("/there", keeps_body, "body")).answers(ok());
        auto error = error_of([&] { session.post(server.url(), with); });
        CHECK(error.code() == errc::body_not_rewindable);
        CHECK(error.phase() == ferry::Phase::redirect);
        CHECK(says(error, server.url("/there")));
        REQUIRE(error.partial());
        CHECK(error.partial()->status == 307);
        CHECK(error.partial()->body == "body");
        CHECK(session.get(server.url()).connection.reused);
    }
    SECTION("not needed") {
        server.accept().answers(moved("/there", "303 See Other")).answers(ok("there"));
        CHECK(session.post(server.url(), with).body == "there");
        CHECK(server.request(1).body().empty());
    }
    SECTION("not touched") {
        server.accept().reads_head().sends(moved("/there", keeps_body)).sees_the_end();
        server.accept().reads_head().sends("HTTP/1.1 100 Continue\r\n\r\n").reads(15).sends(ok("there"));
        with.expect_continue = true;
        with.body = ferry::source(pieces_of("state", 9));
        CHECK(session.post(server.url(), with).body == "there");
    }
}

TEST_CASE("a redirect that comes before the body has left spares the rest of it", "[session][E1][A14]") {
    auto content = patterned(20'000'000);
    Server server({.receive_buffer = 4096});
    server.accept().reads_head().sends(moved("/there", keeps_body)).reads_to_the_end();
    server.accept().answers(ok("there"));
    Session session;
    SECTION("in memory") { CHECK(session.post(server.url(), {.body = content}).body == "there"); }
    SECTION("in a file") {
        TempFolder folder;
        auto file = folder.write("file", content);
        CHECK(session.post(server.url(), {.body = ferry::File{file}}).body == "there");
    }
    CHECK((server.request(1).body() == content));
}

TEST_CASE("a stream begins behind the redirects", "[session][E6][stream]") {
    Server server, other;
    server.accept().answers(moved("/1", "302 Found", "not this")).answers(moved(other.url("/2")));
    auto& last = other.accept().answers(head("Content-Length: 10\r\n"));
    Session session;
    auto stream = session.stream(server.url());
    CHECK(stream.response().status == 200);
    CHECK(to_string(stream.response().url) == other.url("/2"));
    REQUIRE(stream.response().history.size() == 2);
    CHECK(stream.response().history[0].body == "not this");
    CHECK(session.stats().in_use == 1);
    last.sends("0123456789");
    CHECK(stream.read() == "0123456789");
    CHECK(session.stats().idle == 2);
}

TEST_CASE("a stream that a redirect fails is at its end", "[session][E6][stream]") {
    Server server;
    server.accept().answers(moved("gopher://x/")).answers(ok());
    Session session;
    std::error_code ec;
    {
        auto stream = session.stream(server.url(), {}, ec);
        CHECK(ec == errc::redirect_refused);
        CHECK(stream.next(ec).empty());
    }
    CHECK(session.get(server.url()).connection.reused);
}

TEST_CASE("a download takes what the redirects lead to", "[session][E6][download]") {
    TempFolder folder;
    Server server;
    auto& script = server.accept().answers(moved("/there", "302 Found", "not this"));
    Session session;
    auto resume = GENERATE(false, true);
    SECTION("a file") {
        script.answers(ok("file's content"));
        auto r = session.download(server.url(), folder / "file", {.resume = resume});
        CHECK(r.history.size() == 1);
        CHECK(folder.read("file") == "file's content");
        CHECK(folder.files() == 1);
    }
    SECTION("nothing") {
        script.answers(reply("404 Not Found", "gone"));
        auto r = session.download(server.url(), folder / "file", {.resume = resume});
        CHECK(r.status == 404);
        CHECK(r.body == "gone");
        CHECK_FALSE(std::filesystem::exists(folder / "file"));
    }
}

TEST_CASE("a redirect that is not followed is no file", "[session][E6][download]") {
    TempFolder folder;
    Server server;
    server.accept().answers(moved("/there", "302 Found", "moved"));
    Session session;
    auto r = session.download(server.url(), folder / "file", {.redirects = ferry::no_redirects});
    CHECK(r.status == 302);
    CHECK(r.body == "moved");
    CHECK(folder.files() == 0);
}
