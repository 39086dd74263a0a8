// Redirects that are followed: with what method, body and fields, and to where.
// Over TLS and through a tunnel, too.

#include "loopback.hpp"

#include <string>
#include <string_view>
#include <vector>

using ferry::errc;

namespace {

// One redirect on a connection that serves what it leads to as well.
struct OneRedirect {
    explicit OneRedirect(std::string_view location, std::string_view status = "302 Found") {
        server.accept().answers(moved(location, status)).answers(ok("there"));
    }
    Server server;
    Session session;
    ferry::Response get(const ferry::Options& with = {}) { return session.get(server.url("/a/b?c"), with); }
};

}  // namespace

TEST_CASE("a redirected request has the method and body that its status asks for", "[session][E1][E2]") {
    struct Case {
        std::string_view status, method, next;
        bool keeps_body;
    };
    auto c = GENERATE(Case{"301 Moved Permanently", "GET", "GET", true}, Case{"302 Found", "GET", "GET", true},
                      Case{"303 See Other", "GET", "GET", false}, Case{"307 Temporary Redirect", "GET", "GET", true},
                      Case{"308 Permanent Redirect", "GET", "GET", true},
                      Case{"301 Moved Permanently", "POST", "GET", false}, Case{"302 Found", "POST", "GET", false},
                      Case{"303 See Other", "POST", "GET", false}, Case{"307 Temporary Redirect", "POST", "POST", true},
                      Case{"308 Permanent Redirect", "POST", "POST", true},
                      Case{"301 Moved Permanently", "PUT", "PUT", true}, Case{"302 Found", "PUT", "PUT", true},
                      Case{"303 See Other", "PUT", "GET", false}, Case{"307 Temporary Redirect", "PUT", "PUT", true},
                      Case{"308 Permanent Redirect", "PUT", "PUT", true});
    CAPTURE(c.status, c.method);
    OneRedirect one("/there", c.status);
    auto r = one.session.request(c.method, one.server.url("/here"), {.headers = {{"X-Own", "1"}}, .body = "state"});
    CHECK(r.status == 200);
    CHECK(r.body == "there");
    CHECK(r.url.target() == "/there");
    auto next = one.server.request(1);
    CHECK(next.method() == c.next);
    CHECK(next.body() == (c.keeps_body ? "state" : ""));
    CHECK(next.field("Content-Length").has_value() == c.keeps_body);
    CHECK(next.field("X-Own") == "1");
}

TEST_CASE("a HEAD stays one through every redirect", "[session][E1]") {
    auto status = GENERATE("301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect",
                           "308 Permanent Redirect");
    CAPTURE(status);
    Server server;
    auto head_of = head("Content-Length: 1000\r\nLocation: /there\r\n", status);
    server.accept().answers(head_of).answers(head("Content-Length: 1000\r\n"));
    Session session;
    auto r = session.head(server.url());
    CHECK(r.status == 200);
    CHECK(server.request(1).line() == "HEAD /there HTTP/1.1");
    CHECK(session.stats().idle == 1);
}

TEST_CASE("other 3xx are results, whatever their Location", "[session][E1]") {
    auto status = GENERATE("300 Multiple Choices", "304 Not Modified", "305 Use Proxy", "306 Unused", "310 What");
    Server server;
    server.accept().answers(moved("/there", status));
    Session session;
    auto r = session.get(server.url());
    CHECK(std::string_view(status).starts_with(std::to_string(r.status)));
    CHECK(r.history.empty());
}

TEST_CASE("with a redirected body go the fields about it, the session's too", "[session][E2]") {
    OneRedirect one("/there", "303 See Other");
    Session session({.headers = {{"Content-Language", "de"}, {"X-Team", "blue"}}});
    session.post(one.server.url(), {.headers = {{"Content-Type", "text/x"},
                                                {"content-md5", "x"},
                                                {"Content-Length", "5"},
                                                {"Trailer", "X"},
                                                {"Accept", "text/y"}},
                                    .body = "state",
                                    .trailers = {}});
    CHECK(one.server.request(0).field("Content-Language") == "de");
    CHECK(one.server.request(0).field("Content-Type") == "text/x");
    auto next = one.server.request(1);
    for (auto name : {"Content-Language", "Content-Type", "Content-MD5", "Content-Length", "Trailer",
                      "Transfer-Encoding", "Expect"}) {
        CAPTURE(name);
        CHECK_FALSE(next.field(name));
    }
    CHECK(next.field("X-Team") == "blue");
    CHECK(next.field("Accept") == "text/y");
    CHECK(next.count("Accept") == 1);
}

TEST_CASE("what the engine says about a redirected body goes with it, or stays with it", "[session][E2]") {
    auto status = GENERATE("303 See Other", "307 Temporary Redirect");
    const bool stays = std::string_view(status).starts_with("307");
    Server server;
    server.accept().reads_request().sends(moved("/there", status)).answers(ok("there"));
    Session session;
    auto body = ferry::Body("a=1").with_type("text/z");
    ferry::Headers late{{"X-Sum", "7"}};
    session.post(server.url(), {.body = body, .compress = true, .trailers = [&] { return late; }});
    CHECK(server.request(0).field("Content-Encoding") == "gzip");
    CHECK(server.request(0).field("Content-Type") == "text/z");
    auto next = server.request(1);
    CHECK(next.field("Content-Encoding").has_value() == stays);
    CHECK(next.field("Content-Type").has_value() == stays);
    CHECK(next.field("Transfer-Encoding").has_value() == stays);
    CHECK(next.body() == (stays ? server.request(0).body() : ""));
}

TEST_CASE("an expectation is repeated with a redirected body, and not without", "[session][E2][D5]") {
    Server server;
    auto& script = server.accept();
    script.reads_head().sends("HTTP/1.1 100 Continue\r\n\r\n").reads(5);
    Session session;
    ferry::Options with{.body = "state", .expect_continue = true};
    SECTION("with") {
        script.sends(moved("/there", "307 Temporary Redirect"));
        script.reads_head().sends("HTTP/1.1 100 Continue\r\n\r\n").reads(5).sends(ok("there"));
        CHECK(session.post(server.url(), with).body == "there");
        CHECK(server.request(1).field("Expect") == "100-continue");
    }
    SECTION("without") {
        script.sends(moved("/there")).answers(ok("there"));
        CHECK(session.post(server.url(), with).body == "there");
        CHECK_FALSE(server.request(1).field("Expect"));
    }
}

TEST_CASE("Location may be relative", "[session][E3]") {
    struct Case {
        std::string_view location, target;
    };
    auto c = GENERATE(Case{"/x", "/x"}, Case{"x", "/a/x"}, Case{"../x?y", "/x?y"}, Case{"?z", "/a/b?z"},
                      Case{"./", "/a/"}, Case{" /x \t", "/x"}, Case{"/sp ace\xc3\xa4", "/sp%20ace%C3%A4"},
                      Case{"/%7e%2f", "/%7e%2f"}, Case{"#top", "/a/b?c"});
    CAPTURE(c.location);
    OneRedirect one(c.location);
    auto r = one.get();
    CHECK(r.body == "there");
    CHECK(one.server.request(1).target() == c.target);
    CHECK(one.server.connections() == 1);
}

TEST_CASE("Location may leave out the scheme, or name all", "[session][E3]") {
    Server server;
    auto location = (GENERATE(true, false) ? std::string(over_tls() ? "https:" : "http:") : "") +
                    ("//" + server.authority()) + "/x";
    server.accept().answers(moved(location)).answers(ok("there"));
    Session session;
    CHECK(to_string(session.get(server.url()).url) == server.url("/x"));
}

TEST_CASE("a fragment is inherited, and never sent", "[session][E3]") {
    auto own = GENERATE(false, true);
    OneRedirect one(own ? "/x#own" : "/x");
    auto r = one.session.get(one.server.url("/#first"));
    CHECK(r.url.fragment() == (own ? "own" : "first"));
    CHECK(one.server.request(1).target() == "/x");
}

TEST_CASE("without one Location the 3xx is the result of the call", "[session][E3]") {
    auto fields = GENERATE("", "Location:\r\n", "Location:  \t\r\n", "Location: /x\r\nLocation: /y\r\n");
    Server server;
    server.accept().answers(reply("302 Found", "lost", fields)).answers(ok());
    Session session;
    auto r = session.get(server.url());
    CHECK(r.status == 302);
    CHECK(r.body == "lost");
    CHECK(r.history.empty());
    CHECK(session.get(server.url()).connection.reused);
}

TEST_CASE("the same Location twice is one", "[session][E3]") {
    Server server;
    server.accept().answers(reply("302 Found", "", "Location: /x\r\nlocation: /x\r\n")).answers(ok("there"));
    Session session;
    CHECK(session.get(server.url()).body == "there");
}

TEST_CASE("a Location that is no http URL fails the call, and the redirect is at hand", "[session][E3]") {
    auto location = GENERATE("ftp://127.0.0.1/", "file:///etc/passwd", "javascript:alert(1)", "http://", "http://[::1",
                             "http://127.0.0.1:99999/", "http://a b/", "http://u:secret@:7/");
    CAPTURE(location);
    Server server;
    server.accept().answers(moved(location, "302 Found", "body")).answers(ok("two"));
    Session session;
    auto error = error_of([&] { session.get(server.url("/here")); });
    CHECK(error.code() == errc::redirect_refused);
    CHECK(error.phase() == ferry::Phase::redirect);
    CHECK(error.url() == server.url("/here"));
    CHECK_FALSE(says(error, "secret"));
    REQUIRE(error.partial());
    CHECK(error.partial()->status == 302);
    CHECK(error.partial()->body == "body");
    CHECK(session.get(server.url()).connection.reused);
}

TEST_CASE("Host and a Referer that was there are worked out for each hop", "[session][E5]") {
    Server server, other;
    server.accept().answers(moved("/b?x#y")).answers(moved(other.url("/c")));
    other.accept().answers(ok());
    Session session;
    ferry::Headers own{{"Host", "a.example"}};
    ferry::Options with{.headers = own};
    SECTION("the caller's") { with.headers.add("Referer", "http://elsewhere/secret"); }
    SECTION("the session's") { session = Session({.headers = {{"Referer", "http://elsewhere/secret"}}}); }
    session.get(server.url("/a"), with);
    CHECK(server.request(0).field("Host") == "a.example");
    CHECK(server.request(1).field("Host") == server.authority());
    CHECK(other.request().field("Host") == other.authority());
    CHECK(server.request(0).field("Referer") == "http://elsewhere/secret");
    CHECK(server.request(1).field("Referer") == server.url("/a"));
    CHECK(other.request().field("Referer") == server.url("/"));
    CHECK(other.request().count("Referer") == 1);
}

TEST_CASE("no Referer is made up", "[session][E5]") {
    OneRedirect one("/x");
    one.get();
    CHECK_FALSE(one.server.request(1).field("Referer"));
}

TEST_CASE("a target in place of the URL's is for the first request alone", "[session][E3]") {
    OneRedirect one("/x", "307 Temporary Redirect");
    one.session.request("OPTIONS", one.server.url(), {.target = "*"});
    CHECK(one.server.request(0).line() == "OPTIONS * HTTP/1.1");
    CHECK(one.server.request(1).line() == "OPTIONS /x HTTP/1.1");
}

TEST_CASE("parameters of the call are not added to where a redirect leads", "[session][E3]") {
    OneRedirect one("/x?own=1");
    Session session({.params = {{"k", "session"}}});
    session.get(one.server.url("/"), {.params = {{"q", "call"}}});
    CHECK(one.server.request(0).target() == "/?k=session&q=call");
    CHECK(one.server.request(1).target() == "/x?own=1");
}
