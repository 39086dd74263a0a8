// zstd, whole, split, cut, corrupted and repeated; and how large a window may be.

#include "coded.hpp"

#include <string>

using namespace ferry;
using namespace ferry::testing;

#if FERRY_HAS_ZSTD

namespace {

const std::string magic = "\x28\xb5\x2f\xfd";
const std::string hello_block("\x29\x00\x00hello", 8);  // the last, of five bytes as they are

/// A frame of which only the window's size is told (RFC 8878 3.1.1.1.2).
std::string frame_with_window(unsigned exponent, unsigned eighths) {
    return magic + '\0' + static_cast<char>((exponent - 10) << 3 | eighths) + hello_block;
}
/// The same with the content's size, 5.
std::string sized_frame_with_window(unsigned exponent) {
    return magic + '\x80' + static_cast<char>((exponent - 10) << 3) + std::string("\x05\0\0\0", 4) + hello_block;
}
std::string skippable(std::string_view content, char kind = '\x50') {
    return std::string{kind, '\x2a', '\x4d', '\x18', static_cast<char>(content.size()), '\0', '\0', '\0'} +
           std::string(content);
}

}  // namespace

TEST_CASE("zstd decodes wherever it is split", "[decode][zstd][I1]") {
    check_splits("zstd", zstd_coded(small_text), small_text);
    check_splits("zstd", zstd_coded(""), "");
    check_splits("zstd", frame_with_window(10, 0), "hello");
    CHECK(decoded("zstd", "") == whole(""));
}

TEST_CASE("zstd that is cut anywhere is truncated", "[decode][zstd][I2]") {
    check_truncations("zstd", zstd_coded(small_text));
    check_truncations("zstd", frame_with_window(10, 0));
}

TEST_CASE("zstd with a wrong byte anywhere is an error, or its text", "[decode][zstd][I2]") {
    check_corruptions("zstd", zstd_coded(small_text), small_text, false);
}

TEST_CASE("zstd frames one behind the other are one body, and skippable ones nothing", "[decode][zstd][I2]") {
    const auto one = zstd_coded("one, "), two = frame_with_window(12, 0), skip = skippable("not shown");
    check_splits("zstd", one + two, "one, hello");
    check_splits("zstd", skip + one + skip + two + skippable("", '\x5f'), "one, hello");
    check_splits("zstd", skip, "");
    check_truncations("zstd", one + skip + two, {one.size(), (one + skip).size()});
}

TEST_CASE("zstd windows over 8 MiB are refused, also in a frame that comes whole", "[decode][zstd][I2]") {
    check_splits("zstd", frame_with_window(23, 0), "hello");
    check_splits("zstd", sized_frame_with_window(23), "hello");
    for (const auto& coded : {frame_with_window(23, 1), frame_with_window(24, 0), frame_with_window(27, 0),
                              frame_with_window(41, 7), sized_frame_with_window(24), sized_frame_with_window(27)})
        for (std::size_t piece = 1; piece <= coded.size(); ++piece)
            CHECK(decoded("zstd", coded, piece) == Decoded{errc::invalid_content_coding, ""});
    // One segment has its content for a window.
    CHECK(decoded("zstd", magic + '\xa0' + std::string("\x01\x00\x80\x00", 4) + hello_block).ec ==
          errc::invalid_content_coding);
}

TEST_CASE("what is not a zstd frame is an error, whether it comes first or later", "[decode][zstd][I2]") {
    const auto good = zstd_coded(small_text);
    for (const std::string wrong : {"\x25\xb5\x2f\xfd", "\x27\xb5\x2f\xfd\x01\x02", "plain", "\n", "\x28\xb5\x2f\xfe",
                                    "\x1e\xb5\x2f\xfd", "\x51\x2a\x4d\x19"}) {
        for (const std::size_t piece : {1u, 3u, 4096u}) {
            CHECK(decoded("zstd", wrong, piece) == Decoded{errc::invalid_content_coding, ""});
            CHECK(decoded("zstd", good + wrong, piece) == Decoded{errc::invalid_content_coding, small_text});
        }
    }
}

TEST_CASE("a zstd frame that needs a dictionary is an error", "[decode][zstd][I2]") {
    CHECK(decoded("zstd", magic + "\x01\x58\x07" + hello_block).ec == errc::invalid_content_coding);
}

TEST_CASE("zstd of zeros is refused once it is plain what it is", "[decode][zstd][I2]") {
    const auto zeros = zstd_coded(std::string(16 << 20, '\0'));
    const auto d = decoded("zstd", zeros);
    CHECK(d.ec == errc::expansion_too_large);
    CHECK(d.body.size() <= (1 << 20) + 4096);
}

#else

TEST_CASE("without Zstandard, zstd is not known", "[decode][zstd][I1]") {
    CHECK(detail::coding_named("zstd") == detail::coding::unknown);
}

#endif
