// What those who watch a session are told, in which order, and what becomes of a call whose hook throws.

#include "loopback.hpp"

#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

using ferry::DiscardReason;

namespace {

// Everything that the hooks say, a line each.
class Diary {
public:
    ferry::Hooks hooks() {
        ferry::Hooks h;
        h.on_request = [this](const ferry::SentRequest& r) {
            note("request " + std::string(r.method) + " " + std::string(r.url.target()) + " on " +
                 std::to_string(r.connection.id) + (r.connection.reused ? " again" : ""));
        };
        h.on_response = [this](const ferry::Response& r) {
            note("response " + std::to_string(r.status) + " to " + std::string(r.url.target()));
        };
        h.on_retry = [this](const ferry::Retried& r) {
            note("retry " + std::to_string(r.count) + " of " + std::string(r.method) + (r.stale ? ", stale" : "") +
                 (r.why ? ", error" : ", status " + std::to_string(r.status)));
        };
        h.on_redirect = [this](const ferry::Followed& f) {
            note("after " + std::to_string(f.response.status) + ": " + std::string(f.method) + " " +
                 std::string(f.url.target()));
        };
        h.on_discard = [this](const ferry::Discarded& d) {
            note("closing " + std::to_string(d.connection.id) + ": " + std::string(to_string(d.reason)));
        };
        return h;
    }
    std::vector<std::string> told() {
        std::lock_guard lock(mutex_);
        return lines_;
    }

private:
    void note(std::string line) {
        std::lock_guard lock(mutex_);
        lines_.push_back(std::move(line));
    }
    std::mutex mutex_;
    std::vector<std::string> lines_;
};

using DiaryLines = std::vector<std::string>;

// What a call throws whose hook threw `text`: the very exception, or from an AsyncSession an error that repeats it.
template <class Call> std::string thrown_by_hook(Call call) {
    try {
        call();
    } catch (const ferry::Error& error) {
        CHECK(error.code() == ferry::errc::callback_failed);
        return says(error, "hook says no") ? "hook says no" : error.what();
    } catch (const std::exception& error) {
        return error.what();
    }
    return "nothing";
}

}  // namespace

TEST_CASE("hooks tell of a request, its response, and the end of the connection", "[session][hooks]") {
    Diary diary;
    Server server;
    server.accept().answers(ok("one")).answers(ok("two", "Connection: close\r\n"));
    Session session({.hooks = diary.hooks()});
    session.get(server.url("/a"));
    session.post(server.url("/b"), {.body = "x"});
    CHECK(diary.told() == DiaryLines{"request GET /a on 1", "response 200 to /a", "request POST /b on 1 again",
                                     "response 200 to /b", "closing 1: close_header"});
}

TEST_CASE("on_request sees the head as it goes on the wire, and the body of a response is not there yet",
          "[session][hooks]") {
    Server server;
    server.accept().answers(ok("body"));
    std::string head, body = "?";
    ferry::Hooks hooks;
    hooks.on_request = [&](const ferry::SentRequest& r) { head = r.head; };
    hooks.on_response = [&](const ferry::Response& r) { body = r.body; };
    Session session({.hooks = hooks});
    CHECK(session.post(server.url(), {.headers = {{"X-A", "b"}}, .body = "small"}).body == "body");
    CHECK(head == server.request().head());
    CHECK(body.empty());
}

TEST_CASE("hooks tell of each step of a redirect and of a challenge", "[session][hooks][E6]") {
    Diary diary;
    Server server;
    server.accept()
        .answers(reply("302 Found", "", "Location: /b\r\n"))
        .answers(reply("401 Unauthorized", "", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n"))
        .answers(ok());
    Session session({.hooks = diary.hooks()});
    CHECK(session.post(server.url("/a"), {.auth = ferry::digest("u", "p")}).status == 200);
    CHECK(diary.told() == DiaryLines{"request POST /a on 1", "response 302 to /a", "after 302: GET /b",
                                     "request GET /b on 1 again", "response 401 to /b", "after 401: GET /b",
                                     "request GET /b on 1 again", "response 200 to /b"});
}

TEST_CASE("hooks tell of a retry by status, and of one after a failure", "[session][hooks][B6]") {
    Diary diary;
    Server server;
    server.accept().answers(reply("503 Service Unavailable")).reads_request().closes();
    server.accept().answers(ok());
    ferry::Retry retry{.status_forcelist = {503}, .backoff_factor = 0ms};
    Session session({.retry = retry, .hooks = diary.hooks()});
    CHECK(session.get(server.url("/a"), {.keep_alive = true}).status == 200);
    CHECK(diary.told() == DiaryLines{"request GET /a on 1", "response 503 to /a", "retry 1 of GET, status 503",
                                     "request GET /a on 1 again", "closing 1: peer_closed",
                                     "retry 1 of GET, stale, error", "request GET /a on 2", "response 200 to /a"});
}

TEST_CASE("on_retry has the error, the count and the wait", "[session][hooks][B6]") {
    Server server;
    server.accept().reads_request().closes();
    server.accept().reads_request().sends("HTTP/1.1 2").closes();
    server.accept().answers(ok());
    std::vector<std::error_code> errors;
    std::vector<std::size_t> counts;
    ferry::Hooks hooks;
    hooks.on_retry = [&](const ferry::Retried& r) {
        errors.push_back(r.why);
        counts.push_back(r.count);
        CHECK(r.wait == 1ms);
        CHECK_FALSE(r.stale);
        CHECK(r.status == 0);
    };
    ferry::Retry retry{.backoff_factor = 1ms, .backoff_max = 1ms, .jitter = false};
    Session session({.retry = retry, .hooks = hooks});
    CHECK(session.get(server.url()).status == 200);
    CHECK(errors == std::vector<std::error_code>{ferry::errc::connection_closed, ferry::errc::incomplete_head});
    CHECK(counts == std::vector<std::size_t>{1, 2});
}

TEST_CASE("on_discard is told why, whoever finds the connection dropped", "[session][hooks][A7]") {
    Diary diary;
    Server server;
    auto& first = server.accept().answers(ok());
    Session session({.hooks = diary.hooks()});
    session.get(server.url("/a"));
    SECTION("the next request") {
        first.closes();
        REQUIRE(first.delivered());
        server.accept().answers(ok());
        session.get(server.url("/a"));
        CHECK(diary.told().at(2) == "closing 1: peer_closed");
    }
    SECTION("bytes that nobody asked for") {
        first.sends("HTTP/1.1 200 OK\r\n");
        REQUIRE(first.delivered());
        CHECK(session.prune() == 1);
        CHECK(diary.told().at(2) == "closing 1: unsolicited_data");
    }
    SECTION("the session's end") {
        session = Session();
        CHECK(diary.told().at(2) == "closing 1: pool_closed");
    }
}

TEST_CASE("on_discard may ask the session how it is", "[session][hooks]") {
    Server server;
    server.accept().answers(ok("", "Connection: close\r\n"));
    Session* asked = nullptr;
    std::uint64_t discarded = 0;
    ferry::Hooks hooks;
    hooks.on_discard = [&](const ferry::Discarded&) { discarded = asked->stats().discarded.total(); };
    Session session({.hooks = hooks});
    asked = &session;
    session.get(server.url());
    CHECK(discarded == 1);
}

TEST_CASE("a hook that throws ends the call, and its connection", "[session][hooks][A6]") {
    auto how = GENERATE(0, 1, 2);
    Server server;
    auto& script = server.accept().ignores_the_rest();
    ferry::Hooks hooks;
    auto no = [](const auto&) { throw std::runtime_error("hook says no"); };
    DiaryLines closed;
    hooks.on_discard = [&](const ferry::Discarded& d) { closed.emplace_back(to_string(d.reason)); };
    bool kept = false;
    SECTION("on_request") { hooks.on_request = no; }
    SECTION("on_response") {
        script.answers(ok("body"));
        hooks.on_response = no;
    }
    SECTION("on_redirect") {
        script.answers(reply("302 Found", "", "Location: /b\r\n"));
        hooks.on_redirect = no;
        kept = true;  // that response was whole
    }
    SECTION("on_retry") {
        script.answers(reply("503 Service Unavailable"));
        hooks.on_retry = no;
        kept = true;
    }
    const ferry::Retry retry{.status_forcelist = {503}, .backoff_factor = 0ms};
    Session session({.retry = retry, .hooks = hooks});
    auto call = [&] {
        if (how == 0) session.get(server.url());
        if (how == 1) session.stream(server.url());
        if (how == 2) session.events(server.url()).next();
    };
    CHECK(thrown_by_hook(call) == "hook says no");
    CHECK(session.stats().in_use == 0);
    CHECK(session.stats().idle == (kept ? 1 : 0));
    CHECK(closed == (kept ? DiaryLines{} : DiaryLines{"aborted"}));
}

TEST_CASE("a hook that throws at a stale connection leaves nothing behind", "[session][hooks][B2]") {
    Server server;
    server.accept().answers(ok()).reads_request().closes();
    ferry::Hooks hooks;
    hooks.on_retry = [](const ferry::Retried&) { throw std::runtime_error("hook says no"); };
    Session session({.hooks = hooks});
    session.get(server.url());
    CHECK(thrown_by_hook([&] { session.get(server.url()); }) == "hook says no");
    CHECK(session.stats().in_use == 0);
    check_that_it_lives(session, server);
}
