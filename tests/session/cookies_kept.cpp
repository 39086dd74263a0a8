// Cookies that sessions take from responses and send with requests.

#include "loopback.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>

namespace {

std::string sets_cookie(std::string_view cookie, std::string_view status = "200 OK") {
    return reply(status, "", "Set-Cookie: " + std::string(cookie) + "\r\n");
}

std::string cookies_of(const Request& q) {
    CHECK(q.count("Cookie") <= 1);
    return std::string(q.field("Cookie").value_or("-"));
}

// What the request that follows a response with these lines has as its Cookie.
std::string cookies_after(std::string_view fields, std::string_view target = "/") {
    Server server;
    server.accept().answers(ok("", fields)).answers(ok());
    Session session;
    session.get(server.url("/a/b"));
    session.get(server.url(target));
    return cookies_of(server.request(1));
}

}  // namespace

TEST_CASE("cookies are kept across the requests of a session", "[session][cookies][F1]") {
    Server server;
    server.accept()
        .answers(reply("200 OK", "", "Set-Cookie: a=1\r\nSet-Cookie: b=2; HttpOnly\r\nset-cookie: c=\r\n"))
        .answers(sets_cookie("a=3"))
        .answers(ok())
        .answers(ok());
    Session session;
    for (int i = 0; i < 3; ++i) session.get(server.url());
    session.stream(server.url()).read();
    CHECK(cookies_of(server.request(0)) == "-");
    CHECK(cookies_of(server.request(1)) == "a=1; b=2; c=");
    CHECK(cookies_of(server.request(2)) == "a=3; b=2; c=");
    CHECK(cookies_of(server.request(3)) == "a=3; b=2; c=");
    CHECK(session.cookies()->size() == 3);
}

TEST_CASE("a cookie that a redirect sets is sent on the next hop", "[session][cookies][F1][E5]") {
    Server server;
    server.accept()
        .answers(reply("303 S", "", "Location: /in/x\r\nSet-Cookie: id=1\r\nSet-Cookie: deep=2; Path=/in\r\n"))
        .answers(reply("302 F", "", "Location: /out\r\nSet-Cookie: id=; Path=/; Max-Age=0\r\n"))
        .answers(ok());
    Session session;
    session.post(server.url("/login"), {.body = "x"});
    CHECK(cookies_of(server.request(1)) == "deep=2; id=1");
    CHECK(cookies_of(server.request(2)) == "-");
}

TEST_CASE("a cookie of a redirect that is not followed is kept as well", "[session][cookies][F1]") {
    Server server;
    Session session;
    auto& script = server.accept();
    SECTION("for it is the result") {
        script.answers(reply("302 F", "", "Location: /x\r\nSet-Cookie: id=1\r\n")).answers(ok());
        session.get(server.url(), {.redirects = ferry::no_redirects});
    }
    SECTION("for it is refused") {
        script.answers(reply("302 F", "", "Location: ftp://x/\r\nSet-Cookie: id=1\r\n")).answers(ok());
        error_of([&] { session.get(server.url()); });
    }
    session.get(server.url());
    CHECK(cookies_of(server.request(1)) == "id=1");
}

TEST_CASE("a cookie goes where it belongs, and for as long as it lives", "[session][cookies][F1]") {
    CHECK(cookies_after("Set-Cookie: a=1\r\n", "/") == "-");  // the folder of what was asked for
    CHECK(cookies_after("Set-Cookie: a=1\r\n", "/a/c") == "a=1");
    CHECK(cookies_after("Set-Cookie: a=1; Path=/a\r\n", "/") == "-");
    CHECK(cookies_after("Set-Cookie: a=1; Path=/a\r\n", "/a/c") == "a=1");
    CHECK(cookies_after("Set-Cookie: a=1; Path=/a\r\n", "/ab") == "-");
    CHECK(cookies_after("Set-Cookie: a=1; Path=/; Max-Age=0\r\n") == "-");
    CHECK(cookies_after("Set-Cookie: a=1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT\r\n") == "-");
    CHECK(cookies_after("Set-Cookie: a=1; Path=/; Max-Age=60\r\n") == "a=1");
    CHECK(cookies_after("Set-Cookie: a=1; Path=/; Domain=example.com\r\n") == "-");
    CHECK(cookies_after("Set-Cookie: a=1; Path=/; Secure\r\n") == "-");
    CHECK(cookies_after("Set-Cookie: __Host-a=1; Path=/\r\n") == "-");
}

TEST_CASE("Secure cookies are not sent over http", "[session][cookies][F1][adapter]") {
    Server server;
    server.accept().answers(ok());
    auto adapter = std::make_shared<ferry::MockAdapter>([](auto&) {
        ferry::Response r;
        r.status = 200;
        r.headers.add("Set-Cookie", "safe=1; Secure");
        r.headers.add("Set-Cookie", "plain=2");
        return r;
    });
    Session session;
    session.mount("https://127.0.0.1/", adapter);
    session.get("https://127.0.0.1/");
    session.get("https://127.0.0.1/");
    session.get(server.url());
    CHECK(adapter->requests()[1].headers["Cookie"] == "safe=1; plain=2");
    CHECK(cookies_of(server.request()) == "plain=2");
}

TEST_CASE("cookies belong to a host and not to its port", "[session][cookies][F1]") {
    Server server, other;
    server.accept().answers(sets_cookie("id=1"));
    other.accept().answers(ok());
    other.accept().answers(ok());
    Session session;
    session.get(server.url());
    session.get(other.url());
    session.get(other.url_of("localhost"));
    CHECK(cookies_of(other.request(0)) == "id=1");
    CHECK(cookies_of(other.request(1)) == "-");
}

TEST_CASE("a session without a jar keeps no cookies and sends only the request's own", "[session][cookies][F2]") {
    Server server;
    server.accept().answers(sets_cookie("id=1")).answers(ok()).answers(ok());
    Session session({.cookies = nullptr});
    auto r = session.get(server.url());
    CHECK(r.headers["Set-Cookie"] == "id=1");
    session.get(server.url());
    session.get(server.url(), {.cookies = {{"own", "2"}}});
    CHECK(session.cookies() == nullptr);
    CHECK(cookies_of(server.request(1)) == "-");
    CHECK(cookies_of(server.request(2)) == "own=2");
}

TEST_CASE("two sessions share a jar that both are given", "[session][cookies][F2]") {
    Server server;
    server.accept().answers(sets_cookie("id=1"));
    server.accept().answers(ok());
    auto jar = std::make_shared<ferry::CookieJar>();
    Session one({.cookies = jar}), two({.cookies = jar});
    one.get(server.url());
    two.get(server.url());
    CHECK(cookies_of(server.request(1)) == "id=1");
    CHECK(jar->size() == 1);
    CHECK(one.cookies() == two.cookies());
}

TEST_CASE("overlays share their session's cookies, in both directions", "[session][cookies][F2]") {
    Server server;
    server.accept().answers(sets_cookie("a=1")).answers(sets_cookie("b=2")).answers(ok());
    Session session;
    auto overlay = session.with({.headers = {{"X-Team", "blue"}}});
    session.get(server.url());
    overlay.get(server.url());
    session.get(server.url());
    CHECK(cookies_of(server.request(1)) == "a=1");
    CHECK(cookies_of(server.request(2)) == "a=1; b=2");
    CHECK(overlay.cookies() == session.cookies());
}

TEST_CASE("cookies of one request go before the jar's, and are not kept", "[session][cookies][F2]") {
    Server server;
    server.accept().answers(sets_cookie("jar=1")).answers(ok()).answers(ok());
    Session session;
    session.get(server.url(), {.cookies = {{"own", "2"}, {"more", ""}}});
    session.get(server.url(), {.cookies = {{"own", "\"3\""}}});
    session.get(server.url());
    CHECK(cookies_of(server.request(0)) == "own=2; more=");
    CHECK(cookies_of(server.request(1)) == "own=\"3\"; jar=1");
    CHECK(cookies_of(server.request(2)) == "jar=1");
}

TEST_CASE("cookies that cannot be sent are refused", "[session][cookies][D3]") {
    auto cookie = GENERATE(table<std::string, std::string>(
        {{"", "x"}, {"a b", "x"}, {"a", "x;y"}, {"a", "x\r\ny"}, {"a=", "x"}, {"a", std::string(1, '\0')}}));
    Server server;
    Session session;
    auto error = error_of([&] {
        session.get(server.url(), {.cookies = {{std::get<0>(cookie), std::get<1>(cookie)}}});
    });
    CHECK(error.code() == ferry::errc::invalid_option);
    CHECK(server.connections() == 0);
}

TEST_CASE("a Cookie field that the caller writes stands alone", "[session][cookies][F1]") {
    Server server;
    server.accept().answers(sets_cookie("jar=1")).answers(ok()).answers(ok());
    Session session;
    session.get(server.url());
    session.get(server.url(), {.headers = {{"cookie", "mine=2"}}});
    CHECK(cookies_of(server.request(1)) == "mine=2");
    session.with({.headers = {{"Cookie", "team=3"}}}).get(server.url(), {.cookies = {{"own", "4"}}});
    CHECK(cookies_of(server.request(2)) == "team=3");
}

TEST_CASE("cookies of any final response are kept", "[session][cookies][F1]") {
    auto status = GENERATE("204 No Content", "304 Not Modified", "401 Unauthorized", "404 N", "500 I", "599 X");
    CAPTURE(status);
    Server server;
    server.accept().answers(head("Set-Cookie: id=1\r\nContent-Length: 0\r\n", status)).answers(ok());
    Session session;
    session.get(server.url());
    session.get(server.url());
    CHECK(cookies_of(server.request(1)) == "id=1");
}

TEST_CASE("a cookie comes with the head, whatever becomes of the body", "[session][cookies][F1]") {
    Server server;
    server.accept().answers(head("Set-Cookie: id=1\r\nContent-Length: 5\r\n") + "01").closes();
    server.accept().answers(ok());
    Session session;
    error_of([&] { session.get(server.url()); });
    session.get(server.url());
    CHECK(cookies_of(server.request(1)) == "id=1");
}

TEST_CASE("a cookie that comes with a challenge is in the answer", "[session][cookies][auth][F1]") {
    Server server;
    server.accept()
        .answers(reply("401 U", "", "Set-Cookie: id=1\r\nWWW-Authenticate: Digest realm=r, nonce=n\r\n"))
        .answers(ok());
    Session session;
    session.get(server.url(), {.auth = ferry::digest("u", "p")});
    CHECK(cookies_of(server.request(1)) == "id=1");
}

TEST_CASE("cookies of interim responses are none", "[session][cookies][C2]") {
    Server server;
    server.accept()
        .answers("HTTP/1.1 103 Early Hints\r\nSet-Cookie: early=1\r\n\r\n" + sets_cookie("late=2"))
        .answers(ok());
    Session session;
    auto r = session.get(server.url());
    CHECK(r.headers.count("Set-Cookie") == 1);
    session.get(server.url());
    CHECK(cookies_of(server.request(1)) == "late=2");
}

TEST_CASE("a malformed Set-Cookie spoils nothing", "[session][cookies][F1]") {
    auto malformed = GENERATE(as<std::string>(), "", "=", ";", "=;=", "; Path=/", std::string(5000, 'x'),
                              "a=" + std::string(5000, 'x'), "a\t=\t", "a=1; Domain=..", "a=1; Domain=com",
                              "a=1; Max-Age=99999999999999999999; Domain=.", "a=\xff\xfe; Domain=[::1]");
    CAPTURE(malformed);
    Server server;
    server.accept()
        .answers(reply("200 OK", "", "Set-Cookie: " + malformed + "\r\nSet-Cookie: good=1\r\n"))
        .answers(ok())
        .answers(ok());
    Session session;
    for (int i = 0; i < 3; ++i) session.get(server.url());
    CHECK(cookies_of(server.request(1)).find("good=1") != std::string::npos);
    CHECK(cookies_of(server.request(2)) == cookies_of(server.request(1)));
}
