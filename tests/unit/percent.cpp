// Percent-encoding: what is encoded where, and that nothing is encoded twice or decoded unasked.

#include "catch.hpp"

#include <ferry/percent.hpp>

#include <string>
#include <string_view>
#include <vector>

using ferry::detail::CharSet;

namespace {

std::string encoded(std::string_view text, CharSet keep) {
    std::string out;
    ferry::detail::percent_encode(out, text, keep);
    return out;
}

std::string form_encoded(std::string_view text) {
    std::string out;
    ferry::detail::form_encode(out, text);
    return out;
}

std::string requoted(std::string_view text, CharSet keep) {
    std::string out;
    ferry::detail::requote(out, text, keep);
    return out;
}

std::string every_byte() {
    std::string all;
    for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
    return all;
}

}  // namespace

TEST_CASE("data keeps its unreserved characters and nothing else", "[percent][D7]") {
    CHECK(encoded("", CharSet::unreserved) == "");
    CHECK(encoded("azAZ09-._~", CharSet::unreserved) == "azAZ09-._~");
    CHECK(encoded(":/?#[]@!$&'()*+,;=", CharSet::unreserved) ==
          "%3A%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D");
    CHECK(encoded(" \"<>\\^`{|}%", CharSet::unreserved) == "%20%22%3C%3E%5C%5E%60%7B%7C%7D%25");
    CHECK(encoded("\r\n\t\x7f", CharSet::unreserved) == "%0D%0A%09%7F");
    CHECK(encoded(std::string_view("\0", 1), CharSet::unreserved) == "%00");
    CHECK(encoded("grün €", CharSet::unreserved) == "gr%C3%BCn%20%E2%82%AC");
}

TEST_CASE("a percent sign in data is data", "[percent][D7]") {
    CHECK(encoded("%41", CharSet::unreserved) == "%2541");
    CHECK(form_encoded("%41") == "%2541");
}

TEST_CASE("a plus sign stands for a space in form data only", "[percent][D7]") {
    CHECK(form_encoded("a b+c") == "a+b%2Bc");
    CHECK(encoded("a b+c", CharSet::unreserved) == "a%20b%2Bc");
    CHECK(form_encoded("azAZ09*-._~") == "azAZ09*-._%7E");
    CHECK(form_encoded("ü\r\n&=") == "%C3%BC%0D%0A%26%3D");
}

TEST_CASE("each place in a URL keeps its own characters", "[percent][D7]") {
    const std::string printable = "!\"#$&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~";
    CHECK(requoted(printable, CharSet::userinfo) ==
          "!%22%23$&'()*+,-.%2F09:;%3C=%3E%3F%40AZ%5B%5C%5D%5E_%60az%7B%7C%7D~");
    CHECK(requoted(printable, CharSet::path) == "!%22%23$&'()*+,-./09:;%3C=%3E%3F@AZ[%5C]%5E_%60az%7B%7C%7D~");
    CHECK(requoted(printable, CharSet::query) == "!%22%23$&'()*+,-./09:;%3C=%3E?@AZ[%5C]%5E_%60az%7B%7C%7D~");
    CHECK(requoted(printable, CharSet::fragment) == "!%22#$&'()*+,-./09:;%3C=%3E?@AZ[%5C]%5E_%60az%7B%7C%7D~");
}

TEST_CASE("quoting neither encodes an escape again nor decodes it", "[percent][D7]") {
    CHECK(requoted("%20%2f%2F%41%7e%00%ff", CharSet::path) == "%20%2f%2F%41%7e%00%ff");
}

TEST_CASE("quoting makes %25 of a percent sign that begins no escape", "[percent][D7]") {
    CHECK(requoted("%", CharSet::path) == "%25");
    CHECK(requoted("%4", CharSet::path) == "%254");
    CHECK(requoted("%4g%g4%%41", CharSet::path) == "%254g%25g4%25%41");
    CHECK(requoted("100%", CharSet::path) == "100%25");
    CHECK(requoted(std::string_view("%41").substr(0, 2), CharSet::path) == "%254");  // Nothing behind the end is read.
    CHECK(requoted(std::string_view("%41").substr(0, 1), CharSet::path) == "%25");
}

TEST_CASE("quoting twice is quoting once", "[percent][D7]") {
    for (const CharSet keep : {CharSet::userinfo, CharSet::path, CharSet::query, CharSet::fragment}) {
        for (const auto& text : {every_byte(), std::string("%%%4%41%zz"), std::string("%2")}) {
            const auto once = requoted(text, keep);
            CHECK(requoted(once, keep) == once);
        }
    }
}

TEST_CASE("decoding gives back what was encoded", "[percent]") {
    CHECK(ferry::detail::percent_decode(encoded(every_byte(), CharSet::unreserved)) == every_byte());
    CHECK(ferry::detail::percent_decode(encoded("a%20b+c", CharSet::unreserved)) == "a%20b+c");
}

TEST_CASE("decoding takes digits of either case and leaves the rest", "[percent]") {
    CHECK(ferry::detail::percent_decode("%4a%4A%c3%BC") == "JJü");
    CHECK(ferry::detail::percent_decode("a+b") == "a+b");
    CHECK(ferry::detail::percent_decode("%") == "%");
    CHECK(ferry::detail::percent_decode("%4") == "%4");
    CHECK(ferry::detail::percent_decode("%4g%zz%%41") == "%4g%zz%A");
    CHECK(ferry::detail::percent_decode("%2541") == "%41");
    CHECK(ferry::detail::percent_decode("") == "");
}
