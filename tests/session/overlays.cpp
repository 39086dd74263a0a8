// Overlays: sessions on the same connections and cookies with other defaults.

#include "loopback.hpp"
#include "mock.hpp"

#include <optional>
#include <string>
#include <utility>

TEST_CASE("an overlay lays its headers and params over the session's", "[session][overlay]") {
    Server server;
    server.accept().answers(ok()).answers(ok()).answers(ok());
    Session session({.params = {{"key", "k"}}, .headers = {{"X-Team", "red"}, {"X-Kept", "yes"}}});
    auto overlay = session.with({.params = {{"page", 2}}, .headers = {{"x-team", "blue"}, {"X-New", "n"}}});
    overlay.get(server.url("/a"), {.params = {{"q", "z"}}, .headers = {{"X-New", "own"}}});
    CHECK(server.request().target() == "/a?key=k&page=2&q=z");
    CHECK(server.request().count("X-Team") == 1);
    CHECK(server.request().field("X-Team") == "blue");
    CHECK(server.request().field("X-Kept") == "yes");
    CHECK(server.request().count("X-New") == 1);
    CHECK(server.request().field("X-New") == "own");
    CHECK(server.request().count("User-Agent") == 1);
    session.get(server.url("/a"));
    CHECK(server.request(1).target() == "/a?key=k");
    CHECK(server.request(1).field("X-Team") == "red");
    CHECK_FALSE(server.request(1).field("X-New"));
    overlay.with({.headers = {{"User-Agent", "me"}}}).get(server.url("/a"));
    CHECK(server.request(2).field("User-Agent") == "me");
    CHECK(server.request(2).field("X-Team") == "blue");
}

TEST_CASE("an overlay has time limits of its own", "[session][overlay][K3]") {
    Server server;
    server.accept().reads_request().reads_to_the_end();
    Session session;
    auto quick = session.with({.read_timeout = 30ms});
    CHECK(prompt_error_of([&] { quick.get(server.url()); }).code() == ferry::errc::read_timeout);
    server.accept().reads_request().reads_to_the_end();
    auto whole = session.with({.timeout = 30ms});
    CHECK(prompt_error_of([&] { whole.get(server.url()); }).code() == ferry::errc::total_timeout);
    server.accept().reads_request().reads_to_the_end();
    auto nested = session.with({.read_timeout = 30ms}).with({.timeout = 1h});
    CHECK(prompt_error_of([&] { nested.get(server.url()); }).code() == ferry::errc::read_timeout);
}

TEST_CASE("an overlay has its own credentials, redirects, retries, limits and connections' end", "[session][overlay]") {
    Server server;
    Session session({.auth = ferry::bearer("session")});
    SECTION("credentials") {
        server.accept().answers(ok()).answers(ok());
        session.with({.auth = ferry::bearer("overlay")}).get(server.url());
        session.get(server.url());
        CHECK(server.request(0).field("Authorization") == "Bearer overlay");
        CHECK(server.request(1).field("Authorization") == "Bearer session");
    }
    SECTION("redirects") {
        server.accept().answers(reply("302 Found", "", "Location: /b\r\n"));
        CHECK(session.with({.redirects = ferry::RedirectOptions{.follow = false}}).get(server.url()).status == 302);
    }
    SECTION("retries") {
        server.accept().answers(reply("503 Unavailable")).answers(ok("again"));
        const ferry::Retry retry{.status_forcelist = {503}, .backoff_factor = 0ms};
        CHECK(session.with({.retry = retry}).get(server.url()).body == "again");
    }
    SECTION("max_body") {
        server.accept().answers(ok("0123456789"));
        auto error = error_of([&] { session.with({.max_body = 5}).get(server.url()); });
        CHECK(error.code() == ferry::errc::body_too_large);
    }
    SECTION("keep_alive") {
        server.accept().answers(ok());
        session.with({.keep_alive = false}).get(server.url());
        CHECK(server.request().field("Connection") == "close");
        CHECK(session.stats().idle == 0);
    }
    SECTION("decode") {
        server.accept().answers(ok("no gzip", "Content-Encoding: gzip\r\n"));
        CHECK(session.with({.decode = false}).get(server.url()).body == "no gzip");
    }
    SECTION("lenient") {
        server.accept().answers("HTTP/1.1 200 OK\nContent-Length: 0\n\n");
        CHECK(session.with({.lenient = true}).get(server.url()).status == 200);
    }
}

TEST_CASE("an overlay has a base URL of its own", "[session][overlay]") {
    Server server;
    server.accept().answers(ok()).answers(ok()).answers(ok());
    Session session({.base_url = server.url("/v1/")});
    auto other = session.with(server.url("/v2/"), {.headers = {{"X-A", "b"}}});
    other.get("users");
    CHECK(server.request(0).target() == "/v2/users");
    CHECK(server.request(0).field("X-A") == "b");
    session.with(ferry::Options{}).get("users");
    CHECK(server.request(1).target() == "/v1/users");
    other.with({.params = {{"a", 1}}}).get("users");
    CHECK(server.request(2).target() == "/v2/users?a=1");
    CHECK(error_of([&] { session.with("not a URL"); }).code() == ferry::condition::input);
}

TEST_CASE("a session and its overlays share connections, limits, cookies, adapters and numbers", "[session][overlay]") {
    Server server;
    server.accept().answers(ok("", "Set-Cookie: a=1\r\n")).answers(ok());
    Session session({.pool = {.max_per_host = 1}});
    auto overlay = session.with({.headers = {{"X-A", "b"}}});
    overlay.get(server.url());
    auto r = session.get(server.url());
    CHECK(r.connection.reused);
    CHECK(server.request(1).field("Cookie") == "a=1");
    CHECK(overlay.cookies() == session.cookies());
    CHECK(overlay.stats().reused == 1);
    CHECK(session.stats().opened == 1);
    overlay.mount("http://mock.invalid/", named("mock"));
    CHECK(session.get("http://mock.invalid/").body == "mock");
    CHECK(overlay.with(ferry::Options{}).get("http://mock.invalid/").body == "mock");
}

TEST_CASE("the retry budget is one for a session and its overlays", "[session][overlay][B6]") {
    const ferry::Retry retry{.status_forcelist = {503}, .backoff_factor = 0ms, .budget = 0.0, .budget_reserve = 1};
    auto mock = plays({canned(503)});
    Session session({.retry = retry});
    session.mount("http://mock.invalid/", mock);
    session.get("http://mock.invalid/");
    session.with({.headers = {{"X-A", "b"}}}).get("http://mock.invalid/");
    CHECK(mock->requests().size() == 3);
}

TEST_CASE("connections live until the last of a session and its overlays has gone", "[session][overlay]") {
    Server server;
    auto& script = server.accept().answers(ok()).answers(ok());
    std::optional<Session> session(std::in_place);
    auto overlay = session->with({.headers = {{"X-A", "b"}}});
    session->get(server.url());
    session.reset();
    CHECK(overlay.stats().idle == 1);
    auto nested = std::make_optional(overlay.with({.params = {{"c", "d"}}}));
    overlay = Session();
    CHECK(nested->get(server.url()).connection.reused);
    CHECK(server.request(1).field("X-A") == "b");
    CHECK(server.request(1).target() == "/?c=d");
    script.sees_the_end();
    nested.reset();
    CHECK(script.played());
}

TEST_CASE("closing one of a session and its overlays closes all", "[session][overlay]") {
    Session session;
    auto overlay = session.with(ferry::Options{});
    overlay.close();
    CHECK(error_of([&] { session.get("http://host.invalid/"); }).code() == ferry::errc::pool_closed);
}

TEST_CASE("an overlay refuses what belongs to one request, and says what", "[session][overlay]") {
    Session session;
    std::stop_source stop;
    auto refuses = [&](std::string_view name, const ferry::Options& with) {
        INFO(name);
        auto error = error_of([&] { session.with(with); });
        CHECK(error.code() == ferry::errc::invalid_option);
        CHECK(says(error, name));
    };
    refuses("body", {.body = "x"});
    refuses("target", {.target = "/x"});
    refuses("cookies", {.cookies = {{"a", "b"}}});
    refuses("stop", {.stop = stop.get_token()});
    refuses("idempotent", {.idempotent = true});
    refuses("expect_continue", {.expect_continue = true});
    refuses("compress", {.compress = true});
    refuses("trailers", {.trailers = [] { return ferry::Headers{}; }});
    refuses("resume", {.resume = true});
    refuses("on_progress", {.on_progress = [](const ferry::Progress&) {}});
    refuses("on_interim", {.on_interim = [](int, const ferry::Headers&) {}});
    refuses("read_timeout", {.read_timeout = 0ms});
    refuses("Host", {.headers = {{"Host", "h"}}});
    CHECK(error_of([&] {
              session.with({.headers = {{"X-A", "b\r\nc"}}});
          }).code() == ferry::errc::invalid_header_value);
}

TEST_CASE("a session that was moved from has no overlays, and its overlays go on", "[session][overlay]") {
    Session session;
    session.mount("http://mock.invalid/", named("mock"));
    auto overlay = session.with(ferry::Options{});
    auto moved = std::move(session);
    CHECK(error_of([&] { session.with(ferry::Options{}); }).code() ==
          ferry::errc::pool_closed);  // NOLINT(bugprone-use-after-move)
    CHECK(overlay.get("http://mock.invalid/").body == "mock");
    CHECK(moved.with(ferry::Options{}).get("http://mock.invalid/").body == "mock");
}

TEST_CASE("a stream of an overlay outlives it and its session", "[session][overlay][stream]") {
    Server server;
    auto& script = server.accept().answers(head("Content-Length: 4\r\n"));
    std::optional<Session> session(std::in_place);
    auto stream = session->with({.headers = {{"X-A", "b"}}}).stream(server.url());
    session.reset();
    script.sends("body");
    CHECK(stream.read() == "body");
}
