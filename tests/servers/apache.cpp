// Apache: Digest as most of the world's servers speak it, brotli and gzip made while they are sent.

#include "apache.hpp"
#include "errors.hpp"

#include <ferry/ferry.hpp>

#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

using namespace ferry::testing;
using namespace std::chrono_literals;

TEST_CASE("Apache: each coding is undone, on a connection that is kept", "[apache][I1]") {
    FERRY_NEEDS_SERVER("apache2");
    Apache apache;
    std::string text;
    while (text.size() < 500'000) text += "line " + std::to_string(text.size()) + "\n";
    apache.folder().write("www/text", text);
    ferry::Session session;
    auto check = [&](const char* path, std::string_view coding) {
        auto r = session.get(apache.url(path));
        CHECK(r.headers["content-encoding"] == coding);
        CHECK((r.body == text));
        std::size_t lines = 0;
        for ([[maybe_unused]] auto line : session.stream(apache.url(path)).lines()) ++lines;
        CHECK(lines == static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')));
        auto raw = session.get(apache.url(path), {.decode = false});
        CHECK((coding.empty() || raw.body.size() < text.size() / 2));
    };
    check("/text", "");
#if FERRY_HAS_BROTLI
    check("/br/text", "br");
#endif
#if FERRY_HAS_ZLIB
    check("/gz/text", "gzip");
#endif
    CHECK(session.stats().opened == 1);
}

TEST_CASE("Apache: redirects, ranges and validators", "[apache][E1]") {
    FERRY_NEEDS_SERVER("apache2");
    Apache apache;
    ferry::Session session;
    auto r = session.get(apache.url("/moved"));
    CHECK(r.body == "hello from Apache\n");
    CHECK(r.history.size() == 1);
    auto tag = std::string(r.headers["etag"]);
    CHECK(session.get(apache.url("/hello"), {.headers = {{"If-None-Match", tag}}}).status == 304);
    CHECK(session.get(apache.url("/hello"), {.headers = {{"Range", "bytes=6-9"}}}).body == "from");
    CHECK(session.stats().opened == 1);
}

#if FERRY_HAS_TLS
TEST_CASE("Apache: Digest asks once, and one challenge serves all that follows", "[apache][G1][G3]") {
    FERRY_NEEDS_SERVER("apache2");
    Apache apache;
    ferry::Session session({.auth = ferry::digest("me", "secret")});
    auto first = session.get(apache.url("/private/hello"));
    CHECK(first.body == "hello from Apache\n");
    REQUIRE(first.history.size() == 1);
    CHECK(first.history[0].status == 401);
    for (auto* query : {"", "?a=b", "?c=%20d,\"e\""}) {
        auto r = session.get(apache.url("/private/hello" + std::string(query)));
        CHECK(r.status == 200);
        CHECK(r.history.empty());
    }
    CHECK(session.head(apache.url("/private/hello")).status == 200);
    CHECK(session.get(apache.url("/private/none")).status == 404);
    CHECK(session.stats().opened == 1);
    CHECK(session.get(apache.url("/private/hello"), {.auth = ferry::digest("me", "wrong")}).status == 401);
    CHECK(session.get(apache.url("/private/hello"), {.auth = ferry::digest("you", "secret")}).status == 401);
}

TEST_CASE("Apache: a body is sent again behind the challenge", "[apache][G3]") {
    FERRY_NEEDS_SERVER("apache2");
    Apache apache;
    ferry::Session session;
    auto r = session.post(apache.url("/private/hello"),
                          {.body = std::string(100'000, 'x'), .auth = ferry::digest("me", "secret")});
    CHECK(r.status == 200);
    CHECK(r.history.size() == 1);
}

TEST_CASE("Apache: threads share a challenge", "[apache][threads][G1]") {
    FERRY_NEEDS_SERVER("apache2");
    Apache apache;
    ferry::Session session({.auth = ferry::digest("me", "secret")});
    session.get(apache.url("/private/hello"));
    std::vector<std::future<int>> threads;
    for (int t = 0; t < 4; ++t)
        threads.push_back(std::async(std::launch::async, [&] {
            int at_once = 0;
            for (int i = 0; i < 25; ++i) {
                auto r = session.get(apache.url("/private/hello"));
                at_once += r.status == 200 && r.history.empty();
            }
            return at_once;
        }));
    for (auto& thread : threads) CHECK(thread.get() == 25);
}

TEST_CASE("Apache: a stale nonce is renewed without asking for another password", "[apache][G1]") {
    FERRY_NEEDS_SERVER("apache2");
    Apache apache({.nonce_lifetime = 1});
    ferry::Session session({.auth = ferry::digest("me", "secret")});
    CHECK(session.get(apache.url("/private/hello")).status == 200);
    std::this_thread::sleep_for(1100ms);
    auto r = session.get(apache.url("/private/hello"));
    CHECK(r.status == 200);
    REQUIRE(r.history.size() == 1);
    CHECK(r.history[0].headers["www-authenticate"].find("stale=true") != std::string::npos);
}
#endif
