// br, whole, split, cut and corrupted. The samples were made with Brotli's encoder, which the tests do not need.

#include "coded.hpp"

#include <string>

using namespace ferry;
using namespace ferry::testing;

#if FERRY_HAS_BROTLI

TEST_CASE("br decodes wherever it is split", "[decode][br][I1]") {
    check_splits("br", brotli_small_text, small_text);
    check_splits("br", "\x3b", "");  // a stream of nothing
    CHECK(decoded("br", "") == whole(""));
}

TEST_CASE("br that is cut anywhere is truncated", "[decode][br][I2]") { check_truncations("br", brotli_small_text); }

TEST_CASE("br with a wrong byte anywhere has a defined result", "[decode][br][I2]") {
    check_corruptions("br", brotli_small_text, small_text, false);
}

TEST_CASE("bytes behind a br stream are an error", "[decode][br][I2]") {
    for (const std::string tail : {"\n", "x", "garbage", "\x3b"}) {
        for (const std::size_t piece : {1u, 7u, 4096u})
            for (const std::size_t room : {1u, 84u, 4096u})
                CHECK(decoded("br", brotli_small_text + tail, piece, room) ==
                      Decoded{errc::invalid_content_coding, small_text});
    }
}

TEST_CASE("a br window over 16 MiB is refused", "[decode][br][I2]") {
    CHECK(decoded("br", "\x11\x1e\x03").ec == errc::invalid_content_coding);  // as the encoder's large windows begin
}

TEST_CASE("br of zeros is refused once it is plain what it is", "[decode][br][I2]") {
    const std::string zeros("\x9b\xff\xff\x3f\xf8\x27\x00\xe2\xb1\x40\x20\xf7\xfe\x07", 14);  // 4 MiB
    const auto d = decoded("br", zeros);
    CHECK(d.ec == errc::expansion_too_large);
    CHECK(d.body.size() <= (1 << 20) + 4096);
    std::string all;
    CHECK_FALSE(detail::decode_all(*decoder_for("br", 0), zeros, all, std::size_t{1} << 30));
    CHECK(all == std::string(4 << 20, '\0'));
}

#else

TEST_CASE("without Brotli, br is not known", "[decode][br][I1]") {
    CHECK(detail::coding_named("br") == detail::coding::unknown);
}

#endif
