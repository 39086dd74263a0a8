// Which servers may set a cookie and which get it: domains, addresses, public suffixes, Secure, prefixes.

#include "catch.hpp"

#include <ferry/cookies.hpp>
#include <ferry/features.hpp>

#include <chrono>
#include <string>
#include <string_view>

using namespace ferry;

namespace {

const CookieJar::time_point now(std::chrono::seconds(1'700'000'000));

bool sets(std::string_view url, std::string_view field) { return CookieJar().store(Url(url), field, now); }

/// Whether a cookie that `from` sets with this Domain goes to `to`.
bool goes(std::string_view from, std::string_view domain, std::string_view to) {
    CookieJar jar;
    jar.store(Url(from), "n=v; Path=/" + (domain.empty() ? "" : "; Domain=" + std::string(domain)), now);
    std::string out;
    jar.append_header(Url(to), out, now);
    return out == "n=v";
}

std::string all_names(const CookieJar& jar) {
    std::string names;
    for (const auto& cookie : jar.all(now)) names += cookie.name + "=" + cookie.value + " ";
    return names;
}

}  // namespace

TEST_CASE("without a domain a cookie is for its host alone", "[cookies][F1]") {
    CHECK(goes("http://a.example.com/", "", "http://a.example.com/"));
    CHECK(goes("http://a.example.com/", ".", "http://a.example.com/"));
    CHECK(goes("http://A.Example.COM/", "", "http://a.eXample.com/"));
    for (auto to : {"http://example.com/", "http://b.a.example.com/", "http://b.example.com/"})
        CHECK_FALSE(goes("http://a.example.com/", "", to));
}

TEST_CASE("with a domain it is for that host and the names under it", "[cookies][F1]") {
    for (auto domain : {"example.com", ".example.com", "EXAMPLE.com", ".Example.Com"}) {
        INFO(domain);
        CHECK(goes("http://a.example.com/", domain, "http://a.example.com/"));
        CHECK(goes("http://a.example.com/", domain, "http://example.com/"));
        CHECK(goes("http://example.com/", domain, "http://c.b.example.com/"));
        CHECK_FALSE(goes("http://a.example.com/", domain, "http://badexample.com/"));
        CHECK_FALSE(goes("http://a.example.com/", domain, "http://example.com.org/"));
    }
    CHECK(goes("http://a.example.com/", "example.org; Domain=example.com", "http://example.com/"));
    CHECK_FALSE(goes("http://a.example.com/", "example.com; Domain=", "http://example.com/"));
}

TEST_CASE("a server sets cookies for itself and what lies above it only", "[cookies][F1]") {
    for (auto domain : {"b.example.com", "c.a.example.com", "example.org", "xample.com", "..example.com",
                        "*.example.com", "a.example.com:80", "example.com/", "e", "exa\xc3\xa4mple.com"}) {
        INFO(domain);
        CHECK_FALSE(sets("http://a.example.com/", "n=v; Domain=" + std::string(domain)));
    }
}

TEST_CASE("ports and schemes do not keep cookies apart", "[cookies][F1]") {
    CHECK(goes("http://a.test:8080/", "", "http://a.test/"));
    CHECK(goes("http://a.test/", "", "https://a.test:444/"));
}

TEST_CASE("a dot at the end makes another host", "[cookies][F1]") {
    CHECK(goes("http://example.com./", "", "http://example.com./"));
    CHECK_FALSE(goes("http://example.com./", "", "http://example.com/"));
    CHECK_FALSE(goes("http://example.com/", "", "http://example.com./"));
    CHECK(goes("http://a.example.com./", "example.com.", "http://b.example.com./"));
    CHECK_FALSE(sets("http://a.example.com./", "n=v; Domain=example.com"));
    CHECK_FALSE(sets("http://a.example.com/", "n=v; Domain=example.com."));
    CHECK_FALSE(sets("http://a.example.com./", "n=v; Domain=com."));
}

TEST_CASE("an address is a host of its own", "[cookies][F1]") {
    CHECK(goes("http://127.0.0.1/", "", "http://127.0.0.1:81/"));
    CHECK(goes("http://127.0.0.1/", "127.0.0.1", "http://127.0.0.1/"));
    CHECK(goes("http://[::1]/", "", "http://[::1]:81/"));
    CHECK(goes("http://[::1]/", "[::1]", "http://[::1]/"));
    CHECK_FALSE(goes("http://127.0.0.1/", "", "http://127.0.0.2/"));
    for (auto domain : {"0.0.1", "0.1", "1", ".0.1"})
        CHECK_FALSE(sets("http://127.0.0.1/", "n=v; Domain=" + std::string(domain)));
    CookieJar jar;
    jar.store(Url("http://127.0.0.1/"), "n=v; Domain=127.0.0.1", now);
    CHECK(jar.all(now).at(0).host_only);
}

TEST_CASE("nothing lies under an address", "[cookies][F1]") {
    CHECK(detail::domain_matches("a.b.test", "b.test"));
    CHECK(detail::domain_matches("127.0.0.1", "127.0.0.1"));
    CHECK_FALSE(detail::domain_matches("127.0.0.1", "0.0.1"));
    CHECK_FALSE(detail::domain_matches("ab.test", "b.test"));
}

TEST_CASE("no cookie covers a single label", "[cookies][F1]") {
    CHECK_FALSE(sets("http://example.com/", "n=v; Domain=com"));
    CHECK_FALSE(sets("http://a.localhost/", "n=v; Domain=localhost"));
    CHECK(goes("http://localhost/", "", "http://localhost/"));
    CHECK(goes("http://localhost:8080/", "localhost", "http://localhost/"));
    CHECK_FALSE(goes("http://localhost/", "localhost", "http://a.localhost/"));
    CHECK_FALSE(goes("http://com/", "com", "http://example.com/"));
}

#if FERRY_HAS_PSL
TEST_CASE("no cookie covers a public suffix", "[cookies][F1]") {
    CHECK_FALSE(sets("http://example.co.uk/", "n=v; Domain=co.uk"));
    CHECK_FALSE(sets("http://example.co.uk./", "n=v; Domain=co.uk."));
    CHECK_FALSE(sets("http://me.github.io/", "n=v; Domain=GitHub.io"));
    CHECK(goes("http://github.io/", "github.io", "http://github.io/"));
    CHECK_FALSE(goes("http://github.io/", "github.io", "http://me.github.io/"));
    CHECK(goes("http://a.example.co.uk/", "example.co.uk", "http://b.example.co.uk/"));
}
#else
TEST_CASE("without libpsl a suffix of two labels is a domain like any other", "[cookies][F1]") {
    CHECK(goes("http://example.co.uk/", "co.uk", "http://other.co.uk/"));
}
#endif

TEST_CASE("Secure cookies come from https and go to https", "[cookies][F1]") {
    CHECK(sets("https://a.test/", "n=v; Secure"));
    CHECK_FALSE(sets("http://a.test/", "n=v; Secure"));
    CHECK_FALSE(sets("http://127.0.0.1/", "n=v; Secure"));
    CHECK(sets("http://localhost/", "n=v; Secure"));
    CookieJar jar;
    jar.store(Url("https://a.test/"), "n=v; Secure", now);
    CHECK(jar.matching(Url("https://a.test/"), now).size() == 1);
    CHECK(jar.matching(Url("http://a.test/"), now).empty());
}

TEST_CASE("a server without TLS leaves Secure cookies alone", "[cookies][F1]") {
    CookieJar jar;
    const Url http("http://www.example.com/login/x");
    CHECK(jar.store(Url("https://www.example.com/"), "n=good; Secure; Path=/login", now));
    CHECK_FALSE(jar.store(http, "n=bad; Path=/login", now));
    CHECK_FALSE(jar.store(http, "n=bad; Path=/login/en", now));
    CHECK_FALSE(jar.store(http, "n=bad; Path=/login; Max-Age=0", now));
    CHECK_FALSE(jar.store(http, "n=bad; Path=/login; Domain=example.com", now));
    CHECK_FALSE(jar.store(Url("http://a.www.example.com/"), "n=bad; Path=/login", now));
    CHECK(all_names(jar) == "n=good ");
    CHECK(jar.store(http, "N=1; Path=/login", now));
    CHECK(jar.store(http, "n=2; Path=/", now));
    CHECK(jar.store(http, "n=3; Path=/logins", now));
    CHECK(jar.store(Url("http://b.example.com/"), "n=4; Path=/login", now));
    CHECK(jar.store(Url("https://www.example.com/"), "n=5; Path=/login", now));
    CHECK(all_names(jar) == "n=5 N=1 n=2 n=3 n=4 ");
}

TEST_CASE("prefixes of names are promises", "[cookies][F1]") {
    for (auto name : {"__Secure-a", "__SECURE-a", "__secure-"}) {
        const std::string field = std::string(name) + "=v";
        CHECK_FALSE(sets("https://www.example.com/", field));
        CHECK(sets("https://www.example.com/", field + "; Secure; Domain=example.com"));
        CHECK_FALSE(sets("http://www.example.com/", field + "; Secure"));
    }
    for (auto name : {"__Host-a", "__HOST-a", "__host-"}) {
        const std::string field = std::string(name) + "=v";
        CHECK(sets("https://www.example.com/", field + "; Secure; Path=/"));
        CHECK_FALSE(sets("https://www.example.com/", field + "; Path=/"));
        CHECK_FALSE(sets("https://www.example.com/", field + "; Secure"));
        CHECK_FALSE(sets("https://www.example.com/", field + "; Secure; Path=/a"));
        CHECK_FALSE(sets("https://www.example.com/", field + "; Secure; Path=/; Domain=www.example.com"));
    }
    CHECK_FALSE(sets("https://a.test/", "=__Host-a=v; Secure; Path=/"));
    CHECK_FALSE(sets("https://a.test/", "__secure-a; Secure; Path=/"));
    CHECK(sets("http://a.test/", "_Host-a=v"));
}
