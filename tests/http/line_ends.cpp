// The ends of lines, looked at in pieces that are cut anywhere.
#include "catch.hpp"

#include <ferry/http/line_ends.hpp>

#include <cstddef>
#include <string_view>

using ferry::detail::line_ends;
using ferry::detail::line_fault;
using ferry::detail::line_profile;

namespace {

constexpr line_profile strict{.lax = true, .strict = true}, lenient{.lax = true, .strict = false};

line_fault after(std::string_view first, std::string_view second, line_profile profile) {
    line_ends ends;
    const auto fault = ends.check(first, profile);
    return fault == line_fault::none ? ends.check(second, profile) : fault;
}

// The same is found wherever the text is cut.
void check(std::string_view text, line_profile profile, line_fault expected) {
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        INFO("cut at " << cut);
        CHECK(after(text.substr(0, cut), text.substr(cut), profile) == expected);
    }
}

}  // namespace

TEST_CASE("lines that end in CRLF are well in every profile, however they are cut", "[http][C9]") {
    for (auto* text : {"", "a: b\r\n", "a: b\r\nc: d\r\n\r\n", "\r\n", "a: b", "a: b\r"}) {
        INFO(text);
        check(text, strict, line_fault::none);
        check(text, lenient, line_fault::none);
    }
}

TEST_CASE("a bare LF and a folded line are for the lenient profile only", "[http][C9]") {
    for (auto* text : {"a: b\n", "\n", "a: b\r\nc: d\n\r\n", "a: b\r\n\n"}) {
        INFO(text);
        check(text, strict, line_fault::bare_line_feed);
        check(text, lenient, line_fault::none);
    }
    for (auto* text : {"a: b\r\n c\r\n", "a: b\r\n\tc\r\n", "a: b\r\n \r\n"}) {
        INFO(text);
        check(text, strict, line_fault::obsolete_fold);
        check(text, lenient, line_fault::none);
    }
}

TEST_CASE("nothing but LF follows a CR, where the parser does not see to it itself", "[http][C9]") {
    for (auto* text : {"a: b\rc\r\n", "a: b\r\r\n", "\r\r", "a\r b"}) {
        INFO(text);
        check(text, strict, line_fault::stray_return);
        check(text, lenient, line_fault::stray_return);
        check(text, {.lax = false, .strict = false}, line_fault::none);
    }
}

TEST_CASE("what comes first, or behind lines that were looked at elsewhere, is known as such", "[http][C9]") {
    line_ends ends;
    CHECK(ends.at_beginning());
    CHECK(ends.check(" not a fold", strict) == line_fault::none);
    CHECK(!ends.at_beginning());
    CHECK(ends.check(std::string_view("\0", 1), strict) == line_fault::none);
    CHECK(!ends.at_beginning());  // the peer cannot set the mark
    ends.passed_over();
    CHECK(ends.check(" a fold", strict) == line_fault::obsolete_fold);
    ends.begin();
    CHECK(ends.at_beginning());
}
