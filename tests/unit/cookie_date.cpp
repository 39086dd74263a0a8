// Dates of cookies in the shapes that servers write them, and what is no date (RFC 6265bis 5.1.1).

#include "catch.hpp"

#include <ferry/cookie_date.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

using ferry::detail::parse_cookie_date;

namespace {

std::optional<std::int64_t> seconds_of(std::string_view text) {
    const auto date = parse_cookie_date(text);
    return date ? std::optional(date->time_since_epoch().count()) : std::nullopt;
}

constexpr std::int64_t november_1994 = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT

}  // namespace

TEST_CASE("the three date formats of HTTP are cookie dates", "[cookies][F1]") {
    CHECK(seconds_of("Sun, 06 Nov 1994 08:49:37 GMT") == november_1994);
    CHECK(seconds_of("Sunday, 06-Nov-94 08:49:37 GMT") == november_1994);
    CHECK(seconds_of("Sun Nov  6 08:49:37 1994") == november_1994);
}

TEST_CASE("the order, the delimiters and the words around a date do not matter", "[cookies][F1]") {
    for (auto text : {
             "06 Nov 1994 08:49:37",
             "1994 Nov 6 8:49:37",
             "8:49:37 6 nov 1994",
             "NOVEMBER/6/1994 08:49:37",
             "6-novel-1994;08:49:37",
             "Sun, 06-Nov-1994 08:49:37 GMT",
             "\t06_Nov_94\t08:49:37~",
             "06 Nov 94 08:49:37 +0500",
             "Mon, 06 Nov 1994 08:49:37 CET",
             "6th Nov 1994 08:49:37",
             "06 Nov 1994AD 08:49:37",
             "06 Nov 1994 08:49:37.123",
             "06 Nov 1994 08:49:37Z",
             "06 Nov 1994 08:49:37 07 Dec 1995 09:50:38",
             "(06)[Nov]{1994}<08:49:37>",
         }) {
        INFO(text);
        CHECK(seconds_of(text) == november_1994);
    }
}

TEST_CASE("years of two digits turn at 70", "[cookies][F1]") {
    CHECK(seconds_of("1 Jan 70 00:00:00") == 0);
    CHECK(seconds_of("1 Jan 1970 00:00:00") == 0);
    CHECK(seconds_of("1 Jan 99 00:00:00") == 915148800);
    CHECK(seconds_of("1 Jan 00 00:00:00") == 946684800);
    CHECK(seconds_of("1 Jan 69 00:00:00") == 3124224000);
    CHECK(seconds_of("1 Jan 2069 00:00:00") == 3124224000);
    CHECK(seconds_of("31 Dec 1969 23:59:59") == -1);
}

TEST_CASE("years from 1601 to 9999 are read without overflow", "[cookies][F1]") {
    CHECK(seconds_of("1 Jan 1601 00:00:00") == -11644473600);
    CHECK_FALSE(seconds_of("31 Dec 1600 23:59:59"));
    CHECK_FALSE(seconds_of("1 Jan 100 00:00:00"));
    CHECK(seconds_of("31 Dec 9999 23:59:59") == 253402300799);
    CHECK_FALSE(seconds_of("31 Dec 10000 23:59:59"));
}

TEST_CASE("days that no calendar has and times that no clock shows are no dates", "[cookies][F1]") {
    CHECK(seconds_of("29 Feb 2024 00:00:00"));
    CHECK(seconds_of("29 Feb 2000 00:00:00"));
    CHECK(seconds_of("31 Dec 2024 23:59:59"));
    for (auto text : {"29 Feb 2023 00:00:00", "29 Feb 1900 00:00:00", "30 Feb 2024 00:00:00", "31 Apr 2024 00:00:00",
                      "0 Jan 2024 00:00:00", "32 Jan 2024 00:00:00", "99 Jan 2024 00:00:00", "1 Jan 2024 24:00:00",
                      "1 Jan 2024 00:60:00", "1 Jan 2024 00:00:60", "1 Jan 2024 99:99:99"}) {
        INFO(text);
        CHECK_FALSE(seconds_of(text));
    }
}

TEST_CASE("a date without one of its parts is none", "[cookies][F1]") {
    for (auto text : {"", " ", ",;-/", "Sun", "06 Nov 1994", "06 1994 08:49:37", "Nov 1994 08:49:37", "06 Nov 08:49:37",
                      "06 Nov 1994 08:49", "06 Nov 1994 08:49:", "06 Nov 1994 8:49:371", "06 Nov 1994 108:49:37",
                      "06 Nov 1994 :49:37", "006 Nov 1994 08:49:37", "06 No 1994 08:49:37", "06 11 1994 08:49:37",
                      "1994-11-06T08:49:37Z", "784111777", "06 N\xc3\xb6v 1994 08:49:37"}) {
        INFO(text);
        CHECK_FALSE(seconds_of(text));
    }
}

TEST_CASE("a long text is read once through", "[cookies][F1]") {
    CHECK_FALSE(seconds_of(std::string(1 << 20, '9')));
    CHECK_FALSE(seconds_of(std::string(1 << 20, ':')));
    CHECK(seconds_of(std::string(1 << 20, ' ') + "06 Nov 1994 08:49:37") == november_1994);
}
