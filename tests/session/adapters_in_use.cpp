// What works over the network works with an adapter: redirects, cookies, credentials, retries, streams, files, events.

#include "loopback.hpp"
#include "mock.hpp"
#include "temp_folder.hpp"

#include <ferry/http/gzip.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

using ferry::MockAdapter;

namespace {

const std::string mocked = "http://mock.invalid/";

}  // namespace

TEST_CASE("redirects of an adapter are followed, with their history", "[session][adapter][E1][E6]") {
    auto mock = plays({canned(302, "moved", {{"Location", "/b"}}), canned(200, "there")});
    Session session;
    session.mount(mocked, mock);
    auto r = session.post(mocked + "a", {.body = "x"});
    CHECK(r.body == "there");
    CHECK(r.url.target() == "/b");
    REQUIRE(r.history.size() == 1);
    CHECK(r.history[0].body == "moved");
    REQUIRE(mock->requests().size() == 2);
    CHECK(mock->requests()[1].method == "GET");
    CHECK(mock->requests()[1].body.empty());
    CHECK_FALSE(mock->requests()[1].headers.contains("content-length"));
}

TEST_CASE("a redirect leads from the network to an adapter and back", "[session][adapter][E4]") {
    Server server;
    server.accept()
        .answers(reply("307 Temporary Redirect", "first", "Location: https://mock.invalid/b\r\n"))
        .answers(ok("end"));
    auto mock = plays({canned(307, "second", {{"Location", server.url("/c")}})});
    Session session({.redirects = {.allow_downgrade = true}});
    session.mount("https://mock.invalid/", mock);
    auto r = session.put(server.url("/a"), {.body = "kept", .auth = ferry::bearer("secret")});
    CHECK(r.body == "end");
    REQUIRE(r.history.size() == 2);
    CHECK(r.history[0].connection.id == 1);
    CHECK(r.history[1].connection.id == 0);
    CHECK(r.connection.id == 1);
    REQUIRE(mock->requests().size() == 1);
    CHECK(mock->requests()[0].body == "kept");
    CHECK_FALSE(mock->requests()[0].headers.contains("authorization"));
    CHECK(server.request(0).field("Authorization") == "Bearer secret");
    CHECK_FALSE(server.request(1).field("Authorization"));
    CHECK(server.request(1).body() == "kept");
    CHECK(session.stats().idle == 1);
}

TEST_CASE("an adapter's cookies are kept and sent", "[session][adapter][F1]") {
    auto mock = plays({canned(200, "", {{"Set-Cookie", "a=1"}, {"Set-Cookie", "b=2; Path=/deep"}}), canned(200)});
    Session session;
    session.mount(mocked, mock);
    session.get(mocked);
    session.get(mocked + "deep/er");
    CHECK(mock->requests()[1].headers["cookie"] == "b=2; a=1");
}

TEST_CASE("an adapter's challenge is answered", "[session][adapter][G3]") {
    auto mock = plays(
        {canned(401, "", {{"WWW-Authenticate", "Digest realm=\"r\", nonce=\"n\", qop=\"auth\""}}), canned(200, "in")});
    Session session;
    session.mount(mocked, mock);
    auto r = session.post(mocked, {.body = "again", .auth = ferry::digest("u", "p")});
    CHECK(r.body == "in");
    REQUIRE(mock->requests().size() == 2);
    CHECK(mock->requests()[1].headers["authorization"].starts_with("Digest username=\"u\""));
    CHECK(mock->requests()[1].body == "again");
}

TEST_CASE("an adapter is asked again as the retry policy says", "[session][adapter][B6]") {
    auto mock = plays({canned(503), canned(503), canned(200, "at last")});
    const ferry::Retry retry{.status_forcelist = {503}, .backoff_factor = 0ms};
    std::size_t retries = 0, requests = 0;
    ferry::Hooks hooks;
    hooks.on_retry = [&](const ferry::Retried&) { ++retries; };
    hooks.on_request = [&](const ferry::SentRequest& r) {
        ++requests;
        CHECK(r.connection.id == 0);
        CHECK(r.head.starts_with("GET / HTTP/1.1\r\n"));
    };
    Session session({.retry = retry, .hooks = hooks});
    session.mount(mocked, mock);
    CHECK(session.get(mocked).body == "at last");
    CHECK(retries == 2);
    CHECK(requests == 3);
}

TEST_CASE("an adapter's content coding is undone, unless the caller wants it as it is", "[session][adapter][I1]") {
    const std::string plain(100'000, 'x');
    Session session;
    session.mount(mocked, plays({canned(200, ferry::detail::gzip(plain), {{"Content-Encoding", "gzip"}})}));
    CHECK((session.get(mocked).body == plain));
    CHECK((session.stream(mocked).lines().begin() != std::default_sentinel));
    CHECK((session.get(mocked, {.decode = false}).body == ferry::detail::gzip(plain)));
    session.mount(mocked, plays({canned(200, "no gzip", {{"Content-Encoding", "gzip"}})}));
    CHECK(error_of([&] { session.get(mocked); }).code() == ferry::errc::invalid_content_coding);
}

TEST_CASE("an adapter's body is streamed by pieces, into memory and by lines", "[session][adapter][stream]") {
    Session session;
    session.mount(mocked, plays({canned(200, "one\ntwo\r\nthree")}));
    auto stream = session.stream(mocked);
    CHECK(stream.next() == "one\ntwo\r\nthree");
    CHECK(stream.next().empty());
    std::array<char, 4> some;
    auto second = session.stream(mocked);
    std::string all;
    for (std::size_t n; (n = second.read_some(some)) > 0;) all.append(some.data(), n);
    CHECK(all == "one\ntwo\r\nthree");
    std::vector<std::string> by_line;
    for (auto line : session.stream(mocked).lines()) by_line.emplace_back(line);
    CHECK(by_line == std::vector<std::string>{"one", "two", "three"});
    auto dropped = session.stream(mocked);
    dropped.close();
    CHECK(dropped.next().empty());
    CHECK(session.stats().opened == 0);
}

TEST_CASE("an adapter's body is downloaded, and gone on with", "[session][adapter][download]") {
    TempFolder folder;
    Session session;
    session.mount(mocked, plays({canned(200, std::string(600'000, 'x')), canned(404, "not here")}));
    session.download(mocked, folder / "file");
    CHECK((folder.read("file") == std::string(600'000, 'x')));
    CHECK(session.download(mocked, folder / "other").body == "not here");
    CHECK_FALSE(std::filesystem::exists(folder / "other"));
    session.mount(mocked, named("whole"));
    session.download(mocked, folder / "third", {.resume = true});
    CHECK(folder.read("third") == "whole");
}

TEST_CASE("an adapter gives events, connection after connection", "[session][adapter][events]") {
    const ferry::Headers type{{"Content-Type", "text/event-stream"}};
    auto mock = plays({canned(200, "retry: 0\nid: 7\ndata: one\n\ndata: two\n\n", type),
                       canned(200, "data: three\n\n", type), canned(204)});
    Session session;
    session.mount(mocked, mock);
    auto events = session.events(mocked);
    std::vector<std::string> data;
    while (auto event = events.next()) data.push_back(event->data);
    CHECK(data == std::vector<std::string>{"one", "two", "three"});
    REQUIRE(mock->requests().size() == 3);
    CHECK(mock->requests()[1].headers["last-event-id"] == "7");
    CHECK(mock->requests()[0].headers["accept"] == "text/event-stream");
}

TEST_CASE("an adapter serves any number of threads", "[session][adapter][threads]") {
    auto mock = named("x");
    Session session;
    session.mount(mocked, mock);
    std::vector<std::future<int>> threads;
    for (int t = 0; t < 4; ++t)
        threads.push_back(std::async(std::launch::async, [&] {
            int right = 0;
            for (int i = 0; i < 25; ++i) right += session.get(mocked).body == "x";
            return right;
        }));
    for (int i = 0; i < 25; ++i) session.mount("http://other.invalid/", i % 2 ? nullptr : named("y"));
    for (auto& thread : threads) CHECK(thread.get() == 25);
    CHECK(mock->requests().size() == 100);
}
