// What a request can carry, and what can be asked of it.

#include "catch.hpp"

#include <ferry/body.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

using namespace ferry;

namespace {

std::size_t nothing(std::span<char>) { return 0; }

}  // namespace

TEST_CASE("there is no body unless one is given", "[body]") {
    Body none;
    CHECK(none.none());
    CHECK_FALSE(none.bytes());
    CHECK_FALSE(none.pulled());
    CHECK(none.rewindable());
}

TEST_CASE("an empty text is a body of no bytes", "[body][D4]") {
    Body empty("");
    CHECK_FALSE(empty.none());
    REQUIRE(empty.bytes());
    CHECK(empty.bytes()->empty());
}

TEST_CASE("texts and bytes are copied", "[body]") {
    std::string text = "hello";
    Body from_string(text), from_view(std::string_view{text}), from_literal("hello");
    std::array raw{std::byte{0}, std::byte{255}};
    Body from_bytes{std::span<const std::byte>(raw)};
    text = "other";
    raw[0] = std::byte{1};
    CHECK(from_string.bytes() == "hello");
    CHECK(from_view.bytes() == "hello");
    CHECK(from_literal.bytes() == "hello");
    CHECK(from_bytes.bytes() == std::string_view("\0\xff", 2));
    CHECK(from_string.rewindable());
    CHECK_FALSE(from_string.pulled());
}

TEST_CASE("borrowed bytes are not copied", "[body]") {
    std::string text(1000, 'x');
    auto body = Body::borrow(text);
    REQUIRE(body.bytes());
    CHECK(body.bytes()->data() == text.data());
    auto copy = body;
    CHECK(copy.bytes()->data() == text.data());
}

TEST_CASE("a file is pulled and can be sent again", "[body][B3]") {
    Body body(File{"/a/path"});
    REQUIRE(body.file());
    CHECK(body.file()->path == "/a/path");
    CHECK(body.pulled());
    CHECK(body.rewindable());
    CHECK_FALSE(body.bytes());
    CHECK_FALSE(body.none());
}

TEST_CASE("a function is pulled and can be sent again only if it can be rewound", "[body][B3]") {
    Body once(source(nothing, 5));
    REQUIRE(once.source());
    CHECK(once.source()->size == 5u);
    CHECK(once.pulled());
    CHECK_FALSE(once.rewindable());
    Body again(Source{.read = nothing, .size = {}, .rewind = [] {}});
    CHECK(again.rewindable());
    CHECK_FALSE(again.source()->size);
}
