// Which Set-Cookie fields are taken, what of them is kept, and to which URLs the cookie goes.

#include "catch.hpp"

#include <ferry/cookies.hpp>
#include <ferry/features.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace ferry;
using namespace std::chrono_literals;
using namespace std::string_view_literals;

namespace {

const CookieJar::time_point now(std::chrono::seconds(1'700'000'000));

/// The one cookie that the field sets at the URL, if it is taken.
std::optional<Cookie> taken(std::string_view url, std::string_view field) {
    CookieJar jar;
    const bool yes = jar.store(Url(url), field, now);
    const auto all = jar.all(now);
    CHECK(all.size() == (yes ? 1 : 0));
    CHECK(jar.empty() == all.empty());
    return yes && !all.empty() ? std::optional(all.front()) : std::nullopt;
}

/// What is sent to `to` after `from` has set the field.
std::string sent(std::string_view from, std::string_view field, std::string_view to) {
    CookieJar jar;
    jar.store(Url(from), field, now);
    std::string out;
    jar.append_header(Url(to), out, now);
    return out;
}

std::optional<std::chrono::seconds> lifetime(std::string_view attributes) {
    const auto cookie = taken("http://a.test/", "n=v; " + std::string(attributes));
    if (!cookie || !cookie->expires) return std::nullopt;
    return std::chrono::duration_cast<std::chrono::seconds>(*cookie->expires - now);
}

}  // namespace

TEST_CASE("a cookie is a name, a value and attributes", "[cookies][F1]") {
    const auto plain = taken("http://www.example.com/a/b?c", "sid=31d4d96e407aad42");
    CHECK(plain == Cookie{.name = "sid", .value = "31d4d96e407aad42", .domain = "www.example.com", .path = "/a"});
    const auto full = taken(
        "https://www.example.com/",
        " n = v w ;PATH=/p; dOmain = Example.COM ;secure;HttpOnly=yes; SameSite=LAX;Max-Age=10;x=y;;");
    CHECK(full == Cookie{.name = "n",
                         .value = "v w",
                         .domain = "example.com",
                         .path = "/p",
                         .expires = now + 10s,
                         .host_only = false,
                         .secure = true,
                         .http_only = true,
                         .same_site = SameSite::lax});
}

TEST_CASE("names and values are kept as they are sent", "[cookies][F1]") {
    struct Row {
        std::string_view field, name, value;
    };
    for (const Row& row : std::vector<Row>{{"a=b", "a", "b"},
                                           {"a=\"b c\"", "a", "\"b c\""},
                                           {"a=\"b;c\"", "a", "\"b"},
                                           {"a=b=c==", "a", "b=c=="},
                                           {"a=", "a", ""},
                                           {"\ta\t=\tb\t", "a", "b"},
                                           {"a=b\tc", "a", "b\tc"},
                                           {"=value", "", "value"},
                                           {"value", "", "value"},
                                           {"==x", "", "=x"},
                                           {"a,b=c,d", "a,b", "c,d"},
                                           {"a=%41", "a", "%41"},
                                           {"\xc3\xa4=\xff", "\xc3\xa4", "\xff"}}) {
        INFO(row.field);
        const auto cookie = taken("http://a.test/", row.field);
        REQUIRE(cookie);
        CHECK(cookie->name == row.name);
        CHECK(cookie->value == row.value);
    }
    CHECK(sent("http://a.test/", "=value", "http://a.test/") == "value");
    CHECK(sent("http://a.test/", "a=", "http://a.test/") == "a=");
    CHECK(sent("http://a.test/", "a=\"b c\"", "http://a.test/") == "a=\"b c\"");
}

TEST_CASE("malformed fields set nothing", "[cookies][F1]") {
    for (auto field : {""sv, "="sv, " = "sv, ";"sv, "; Path=/"sv, "=; Path=/"sv, "a=b\0"sv, "a=b\r\nX: y"sv, "a=\x7f"sv,
                       "a=b; Path=/\x01"sv, "a=b\x1f"sv, "a\tb=c"sv, "a=b; Path=/\ta\tb"sv}) {
        INFO(field);
        CHECK_FALSE(taken("http://a.test/", field));
    }
    CHECK_FALSE(CookieJar().store(Url(), "a=b", now));
}

TEST_CASE("name and value have 4096 bytes at most, and an attribute 1024", "[cookies][F1]") {
    const auto field = [](std::size_t name, std::size_t value) {
        return std::string(name, 'n') + "=" + std::string(value, 'v');
    };
    CHECK(taken("http://a.test/", field(1, 4095)));
    CHECK(taken("http://a.test/", field(4096, 0)));
    CHECK_FALSE(taken("http://a.test/", field(1, 4096)));
    CHECK_FALSE(taken("http://a.test/", field(2048, 2049)));
    CHECK_FALSE(taken("http://a.test/", std::string(4097, 'v')));
    const std::string path = "/" + std::string(1023, 'p');
    CHECK(taken("http://a.test/", "a=b; Path=" + path)->path == path);
    CHECK(taken("http://a.test/", "a=b; Path=" + path + "p")->path == "/");
    CHECK(lifetime("Max-Age=" + std::string(1025, '0')) == std::nullopt);
    CHECK_FALSE(taken("http://a.test" + path + "p/x", "a=b"));  // A default path without limit would hold any memory.
}

TEST_CASE("Max-Age is digits, and counts for more than Expires", "[cookies][F1]") {
    const auto expires = [](std::string_view date) { return "Expires=" + std::string(date); };
    CHECK(lifetime("Max-Age=60") == 60s);
    CHECK(lifetime("Max-Age=007") == 7s);
    CHECK(lifetime("Max-Age=60; Max-Age=70") == 70s);
    CHECK(lifetime("Max-Age=60; " + expires("Thu, 16 Nov 2023 00:00:00 GMT")) == 60s);
    CHECK(lifetime(expires("Thu, 16 Nov 2023 00:00:00 GMT") + "; Max-Age=60") == 60s);
    CHECK(lifetime(expires("Tue, 14 Nov 2023 22:13:30 GMT")) == 10s);
    for (auto bad : {"Max-Age", "Max-Age=", "Max-Age=+1", "Max-Age=1.5", "Max-Age=a", "Max-Age=1a", "Max-Age=-",
                     "Max-Age=--1", "Max-Age=\"1\"", "Expires=never", "Expires"}) {
        INFO(bad);
        CHECK(lifetime(bad) == std::nullopt);
        CHECK(lifetime("Max-Age=5; " + std::string(bad)) == 5s);
    }
}

TEST_CASE("no cookie lives longer than 400 days", "[cookies][F1]") {
    constexpr std::chrono::seconds most = 400 * 24h;
    CHECK(lifetime("Max-Age=34559999") == most - 1s);
    CHECK(lifetime("Max-Age=34560001") == most);
    CHECK(lifetime("Max-Age=9223372036854775807") == most);
    CHECK(lifetime("Max-Age=" + std::string(1000, '9')) == most);
    CHECK(lifetime("Expires=Fri, 31 Dec 9999 23:59:59 GMT") == most);
    CHECK(lifetime("Expires=Wed, 18 Dec 2024 22:13:19 GMT") == most - 1s);
    CHECK(lifetime("Expires=Wed, 18 Dec 2024 22:13:21 GMT") == most);
    CookieJar jar;  // Not even at the end of time does the sum overflow.
    CHECK(jar.store(Url("http://a.test/"), "n=v; Max-Age=99999999999", CookieJar::time_point::max() - 1s));
    CHECK(jar.store(Url("http://a.test/"), "m=v; Expires=1 Jan 9999 00:00:00", CookieJar::time_point::max() - 1s));
    CHECK(jar.size() == 2);
}

TEST_CASE("what has expired deletes the cookie that it would replace", "[cookies][F1]") {
    for (auto past :
         {"Max-Age=0", "Max-Age=-1", "Max-Age=-99999999999999999999", "Expires=Thu, 01 Jan 1970 00:00:00 GMT",
          "Expires=Mon, 01 Jan 1601 00:00:00 GMT", "Expires=Tue, 14 Nov 2023 22:13:20 GMT"}) {
        INFO(past);
        CookieJar jar;
        const Url url("http://a.test/");
        CHECK(jar.store(url, "n=v; Path=/", now));
        CHECK(jar.store(url, "N=v; Path=/; " + std::string(past), now));
        CHECK(jar.store(url, "n=v; Path=/p; " + std::string(past), now));
        CHECK(jar.size() == 1);
        CHECK(jar.store(url, "n=; Path=/; " + std::string(past), now));
        CHECK(jar.empty());
    }
}

TEST_CASE("a cookie that has expired is not sent", "[cookies][F1]") {
    CookieJar jar;
    const Url url("http://a.test/");
    jar.store(url, "n=v; Max-Age=10", now);
    CHECK(jar.get("n", url, now + 9s) == "v");
    CHECK(jar.get("n", url, now + 10s) == std::nullopt);
    CHECK(jar.all(now + 10s).empty());
    std::string out;
    jar.append_header(url, out, now + 10s);
    CHECK(out.empty());
}

TEST_CASE("SameSite is kept, and enforced nowhere", "[cookies][F1]") {
    const auto same_site = [](std::string_view value) {
        return taken("http://a.test/", "n=v; SameSite=" + std::string(value))->same_site;
    };
    CHECK(same_site("Strict") == SameSite::strict);
    CHECK(same_site("lax") == SameSite::lax);
    CHECK(same_site("NONE") == SameSite::none);
    CHECK(same_site("other") == SameSite::unset);
    CHECK(sent("http://a.test/", "n=v; SameSite=Strict", "http://a.test/") == "n=v");
}

TEST_CASE("the default path is the folder of the URL's path", "[cookies][F1]") {
    const auto path = [](std::string_view url, std::string_view field = "n=v") { return taken(url, field)->path; };
    CHECK(path("http://a.test") == "/");
    CHECK(path("http://a.test/foo") == "/");
    CHECK(path("http://a.test/foo/") == "/foo");
    CHECK(path("http://a.test/foo/bar?x=/y/z") == "/foo");
    CHECK(path("http://a.test/foo//") == "/foo/");
    CHECK(path("http://a.test/foo/bar", "n=v; Path=") == "/foo");
    CHECK(path("http://a.test/foo/bar", "n=v; Path=x") == "/foo");
    CHECK(path("http://a.test/foo/bar", "n=v; Path=/x; Path") == "/foo");
    CHECK(path("http://a.test/foo/bar", "n=v; Path=/x; Path=/y/") == "/y/");
}

TEST_CASE("a path covers what lies below it, and not what only begins like it", "[cookies][F1]") {
    const auto goes = [](std::string_view path, std::string_view to) {
        return !sent("http://a.test/", "n=v; Path=" + std::string(path), "http://a.test" + std::string(to)).empty();
    };
    CHECK(goes("/foo", "/foo"));
    CHECK(goes("/foo", "/foo/"));
    CHECK(goes("/foo", "/foo/bar"));
    CHECK(goes("/foo", "/foo?bar"));
    CHECK(goes("/foo/", "/foo/bar"));
    CHECK(goes("/", "/anything"));
    CHECK_FALSE(goes("/foo", "/foobar"));
    CHECK_FALSE(goes("/foo", "/"));
    CHECK_FALSE(goes("/foo/", "/foo"));
    CHECK_FALSE(goes("/foo", "/FOO"));
}
