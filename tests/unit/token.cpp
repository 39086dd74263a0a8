// The grammar that everything shares: tokens, field values, lists, numbers, ASCII case.

#include "catch.hpp"

#include <ferry/method.hpp>
#include <ferry/token.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace ferry::detail;
using namespace std::string_view_literals;

namespace {

std::vector<std::string> elements(std::string_view list) {
    std::vector<std::string> all;
    while (!list.empty()) all.emplace_back(next_element(list));
    return all;
}

}  // namespace

TEST_CASE("exactly the tchars make a token", "[token][D3]") {
    constexpr std::string_view allowed =
        "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    CHECK(is_token(allowed));
    for (int c = 0; c < 256; ++c) {
        std::string one(1, static_cast<char>(c));
        INFO("byte " << c);
        CHECK(is_token(one) == (allowed.find(one) != std::string_view::npos));
    }
    CHECK_FALSE(is_token(""));
    CHECK_FALSE(is_token("a b"));
}

TEST_CASE("a field value holds no control character but the tab", "[token][D3]") {
    for (int c = 0; c < 256; ++c) {
        INFO("byte " << c);
        CHECK(is_field_value(std::string(1, static_cast<char>(c))) == ((c >= 0x20 && c != 0x7f) || c == '\t'));
    }
    CHECK(is_field_value(""));
    CHECK_FALSE(is_field_value("a\r\nb"));
    CHECK_FALSE(is_field_value("a\0"sv));
}

TEST_CASE("case is ASCII's alone", "[token]") {
    CHECK(equal_ignoring_case("Content-TYPE", "content-type"));
    CHECK_FALSE(equal_ignoring_case("a", "ab"));
    CHECK_FALSE(equal_ignoring_case("[", "{"));
    CHECK_FALSE(equal_ignoring_case("@", "`"));
    CHECK_FALSE(equal_ignoring_case("\xc4", "\xe4"));
    CHECK(equal_ignoring_case("", ""));
}

TEST_CASE("lists are taken apart at their commas", "[token]") {
    CHECK(elements("a") == std::vector<std::string>{"a"});
    CHECK(elements(" a ,\tb\t, c d") == std::vector<std::string>{"a", "b", "c d"});
    CHECK(elements("a,,b,") == std::vector<std::string>{"a", "", "b"});
    CHECK(elements("").empty());
}

TEST_CASE("numbers are digits that fit", "[token][C4]") {
    auto number = [](std::string_view s) -> std::string {
        std::uint64_t n = 0;
        return parse_decimal(s, n) ? std::to_string(n) : "no";
    };
    CHECK(number("0") == "0");
    CHECK(number("007") == "7");
    CHECK(number("18446744073709551615") == "18446744073709551615");
    for (auto s : {"", " 1", "1 ", "+1", "-1", "1.0", "0x1", "a", "18446744073709551616", "99999999999999999999999"}) {
        INFO(s);
        CHECK(number(s) == "no");
    }
}

TEST_CASE("methods are case-sensitive", "[token][B1]") {
    for (auto m : {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "QUERY"}) CHECK(is_idempotent(m));
    for (auto m : {"POST", "PATCH", "CONNECT", "get", "", "GETS"}) CHECK_FALSE(is_idempotent(m));
    for (auto m : {"POST", "PUT", "PATCH"}) CHECK(expects_body(m));
    for (auto m : {"GET", "HEAD", "DELETE", "OPTIONS", "post"}) CHECK_FALSE(expects_body(m));
}
