// base64: the vectors of RFC 4648 10, and every length and byte.

#include "catch.hpp"

#include <ferry/base64.hpp>

#include <cstddef>
#include <string>
#include <utility>

using ferry::detail::base64;

TEST_CASE("the test vectors of RFC 4648", "[base64]") {
    using Vector = std::pair<const char*, const char*>;
    for (const auto& [plain, coded] :
         {Vector{"", ""}, Vector{"f", "Zg=="}, Vector{"fo", "Zm8="}, Vector{"foo", "Zm9v"}, Vector{"foob", "Zm9vYg=="},
          Vector{"fooba", "Zm9vYmE="}, Vector{"foobar", "Zm9vYmFy"}}) {
        CHECK(base64(plain) == coded);
    }
}

TEST_CASE("every digit of base64 stands at its place", "[base64]") {
    // 6 bits each, from 0 to 63: 48 bytes.
    std::string bytes;
    for (unsigned i = 0; i < 64; i += 4) {
        const unsigned group = i << 18 | (i + 1) << 12 | (i + 2) << 6 | (i + 3);
        for (const unsigned shift : {16u, 8u, 0u}) bytes.push_back(static_cast<char>(group >> shift & 255));
    }
    CHECK(base64(bytes) == "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    CHECK(base64(std::string("\0\xff\x80", 3)) == "AP+A");
}

TEST_CASE("base64 is as long as it must be", "[base64]") {
    for (std::size_t n = 0; n < 20; ++n) CHECK(base64(std::string(n, 'x')).size() == (n + 2) / 3 * 4);
}
