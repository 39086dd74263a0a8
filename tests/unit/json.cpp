// JSON bodies out of values, and values out of JSON: each way in which a library can offer itself.

#include "catch.hpp"

#include <ferry/json.hpp>
#include <ferry/options.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

#if __has_include(<nlohmann/json.hpp>)
#include <nlohmann/json.hpp>
#endif

using namespace ferry;

namespace json_shapes {

struct Dumps {
    int n = 0;
    std::string dump() const { return "{\"n\":" + std::to_string(n) + "}"; }
    static Dumps parse(std::string_view text) {
        if (text != "{\"n\":7}") throw std::invalid_argument("not that text");
        return {7};
    }
};

struct Coded {
    std::string text;
    std::string dump() const { return "the codec comes first"; }
};

struct Serialized {
    const char* text;
};
std::string_view serialize(const Serialized& s) { return s.text; }

struct Nothing {};
struct DumpsNumbers {
    int dump() const { return 1; }
};
struct OnlyParsed {
    int n;
};

}  // namespace json_shapes

template <> struct ferry::JsonCodec<json_shapes::Coded> {
    static const std::string& dump(const json_shapes::Coded& c) { return c.text; }
    static json_shapes::Coded parse(std::string_view text) { return {std::string(text)}; }
};
template <> struct ferry::JsonCodec<json_shapes::OnlyParsed> {
    static json_shapes::OnlyParsed parse(std::string_view text) { return {static_cast<int>(text.size())}; }
};

using namespace json_shapes;

namespace {

// What would go out.
template <class T> std::string sent(const T& value) {
    const auto body = ferry::json(value);
    CHECK(body.type() == "application/json");
    return std::string(body.bytes().value_or("none"));
}

}  // namespace

TEST_CASE("a value that dumps itself is a body of JSON", "[json]") {
    Options options{.body = ferry::json(Dumps{7})};
    CHECK(options.body.bytes() == "{\"n\":7}");
    CHECK(options.body.type() == "application/json");
    CHECK(options.body.rewindable());
}

TEST_CASE("a codec comes before what the type itself offers", "[json]") {
    CHECK(sent(Coded{"[1]"}) == "[1]");
    CHECK(detail::parse_json<Coded>("[2]").text == "[2]");
}

TEST_CASE("a function beside the type serializes it", "[json]") { CHECK(sent(Serialized{"null"}) == "null"); }

TEST_CASE("JSON becomes a value, and what its parser throws passes through", "[json]") {
    CHECK(detail::parse_json<Dumps>("{\"n\":7}").n == 7);
    CHECK_THROWS_WITH(detail::parse_json<Dumps>("{"), "not that text");
    CHECK(detail::parse_json<OnlyParsed>("12345").n == 5);
}

TEST_CASE("types that offer nothing are told apart before anything is compiled", "[json]") {
    STATIC_REQUIRE_FALSE(detail::has_json_text<Nothing>);
    STATIC_REQUIRE_FALSE(detail::has_json_text<DumpsNumbers>);
    STATIC_REQUIRE_FALSE(detail::has_json_text<OnlyParsed>);
    STATIC_REQUIRE_FALSE(detail::has_json_text<char[5]>);
    STATIC_REQUIRE_FALSE(detail::has_json_text<std::string>);
    STATIC_REQUIRE_FALSE(detail::has_json_text<int>);
    STATIC_REQUIRE_FALSE(detail::has_json_parser<Nothing>);
    STATIC_REQUIRE_FALSE(detail::has_json_parser<Serialized>);
    STATIC_REQUIRE_FALSE(detail::has_json_parser<int>);
    STATIC_REQUIRE(detail::has_json_parser<OnlyParsed>);
}

TEST_CASE("text that is JSON already goes out as it is", "[json]") {
    auto body = Body("[1, 2]").with_type("application/json");
    CHECK(body.bytes() == "[1, 2]");
    CHECK(body.type() == "application/json");
}

#if __has_include(<nlohmann/json.hpp>)

TEST_CASE("nlohmann's values work as they are", "[json]") {
    const nlohmann::json value{{"name", "Ada"}, {"langs", {"c++", 20}}};
    auto body = ferry::json(value);
    CHECK(body.bytes() == "{\"langs\":[\"c++\",20],\"name\":\"Ada\"}");
    CHECK(body.type() == "application/json");
    CHECK(detail::parse_json<nlohmann::json>(*body.bytes()) == value);
    CHECK_THROWS_AS(detail::parse_json<nlohmann::json>("{"), nlohmann::json::parse_error);
    const nlohmann::ordered_json ordered{{"b", 1}, {"a", nullptr}};
    CHECK(sent(ordered) == "{\"b\":1,\"a\":null}");
}

TEST_CASE("text that nlohmann cannot write is its exception", "[json]") {
    CHECK_THROWS_AS(ferry::json(nlohmann::json("\xff")), nlohmann::json::type_error);
}

#endif
