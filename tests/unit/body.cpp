// What a request can carry, and what can be asked of it.

#include "catch.hpp"
#include "errors.hpp"

#include <ferry/body.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

using namespace ferry;
using ferry::testing::error_of;

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

TEST_CASE("a body has no type unless it is given one", "[body]") {
    CHECK(Body().type().empty());
    CHECK(Body("{}").type().empty());
    auto json = Body("{}").with_type("application/json");
    CHECK(json.type() == "application/json");
    CHECK(json.bytes() == "{}");
    const auto image = Body(File{"a.png"}).with_type("image/png");
    CHECK(image.with_type("image/x").type() == "image/x");
    CHECK(image.type() == "image/png");
    CHECK(image.file()->path == "a.png");
}

TEST_CASE("a type that would break the head is refused", "[body][D3]") {
    for (auto type : {"a/b\r\nX: y", "a\n", "\x7f"}) {
        auto error = error_of([&] { (void)Body("x").with_type(type); });
        CHECK(error.code() == errc::invalid_header_value);
        CHECK(error.phase() == Phase::input);
    }
    CHECK_THROWS_AS(Body("x").with_type(std::string("a\0b", 3)), Error);
}

TEST_CASE("bodies are joined in order", "[body][J1]") {
    auto whole = Body::join({"head", File{"a"}, source(nothing, 5), Body(), "", "tail"});
    CHECK(whole.pulled());
    CHECK_FALSE(whole.none());
    CHECK_FALSE(whole.bytes());
    CHECK_FALSE(whole.file());
    CHECK_FALSE(whole.source());
    REQUIRE(whole.parts().size() == 4);
    CHECK(whole.parts()[0].bytes() == "head");
    CHECK(whole.parts()[1].file()->path == "a");
    CHECK(whole.parts()[2].source()->size == 5u);
    CHECK(whole.parts()[3].bytes() == "tail");
}

TEST_CASE("joined bodies are flat, and small bytes in a row are one", "[body][J1]") {
    auto whole = Body::join({"a", Body::join({"b", File{"f"}, "c"}), Body::borrow("d"), "e"});
    REQUIRE(whole.parts().size() == 3);
    CHECK(whole.parts()[0].bytes() == "ab");
    CHECK(whole.parts()[2].bytes() == "cde");
}

TEST_CASE("what is joined of small bytes alone is a body in memory", "[body][J1]") {
    auto text = Body::join({"a", "b", "c"});
    CHECK(text.bytes() == "abc");
    CHECK_FALSE(text.pulled());
    std::vector<Body> many(100, std::string(1000, 'x'));
    auto large = Body::join(std::move(many));
    CHECK(large.bytes()->size() == 100'000);
    for (auto& nothing_at_all : {Body::join({}), Body::join({Body(), ""})}) {
        CHECK_FALSE(nothing_at_all.none());
        CHECK(nothing_at_all.bytes() == "");
    }
}

TEST_CASE("large bytes are joined without being copied", "[body][J1]") {
    std::string large(100'000, 'x');
    const auto* memory = large.data();
    std::vector<Body> row;
    row.push_back("head");
    row.push_back(std::move(large));
    row.push_back("tail");
    auto whole = Body::join(std::move(row));
    REQUIRE(whole.parts().size() == 3);
    CHECK(whole.parts()[1].bytes()->data() == memory);
    CHECK(whole.parts()[2].bytes() == "tail");
    CHECK(whole.pulled());
}

TEST_CASE("one body joined is that body without its type", "[body]") {
    auto whole = Body::join({Body(File{"f"}).with_type("a/b")});
    CHECK(whole.file());
    CHECK(whole.type().empty());
    CHECK(whole.with_type("c/d").type() == "c/d");
}

TEST_CASE("a joined body can be sent again if each of its parts can", "[body][B3]") {
    CHECK(Body::join({"a", File{"f"}}).rewindable());
    CHECK(Body::join({"a", Source{.read = nothing, .size = {}, .rewind = [] {}}}).rewindable());
    CHECK_FALSE(Body::join({"a", source(nothing), File{"f"}}).rewindable());
}

TEST_CASE("a plain body is its own only part", "[body]") {
    Body none, text("a"), file(File{"f"});
    CHECK(none.parts().empty());
    REQUIRE(text.parts().size() == 1);
    CHECK(&text.parts()[0] == &text);
    CHECK(&file.parts()[0] == &file);
}

TEST_CASE("a body is small, and none of them costs nothing", "[body]") {
    STATIC_REQUIRE(sizeof(Body) <= 160);
    STATIC_REQUIRE(std::is_nothrow_default_constructible_v<Body>);
    STATIC_REQUIRE(std::is_nothrow_move_constructible_v<Body>);
}
