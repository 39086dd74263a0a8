// A jar of cookies: order, replacing, what users set and remove, limits, and many threads.

#include "catch.hpp"
#include "errors.hpp"

#include <ferry/cookies.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace ferry;
using namespace std::chrono_literals;
using ferry::testing::error_of;
using ferry::testing::says;

namespace {

const CookieJar::time_point now(std::chrono::seconds(1'700'000'000));
const Url home("http://www.example.com/");

std::string header(CookieJar& jar, std::string_view url, CookieJar::time_point at = now) {
    std::string out;
    jar.append_header(Url(url), out, at);
    return out;
}

std::string name(std::size_t i) { return "n" + std::to_string(i); }

}  // namespace

TEST_CASE("cookies are sent by length of path, then by age", "[cookies][F1]") {
    CookieJar jar;
    for (auto field :
         {"a=1; Path=/", "b=2; Path=/x/y", "c=3; Path=/x", "d=4; Path=/; Domain=example.com", "e=5; Path=/x"})
        REQUIRE(jar.store(home, field, now));
    CHECK(header(jar, "http://www.example.com/x/y/z") == "b=2; c=3; e=5; a=1; d=4");
    CHECK(header(jar, "http://www.example.com/x") == "c=3; e=5; a=1; d=4");
    CHECK(header(jar, "http://other.example.com/x") == "d=4");
    CHECK(header(jar, "http://example.org/").empty());
    std::string out = "Cookie: ";
    jar.append_header(home, out, now);
    CHECK(out == "Cookie: a=1; d=4");
}

TEST_CASE("a cookie replaces the same one and inherits its age", "[cookies][F1]") {
    CookieJar jar;
    for (auto field : {"a=1", "b=2", "a=3; HttpOnly", "A=4", "a=5; Path=/x", "a=6; Domain=www.example.com"})
        REQUIRE(jar.store(home, field, now));
    CHECK(header(jar, "http://www.example.com/x") == "a=5; a=3; b=2; A=4; a=6");
    CHECK(jar.all(now).at(0).http_only);
}

TEST_CASE("an empty jar says so without a lock, and sends nothing", "[cookies][F2]") {
    CookieJar jar;
    STATIC_REQUIRE(noexcept(jar.empty()));
    CHECK(jar.empty());
    CHECK(header(jar, "http://a.test/").empty());
    jar.set("a", "1", home);
    CHECK_FALSE(jar.empty());
    CHECK(jar.size() == 1);
    jar.clear();
    CHECK(jar.empty());
}

TEST_CASE("users set cookies for a host", "[cookies][F2]") {
    CookieJar jar;
    jar.set("a", "1", Url("http://Example.com:81/x/y"), now);
    jar.set("b", "2", Url("https://example.com/"), now);
    CHECK(jar.all(now) == std::vector<Cookie>{{.name = "a", .value = "1", .domain = "example.com"},
                                              {.name = "b", .value = "2", .domain = "example.com", .secure = true}});
    CHECK(jar.get("a", Url("http://example.com/z"), now) == "1");
    CHECK(jar.get("b", Url("http://example.com/z"), now) == std::nullopt);
    CHECK(jar.get("b", Url("https://example.com/z"), now) == "2");
    CHECK(jar.get("A", Url("https://example.com/z"), now) == std::nullopt);
    jar.set({.name = "a", .value = "9", .domain = ".Example.com", .path = "/z"}, now);
    CHECK(jar.get("a", Url("http://example.com/z"), now) == "9");
    CHECK(jar.matching(Url("http://b.example.com/z"), now) ==
          std::vector<Cookie>{{.name = "a", .value = "9", .domain = "example.com", .path = "/z", .host_only = false}});
}

TEST_CASE("what users set is brought into form", "[cookies][F2]") {
    CookieJar jar;
    jar.set({.name = "a", .value = "1", .domain = "::1"}, now);
    CHECK(jar.get("a", Url("http://[::1]:81/"), now) == "1");
    jar.set({.name = "b", .value = "2", .domain = "127.0.0.1", .host_only = false}, now);
    CHECK(jar.matching(Url("http://127.0.0.1/"), now).at(0).host_only);
    jar.set({.name = "c", .value = "3", .domain = "c.test", .expires = now + 1000 * 24h}, now);
    CHECK(jar.matching(Url("http://c.test/"), now).at(0).expires == now + 400 * 24h);
    jar.set({.name = "c", .value = "3", .domain = "c.test", .expires = now}, now);
    CHECK(jar.matching(Url("http://c.test/"), now).empty());
    CHECK(jar.size() == 2);
}

TEST_CASE("what cannot be a cookie is refused, and the reason named", "[cookies][F2]") {
    struct Row {
        Cookie cookie;
        std::string_view reason;
    };
    const std::string long_text(4096, 'x');
    const std::vector<Row> rows{
        {{.domain = "a.test"}, "neither name nor value"},
        {{.name = "a;b", .domain = "a.test"}, "in the name"},
        {{.name = "a=b", .domain = "a.test"}, "in the name"},
        {{.name = "a\n", .domain = "a.test"}, "control"},
        {{.name = "a\tb", .domain = "a.test"}, "control"},
        {{.name = "a", .value = "b\r\nX: y", .domain = "a.test"}, "control"},
        {{.name = "a", .value = std::string(1, '\0'), .domain = "a.test"}, "control"},
        {{.name = "a", .value = "b; c", .domain = "a.test"}, "in the value"},
        {{.name = "a", .value = " b", .domain = "a.test"}, "blanks"},
        {{.name = "a ", .value = "b", .domain = "a.test"}, "blanks"},
        {{.name = "a", .value = long_text, .domain = "a.test"}, "4096"},
        {{.name = "a"}, "not a host"},
        {{.name = "a", .domain = "a b"}, "not a host"},
        {{.name = "a", .domain = "a.test/x"}, "not a host"},
        {{.name = "a", .domain = "user@a.test"}, "not a host"},
        {{.name = "a", .domain = "..a.test"}, "not a host"},
        {{.name = "a", .domain = "1.2.3"}, "not a host"},
        {{.name = "a", .domain = "a.test", .path = ""}, "slash"},
        {{.name = "a", .domain = "a.test", .path = "x"}, "slash"},
        {{.name = "a", .domain = "a.test", .path = "/\n"}, "control"},
        {{.name = "a", .domain = "a.test", .path = "/" + long_text}, "1024"},
        {{.name = "a", .domain = "com", .host_only = false}, "public suffix"},
        {{.name = "a", .domain = ".com"}, "public suffix"},
        {{.name = "__Host-a", .domain = "a.test"}, "prefix"},
        {{.name = "__host-a", .domain = ".a.test", .secure = true}, "prefix"},
        {{.name = "__Secure-a", .domain = "a.test"}, "prefix"},
        {{.value = "__Host-a=b", .domain = "a.test", .secure = true}, "prefix"},
    };
    CookieJar jar;
    for (const auto& row : rows) {
        const auto error = error_of([&] { jar.set(row.cookie, now); });
        INFO(error.what());
        CHECK(error.code() == errc::invalid_option);
        CHECK(says(error, row.reason));
    }
    CHECK(error_of([&] { jar.set("a", "b", Url(), now); }).code() == errc::invalid_option);
    CHECK(jar.empty());
}

TEST_CASE("users remove cookies", "[cookies][F2]") {
    CookieJar jar;
    for (auto field : {"a=1; Path=/x", "a=2; Domain=example.com", "b=3; Max-Age=9", "c=4"}) jar.store(home, field, now);
    CHECK(jar.erase("a", Url("http://www.example.com/y"), now) == 1);
    CHECK(header(jar, "http://www.example.com/x") == "a=1; b=3; c=4");
    CHECK(jar.erase("a", Url("http://example.org/"), now) == 0);
    CHECK_FALSE(jar.erase(Cookie{.name = "c", .domain = "www.example.com", .host_only = false}));
    CHECK(jar.erase(Cookie{.name = "c", .domain = "www.example.com"}));
    CHECK(jar.size() == 2);
    jar.clear_session_cookies();
    CHECK(header(jar, "http://www.example.com/x") == "b=3");
    CHECK(jar.erase("b", home, now) == 1);
    CHECK(jar.empty());
}

TEST_CASE("of too many cookies of a domain the least recently used goes", "[cookies][F1]") {
    CookieJar jar;
    for (std::size_t i = 0; i < 50; ++i) jar.store(home, name(i) + "=v; Path=/" + name(i), now);
    CHECK(jar.size() == 50);
    header(jar, "http://www.example.com/n0");                      // sent, so it is used
    jar.store(home, "n1=w; Path=/n1", now);                        // set again
    jar.store(Url("http://b.example.com/"), "other=domain", now);  // counts elsewhere
    jar.store(home, "new=1", now);
    CHECK(jar.size() == 51);
    CHECK(header(jar, "http://www.example.com/n0") == "n0=v; new=1");
    CHECK(header(jar, "http://www.example.com/n1") == "n1=w; new=1");
    CHECK(header(jar, "http://www.example.com/n2") == "new=1");
    CHECK(header(jar, "http://www.example.com/n3") == "n3=v; new=1");
}

TEST_CASE("expired cookies go first, and all of the domain", "[cookies][F1]") {
    CookieJar jar({.max_per_domain = 4});
    for (auto field : {"old=1", "dead=2; Max-Age=5", "gone=3; Max-Age=6", "last=4"}) jar.store(home, field, now);
    header(jar, "http://www.example.com/");
    jar.store(home, "new=5", now + 10s);
    CHECK(jar.size() == 3);
    CHECK(header(jar, "http://www.example.com/", now + 10s) == "old=1; last=4; new=5");
}

TEST_CASE("others drive no Secure cookie out while there are some without", "[cookies][F1]") {
    CookieJar jar({.max_per_domain = 3});
    const Url secure("https://www.example.com/");
    jar.store(secure, "s=1; Secure", now);
    for (std::size_t i = 0; i < 10; ++i) jar.store(home, name(i) + "=v", now);
    CHECK(header(jar, "https://www.example.com/") == "s=1; n8=v; n9=v");
    for (std::size_t i = 0; i < 3; ++i) jar.store(secure, "s" + std::to_string(i) + "=2; Secure", now);
    CHECK(header(jar, "https://www.example.com/") == "s0=2; s1=2; s2=2");
}

TEST_CASE("a jar holds 3000 cookies in all", "[cookies][F1]") {
    CookieJar jar;
    for (std::size_t i = 0; i < 3000; ++i)
        jar.store(Url("http://" + name(i) + ".test/"), i == 7 ? "a=b; Max-Age=5" : "a=b", now);
    CHECK(jar.size() == 3000);
    jar.store(Url("http://new.test/"), "a=b", now + 10s);
    CHECK(jar.size() == 3000);
    CHECK(header(jar, "http://n0.test/") == "a=b");  // the expired one went
    jar.store(Url("http://newer.test/"), "a=b", now);
    CHECK(jar.size() == 3000);
    CHECK(header(jar, "http://n0.test/") == "a=b");
    CHECK(header(jar, "http://n1.test/").empty());
    CHECK(header(jar, "http://newer.test/") == "a=b");
}

TEST_CASE("limits can be set", "[cookies][F1]") {
    CookieJar two({.max_per_domain = 9, .max_total = 2});
    for (auto field : {"a=1", "b=2", "c=3"}) two.store(home, field, now);
    CHECK(header(two, "http://www.example.com/") == "b=2; c=3");
    for (CookieLimits limits : {CookieLimits{.max_per_domain = 0}, CookieLimits{.max_total = 0}}) {
        CookieJar none(limits);
        none.store(home, "a=1", now);
        none.set("b", "2", home, now);
        CHECK(none.empty());
    }
    CookieJar many({.max_per_domain = SIZE_MAX, .max_total = SIZE_MAX});
    for (std::size_t i = 0; i < 200; ++i) many.store(home, name(i) + "=v", now);
    CHECK(many.size() == 200);
}

TEST_CASE("threads share a jar", "[cookies][F2][threads]") {
    const auto jar = std::make_shared<CookieJar>(CookieLimits{.max_per_domain = 20});
    std::atomic<std::size_t> wrong{0};
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < 8; ++t) {
        threads.emplace_back([jar, t, &wrong] {
            const Url mine("http://" + name(t) + ".example.com/");
            const std::string field = "own=" + name(t);
            for (std::size_t i = 0; i < 300; ++i) {
                jar->store(mine, field, now);
                jar->store(mine, "shared" + name(i % 30) + "=x; Domain=example.com", now);
                std::string out;
                if (!jar->empty()) jar->append_header(mine, out, now);
                wrong += out.find(field) == std::string::npos;
                wrong += jar->get("own", mine, now) != name(t);
                if (i % 50 == 0) jar->erase("shared" + name(i), mine, now), wrong += jar->all(now).empty();
            }
        });
    }
    for (auto& thread : threads) thread.join();
    CHECK(wrong == 0);
    CHECK(jar->size() == jar->all(now).size());
    CHECK(jar->size() <= 8 + 20);
    CHECK(jar->size() >= 8 + 19);
}
