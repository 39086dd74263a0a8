// Whole bodies into strings, and the limits on size and expansion.

#include "coded.hpp"

#include <ferry/http/decode.hpp>

#include <cstddef>
#include <string>
#include <string_view>

using namespace ferry;
using namespace ferry::testing;

TEST_CASE("the ratio that is refused by default", "[decode][limits][I2]") {
    CHECK(detail::default_expansion == 1000);
    CHECK(detail::expansion_unwatched == 1024 * 1024);
}

#if FERRY_HAS_ZLIB

namespace {

/// Text that hardly repeats itself.
std::string long_text(std::size_t size) {
    std::string text;
    for (std::uint64_t i = 1; text.size() < size; i = i * 6364136223846793005u + 1442695040888963407u)
        text += std::to_string(i >> 33);
    text.resize(size);
    return text;
}

Decoded into_string(std::string_view codings, std::string_view coded, std::size_t max, std::size_t piece = 4096,
                    std::string before = {}) {
    const auto decoder = decoder_for(codings);
    Decoded d{{}, std::move(before)};
    detail::string_decoder string(*decoder, d.body, max);
    for (std::size_t at = 0; at < coded.size() && !d.ec; at += piece) d.ec = string.feed(coded.substr(at, piece));
    if (!d.ec) d.ec = string.finish();
    d.body.resize(string.size());
    return d;
}

}  // namespace

TEST_CASE("a whole body is decoded into a string", "[decode][limits][I1]") {
    for (const std::size_t size : {0u, 1u, 1023u, 1024u, 1025u, 100'000u, 3'000'000u}) {
        const auto text = long_text(size);
        const auto coded = zlib_coded(text, MAX_WBITS + 16, 1);
        for (const std::size_t piece : {std::size_t{1000}, std::size_t{65'536}, coded.size()})
            CHECK(into_string("gzip", coded, 1 << 30, piece) == whole(text));
        CHECK(into_string("gzip", coded, 1 << 30, 4096, "before ") == whole("before " + text));
    }
    CHECK(into_string("gzip", zlib_coded(small_text), 1000, 1) == whole(small_text));
}

TEST_CASE("a body may be as large as the limit and no larger", "[decode][limits][I2]") {
    for (const std::size_t size : {1u, 84u, 1024u, 50'000u}) {
        const auto text = long_text(size), coded = zlib_coded(text);
        for (const std::size_t piece : {1u, 100u, 4096u}) {
            CHECK(into_string("gzip", coded, size, piece) == whole(text));
            CHECK(into_string("gzip", coded, size - 1, piece) ==
                  Decoded{errc::body_too_large, text.substr(0, size - 1)});
            CHECK(into_string("gzip", coded, 0, piece) == Decoded{errc::body_too_large, ""});
        }
    }
    CHECK(into_string("gzip", zlib_coded(""), 0) == whole(""));
    CHECK(into_string("gzip", zlib_coded("abc"), 5, 4096, "been") == Decoded{errc::body_too_large, "beena"});
}

TEST_CASE("after an error the string holds what came before it", "[decode][limits][I2]") {
    auto coded = zlib_coded(small_text);
    coded[coded.size() - 5] ^= 1;
    std::string text;
    CHECK(detail::decode_all(*decoder_for("gzip"), coded, text, 1000) == errc::invalid_content_coding);
    CHECK(text == small_text);
    text.clear();
    coded.resize(coded.size() - 8);
    CHECK(detail::decode_all(*decoder_for("gzip"), coded, text, 1000) == errc::truncated_content_coding);
    CHECK(text == small_text);
}

TEST_CASE("the memory of a string that is decoded into keeps in step with the text", "[decode][limits][I2]") {
    const auto decoder = decoder_for("gzip");
    std::string text;
    CHECK_FALSE(detail::decode_all(*decoder, zlib_coded(small_text), text, std::size_t{1} << 30));
    CHECK(text.capacity() < 2048);
    text = {};
    const auto bomb = zlib_coded(std::string(64 << 20, '\0'));
    CHECK(detail::decode_all(*decoder_for("gzip"), bomb, text, std::size_t{1} << 30) == errc::expansion_too_large);
    CHECK(text.capacity() < 4 << 20);
}

TEST_CASE("a bomb is refused after its first MiB", "[decode][limits][I2]") {
    const auto zeros = zlib_coded(std::string(16 << 20, '\0'));
    for (const std::size_t piece : {1u, 4096u}) {
        const auto d = decoded("gzip", zeros, piece);
        CHECK(d.ec == errc::expansion_too_large);
        CHECK(d.body.size() > 1 << 20);
        CHECK(d.body.size() <= (1 << 20) + 4096);
    }
}

TEST_CASE("a megabyte of zeros is no bomb", "[decode][limits][I2]") {
    const std::string zeros(1 << 20, '\0');
    CHECK(decoded("gzip", zlib_coded(zeros)) == whole(zeros));
    CHECK(decoded("gzip, gzip", zlib_coded(zlib_coded(zeros))) == whole(zeros));
    CHECK(decoded("gzip, gzip", zlib_coded(zlib_coded(zeros + '\0'))).ec == errc::expansion_too_large);
}

TEST_CASE("the ratio can be set, and left alone", "[decode][limits][I2]") {
    const std::string zeros(4 << 20, '\0');
    const auto coded = zlib_coded(zeros);
    const auto decode_with = [&](std::uint64_t max_expansion) {
        Decoded d;
        d.ec = detail::decode_all(*decoder_for("gzip", max_expansion), coded, d.body, zeros.size());
        return d;
    };
    const auto ratio = zeros.size() / coded.size();
    CHECK(decode_with(0) == whole(zeros));
    CHECK(decode_with(2 * ratio) == whole(zeros));
    CHECK(decode_with(ratio / 2).ec == errc::expansion_too_large);
    CHECK(decode_with(1).ec == errc::expansion_too_large);
    CHECK(decode_with(~std::uint64_t{0}) == whole(zeros));
}

TEST_CASE("ratios of codings in a list do not multiply", "[decode][limits][I2]") {
    const std::string zeros(8 << 20, '\0');
    const auto once = zlib_coded(zeros, MAX_WBITS + 16, 1);  // some 230 to 1, and again as much
    CHECK(decoded("gzip", once) == whole(zeros));
    CHECK(decoded("gzip, gzip", zlib_coded(once)).ec == errc::expansion_too_large);
}

TEST_CASE("what a coding gives to be ignored counts too", "[decode][limits][I2]") {
    const auto coded = zlib_coded(zlib_coded("") + std::string(16 << 20, '\0'));
    CHECK(decoded("gzip, gzip", coded) == Decoded{errc::expansion_too_large, ""});
}

#endif
