// Lines out of pieces, wherever the pieces end.

#include "catch.hpp"

#include <ferry/http/lines.hpp>

#include <string>
#include <string_view>
#include <vector>

using ferry::detail::line_splitter;

namespace {

// All lines of the pieces; the last entry says so when one was too long.
std::vector<std::string> lines_of(const std::vector<std::string>& pieces, std::size_t max = 100) {
    line_splitter splitter;
    splitter.limit(max);
    std::vector<std::string> lines;
    std::string_view line;
    for (auto& piece : pieces) {
        splitter.feed(piece);
        while (splitter.take(line) && !splitter.too_long()) lines.emplace_back(line);
        if (splitter.too_long()) return lines.emplace_back("(too long)"), lines;
    }
    if (splitter.take_last(line)) lines.emplace_back(line);
    return lines;
}

}  // namespace

TEST_CASE("lines end in LF or CRLF, and the last needs no end", "[http][lines]") {
    using Lines = std::vector<std::string>;
    CHECK(lines_of({"one\ntwo\r\nthree"}) == Lines{"one", "two", "three"});
    CHECK(lines_of({"one\n"}) == Lines{"one"});
    CHECK(lines_of({"\n\r\n\n"}) == Lines{"", "", ""});
    CHECK(lines_of({}).empty());
    CHECK(lines_of({"a\rb\n"}) == Lines{"a\rb"});
}

TEST_CASE("lines are the same wherever the pieces end", "[http][lines]") {
    const std::string text = "first\r\n\nsecond line\r\nthe last";
    const auto whole = lines_of({text});
    REQUIRE(whole.size() == 4);
    for (std::size_t i = 0; i <= text.size(); ++i)
        for (std::size_t j = i; j <= text.size(); ++j)
            CHECK(lines_of({text.substr(0, i), text.substr(i, j - i), text.substr(j)}) == whole);
}

TEST_CASE("a line that is too long is found before more of it is kept than that", "[http][lines]") {
    CHECK(lines_of({"12345\n"}, 5) == std::vector<std::string>{"12345"});
    CHECK(lines_of({"123456\n"}, 5).back() == "(too long)");
    CHECK(lines_of({"123", "456", "789"}, 5).back() == "(too long)");
    CHECK(lines_of({"a\n123", "45"}, 5) == std::vector<std::string>{"a", "12345"});
}
