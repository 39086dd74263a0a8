// Request bodies that are coded on their way, fields that follow a body, and the type that a body brings along.

#include "coded.hpp"
#include "loopback.hpp"
#include "pieces.hpp"
#include "temp_folder.hpp"

#include <ferry/adapter.hpp>

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string>

using ferry::errc;

namespace {

struct JsonLike {
    std::string dump() const { return R"({"a":1})"; }
};

ferry::Source rewindable_source(std::string text, std::size_t most) {
    auto at = std::make_shared<std::size_t>(0);
    return {.read =
                [=](std::span<char> into) {
                    auto n = std::min({into.size(), most, text.size() - *at});
                    std::memcpy(into.data(), text.data() + *at, n);
                    *at += n;
                    return n;
                },
            .rewind = [at] { *at = 0; }};
}

std::string unpacked(std::string_view coded) {
    auto d = decoded("gzip", coded);
    CHECK_FALSE(d.ec);
    return d.body;
}

// What a chunked request carries behind its data.
std::string_view trailer_lines(const Request& r) {
    auto body = r.body();
    auto last = body.rfind("\r\n0\r\n");
    return last == body.npos ? body.substr(body.find("0\r\n") + 3) : body.substr(last + 5);
}

const ferry::Retry at_once{.status_forcelist = {503}, .backoff_factor = 0ms};

}  // namespace

TEST_CASE("bytes that are to be compressed go out coded, with their length", "[session][body]") {
    auto size = GENERATE(std::size_t{0}, std::size_t{10}, std::size_t{1'000'000});
    auto text = patterned(size);
    Server server;
    server.accept().answers(ok()).answers(ok());
    Session session;
    session.post(server.url(), {.body = text, .compress = true});
    CHECK(session.get(server.url()).connection.reused);
    auto request = server.request();
    CHECK(request.field("Content-Encoding") == "gzip");
    CHECK(request.field("Content-Length") == std::to_string(request.body().size()));
    CHECK((unpacked(request.body()) == text));
    if (size > 1000) CHECK(request.body().size() < size / 10);
    CHECK_FALSE(server.request(1).field("Content-Encoding"));
}

TEST_CASE("files and sources are compressed while they are sent, in chunks", "[session][body]") {
    auto size = GENERATE(std::size_t{0}, std::size_t{10}, std::size_t{3'000'000});
    std::string text;
    for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i * 7919 % 100'003);
    text.resize(size);
    TempFolder folder;
    ferry::Body body;
    SECTION("a file") { body = ferry::File{folder.write("file", text)}; }
    SECTION("a source") { body = ferry::source(pieces_of(text, 9'999)); }
    SECTION("a source of known size") { body = ferry::source(pieces_of(text, 9'999), text.size()); }
    SECTION("a borrowed text between them") {
        body = ferry::Multipart{{"f", ferry::File{folder.write("file", text)}}}.with_boundary("B");
    }
    Server server;
    server.accept().answers(ok()).answers(ok());
    Session session;
    session.post(server.url(), {.body = body, .compress = true});
    CHECK(session.get(server.url()).connection.reused);
    auto request = server.request();
    CHECK(request.field("Content-Encoding") == "gzip");
    CHECK(request.field("Transfer-Encoding") == "chunked");
    CHECK_FALSE(request.field("Content-Length"));
    CHECK((unpacked(unchunked(request.body())).find(text) != std::string::npos));
}

TEST_CASE("no body is not compressed", "[session][body]") {
    Server server;
    server.accept().answers(ok()).answers(ok());
    Session session;
    session.post(server.url(), {.compress = true});
    session.get(server.url(), {.compress = true});
    CHECK_FALSE(server.request(0).field("Content-Encoding"));
    CHECK(server.request(0).field("Content-Length") == "0");
    CHECK_FALSE(server.request(1).field("Content-Encoding"));
}

TEST_CASE("a compressed body is sent again as it was", "[session][body][B3][B6]") {
    TempFolder folder;
    auto text = patterned(100'000);
    auto kind = GENERATE(0, 1, 2);
    ferry::Body body = text;
    if (kind == 1) body = ferry::File{folder.write("file", text)};
    if (kind == 2) body = rewindable_source(text, 999);
    Server server;
    auto& script = server.accept();
    SECTION("after a status") { script.answers(reply("503 Busy")).answers(ok("done")); }
    SECTION("after a redirect") { script.answers(reply("307 There", "", "Location: /next\r\n")).answers(ok("done")); }
    SECTION("after a dropped connection") {
        script.reads_request().closes();
        server.accept().answers(ok("done"));
    }
    Session session;
    auto r = session.put(server.url(), {.body = body, .retry = at_once, .compress = true});
    CHECK(r.body == "done");
    REQUIRE(server.requests().size() == 2);
    for (auto& request : server.requests()) {
        CHECK(request.count("Content-Encoding") == 1);
        CHECK((unpacked(kind ? unchunked(request.body()) : std::string(request.body())) == text));
    }
}

TEST_CASE("a redirect that drops the body drops its coding, type and trailers", "[session][body][E2]") {
    TempFolder folder;
    auto pulled = GENERATE(false, true);
    auto compress = GENERATE(false, true);
    auto trailing = GENERATE(false, true);
    ferry::Options with{.body = ferry::Form{{"a", 1}}, .compress = compress};
    if (pulled) with.body = ferry::Body(ferry::File{folder.write("f", "x")}).with_type("text/x");
    if (trailing) with.trailers = [] { return ferry::Headers{{"X-Sum", "1"}}; };
    Server server;
    server.accept().answers(reply("303 See", "", "Location: /next\r\n")).answers(ok("there"));
    Session session({.headers = {{"Content-Language", "en"}}});
    CHECK(session.post(server.url(), with).body == "there");
    auto next = server.request(1);
    CHECK(next.method() == "GET");
    for (auto name : {"Content-Encoding", "Content-Type", "Content-Length", "Transfer-Encoding", "Content-Language"})
        CHECK_FALSE(next.field(name));
    CHECK(next.body().empty());
    CHECK(server.request(0).field("Content-Language"));
}

TEST_CASE("an adapter sees a compressed body as the wire would", "[session][body]") {
    auto pulled = GENERATE(false, true);
    auto mock = std::make_shared<ferry::MockAdapter>([](const ferry::AdapterRequest&) {
        ferry::Response r;
        r.status = 200;
        return r;
    });
    Session session;
    session.mount("http://mock/", mock);
    ferry::Body body = "the text";
    if (pulled) body = ferry::source(pieces_of("the text", 3));
    session.post("http://mock/", {.body = body, .compress = true});
    REQUIRE(mock->requests().size() == 1);
    CHECK(mock->requests()[0].headers["Content-Encoding"] == "gzip");
    CHECK(unpacked(mock->requests()[0].body) == "the text");
}

TEST_CASE("trailers follow any body, and are asked for when it has been sent", "[session][body]") {
    TempFolder folder;
    auto compress = GENERATE(false, true);
    ferry::Body body;
    SECTION("bytes") { body = "01234"; }
    SECTION("no bytes") { body = ""; }
    SECTION("a file") { body = ferry::File{folder.write("f", "01234")}; }
    SECTION("a source") { body = ferry::source(pieces_of("01234", 2)); }
    SECTION("a source of known size") { body = ferry::source(pieces_of("01234", 2), 5); }
    const bool empty = body.bytes() && body.bytes()->empty();
    Server server;
    server.accept().answers(ok()).answers(ok());
    Session session;
    int asked = 0;
    session.post(server.url(), {.body = body, .compress = compress, .trailers = [&] {
                                    ++asked;
                                    return ferry::Headers{{"X-Sum", "12"}, {"X-Other", "y"}};
                                }});
    CHECK(session.get(server.url()).connection.reused);
    auto request = server.request();
    CHECK(asked == 1);
    CHECK(request.field("Transfer-Encoding") == "chunked");
    CHECK_FALSE(request.field("Content-Length"));
    CHECK(trailer_lines(request) == "X-Sum: 12\r\nX-Other: y\r\n\r\n");
    auto data = unchunked(request.body());
    CHECK((compress ? unpacked(data) : data) == (empty ? "" : "01234"));
}

TEST_CASE("a source may work out its trailers as it goes", "[session][body]") {
    std::size_t sum = 0;
    auto counting = [&, n = 0](std::span<char> into) mutable -> std::size_t {
        if (n++ == 3) return 0;
        into[0] = 'x';
        ++sum;
        return 1;
    };
    Server server;
    server.accept().answers(ok());
    Session session;
    session.post(server.url(), {.body = ferry::source(counting), .trailers = [&] {
                                    return ferry::Headers{{"X-Count", std::to_string(sum)}};
                                }});
    CHECK(trailer_lines(server.request()) == "X-Count: 3\r\n\r\n");
}

TEST_CASE("trailers are asked for with each attempt, and may be none", "[session][body][B6]") {
    Server server;
    server.accept().answers(reply("503 Busy")).answers(ok("done"));
    Session session;
    int asked = 0;
    session.put(server.url(), {.body = "x", .retry = at_once, .trailers = [&] {
                                   return ++asked == 1 ? ferry::Headers{{"X-Try", "1"}} : ferry::Headers{};
                               }});
    CHECK(trailer_lines(server.request(0)) == "X-Try: 1\r\n\r\n");
    CHECK(server.request(1).body() == "1\r\nx\r\n0\r\n\r\n");
}

TEST_CASE("a trailer that may not be one ends the request", "[session][body][D3]") {
    auto [name, value, ec] = GENERATE(table<std::string, std::string, errc>({
        {"Content-Length", "5", errc::invalid_header_name},
        {"transfer-encoding", "chunked", errc::invalid_header_name},
        {"Host", "h", errc::invalid_header_name},
        {"Authorization", "x", errc::invalid_header_name},
        {"X Y", "z", errc::invalid_header_name},
        {"X", "a\r\nb: c", errc::invalid_header_value},
    }));
    Server server;
    server.accept().reads_head().reads_to_the_end();
    Session session;
    const ferry::Headers bad{{name, value}};
    auto error = error_of([&] { session.post(server.url(), {.body = "x", .trailers = [&] { return bad; }}); });
    CHECK(error.code() == ec);
    CHECK(says(error, "trailer"));
    CHECK(says(error, name));
    CHECK(session.stats().idle == 0);
    CHECK(session.stats().in_use == 0);
    check_that_it_lives(session, server);
}

TEST_CASE("a Content-Length of the caller's contradicts trailers", "[session][body][D4]") {
    Server server;
    Session session;
    auto error = error_of([&] {
        session.post(server.url(),
                     {.headers = {{"Content-Length", "1"}}, .body = "x", .trailers = [] { return ferry::Headers{}; }});
    });
    CHECK(error.code() == errc::content_length_mismatch);
    CHECK(server.connections() == 0);
}

TEST_CASE("a body brings its type along, and the caller's own stands over it", "[session][body]") {
    Server server;
    auto& script = server.accept();
    for (int i = 0; i < 7; ++i) script.answers(ok());
    Session session;
    session.post(server.url(), {.body = ferry::Form{{"a", 1}}});
    session.post(server.url(), {.body = ferry::json(JsonLike{})});
    session.post(server.url(), {.body = ferry::Multipart{{"a", "1"}}.with_boundary("B")});
    session.post(server.url(), {.body = ferry::Body("x").with_type("text/x")});
    session.post(server.url(), {.body = "x"});
    session.post(server.url(), {.headers = {{"content-type", "a/b"}}, .body = ferry::json(JsonLike{})});
    auto mine = session.with({.headers = {{"Content-Type", "c/d"}}});
    mine.post(server.url(), {.body = ferry::Form{{"a", 1}}});
    auto all = server.requests();
    auto type = [&](std::size_t n) { return all.at(n).field("Content-Type"); };
    CHECK(type(0) == "application/x-www-form-urlencoded");
    CHECK(type(1) == "application/json");
    CHECK(server.request(1).body() == R"({"a":1})");
    CHECK(type(2) == "multipart/form-data; boundary=B");
    CHECK(type(3) == "text/x");
    CHECK_FALSE(type(4));
    CHECK(type(5) == "a/b");
    CHECK(type(6) == "c/d");
    for (auto& request : all) CHECK(request.count("Content-Type") <= 1);
}
