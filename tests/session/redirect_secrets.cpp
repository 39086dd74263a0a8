// What a redirect takes along to another server, and what stays behind for good.

#include "loopback.hpp"
#include "temp_folder.hpp"

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

// From the first server to another one, and back to the first.
struct ThereAndBack {
    Server first, other;
    Script& there = other.accept().answers(moved(first.url("/back")));
    ThereAndBack() { first.accept().answers(moved("/own")).answers(moved(other.url())).answers(ok("back")); }
    // What the four requests had in this field: to the first server, to it again, to the other, and back.
    std::vector<std::string> seen(std::string_view name) {
        std::vector<std::string> all;
        for (auto& q : {first.request(0), first.request(1), other.request(), first.request(2)})
            all.emplace_back(q.field(name).value_or("-"));
        return all;
    }
};

using SeenFields = std::vector<std::string>;

// The adapter of a host that one can come to by http and by https: from each path to the next.
std::shared_ptr<ferry::MockAdapter> leads_through(std::vector<std::string> urls) {
    return std::make_shared<ferry::MockAdapter>([urls = std::move(urls), n = std::size_t{0}](auto&) mutable {
        ferry::Response r;
        r.status = n < urls.size() ? 307 : 200;
        if (n < urls.size()) r.headers.add("Location", urls[n]);
        ++n;
        return r;
    });
}

SeenFields seen_by(const ferry::MockAdapter& adapter, std::string_view name) {
    SeenFields all;
    for (auto& q : adapter.requests()) all.emplace_back(q.headers.find(name).value_or("-"));
    return all;
}

}  // namespace

TEST_CASE("fields that hold secrets stay with their server for good", "[session][E4]") {
    auto name = GENERATE("Authorization", "authorization", "Cookie", "X-Listed", "x-listed");
    CAPTURE(name);
    ThereAndBack world;
    Session session({.redirects = {.secret_headers = {"X-LISTED"}}});
    SECTION("the caller's") { session.get(world.first.url(), {.headers = {{name, "secret"}, {"X-Plain", "1"}}}); }
    SECTION("the session's") {
        session = Session(
            {.headers = {{name, "secret"}, {"X-Plain", "1"}}, .redirects = {.secret_headers = {"X-LISTED"}}});
        session.get(world.first.url());
    }
    SECTION("the caller's over the session's") {
        session = Session(
            {.headers = {{name, "hidden"}, {"X-Plain", "1"}}, .redirects = {.secret_headers = {"X-LISTED"}}});
        session.get(world.first.url(), {.headers = {{name, "secret"}}});
    }
    SECTION("several of the caller's") {
        session.get(world.first.url(), {.headers = {{name, "secret"}, {name, "second"}, {"X-Plain", "1"}}});
    }
    CHECK(world.seen(name) == SeenFields{"secret", "secret", "-", "-"});
    CHECK(world.seen("X-Plain") == SeenFields{"1", "1", "1", "1"});
}

TEST_CASE("secret fields that only the request lists stay behind", "[session][E4]") {
    ThereAndBack world;
    Session session({.headers = {{"X-Api-Key", "k"}}});
    session.get(world.first.url(), {.redirects = {{.secret_headers = {"x-api-key"}}}});
    CHECK(world.seen("X-Api-Key") == SeenFields{"k", "k", "-", "-"});
}

TEST_CASE("credentials of the request or the session stay with their server for good", "[session][E4][G3]") {
    ThereAndBack world;
    Session session;
    const auto tok = ferry::bearer("tok");
    SECTION("the request's") { session.get(world.first.url(), {.auth = tok}); }
    SECTION("the session's") {
        session = Session({.auth = tok});
        session.get(world.first.url());
    }
    SECTION("an overlay's") { session.with({.auth = tok}).get(world.first.url()); }
    SECTION("the request's by a stream") { session.stream(world.first.url(), {.auth = tok}).read(); }
    SECTION("the request's by a download") {
        TempFolder folder;
        session.download(world.first.url(), folder / "file", {.auth = tok});
        CHECK(folder.read("file") == "back");
    }
    SECTION("the session's, though the request had a field of its own") {
        session = Session({.auth = ferry::basic("u", "p")});
        session.get(world.first.url(), {.headers = {{"Authorization", "Bearer tok"}}});
    }
    CHECK(world.seen("Authorization") == SeenFields{"Bearer tok", "Bearer tok", "-", "-"});
}

TEST_CASE("after a redirect away the next call has its credentials again", "[session][E4]") {
    ThereAndBack world;
    Session session({.auth = ferry::bearer("tok")});
    session.get(world.first.url());
    world.there.answers(ok());
    session.get(world.other.url());
    CHECK(world.other.request(1).field("Authorization") == "Bearer tok");
}

TEST_CASE("the URL's userinfo stays with its server, and is not in the Referer", "[session][E4][G3]") {
    ThereAndBack world;
    Session session;
    auto r = session.get(world.first.url_of("user:pass@127.0.0.1"), {.headers = {{"Referer", "x"}}});
    auto basic = "Basic " + ferry::detail::base64("user:pass");
    CHECK(world.seen("Authorization") == SeenFields{basic, basic, "-", "-"});
    CHECK(world.seen("Referer") == SeenFields{"x", world.first.url(), world.first.url(), world.other.url()});
    CHECK_FALSE(r.url.has_userinfo());
}

TEST_CASE("a Location's own userinfo is used at its server", "[session][E4][G3]") {
    Server server, other;
    server.accept().answers(moved(other.url_of("u:p@127.0.0.1")));
    other.accept().answers(moved("/x")).answers(moved(other.url_of("v:q@127.0.0.1", "/y"))).answers(ok());
    Session session;
    session.get(server.url(), {.auth = ferry::bearer("tok")});
    CHECK(other.request(0).field("Authorization") == "Basic " + ferry::detail::base64("u:p"));
    CHECK(other.request(1).field("Authorization") == "Basic " + ferry::detail::base64("u:p"));
    CHECK(other.request(2).field("Authorization") == "Basic " + ferry::detail::base64("v:q"));
    CHECK(other.request(2).count("Authorization") == 1);
}

TEST_CASE("cookies of the request stay with their server for good, the jar's go where they belong",
          "[session][E4][E5][F1]") {
    ThereAndBack world;
    Session session;
    session.cookies()->set("jar", "1", ferry::Url("http://127.0.0.1/"));
    SECTION("as options") { session.get(world.first.url(), {.cookies = {{"own", "2"}}}); }
    SECTION("beside an overlay") { session.with({.timeout = 20s}).get(world.first.url(), {.cookies = {{"own", "2"}}}); }
    CHECK(world.seen("Cookie") == SeenFields{"own=2; jar=1", "own=2; jar=1", "jar=1", "jar=1"});
}

TEST_CASE("where a Cookie field has stayed behind, the jar's cookies are sent", "[session][E4][E5]") {
    ThereAndBack world;
    Session session;
    session.cookies()->set("jar", "1", ferry::Url("http://127.0.0.1/"));
    session.get(world.first.url(), {.headers = {{"Cookie", "own=2"}}});
    CHECK(world.seen("Cookie") == SeenFields{"own=2", "own=2", "jar=1", "jar=1"});
}

TEST_CASE("the netrc file has its say for the server that a redirect leads to", "[session][E4][G4]") {
    TempFolder folder;
    auto file = folder.write("netrc", "machine localhost login u password p\ndefault login d password d\n");
    ::setenv("NETRC", file.c_str(), 1);
    Session session({.netrc = true});
    ::unsetenv("NETRC");
    Server server, other;
    auto there = other.url_of("localhost");
    server.accept().answers(moved(there)).answers(ok());
    other.accept().answers(moved(server.url("/back")));
    ferry::Options with;
    std::string first, then = "Basic " + ferry::detail::base64("u:p");
    SECTION("over what stays behind") {
        with.auth = ferry::bearer("tok");
        first = "Bearer tok";
    }
    SECTION("by itself") { first = "Basic " + ferry::detail::base64("d:d"); }
    SECTION("but not where no credentials are wanted") {
        with.auth = ferry::no_auth();
        first = then = "-";
    }
    session.get(server.url(), with);
    CHECK(server.request(0).field("Authorization").value_or("-") == first);
    CHECK(other.request().field("Authorization").value_or("-") == then);
    CHECK_FALSE(server.request(1).field("Authorization"));  // `default` is for hosts that the caller names
}

TEST_CASE("from http to https on one host Authorization stays, and no other secret", "[session][E4][adapter]") {
    auto adapter = leads_through({"https://h.example/", "https://h.example/own"});
    Session session;
    session.mount("http://h.example/", adapter);
    session.mount("https://h.example/", adapter);
    SECTION("fields") {
        session.get("http://h.example/", {.headers = {{"Authorization", "Bearer tok"}, {"Cookie", "own=2"}}});
    }
    SECTION("options") { session.get("http://h.example/", {.cookies = {{"own", "2"}}, .auth = ferry::bearer("tok")}); }
    CHECK(seen_by(*adapter, "Authorization") == SeenFields{"Bearer tok", "Bearer tok", "Bearer tok"});
    CHECK(seen_by(*adapter, "Cookie") == SeenFields{"own=2", "-", "-"});
}

TEST_CASE("from https back to http secrets stay behind for good", "[session][E4][adapter]") {
    auto adapter = leads_through({"http://h.example/", "https://h.example/"});
    Session session({.redirects = {.allow_downgrade = true}});
    session.mount("http://h.example/", adapter);
    session.mount("https://h.example/", adapter);
    SECTION("fields") {
        session.get("https://h.example/", {.headers = {{"Authorization", "Bearer tok"}, {"Cookie", "own=2"}}});
    }
    SECTION("options") { session.get("https://h.example/", {.cookies = {{"own", "2"}}, .auth = ferry::bearer("tok")}); }
    CHECK(seen_by(*adapter, "Authorization") == SeenFields{"Bearer tok", "-", "-"});
    CHECK(seen_by(*adapter, "Cookie") == SeenFields{"own=2", "-", "-"});
}

TEST_CASE("the same server by its other name is another server", "[session][E4]") {
    Server server;
    auto location = server.url_of("localhost");
    server.accept().answers(moved(location));
    server.accept().answers(ok());
    Session session;
    session.get(server.url(), {.auth = ferry::bearer("tok")});
    CHECK(server.requests().size() == 2);
    CHECK_FALSE(server.request(1).field("Authorization"));
}
