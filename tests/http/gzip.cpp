// Request bodies coded with gzip.

#include "coded.hpp"

#include <ferry/http/gzip.hpp>

#include <cstddef>
#include <string>
#include <string_view>

using namespace ferry;
using namespace ferry::testing;

#if FERRY_HAS_ZLIB

namespace {

std::string gzip_in_pieces(std::string_view text, std::size_t piece, std::size_t room) {
    detail::gzip_encoder encoder;
    std::string coded, out(room, '\0');
    std::size_t n = 0;
    for (std::size_t at = 0; at < text.size(); at += piece) {
        for (auto in = text.substr(at, piece); !in.empty();) {
            CHECK_FALSE(encoder.encode(in, false, out, n));
            CHECK((in.empty() || n == room));
            coded.append(out, 0, n);
        }
    }
    std::string_view nothing;
    for (bool ended = false; !ended;) {
        ended = encoder.encode(nothing, true, out, n);
        CHECK((ended || n == room));
        coded.append(out, 0, n);
    }
    CHECK(encoder.encode(nothing, true, out, n));
    CHECK(n == 0);
    return coded;
}

}  // namespace

TEST_CASE("what was coded with gzip decodes to what it was", "[gzip]") {
    std::string large;
    for (int i = 0; i < 60'000; ++i) large += std::to_string(i * 7919LL % 100'003);
    for (const auto& text : {std::string(), std::string("x"), small_text, std::string(500'000, '\0'), large}) {
        const auto coded = detail::gzip(text);
        CHECK(decoded("gzip", coded) == whole(text));
        CHECK(coded.size() <= text.size() + 64);
    }
}

TEST_CASE("the same bytes are coded the same wherever they are split", "[gzip]") {
    const auto once = detail::gzip(small_text);
    for (const std::size_t room : {1u, 5u, 4096u})
        for (const std::size_t piece : {1u, 2u, 50u, 4096u}) CHECK(gzip_in_pieces(small_text, piece, room) == once);
    CHECK(gzip_in_pieces("", 1, 1) == detail::gzip(""));
    std::string large;
    for (int i = 0; i < 60'000; ++i) large += std::to_string(i * 7919LL % 100'003);
    CHECK(gzip_in_pieces(large, 1000, 333) == gzip_in_pieces(large, 70'000, 70'000));
    CHECK(decoded("gzip", gzip_in_pieces(large, 1000, 333)) == whole(large));
}

TEST_CASE("the head of what was coded names no time and no system", "[gzip]") {
    CHECK(detail::gzip(small_text).substr(0, 10) == std::string("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10));
}

TEST_CASE("a level can be chosen", "[gzip]") {
    const std::string text(100'000, 'x');
    detail::gzip_encoder fast(1), none(0);
    std::string out(200'000, '\0');
    std::size_t n_fast = 0, n_none = 0;
    std::string_view in = text;
    CHECK(fast.encode(in, true, out, n_fast));
    in = text;
    CHECK(none.encode(in, true, out, n_none));
    CHECK(n_none > text.size());
    CHECK(n_fast > detail::gzip(text).size());
    CHECK(n_fast < 2000);
    CHECK(decoded("gzip", std::string_view(out).substr(0, n_none)) == whole(text));
}

#endif

TEST_CASE("a build says whether it can code with gzip", "[gzip]") {
    CHECK(detail::gzip_available == (detail::coding_named("gzip") == detail::coding::gzip));
}
