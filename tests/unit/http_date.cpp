// Dates of header fields: three forms, and nothing else.

#include "catch.hpp"

#include <ferry/http_date.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

using namespace std::chrono;
using namespace std::string_literals;

namespace {

system_clock::time_point at(std::int64_t unix_time) { return system_clock::time_point(seconds(unix_time)); }

constexpr std::int64_t in_2024 = 1'720'000'000, in_2090 = 3'800'000'000;

// As seconds since 1970.
std::optional<std::int64_t> parse(std::string_view text, std::int64_t now = in_2024) {
    auto t = ferry::detail::parse_http_date(text, at(now));
    return t ? std::optional<std::int64_t>(floor<seconds>(t->time_since_epoch()).count()) : std::nullopt;
}

}  // namespace

TEST_CASE("a date has three forms", "[date][B6]") {
    CHECK(parse("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777);
    CHECK(parse("Sunday, 06-Nov-94 08:49:37 GMT") == 784111777);
    CHECK(parse("Sun Nov  6 08:49:37 1994") == 784111777);
    CHECK(parse("Thu, 01 Jan 1970 00:00:00 GMT") == 0);
    CHECK(parse("Wed Dec 31 23:59:59 1969") == -1);
    CHECK(parse("Thu, 29 Feb 2024 12:00:00 GMT") == 1709208000);
    CHECK(parse("Tue Nov 06 08:49:37 2001") == 1005036577);
}

TEST_CASE("every month and weekday is known", "[date][B6]") {
    for (auto text : {"Mon, 01 Jan 2024", "Thu, 01 Feb 2024", "Fri, 01 Mar 2024", "Mon, 01 Apr 2024",
                      "Wed, 01 May 2024", "Sat, 01 Jun 2024", "Mon, 01 Jul 2024", "Thu, 01 Aug 2024",
                      "Sun, 01 Sep 2024", "Tue, 01 Oct 2024", "Fri, 01 Nov 2024", "Sun, 01 Dec 2024"}) {
        INFO(text);
        CHECK(parse(text + " 00:00:00 GMT"s).has_value());
    }
    for (auto text :
         {"Monday, 01", "Tuesday, 02", "Wednesday, 03", "Thursday, 04", "Friday, 05", "Saturday, 06", "Sunday, 07"})
        CHECK(parse(text + "-Jan-24 00:00:00 GMT"s).has_value());
}

TEST_CASE("a year of two digits lies at most 50 years ahead", "[date][B6]") {
    auto year = [](std::string_view text, std::int64_t now) {
        auto t = parse(text, now);
        return t ? static_cast<int>(year_month_day(floor<days>(at(*t))).year()) : 0;
    };
    CHECK(year("Tuesday, 03-Jul-74 09:46:40 GMT", in_2024) == 2074);   // 50 years to the day: 3 July 2024
    CHECK(year("Thursday, 04-Jul-74 09:46:40 GMT", in_2024) == 1974);  // one day more
    CHECK(year("Saturday, 01-Jan-00 00:00:00 GMT", in_2024) == 2000);
    CHECK(year("Friday, 31-Dec-99 00:00:00 GMT", in_2024) == 1999);
    CHECK(year("Sunday, 01-Jan-12 00:00:00 GMT", in_2024) == 2012);
    CHECK(year("Friday, 01-Jan-12 00:00:00 GMT", in_2090) == 2112);  // not 78 years ago, but in 22
    CHECK(year("Tuesday, 29-Feb-00 00:00:00 GMT", in_2024) == 2000);
}

TEST_CASE("a leap second is the first one of the next day", "[date][B6]") {
    CHECK(parse("Sat, 31 Dec 2016 23:59:60 GMT") == 1483228800);
    CHECK(parse("Sun, 01 Jan 2017 00:00:00 GMT") == 1483228800);
    CHECK_FALSE(parse("Sat, 31 Dec 2016 23:59:61 GMT"));
    CHECK_FALSE(parse("Sat, 31 Dec 2016 22:59:60 GMT"));
    CHECK_FALSE(parse("Sat, 31 Dec 2016 23:58:60 GMT"));
}

TEST_CASE("days and times that do not exist are refused", "[date][B6]") {
    for (auto text :
         {"Mon, 06 Nov 1994 08:49:37 GMT", "Monday, 06-Nov-94 08:49:37 GMT", "Mon Nov  6 08:49:37 1994",
          "Wed, 29 Feb 2023 00:00:00 GMT", "Thu, 30 Feb 2024 00:00:00 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
          "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT"}) {
        INFO(text);
        CHECK_FALSE(parse(text));
    }
}

TEST_CASE("what is not exactly a date is refused", "[date][B6]") {
    for (auto text : {"",
                      " Sun, 06 Nov 1994 08:49:37 GMT",
                      "Sun, 06 Nov 1994 08:49:37 GMT ",
                      "Sun, 06 Nov 1994 08:49:37",
                      "Sun, 06 Nov 1994 08:49:37 UTC",
                      "Sun, 06 Nov 1994 08:49:37 +0000",
                      "Sun, 06 Nov 1994 8:49:37 GMT",
                      "Sun, 6 Nov 1994 08:49:37 GMT",
                      "Sun,  6 Nov 1994 08:49:37 GMT",
                      "Sun, 06 Nov 94 08:49:37 GMT",
                      "Sun, 06 Nov 1994  08:49:37 GMT",
                      "Sun 06 Nov 1994 08:49:37 GMT",
                      "sun, 06 nov 1994 08:49:37 gmt",
                      "Sunday, 06 Nov 1994 08:49:37 GMT",
                      "Sun, 06-Nov-94 08:49:37 GMT",
                      "Sunday, 06-Nov-1994 08:49:37 GMT",
                      "Sun Nov 6 08:49:37 1994",
                      "Sun Nov    08:49:37 1994",
                      "Sun Nov  6 08:49:37 1994 GMT",
                      "Sun, 06 Nov -994 08:49:37 GMT",
                      "Sun, 06 Nov 1994 08:49:3a GMT",
                      "Sun, 06 Xxx 1994 08:49:37 GMT",
                      "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
                      "784111777",
                      "1994-11-06T08:49:37Z"}) {
        INFO(text);
        CHECK_FALSE(parse(text));
    }
    const std::string whole = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (std::size_t i = 0; i < whole.size(); ++i) {
        INFO(i);
        CHECK_FALSE(parse(whole.substr(0, i)));
        auto broken = whole;
        broken[i] = '\0';
        CHECK_FALSE(parse(broken));
    }
}

TEST_CASE("a date that the clock does not reach is its first or last moment", "[date][B6]") {
    using ferry::detail::parse_http_date;
    CHECK(parse_http_date("Fri, 31 Dec 9999 23:59:59 GMT", at(0)) == system_clock::time_point::max());
    CHECK(parse_http_date("Sat, 01 Jan 0000 00:00:00 GMT", at(0)) == system_clock::time_point::min());
}
