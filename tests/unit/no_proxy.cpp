// The list of hosts that are asked without a proxy.

#include "catch.hpp"

#include <ferry/no_proxy.hpp>

#include <string>
#include <string_view>

using namespace ferry;

namespace {

/// The entry that covers a URL; "-" for none.
std::string entry(std::string_view list, std::string_view url) {
    const auto all = NoProxy::parse(list);
    return std::string(all.find(Url(url)).value_or("-"));
}

bool covers(std::string_view list, std::string_view url) { return entry(list, url) != "-"; }

}  // namespace

TEST_CASE("an empty no_proxy covers nothing", "[proxy][H4]") {
    CHECK(NoProxy().empty());
    for (const char* list : {"", " ", ",,", " , \t\r\n"}) {
        CHECK(NoProxy::parse(list).empty());
        CHECK_FALSE(covers(list, "http://h/"));
    }
}

TEST_CASE("a star covers every host", "[proxy][H4]") {
    CHECK(covers("*", "http://h/"));
    CHECK(covers("*", "https://192.0.2.1/"));
    CHECK(covers("*", "https://[::1]/"));
    CHECK(covers("other, *", "http://h/"));
    CHECK(covers("*:8080", "http://h:8080/"));
    CHECK_FALSE(covers("*:8080", "http://h/"));
}

TEST_CASE("a name covers itself and what is below it, on a dot boundary", "[proxy][H4]") {
    for (const char* list : {"example.com", ".example.com", "example.com.", "EXAMPLE.com", ".Example.Com."}) {
        CAPTURE(list);
        CHECK(covers(list, "http://example.com/"));
        CHECK(covers(list, "http://EXAMPLE.COM./"));
        CHECK(covers(list, "https://a.b.example.com:8443/"));
        CHECK_FALSE(covers(list, "http://notexample.com/"));
        CHECK_FALSE(covers(list, "http://example.com.evil/"));
        CHECK_FALSE(covers(list, "http://com/"));
        CHECK_FALSE(covers(list, "http://e.com/"));
    }
    CHECK(covers("localhost", "http://localhost/"));
    CHECK_FALSE(covers("example.com", "http://localhost/"));
    CHECK_FALSE(covers("example.com", "http://127.0.0.1/"));
}

TEST_CASE("a star and a dot cover only what is below a name", "[proxy][H4]") {
    CHECK(covers("*.example.com", "http://a.example.com/"));
    CHECK(covers("*.example.com", "http://a.b.example.com/"));
    CHECK_FALSE(covers("*.example.com", "http://example.com/"));
    CHECK_FALSE(covers("*.example.com", "http://notexample.com/"));
}

TEST_CASE("a literal covers one address, however it is written", "[proxy][H4]") {
    CHECK(covers("192.0.2.1", "http://192.0.2.1/"));
    CHECK_FALSE(covers("192.0.2.1", "http://192.0.2.10/"));
    CHECK_FALSE(covers("0.2.1", "http://192.0.2.1/"));
    CHECK_FALSE(covers(".2.1", "http://192.0.2.1/"));
    for (const char* list : {"2001:db8::1", "[2001:db8::1]", "2001:DB8:0:0::1", "2001:db8::1%eth0"}) {
        CAPTURE(list);
        CHECK(covers(list, "http://[2001:db8::1]/"));
        CHECK(covers(list, "http://[2001:0db8:0::0:1]:8080/"));
        CHECK_FALSE(covers(list, "http://[2001:db8::2]/"));
    }
    CHECK(covers("fe80::1", "http://[fe80::1%25eth0]/"));
    CHECK(covers("192.0.2.1", "http://[::ffff:192.0.2.1]/"));
    CHECK(covers("::ffff:192.0.2.1", "http://192.0.2.1/"));
}

TEST_CASE("a network covers the addresses in it", "[proxy][H4]") {
    CHECK(covers("192.0.2.0/24", "http://192.0.2.255/"));
    CHECK_FALSE(covers("192.0.2.0/24", "http://192.0.3.0/"));
    CHECK(covers("192.0.2.77/24", "http://192.0.2.1/"));
    CHECK(covers("10.0.0.0/9", "http://10.127.255.255/"));
    CHECK_FALSE(covers("10.0.0.0/9", "http://10.128.0.0/"));
    CHECK(covers("192.0.2.1/32", "http://192.0.2.1/"));
    CHECK_FALSE(covers("192.0.2.1/32", "http://192.0.2.0/"));
    CHECK(covers("0.0.0.0/0", "http://198.51.100.1/"));
    CHECK_FALSE(covers("0.0.0.0/0", "http://[2001:db8::1]/"));
    CHECK(covers("2001:db8::/33", "http://[2001:db8:7fff::]/"));
    CHECK_FALSE(covers("2001:db8::/33", "http://[2001:db8:8000::]/"));
    CHECK(covers("[2001:db8::]/32", "http://[2001:db8:ffff::1]/"));
    CHECK(covers("::/0", "http://[2001:db8::1]/"));
    CHECK_FALSE(covers("::/0", "http://192.0.2.1/"));
    CHECK(covers("10.0.0.0/8", "http://[::ffff:10.1.2.3]/"));
    CHECK(covers("::ffff:10.0.0.0/104", "http://10.1.2.3/"));
    CHECK_FALSE(covers("0.0.0.0/0", "http://example.com/"));
}

TEST_CASE("an entry with a port covers that port alone", "[proxy][H4]") {
    CHECK(covers("example.com:8080", "http://a.example.com:8080/"));
    CHECK_FALSE(covers("example.com:8080", "http://example.com/"));
    CHECK(covers("example.com:443", "https://example.com/"));
    CHECK_FALSE(covers("example.com:443", "http://example.com/"));
    CHECK(covers("192.0.2.1:80", "http://192.0.2.1/"));
    CHECK_FALSE(covers("192.0.2.1:81", "http://192.0.2.1/"));
    CHECK(covers("[::1]:8080", "http://[::1]:8080/"));
    CHECK_FALSE(covers("[::1]:8080", "http://[::1]/"));
}

TEST_CASE("entries are divided by commas and white space, and the first that covers is told", "[proxy][H4]") {
    constexpr std::string_view list = " a.test,b.test  c.test\t,\nd.test ,, 10.0.0.0/8";
    CHECK(entry(list, "http://a.test/") == "a.test");
    CHECK(entry(list, "http://x.b.test/") == "b.test");
    CHECK(entry(list, "http://c.test/") == "c.test");
    CHECK(entry(list, "http://d.test/") == "d.test");
    CHECK(entry(list, "http://10.2.3.4/") == "10.0.0.0/8");
    CHECK(entry(list, "http://e.test/") == "-");
    CHECK(NoProxy::parse(list).size() == 5);
}

TEST_CASE("an entry that means nothing covers nothing and harms no other", "[proxy][H4]") {
    for (const char* list :
         {".", "*.", "h:0", "h:65536", "h:x", "h:", "10.1.1.1/33", "10.0.0.0/", "10.0.0.0/-1", "/8", "h/8", "::1/129",
          "10.0.0.0/8:80", "10.0.0.0/99999999999999999999", "[::1]:", "[::1]x:80"}) {
        CAPTURE(list);
        for (const char* url : {"http://h/", "http://10.1.1.1/", "http://[::1]/", "http://x.test/"}) {
            CHECK_FALSE(covers(list, url));
        }
        CHECK(covers(std::string(list) + ",x.test", "http://x.test/"));
    }
    CHECK_FALSE(covers("http://h", "http://h/"));
    CHECK_FALSE(covers(":", "http://h/"));
    CHECK_FALSE(covers("[", "http://h/"));
    CHECK_FALSE(covers("]", "http://[::1]/"));
}
