// Header fields: order, case, repeats, and objects that survive being used in odd ways.

#include "catch.hpp"

#include <ferry/headers.hpp>

#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using ferry::Headers;

namespace {

Headers many(int n) {
    Headers h;
    for (int i = 0; i < n; ++i) h.add("Name-" + std::to_string(i), "value " + std::to_string(i));
    return h;
}

}  // namespace

TEST_CASE("fields keep their order and their spelling", "[headers]") {
    Headers h{{"B", "1"}, {"a", "2"}, {"b", "3"}};
    std::vector<std::string> seen;
    for (auto f : h) seen.push_back(std::string(f.name) + "=" + std::string(f.value));
    CHECK(seen == std::vector<std::string>{"B=1", "a=2", "b=3"});
    CHECK(h.block() == "B: 1\r\na: 2\r\nb: 3\r\n");
    CHECK(h.size() == 3);
    std::ostringstream os;
    os << h;
    CHECK(os.str() == h.block());
}

TEST_CASE("names are compared without case", "[headers]") {
    Headers h{{"Content-Type", "a"}, {"X", ""}};
    CHECK(h["content-type"] == "a");
    CHECK(h["CONTENT-TYPE"] == "a");
    CHECK(h.contains("cOnTeNt-TyPe"));
    CHECK_FALSE(h.contains("Content_Type"));
    CHECK_FALSE(h.contains("Content-Typ"));
    CHECK_FALSE(h.contains(""));
}

TEST_CASE("an empty field is told from an absent one", "[headers]") {
    Headers h{{"X", ""}};
    CHECK(h["x"].empty());
    CHECK(h["y"].empty());
    CHECK(h.find("x") == std::string_view());
    CHECK(h.find("x").has_value());
    CHECK_FALSE(h.find("y").has_value());
}

TEST_CASE("repeated names keep all their values", "[headers]") {
    Headers h{{"Set-Cookie", "a"}, {"X", "1"}, {"set-cookie", "b, c"}};
    CHECK(h["Set-Cookie"] == "a");
    CHECK(h.all("SET-COOKIE") == std::vector<std::string_view>{"a", "b, c"});
    CHECK(h.count("set-cookie") == 2);
    CHECK(h.count("y") == 0);
    CHECK(h.all("y").empty());
}

TEST_CASE("set replaces every field of a name and goes to the end", "[headers]") {
    Headers h{{"A", "1"}, {"B", "2"}, {"a", "3"}};
    h.set("A", "new");
    CHECK(h == Headers{{"B", "2"}, {"A", "new"}});
    h.set("C", "3");
    CHECK(h == Headers{{"B", "2"}, {"A", "new"}, {"C", "3"}});
}

TEST_CASE("erase removes every field of a name and says how many", "[headers]") {
    Headers h{{"A", "1"}, {"B", "2"}, {"a", "3"}};
    CHECK(h.erase("x") == 0);
    CHECK(h.erase("A") == 2);
    CHECK(h == Headers{{"B", "2"}});
    CHECK(h.erase("b") == 1);
    CHECK(h.empty());
    CHECK(h.block().empty());
}

TEST_CASE("fields can be set from fields of the same object", "[headers]") {
    for (std::size_t size : {1u, 10u, 100u, 1000u, 5000u}) {
        std::string value(size, 'v');
        Headers h{{"A", value}};
        h.set("B", h["a"]);  // new
        h.set("B", h["B"]);  // there
        h.add("C", h["b"]);
        h.add(h["C"], h["A"]);  // a name of its own as well
        CHECK(h["A"] == value);
        CHECK(h["B"] == value);
        CHECK(h["C"] == value);
        CHECK(h[value] == value);
        CHECK(h.size() == 4);
    }
}

TEST_CASE("any number of fields can be held", "[headers]") {
    for (int n : {0, 1, 15, 16, 17, 32, 300}) {
        auto h = many(n);
        CHECK(h.size() == static_cast<std::size_t>(n));
        int i = 0;
        for (auto f : h) {
            CHECK(f.name == "Name-" + std::to_string(i));
            CHECK(f.value == "value " + std::to_string(i));
            ++i;
        }
        CHECK(i == n);
        if (n) CHECK(h["name-" + std::to_string(n - 1)] == "value " + std::to_string(n - 1));
    }
}

TEST_CASE("copies stand on their own", "[headers]") {
    auto h = many(20);
    auto copy = h;
    h.set("Name-0", "changed");
    CHECK(copy["name-0"] == "value 0");
    CHECK(copy == many(20));
    copy = h;
    CHECK(copy == h);
}

TEST_CASE("what was moved from is empty and can be used again", "[headers]") {
    for (int n : {3, 20}) {
        auto h = many(n);
        auto moved = std::move(h);
        CHECK(moved == many(n));
        CHECK(h.empty());
        CHECK(h.begin() == h.end());
        CHECK_FALSE(h.contains("name-0"));
        h.add("A", "1");
        CHECK(h == Headers{{"A", "1"}});
        CHECK(h["a"] == "1");

        moved = std::move(h);
        CHECK(moved == Headers{{"A", "1"}});
        CHECK(h.empty());
    }
}

TEST_CASE("clear empties and allows a new beginning", "[headers]") {
    auto h = many(20);
    h.clear();
    CHECK(h.empty());
    CHECK(h.block().empty());
    h.add("A", "1");
    CHECK(h["a"] == "1");
    CHECK(h.size() == 1);
}

TEST_CASE("two objects are equal when they would be sent as the same bytes", "[headers]") {
    CHECK(Headers{} == Headers{});
    CHECK(Headers{{"A", "1"}, {"B", "2"}} == Headers{{"A", "1"}, {"B", "2"}});
    CHECK_FALSE(Headers{{"A", "1"}, {"B", "2"}} == Headers{{"B", "2"}, {"A", "1"}});
    CHECK_FALSE(Headers{{"A", "1"}} == Headers{{"A", "2"}});
}

TEST_CASE("a temporary gives a string of its own", "[headers]") {
    auto value = Headers{{"A", "long enough to live on the heap, not in the object"}}["a"];
    static_assert(std::is_same_v<decltype(value), std::string>);
    CHECK(value == "long enough to live on the heap, not in the object");
}
