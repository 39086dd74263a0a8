// How redirects end: at their limit, in a circle, at https, by the options, by a policy; and the history they leave.

#include "loopback.hpp"
#include "service.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using ferry::errc;
using ferry::RedirectAction;

namespace {

// Leads on from /n to /n+1, and in the end to /n.
Script& leads_on(Script& script, int hops) {
    for (int i = 1; i <= hops; ++i) script.answers(moved("/" + std::to_string(i), "302 Found", std::to_string(i)));
    return script;
}

ferry::Response canned_redirect(std::string_view location) {
    ferry::Response r;
    r.status = 302;
    r.headers.add("Location", location);
    return r;
}

}  // namespace

TEST_CASE("a redirect can be the result", "[session][E1]") {
    Server server;
    server.accept().answers(moved("/1", "301 Moved Permanently", "gone")).answers(ok());
    Session session;
    ferry::Response r;
    SECTION("by the constant") { r = session.get(server.url(), {.redirects = ferry::no_redirects}); }
    SECTION("of the session") {
        session = Session({.redirects = ferry::no_redirects});
        r = session.get(server.url());
    }
    SECTION("of an overlay") { r = session.with({.redirects = ferry::no_redirects}).get(server.url()); }
    SECTION("by a stream") {
        auto stream = session.stream(server.url(), {.redirects = ferry::no_redirects});
        r = stream.response();
        r.body = stream.read();
    }
    CHECK(r.status == 301);
    CHECK(r.body == "gone");
    CHECK(r.headers["Location"] == "/1");
    CHECK(r.history.empty());
    CHECK(server.requests().size() == 1);
    CHECK(session.get(server.url()).connection.reused);
}

TEST_CASE("a request follows redirects where its session does not", "[session][E1]") {
    Server server;
    leads_on(server.accept(), 1).answers(ok("there"));
    Session session({.redirects = ferry::no_redirects});
    CHECK(session.get(server.url(), {.redirects = ferry::RedirectOptions{}}).body == "there");
}

TEST_CASE("twenty redirects are followed, and no more", "[session][E6]") {
    Server server;
    Session session;
    SECTION("twenty") {
        leads_on(server.accept(), 20).answers(ok("there"));
        CHECK(session.get(server.url()).history.size() == 20);
    }
    SECTION("one more") {
        leads_on(server.accept(), 21).answers(ok("alive"));
        auto error = error_of([&] { session.get(server.url()); });
        CHECK(error.code() == errc::too_many_redirects);
        CHECK(error.code() == ferry::condition::redirect);
        CHECK(error.phase() == ferry::Phase::redirect);
        CHECK(error.request_state() == ferry::RequestState::response_started);
        CHECK(says(error, server.url("/21")));
        REQUIRE(error.partial());
        CHECK(error.partial()->status == 302);
        CHECK(error.partial()->history.size() == 20);
        CHECK(session.get(server.url()).connection.reused);
    }
    CHECK(server.connections() == 1);
}

TEST_CASE("the limit can be set, and reset by a request", "[session][E6]") {
    Server server;
    leads_on(server.accept(), 3).answers(moved("/x"));
    Session session({.redirects = {.max = 2}});
    CHECK(error_of([&] { session.get(server.url()); }).code() == errc::too_many_redirects);
    auto none = error_of([&] { session.get(server.url(), {.redirects = {{.max = 0}}}); });
    CHECK(none.code() == errc::too_many_redirects);
}

TEST_CASE("redirects in a circle end as such", "[session][E6]") {
    auto period = GENERATE(1, 2, 3);
    Service service([=](const Request& q) {
        auto at = std::stoi(std::string(q.target().substr(1)));
        return moved("/" + std::to_string((at + 1) % period));
    });
    Session session;
    auto error = error_of([&] { session.get(service.url("/0")); });
    CHECK(error.code() == errc::redirect_loop);
    CHECK(error.code() == ferry::condition::redirect);
    CHECK(service.connections() == 1);
    CHECK(service.requests() == 21);
}

TEST_CASE("the same URL again is no circle if it ends", "[session][E6][F2]") {
    Service service([](const Request& q) {
        if (q.field("Cookie")) return ok("welcome");
        return reply("302 Found", "", "Location: /\r\nSet-Cookie: seen=1\r\n");
    });
    Session session;
    CHECK(session.get(service.url()).body == "welcome");
}

#if !FERRY_HAS_TLS
TEST_CASE("a redirect to https is refused where there is no TLS", "[session][E3]") {
    Server server;
    server.accept().answers(moved("https://127.0.0.1:1/x")).answers(ok());
    Session session;
    std::error_code ec;
    auto r = session.get(server.url(), {}, ec);
    CHECK(ec == errc::tls_not_available);
    REQUIRE(r.error);
    CHECK(r.error->phase() == ferry::Phase::redirect);
    CHECK(r.error->url() == "https://127.0.0.1:1/x");
    CHECK(r.history.size() == 1);
    CHECK(session.get(server.url()).connection.reused);
}
#endif

TEST_CASE("a redirect to https is followed to an adapter", "[session][E3][adapter]") {
    Server server;
    server.accept().answers(moved("https://api.example/x", "307 Temporary Redirect"));
    auto adapter = std::make_shared<ferry::MockAdapter>([](auto&) {
        ferry::Response r;
        r.status = 201;
        r.body = "made";
        return r;
    });
    Session session;
    session.mount("https://api.example/", adapter);
    auto r = session.post(server.url(), {.body = "state"});
    CHECK(r.status == 201);
    CHECK(r.body == "made");
    CHECK(to_string(r.url) == "https://api.example/x");
    REQUIRE(r.history.size() == 1);
    CHECK(r.history[0].elapsed <= r.elapsed);
    REQUIRE(adapter->requests().size() == 1);
    CHECK(adapter->requests()[0].body == "state");
    CHECK(adapter->requests()[0].headers["host"] == "api.example");
    CHECK(session.stats().idle == 1);
}

TEST_CASE("from https to http leads a redirect only if that is allowed", "[session][E5][adapter]") {
    Server server;
    auto location = server.url("/x");
    auto adapter = std::make_shared<ferry::MockAdapter>([&](auto&) { return canned_redirect(location); });
    Session session;
    session.mount("https://", adapter);
    SECTION("not by default") {
        auto error = error_of([&] { session.get("https://api.example/"); });
        CHECK(error.code() == errc::redirect_refused);
        CHECK(says(error, location));
        CHECK(server.connections() == 0);
    }
    SECTION("allowed") {
        server.accept().answers(ok("there"));
        auto r = session.get("https://api.example/", {.redirects = {{.allow_downgrade = true}}});
        CHECK(r.body == "there");
        REQUIRE(r.history.size() == 1);
        CHECK(r.history[0].elapsed.count() > 0);
        CHECK(r.history[0].connection.id == 0);
        CHECK(r.connection.id == 1);
    }
}

TEST_CASE("a policy is asked about each redirect, and has its way", "[session][E1]") {
    Server server;
    leads_on(server.accept(), 2).answers(ok("there"));
    Session session;
    std::vector<std::string> asked;
    auto last = RedirectAction::follow;
    auto policy = [&](const ferry::Redirect& to) {
        asked.push_back(std::to_string(to.count) + " " + std::to_string(to.status) + " " + std::string(to.method) +
                        " " + std::string(to.from.target()) + " " + std::string(to.to.target()));
        CHECK(to.response.headers["Location"] == to.to.target());
        CHECK(to_string(to.response.url) == to_string(to.from));
        return to.count == 1 ? last : RedirectAction::follow;
    };
    ferry::Options with{.body = "x", .redirects = {{.policy = policy}}};
    SECTION("follow") { CHECK(session.post(server.url("/0"), with).body == "there"); }
    SECTION("stop") {
        last = RedirectAction::stop;
        auto r = session.post(server.url("/0"), with);
        CHECK(r.status == 302);
        CHECK(r.body == "2");
        CHECK(r.history.size() == 1);
        CHECK(session.get(server.url("/1")).connection.reused);
    }
    SECTION("error") {
        last = RedirectAction::error;
        auto error = error_of([&] { session.post(server.url("/0"), with); });
        CHECK(error.code() == errc::redirect_refused);
        CHECK(says(error, "policy"));
        CHECK(says(error, server.url("/2")));
        CHECK(session.get(server.url("/1")).connection.reused);
    }
    CHECK(asked == std::vector<std::string>{"0 302 GET /0 /1", "1 302 GET /1 /2"});
}

TEST_CASE("what a redirect policy throws passes through the call, and its connection is closed",
          "[session][blocking][E1]") {
    Server server;
    leads_on(server.accept(), 1).sees_the_end();
    Session session({.redirects = {.policy = [](auto&) -> RedirectAction { throw std::runtime_error("no more"); }}});
    CHECK_THROWS_WITH(session.get(server.url()), "no more");
    CHECK(session.stats().in_use == 0);
    CHECK(session.stats().idle == 0);
}

TEST_CASE("the history holds each response with its body, URL and time", "[session][E6]") {
    Server server, other;
    server.accept().answers(moved("/1#x", "301 Moved Permanently", "one")).answers(moved(other.url(), "308 P", "two"));
    other.accept().answers(ok("there"));
    Session session;
    auto r = session.get(server.url("/0"));
    CHECK(r.status == 200);
    CHECK(to_string(r.url) == other.url() + "#x");
    REQUIRE(r.history.size() == 2);
    auto &one = r.history[0], &two = r.history[1];
    CHECK(one.status == 301);
    CHECK(one.body == "one");
    CHECK(one.headers["Location"] == "/1#x");
    CHECK(to_string(one.url) == server.url("/0"));
    CHECK(two.status == 308);
    CHECK(two.reason == "P");
    CHECK(two.body == "two");
    CHECK(to_string(two.url) == server.url("/1#x"));
    CHECK(one.connection.id == two.connection.id);
    CHECK(two.connection.reused);
    CHECK(r.connection.id == 2);
    CHECK(one.elapsed.count() > 0);
    CHECK(one.elapsed <= two.elapsed);
    CHECK(two.elapsed <= r.elapsed);
    CHECK(one.history.empty());
    CHECK(two.history.empty());
}

TEST_CASE("a Response that has served before has the history of its last call", "[session][E6]") {
    Server server;
    leads_on(server.accept(), 1).answers(ok()).answers(ok());
    Session session;
    ferry::Response r;
    std::error_code ec;
    session.request("GET", server.url(), {}, r, ec);
    CHECK(r.history.size() == 1);
    session.request("GET", to_string(r.url), {}, r, ec);
    CHECK_FALSE(ec);
    CHECK(r.history.empty());
}
