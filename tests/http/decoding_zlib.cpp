// gzip and deflate, whole, split, cut, corrupted and repeated.

#include "coded.hpp"

#include <string>

using namespace ferry;
using namespace ferry::testing;

#if FERRY_HAS_ZLIB

TEST_CASE("gzip decodes wherever it is split", "[decode][gzip][I1]") {
    check_splits("gzip", zlib_coded(small_text), small_text);
    check_splits("gzip", zlib_coded(""), "");
    CHECK(decoded("gzip", "") == whole(""));
}

TEST_CASE("gzip with every optional field decodes wherever it is split", "[decode][gzip][I1]") {
    const auto plain = zlib_coded(small_text);
    auto header = plain.substr(0, 10);
    header[3] = 0x1d;  // text, extra field, name, comment
    const auto coded = header +
                       std::string(
                           "\x03\x00"
                           "abc"
                           "name\0"
                           "comment\0",
                           18) +
                       plain.substr(10);
    check_splits("gzip", coded, small_text);
    check_truncations("gzip", coded);
}

TEST_CASE("gzip that is cut anywhere is truncated", "[decode][gzip][I2]") {
    check_truncations("gzip", zlib_coded(small_text));
}

TEST_CASE("gzip with a wrong byte anywhere is an error, or its text", "[decode][gzip][I2]") {
    check_corruptions("gzip", zlib_coded(small_text), small_text, true);
}

TEST_CASE("what is not gzip is an error", "[decode][gzip][I2]") {
    for (auto bytes : {"plain text", "\x1f\x8c", "\x1f\x8b\x07\x01", "  "})
        CHECK(decoded("gzip", bytes).ec == errc::invalid_content_coding);
    CHECK(decoded("gzip", "x").ec == errc::truncated_content_coding);
    CHECK(decoded("gzip", zlib_coded(small_text, MAX_WBITS)).ec == errc::invalid_content_coding);
}

TEST_CASE("gzip members one behind the other are one body", "[decode][gzip][I2]") {
    const auto one = zlib_coded("one, "), none = zlib_coded(""), two = zlib_coded("two");
    check_splits("gzip", one + two, "one, two");
    check_splits("gzip", one + none + none + two, "one, two");
    check_truncations("gzip", one + none + two, {one.size(), (one + none).size()});
    auto wrong = one + two;
    wrong[one.size() + 3] ^= '\xe0';  // flags that are reserved
    CHECK(decoded("gzip", wrong) == Decoded{errc::invalid_content_coding, "one, "});
}

TEST_CASE("padding and garbage behind the last gzip member are ignored", "[decode][gzip][I2]") {
    const auto coded = zlib_coded(small_text);
    for (const std::string& tail :
         {std::string(1, '\0'), std::string(700, '\0'), std::string("\n"), std::string("\r\n"), std::string("garbage"),
          std::string("\x1f\x1f"), std::string("\x1fgarbage")})
        check_splits("gzip", coded + tail, small_text);
    CHECK(decoded("gzip", coded + "\n" + coded) == whole(small_text));
}

TEST_CASE("a second gzip member of which one byte came is truncated", "[decode][gzip][I2]") {
    CHECK(decoded("gzip", zlib_coded(small_text) + "\x1f") == Decoded{errc::truncated_content_coding, small_text});
}

TEST_CASE("deflate is the zlib format, or a bare stream", "[decode][deflate][I1]") {
    for (const int window : {MAX_WBITS, 9, -MAX_WBITS, -9}) {
        for (const int level : {0, 1, 9}) {
            INFO("window " << window << " level " << level);
            const auto coded = zlib_coded(small_text, window, level);
            check_splits("deflate", coded, small_text);
            check_truncations("deflate", coded);
            check_corruptions("deflate", coded, small_text, false);
            CHECK(decoded("deflate", zlib_coded("", window, level), 1, 1) == whole(""));
        }
    }
    CHECK(decoded("deflate", "") == whole(""));
}

TEST_CASE("a bare stream that is only two bytes is not cut short", "[decode][deflate][I1]") {
    check_splits("deflate", std::string("\x03\x00", 2), "");
    CHECK(decoded("deflate", "\x03").ec == errc::truncated_content_coding);
}

TEST_CASE("what is not deflate is an error", "[decode][deflate][I2]") {
    for (auto bytes : {"\xff\xff", "\x07\x07", "\x78\xbb\x01\x02\x03\x04\x05"})  // the last asks for a dictionary
        for (const std::size_t piece : {1u, 4096u})
            CHECK(decoded("deflate", bytes, piece).ec == errc::invalid_content_coding);
    CHECK(decoded("deflate", zlib_coded(small_text)).ec == errc::invalid_content_coding);
}

TEST_CASE("bytes behind a deflate stream are ignored", "[decode][deflate][I2]") {
    check_splits("deflate", zlib_coded(small_text, MAX_WBITS) + "behind", small_text);
    check_splits("deflate", zlib_coded(small_text, -MAX_WBITS) + "behind", small_text);
}

#else

TEST_CASE("without zlib, gzip and deflate are not known", "[decode][gzip][I1]") {
    CHECK(detail::coding_named("gzip") == detail::coding::unknown);
    CHECK(detail::coding_named("deflate") == detail::coding::unknown);
}

#endif
