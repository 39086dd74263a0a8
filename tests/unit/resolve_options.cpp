// Static overrides of where to connect to.

#include "catch.hpp"
#include "errors.hpp"

#include <ferry/resolve_options.hpp>

#include <optional>
#include <string>
#include <string_view>

using namespace ferry;
using ferry::testing::error_of;
using ferry::testing::says;

namespace {

/// Where `host` and `port` lead; "-" when there is no override.
std::string found(const ResolveOverrides& all, std::string_view host, std::uint16_t port) {
    const auto target = all.find(host, port);
    return target ? target->host + " " + std::to_string(target->port) : "-";
}

}  // namespace

TEST_CASE("an override leads from one host and port to another", "[connect][K2]") {
    const ResolveOverrides all{{"api.example.com:443", "127.0.0.1:8443"}};
    CHECK(found(all, "api.example.com", 443) == "127.0.0.1 8443");
    CHECK(found(all, "API.Example.com.", 443) == "127.0.0.1 8443");
    CHECK(found(all, "api.example.com", 80) == "-");
    CHECK(found(all, "example.com", 443) == "-");
    CHECK(found({}, "example.com", 443) == "-");
    CHECK(ResolveOverrides().empty());
}

TEST_CASE("what an override leaves out stays", "[connect][K2]") {
    CHECK(found({{"h", "127.0.0.1"}}, "h", 81) == "127.0.0.1 81");
    CHECK(found({{"h", ":8080"}}, "h", 81) == "h 8080");
    CHECK(found({{"h:80", "other"}}, "h", 80) == "other 80");
    CHECK(found({{"*", "127.0.0.1"}}, "any", 443) == "127.0.0.1 443");
    CHECK(found({{"*:80", ":8080"}}, "any", 80) == "any 8080");
    CHECK(found({{"*:80", ":8080"}}, "any", 443) == "-");
}

TEST_CASE("the first override that fits is used, and only once", "[connect][K2]") {
    ResolveOverrides all{{"a:80", "b:81"}, {"a", "c"}};
    all.add("b:81", "d");
    all.add("*", "e");
    CHECK(found(all, "a", 80) == "b 81");
    CHECK(found(all, "a", 443) == "c 443");
    CHECK(found(all, "b", 81) == "d 81");
    CHECK(found(all, "b", 80) == "e 80");
}

TEST_CASE("overrides take IPv6 addresses on both sides", "[connect][K2]") {
    CHECK(found({{"[2001:DB8::1]:80", "[::1]:8080"}}, "2001:db8:0::1", 80) == "::1 8080");
    CHECK(found({{"2001:db8::1", "::1"}}, "2001:db8::1", 80) == "::1 80");
    CHECK(found({{"h", "fe80::1%eth0"}}, "h", 80) == "fe80::1%eth0 80");
    CHECK(found({{"h", "[fe80::1%eth0]:81"}}, "h", 80) == "fe80::1%eth0 81");
}

TEST_CASE("an override that is none is refused and named", "[connect][K2]") {
    for (const char* bad : {"", "h:0", "h:65536", "h:x", "h:", "[::1", "[h]:80", "a b", "127.1", "http://h", "[]:80"}) {
        CAPTURE(bad);
        const auto left = error_of([&] { ResolveOverrides{{bad, "127.0.0.1"}}; });
        CHECK(left.code() == errc::invalid_option);
        CHECK(says(left, std::string("resolve: not a host and port: ") + bad));
        CHECK(error_of([&] { ResolveOverrides{{"h", bad}}; }).code() == errc::invalid_option);
    }
    CHECK(error_of([] { ResolveOverrides{{":80", "h"}}; }).code() == errc::invalid_option);
    CHECK(error_of([] { ResolveOverrides{{"h", "*"}}; }).code() == errc::invalid_option);
}
