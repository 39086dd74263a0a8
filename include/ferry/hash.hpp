// The hashes of Digest authentication, and random text: the one header that asks OpenSSL for them.
#pragma once

#include <ferry/features.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#if FERRY_HAS_TLS
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#endif

namespace ferry::detail {

/// From the weakest to the strongest.
enum class Hash { md5, sha256, sha512_256 };

inline std::string hex(std::span<const unsigned char> bytes) {
    constexpr char digits[] = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const auto b : bytes) {
        out.push_back(digits[b >> 4]);
        out.push_back(digits[b & 15]);
    }
    return out;
}

#if FERRY_HAS_TLS

inline constexpr bool has_hashes = true;

/// The hash of `text` in lower-case hexadecimal digits; empty if OpenSSL refuses this one, as it does MD5 in FIPS mode.
inline std::string hex_hash(Hash hash, std::string_view text) {
    const EVP_MD* kind = hash == Hash::md5 ? EVP_md5() : hash == Hash::sha256 ? EVP_sha256() : EVP_sha512_256();
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    ERR_set_mark();  // What is refused here must not look like a fault of TLS on the same thread.
    const bool done = EVP_Digest(text.data(), text.size(), bytes, &size, kind, nullptr) == 1;
    ERR_pop_to_mark();
    return done ? hex({bytes, size}) : std::string();
}

/// 128 random bits in hexadecimal digits; empty if there is no randomness to be had.
inline std::string random_hex() {
    unsigned char bytes[16];
    ERR_set_mark();
    const bool done = RAND_bytes(bytes, sizeof bytes) == 1;
    ERR_pop_to_mark();
    return done ? hex(bytes) : std::string();
}

#else

inline constexpr bool has_hashes = false;
inline std::string hex_hash(Hash, std::string_view) { return {}; }
inline std::string random_hex() { return {}; }

#endif

}  // namespace ferry::detail
