// Authentication: Basic, Bearer, whose credentials are used, and the exchange with a server.

#include "catch.hpp"
#include "errors.hpp"

#include <ferry/auth_choice.hpp>
#include <ferry/auth_exchange.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace ferry;
using detail::AuthSource;
using ferry::testing::error_of;

namespace {

const Url url("http://h/a?b");

std::string field_of(const Auth& auth) { return auth ? auth.scheme()->authorize({"GET", "/", url}) : "(no auth)"; }

std::string refusal(const ferry::Error& error) {
    CHECK(error.code() == errc::invalid_option);
    CHECK(error.phase() == Phase::input);
    return error.what();
}

/// Answers every challenge with its number, and writes down what it sees.
struct Counting : AuthScheme {
    std::string seen;
    std::string authorize(const AuthRequest& q) override {
        return q.answered == 0 ? "" : "Counting " + std::to_string(q.answered);
    }
    bool challenged(const std::vector<Challenge>& all, const AuthRequest& q, std::string_view sent) override {
        for (const auto& c : all) seen += c.scheme + " ";
        seen.append(q.method).append(" ").append(q.target).append(q.proxy ? " proxy" : "");
        seen.append(" [").append(sent).append("]\n");
        return true;
    }
    void accepted(std::string_view info, const AuthRequest&, std::string_view sent) override {
        seen.append("accepted ").append(info).append(" [").append(sent).append("]\n");
    }
};

struct Smuggling : AuthScheme {
    std::string authorize(const AuthRequest&) override { return "X\r\nInjected: 1"; }
};

}  // namespace

TEST_CASE("Basic sends user and password in base64", "[auth][G1]") {
    CHECK(field_of(basic("Aladdin", "open sesame")) == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");  // RFC 7617 2
    CHECK(field_of(basic("test", "123\xc2\xa3")) == "Basic dGVzdDoxMjPCow==");                 // RFC 7617 2.1
    CHECK(field_of(basic("u", "a:b")) == "Basic dTphOmI=");
    CHECK(field_of(basic("", "")) == "Basic Og==");
}

TEST_CASE("Basic refuses what it cannot carry, and does not say it aloud", "[auth][G1]") {
    using Pair = std::pair<std::string, std::string>;
    for (const auto& bad : {Pair{"us:er", "hidden"}, Pair{"us\ner", "hidden"}, Pair{"us\x7f", "hidden"},
                            Pair{"us", "hidden\r\n"}, Pair{"us", std::string("hidden\0", 7)}}) {
        const auto what = refusal(error_of([&] { static_cast<void>(basic(bad.first, bad.second)); }));
        CHECK(what.find("hidden") == std::string::npos);
        CHECK((bad.first == "us" || what.find(bad.first) == std::string::npos));
    }
}

TEST_CASE("Bearer sends a token68", "[auth][G1]") {
    CHECK(field_of(bearer("mF_9.B5f-4.1JqM")) == "Bearer mF_9.B5f-4.1JqM");  // RFC 6750 2.1
    CHECK(field_of(bearer("a~b+c/d==")) == "Bearer a~b+c/d==");
    for (const auto* token :
         {"", "=", "hid den", "hidden\r\nX: y", "hidden=a", "hid\xc3\xa4", "\"hidden\"", "hidden,"}) {
        const auto what = refusal(error_of([&] { static_cast<void>(bearer(token)); }));
        CHECK(what.find("hid") == std::string::npos);
    }
}

TEST_CASE("a 401 to Basic or Bearer is final", "[auth][G3]") {
    const auto challenges = detail::parse_challenges({"Basic realm=a, Bearer realm=b"});
    CHECK_FALSE(basic("u", "p").scheme()->challenged(challenges, {"GET", "/", url}, "Basic dTpw"));
    CHECK_FALSE(bearer("t").scheme()->challenged(challenges, {"GET", "/", url}, ""));
}

TEST_CASE("an Auth is nothing, or shares a scheme", "[auth][G1]") {
    const Auth nothing, made = std::make_shared<Counting>(), empty = std::shared_ptr<AuthScheme>();
    CHECK_FALSE(nothing);
    CHECK_FALSE(empty);
    CHECK(made);
    const Auth copy = made;
    CHECK(copy == made);
    CHECK_FALSE(Auth(std::make_shared<Counting>()) == made);
    CHECK(no_auth());
    CHECK(field_of(no_auth()).empty());
}

TEST_CASE("a closer word about credentials beats a farther one", "[auth][G3]") {
    const Auth request = bearer("request"), session = bearer("session"), nothing;
    const Url plain("http://h/"), with_user("http://me:pa%3Ass@h/");
    const auto netrc = Netrc::parse("machine h login n password m");
    detail::AuthSources of{true, &request, &with_user, true, &session, &netrc};
    CHECK(detail::choose_auth(of).from == AuthSource::request_field);
    CHECK_FALSE(detail::choose_auth(of).auth);
    of.request_field = false;
    CHECK(detail::choose_auth(of).from == AuthSource::request);
    CHECK(detail::choose_auth(of).auth == request);
    of.request = &nothing;
    CHECK(detail::choose_auth(of).from == AuthSource::url);
    CHECK(field_of(detail::choose_auth(of).auth) == field_of(basic("me", "pa:ss")));
    of.url = &plain;
    CHECK(detail::choose_auth(of).from == AuthSource::session_field);
    CHECK_FALSE(detail::choose_auth(of).auth);
    of.session_field = false;
    CHECK(detail::choose_auth(of).from == AuthSource::session);
    CHECK(detail::choose_auth(of).auth == session);
    of.session = nullptr;
    CHECK(detail::choose_auth(of).from == AuthSource::netrc);
    CHECK(field_of(detail::choose_auth(of).auth) == field_of(basic("n", "m")));
    of.netrc = nullptr;
    CHECK(detail::choose_auth(of).from == AuthSource::none);
    CHECK_FALSE(detail::choose_auth(of).auth);
    CHECK(detail::choose_auth({}).from == AuthSource::none);
}

TEST_CASE("no_auth keeps the session's credentials and the netrc file's back", "[auth][G3]") {
    const Auth none = no_auth(), session = bearer("session");
    detail::AuthSources of;
    of.request = &none;
    of.session = &session;
    CHECK(field_of(detail::choose_auth(of).auth).empty());
}

TEST_CASE("no_auth holds where a redirect leads, too", "[auth][E4][G3]") {
    const Auth none = no_auth();
    const Url there("http://me:secret@other/");
    const auto netrc = Netrc::parse("machine other login o password q");
    detail::AuthSources of{.url = &there, .netrc = &netrc, .elsewhere = true};
    SECTION("the request's") { of.request = &none; }
    SECTION("the session's, but for the URL's own") {
        static const Url plain("http://other/");
        of.session = &none, of.url = &plain;
    }
    CHECK(field_of(detail::choose_auth(of).auth).empty());
}

TEST_CASE("another origin gets no credentials but those that are meant for it", "[auth][E4][G3][G4]") {
    const Auth request = bearer("request"), session = bearer("session");
    const Url other("http://other/"), with_user("http://me@other/");
    const auto by_default = Netrc::parse("default login n password m");
    const auto by_name = Netrc::parse("default login n password m machine other login o password q");
    detail::AuthSources of{true, &request, &other, true, &session, &by_default, true};
    CHECK(detail::choose_auth(of).from == AuthSource::none);
    of.netrc = &by_name;
    CHECK(field_of(detail::choose_auth(of).auth) == field_of(basic("o", "q")));
    of.url = &with_user;
    CHECK(field_of(detail::choose_auth(of).auth) == field_of(basic("me", "")));
    of.elsewhere = false;
    CHECK(detail::choose_auth(of).from == AuthSource::request_field);
}

TEST_CASE("credentials that Basic cannot carry are a fault of where they come from", "[auth][G3]") {
    detail::AuthSources of;
    for (const auto* text : {"http://a%3Ab:p@h/", "http://a%0D%0A:p@h/", "http://a:p%00@h/"}) {
        const Url bad(text);
        of.url = &bad;
        CHECK(detail::choose_auth(of).fault == errc::url_invalid_character);
        CHECK_FALSE(detail::choose_auth(of).auth);
    }
    const auto netrc = Netrc::parse("machine h login a:b password p machine g");
    of.url = &url;
    of.netrc = &netrc;
    CHECK(detail::choose_auth(of).fault == errc::invalid_option);
    const Url g("http://g/"), address("http://[::1]/");
    of.url = &g;
    CHECK(detail::choose_auth(of).from == AuthSource::none);
    const auto six = Netrc::parse("machine ::1 login u password p");
    of.url = &address;
    of.netrc = &six;
    CHECK(detail::choose_auth(of).from == AuthSource::netrc);
}

TEST_CASE("an exchange hands the challenges to the scheme, and ends", "[auth][G2][G3]") {
    const auto scheme = std::make_shared<Counting>();
    detail::AuthExchange exchange(scheme);
    CHECK(exchange);
    CHECK(exchange.field_name() == "Authorization");
    const Headers refused{{"WWW-Authenticate", "A x=y"}, {"www-authenticate", "B"}, {"Proxy-Authenticate", "C"}};
    int sent = 0;
    do {
        REQUIRE_FALSE(exchange.prepare("GET", "/t", url));
        REQUIRE(++sent < 100);
    } while (exchange.answers(401, refused, "GET", "/t", url));
    CHECK(sent == 5);
    CHECK(exchange.field() == "Counting 4");
    CHECK(scheme->seen == "A B GET /t []\nA B GET /t [Counting 1]\nA B GET /t [Counting 2]\nA B GET /t [Counting 3]\n");
    CHECK_FALSE(exchange.answers(407, refused, "GET", "/t", url));

    scheme->seen.clear();
    CHECK_FALSE(exchange.answers(200, {{"Authentication-Info", "x=y"}}, "GET", "/t", url));
    CHECK(scheme->seen == "accepted x=y [Counting 4]\n");
}

TEST_CASE("an exchange with a proxy has fields and a status of its own", "[auth][G3][H1]") {
    const auto scheme = std::make_shared<Counting>();
    detail::AuthExchange exchange(scheme, true);
    CHECK(exchange.field_name() == "Proxy-Authorization");
    const Headers refused{{"WWW-Authenticate", "A"}, {"Proxy-Authenticate", "C"}};
    REQUIRE_FALSE(exchange.prepare("CONNECT", "h:443", url));
    CHECK_FALSE(exchange.answers(200, {{"Proxy-Authentication-Info", "x=y"}}, "CONNECT", "h:443", url));
    CHECK_FALSE(exchange.answers(401, refused, "CONNECT", "h:443", url));
    CHECK(exchange.answers(407, refused, "CONNECT", "h:443", url));
    CHECK(scheme->seen == "C CONNECT h:443 proxy []\n");
}

TEST_CASE("an exchange without a scheme does nothing; a field cannot smuggle lines", "[auth][D3]") {
    detail::AuthExchange nobody;
    CHECK_FALSE(nobody);
    CHECK_FALSE(nobody.prepare("GET", "/", url));
    CHECK(nobody.field().empty());
    CHECK_FALSE(nobody.answers(401, {{"WWW-Authenticate", "Basic realm=a"}}, "GET", "/", url));

    detail::AuthExchange smuggler(std::make_shared<Smuggling>());
    CHECK(smuggler.prepare("GET", "/", url) == errc::invalid_header_value);
    CHECK(smuggler.field().empty());
}
