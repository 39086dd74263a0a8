// nginx: bodies of each framing, and connections that it closes by count and by time.

#include "nginx.hpp"
#include "closed_while_idle.hpp"
#include "errors.hpp"

#include <ferry/ferry.hpp>

#include <future>
#include <string>
#include <vector>

using namespace ferry::testing;
using ferry::DiscardReason;

TEST_CASE("nginx: five gets share one TCP connection", "[nginx][A5]") {
    FERRY_NEEDS_SERVER("nginx");
    Nginx nginx;
    ferry::Session session;
    for (int i = 0; i < 5; ++i) CHECK(session.get(nginx.url("/hello")).body == "hello from nginx\n");
    CHECK(session.stats().opened == 1);
    CHECK(session.stats().reused == 4);
}

TEST_CASE("nginx: bodies of each framing keep the connection", "[nginx][C1]") {
    FERRY_NEEDS_SERVER("nginx");
    Nginx nginx;
    ferry::Session session;
    auto fixed = session.get(nginx.url("/hello"));
    CHECK(fixed.headers["content-length"] == "17");
    CHECK(fixed.body == "hello from nginx\n");
    auto chunked = session.get(nginx.url("/chunked/hello"));
    CHECK(chunked.headers["transfer-encoding"] == "chunked");
    CHECK(chunked.body == fixed.body);
    CHECK(session.head(nginx.url("/hello")).headers["content-length"] == "17");
    CHECK(session.get(nginx.url("/nothing")).status == 204);
    auto tag = std::string(fixed.headers["etag"]);
    CHECK(session.get(nginx.url("/hello"), {.headers = {{"If-None-Match", tag}}}).status == 304);
    auto part = session.get(nginx.url("/hello"), {.headers = {{"Range", "bytes=6-9"}}});
    CHECK(part.status == 206);
    CHECK(part.body == "from");
    CHECK(session.get(nginx.url("/no-such-file")).status == 404);
    CHECK(session.get(nginx.url("/moved"), {.redirects = ferry::RedirectOptions{.follow = false}}).status == 302);
    CHECK(session.get(nginx.url("/moved")).body == fixed.body);
    CHECK(session.post(nginx.url("/hello"), {.body = "refused"}).status == 405);
    CHECK(session.stats().opened == 1);
}

TEST_CASE("nginx: a large body comes whole in each framing", "[nginx]") {
    FERRY_NEEDS_SERVER("nginx");
    Nginx nginx;
    std::string large(3'000'000, 'x');
    for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>('a' + i * 7 % 26);
    nginx.folder().write("www/large", large);
    ferry::Session session;
    CHECK((session.get(nginx.url("/large")).body == large));
    CHECK((session.get(nginx.url("/chunked/large")).body == large));
    TempFolder folder;
    session.download(nginx.url("/chunked/large"), folder / "file");
    CHECK((folder.read("file") == large));
    CHECK(session.stats().opened == 1);
}

TEST_CASE("nginx: a connection that served its number of requests is replaced without an error", "[nginx][A5]") {
    FERRY_NEEDS_SERVER("nginx");
    Nginx nginx({.keepalive_requests = 3});
    ferry::Session session;
    std::vector<std::uint64_t> connections;
    for (int i = 0; i < 7; ++i) connections.push_back(session.get(nginx.url("/hello")).connection.id);
    CHECK(connections == std::vector<std::uint64_t>{1, 1, 1, 2, 2, 2, 3});
    CHECK(session.stats().discarded[DiscardReason::close_header] == 2);
}

TEST_CASE("nginx: a connection that it closed while idle is replaced without an error", "[nginx][A2]") {
    FERRY_NEEDS_SERVER("nginx");
    Nginx nginx;
    ferry::Session session;
    session.get(nginx.url("/hello"));
    REQUIRE(closed_while_idle(nginx.port()));
    ferry::Response r;
    SECTION("for a GET") { r = session.get(nginx.url("/echo")); }
    SECTION("for a POST") { r = session.post(nginx.url("/echo"), {.body = "once"}); }
    CHECK(r.status == 200);
    CHECK_FALSE(r.connection.reused);
    CHECK(session.stats().discarded[DiscardReason::peer_closed] == 1);
}

TEST_CASE("nginx: a refused upload is answered before it is sent", "[nginx][A14]") {
    FERRY_NEEDS_SERVER("nginx");
    Nginx nginx;
    ferry::Session session;
    CHECK(session.post(nginx.url("/hello"), {.body = std::string(20'000'000, 'x')}).status == 413);
    CHECK(session.get(nginx.url("/hello")).status == 200);
}

TEST_CASE("nginx: a connection closed without a word is an error, and the session lives", "[nginx][B2]") {
    FERRY_NEEDS_SERVER("nginx");
    Nginx nginx;
    ferry::Session session;
    CHECK(error_of([&] { session.get(nginx.url("/rude")); }).code() == ferry::errc::connection_closed);
    CHECK(session.get(nginx.url("/hello")).status == 200);
}

TEST_CASE("nginx: threads share a session with a server that closes after three requests", "[nginx][threads]") {
    FERRY_NEEDS_SERVER("nginx");
    Nginx nginx({.keepalive_requests = 3});
    ferry::Session session({.pool = {.max_per_host = 4}});
    std::vector<std::future<int>> threads;
    for (int t = 0; t < 8; ++t)
        threads.push_back(std::async(std::launch::async, [&] {
            int right = 0;
            for (int i = 0; i < 50; ++i) right += session.get(nginx.url("/hello")).body == "hello from nginx\n";
            return right;
        }));
    for (auto& thread : threads) CHECK(thread.get() == 50);
    CHECK(session.stats().in_use == 0);
}
