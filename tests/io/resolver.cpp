// What a caller's resolver may answer.

#include "catch.hpp"

#include <ferry/io/resolver.hpp>
#include <ferry/resolver.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

using ferry::Endpoint;
using ferry::errc;
using ferry::Resolved;

namespace {

std::vector<std::string> as_texts(const std::vector<Endpoint>& addresses) {
    std::vector<std::string> all_of_them;
    for (auto& e : addresses) all_of_them.push_back(to_string(e));
    return all_of_them;
}

ferry::detail::lookup_result ask_resolver(const ferry::Resolver& resolver, const std::string& name = "h") {
    return ferry::detail::resolve_by(resolver, name, 80);
}

using AddressTexts = std::vector<std::string>;

}  // namespace

TEST_CASE("a resolver answers with addresses as text or as values", "[resolver]") {
    CHECK(as_texts(Resolved{"192.0.2.1", "2001:db8::1", "[::1]"}.addresses()) ==
          AddressTexts{"192.0.2.1:0", "[2001:db8::1]:0", "[::1]:0"});
    CHECK(as_texts(Resolved(std::vector<std::string>{"192.0.2.1"}).addresses()) == AddressTexts{"192.0.2.1:0"});
    CHECK(Resolved(std::vector<Endpoint>(2)).addresses().size() == 2);
    CHECK_THROWS_AS(Resolved({"192.0.2.1", "example.com"}), ferry::Error);
    CHECK_THROWS_AS(Resolved({"192.0.2.1:80"}), ferry::Error);
}

TEST_CASE("a resolver answers with an error, or passes the question on", "[resolver]") {
    CHECK(Resolved(errc::host_not_found).error() == errc::host_not_found);
    CHECK(Resolved(std::make_error_code(std::errc::timed_out)).error() == std::errc::timed_out);
    CHECK(Resolved(errc::host_not_found).addresses().empty());
    CHECK_FALSE(Resolved(errc::host_not_found).asks_system());
    CHECK(Resolved::by_system().asks_system());
    CHECK_FALSE(Resolved::by_system().error());
}

TEST_CASE("addresses without a port get the one that is asked for", "[resolver]") {
    auto given = *ferry::detail::parse_address("192.0.2.2");
    given.port = 8080;
    const auto r = ask_resolver([&](const std::string&, std::uint16_t) {
        return std::vector{*ferry::detail::parse_address("192.0.2.1"), given};
    });
    CHECK_FALSE(r.ec);
    CHECK(as_texts(r.found) == AddressTexts{"192.0.2.1:80", "192.0.2.2:8080"});
}

TEST_CASE("the system is asked where the resolver says so", "[resolver]") {
    const auto r = ask_resolver([](const std::string&, std::uint16_t) { return Resolved::by_system(); }, "127.0.0.1");
    CHECK_FALSE(r.ec);
    CHECK(as_texts(r.found) == AddressTexts{"127.0.0.1:80"});
}

TEST_CASE("an exception of a resolver's is a failure with its text", "[resolver]") {
    auto r = ask_resolver(
        [](const std::string&, std::uint16_t) -> Resolved { throw std::runtime_error("out of order"); });
    CHECK(r.ec == errc::resolver_failed);
    CHECK(r.about == "out of order");
    r = ask_resolver([](const std::string&, std::uint16_t) -> Resolved { throw 1; });
    CHECK(r.ec == errc::resolver_failed);
}
