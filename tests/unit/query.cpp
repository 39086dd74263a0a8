// Query parameters: kinds of values, order, and their text in a URL.

#include "catch.hpp"

#include <ferry/query.hpp>

#include <cstdint>
#include <limits>
#include <sstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

using ferry::Query;

TEST_CASE("an empty query has no text", "[query]") {
    CHECK(Query().str() == "");
    CHECK(Query().empty());
    CHECK(Query{}.size() == 0);
}

TEST_CASE("parameters keep their order and may repeat", "[query]") {
    CHECK(Query{{"b", "1"}, {"a", "2"}, {"b", "3"}}.str() == "b=1&a=2&b=3");
}

TEST_CASE("every kind of text is a value", "[query]") {
    const std::string string = "s";
    const std::string_view view = "v";
    const char* pointer = "p";
    const char array[] = "a";
    CHECK(Query{{"k", string}, {"k", view}, {"k", pointer}, {"k", array}, {"k", 'c'}, {string, "n"}}.str() ==
          "k=s&k=v&k=p&k=a&k=c&s=n");
}

TEST_CASE("integers are written in decimal", "[query]") {
    CHECK(Query{{"n", 0}, {"n", -7}, {"n", 42u}, {"n", short{3}}, {"n", std::uint8_t{65}}}.str() ==
          "n=0&n=-7&n=42&n=3&n=65");
    CHECK(Query{{"n", std::numeric_limits<std::int64_t>::min()}, {"n", std::numeric_limits<std::uint64_t>::max()}}
              .str() == "n=-9223372036854775808&n=18446744073709551615");
}

TEST_CASE("floating point is written in the shortest form that reads back as the same number", "[query]") {
    CHECK(Query{{"x", 0.1}, {"x", 0.1f}, {"x", 2.0}, {"x", -1.5}, {"x", 1e300}, {"x", 1.0 / 3}}.str() ==
          "x=0.1&x=0.1&x=2&x=-1.5&x=1e%2B300&x=0.3333333333333333");
    CHECK(Query{{"x", std::numeric_limits<long double>::max()}}.size() == 1);
}

TEST_CASE("a bool is true or false", "[query]") { CHECK(Query{{"a", true}, {"b", false}}.str() == "a=true&b=false"); }

TEST_CASE("characters of other encodings are no values", "[query]") {
    STATIC_REQUIRE(!std::is_constructible_v<Query::Parameter, std::string_view, wchar_t>);
    STATIC_REQUIRE(!std::is_constructible_v<Query::Parameter, std::string_view, char8_t>);
    STATIC_REQUIRE(!std::is_constructible_v<Query::Parameter, std::string_view, std::vector<int>>);
    STATIC_REQUIRE(std::is_constructible_v<Query::Parameter, std::string_view, const char*>);
}

TEST_CASE("names and values are data, and every special character in them is encoded", "[query][D7]") {
    CHECK(Query{{"q", "c++"}}.str() == "q=c%2B%2B");
    CHECK(Query{{"a&b", "c=d"}}.str() == "a%26b=c%3Dd");
    CHECK(Query{{"q", "50% off"}}.str() == "q=50%25%20off");
    CHECK(Query{{"q", "%41"}}.str() == "q=%2541");
    CHECK(Query{{"redirect", "https://a/?b#c"}}.str() == "redirect=https%3A%2F%2Fa%2F%3Fb%23c");
    CHECK(Query{{"ids[]", "1"}}.str() == "ids%5B%5D=1");
    CHECK(Query{{"straße", "grün"}}.str() == "stra%C3%9Fe=gr%C3%BCn");
    CHECK(Query{{"line", "a\r\nb"}, {"nul", std::string_view("\0", 1)}}.str() == "line=a%0D%0Ab&nul=%00");
    CHECK(Query{{"q", "-._~"}}.str() == "q=-._~");
}

TEST_CASE("a space is %20, never a plus sign", "[query][D7]") {
    CHECK(Query{{"full name", "Ada L"}}.str() == "full%20name=Ada%20L");
}

TEST_CASE("an empty value keeps its equals sign", "[query]") {
    CHECK(Query{{"a", ""}, {"", "b"}, {"", ""}}.str() == "a=&=b&=");
}

TEST_CASE("add appends and set replaces", "[query]") {
    Query q{{"a", 1}, {"b", 2}, {"a", 3}};
    q.add("a", 4).add("c", true);
    CHECK(q.str() == "a=1&b=2&a=3&a=4&c=true");
    q.set("a", "x").set("d", 0.5);
    CHECK(q.str() == "a=x&b=2&c=true&d=0.5");
}

TEST_CASE("set takes name and value from the query itself", "[query]") {
    Query q{{"a", "a long value that no string keeps within itself"}, {"b", 2}, {"a", "3"}};
    q.set(q.begin()[2].name, q.begin()[2].value);
    CHECK(q.str() == "a=3&b=2");
    for (int i = 0; i < 20; ++i) q.add(q.begin()->name, q.begin()->value);
    CHECK(q.size() == 22);
}

TEST_CASE("a parameter is found by its exact name", "[query]") {
    const Query q{{"a", 1}, {"a", 2}, {"b", ""}};
    CHECK(q.find("a") == "1");
    CHECK(q.find("b") == "");
    CHECK_FALSE(q.find("A").has_value());
    CHECK_FALSE(q.find("").has_value());
}

TEST_CASE("parameters can be visited as plain text", "[query]") {
    const Query q{{"a b", 1}, {"c", "+"}};
    std::string seen;
    for (const auto& [name, value] : q) seen += name + ":" + value + ";";
    CHECK(seen == "a b:1;c:+;");
}

TEST_CASE("queries of the same parameters in the same order are equal", "[query]") {
    CHECK(Query{{"a", 1}, {"b", 2}} == Query{{"a", "1"}, {"b", "2"}});
    CHECK(Query{{"a", 1}, {"b", 2}} != Query{{"b", 2}, {"a", 1}});
    CHECK(Query{{"a", 1}} == Query().add("a", 1));
}

TEST_CASE("a query prints as its text", "[query]") {
    const Query q{{"a", "b c"}};
    std::ostringstream out;
    out << q;
    CHECK(out.str() == "a=b%20c");
    CHECK(ferry::to_string(q) == "a=b%20c");
    std::string url = "http://h/?";
    q.append_to(url);
    CHECK(url == "http://h/?a=b%20c");
}
