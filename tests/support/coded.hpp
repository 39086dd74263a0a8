// Bodies under content codings: some that are small and fixed, what an encoder makes of others, and how they decode.
#pragma once

#include "catch.hpp"

#include <ferry/error.hpp>
#include <ferry/http/decode.hpp>
#include <ferry/http/gzip.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#if FERRY_HAS_ZLIB
#include <zlib.h>
#endif
#if FERRY_HAS_ZSTD
#include <zstd.h>
#endif

namespace ferry::testing {

inline const std::string small_text =
    "ferry carries what the server coded; ferry carries it whole, ferry carries it back.\n";

/// What became of a coded body: all that came out, and the error at the end of that.
struct Decoded {
    std::error_code ec;
    std::string body;
    bool operator==(const Decoded&) const = default;
    friend std::ostream& operator<<(std::ostream& os, const Decoded& d) {
        return os << d.ec << ' ' << d.body.size() << " bytes: " << d.body.substr(0, 100);
    }
};

inline std::unique_ptr<detail::body_decoder> decoder_for(std::string_view codings,
                                                         std::uint64_t max_expansion = detail::default_expansion) {
    std::unique_ptr<detail::body_decoder> decoder;
    const auto ec = detail::make_decoder({{"Content-Encoding", codings}}, decoder, max_expansion);
    INFO(codings << ": " << ec.message());
    REQUIRE(decoder);
    return decoder;
}

/// Feeds the pieces one by one, takes the output in pieces of `room` bytes.
inline Decoded decoded_pieces(std::string_view codings, const std::vector<std::string_view>& pieces, std::size_t room) {
    const auto decoder = decoder_for(codings);
    std::string out(room, '\0');
    Decoded d;
    for (auto piece : pieces) {
        for (std::size_t n = room; n == room || !piece.empty();) {
            d.ec = decoder->decode(piece, out, n);
            if (d.ec) return d;
            d.body.append(out, 0, n);
        }
    }
    d.ec = decoder->finish();
    return d;
}

/// In pieces of one size.
inline Decoded decoded(std::string_view codings, std::string_view bytes, std::size_t piece = 4096,
                       std::size_t room = 4096) {
    std::vector<std::string_view> pieces;
    for (std::size_t at = 0; at < bytes.size(); at += piece) pieces.push_back(bytes.substr(at, piece));
    return decoded_pieces(codings, pieces, room);
}

inline Decoded whole(std::string_view text) { return {{}, std::string(text)}; }

/// That the coded bytes are `text` however they come and however it is taken.
inline void check_splits(std::string_view codings, std::string_view coded, std::string_view text) {
    for (const std::size_t room : {1u, 2u, 3u, 7u, 64u, 4096u}) {
        for (std::size_t piece = 1; piece <= coded.size() + 1; ++piece)
            CHECK(decoded(codings, coded, piece, room) == whole(text));
        for (std::size_t at = 0; at <= coded.size(); ++at)
            CHECK(decoded_pieces(codings, {coded.substr(0, at), coded.substr(at)}, room) == whole(text));
    }
}

/// That they are truncated at each length but those where nothing is missing.
inline void check_truncations(std::string_view codings, std::string_view coded,
                              const std::vector<std::size_t>& whole_at = {}) {
    for (std::size_t size = 0; size < coded.size(); ++size) {
        const bool ends = size == 0 || std::count(whole_at.begin(), whole_at.end(), size);
        for (const std::size_t piece : {1u, 4096u}) {
            INFO(size << " bytes of " << coded.size());
            CHECK(decoded(codings, coded.substr(0, size), piece).ec ==
                  (ends ? std::error_code() : errc::truncated_content_coding));
        }
    }
}

/// That one byte more or less wrong has one of two errors, or, where no checksum covers it, no great effect.
inline void check_corruptions(std::string_view codings, std::string_view coded, std::string_view text, bool checksum) {
    for (std::size_t at = 0; at < coded.size(); ++at) {
        for (unsigned bits = 1; bits < 256; ++bits) {
            std::string wrong(coded);
            wrong[at] = static_cast<char>(static_cast<unsigned char>(wrong[at]) ^ bits);
            const auto d = decoded(codings, wrong);
            INFO("byte " << at << " xor " << bits << ": " << d.ec.message());
            if (d.ec) CHECK((d.ec == errc::invalid_content_coding || d.ec == errc::truncated_content_coding));
            else CHECK((checksum ? d.body == text : d.body.size() < (std::size_t{1} << 24)));
        }
    }
}

#if FERRY_HAS_ZLIB
/// By zlib: gzip by default; `window` 15 for its own format, -15 for the bare stream.
inline std::string zlib_coded(std::string_view text, int window = MAX_WBITS + 16, int level = 9) {
    z_stream z{};
    REQUIRE(deflateInit2(&z, level, Z_DEFLATED, window, 9, Z_DEFAULT_STRATEGY) == Z_OK);
    std::string coded(deflateBound(&z, static_cast<uLong>(text.size())) + 64, '\0');
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    z.avail_in = static_cast<uInt>(text.size());
    z.next_out = reinterpret_cast<Bytef*>(coded.data());
    z.avail_out = static_cast<uInt>(coded.size());
    REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
    coded.resize(z.total_out);
    deflateEnd(&z);
    return coded;
}
#endif

#if FERRY_HAS_ZSTD
/// One frame with a checksum.
inline std::string zstd_coded(std::string_view text) {
    const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
    std::string coded(ZSTD_compressBound(text.size()), '\0');
    const auto n = ZSTD_compress2(context.get(), coded.data(), coded.size(), text.data(), text.size());
    REQUIRE_FALSE(ZSTD_isError(n));
    coded.resize(n);
    return coded;
}
#endif

/// `small_text` as Brotli codes it.
inline const std::string brotli_small_text(
    "\x1b\x53\x00\x30\x1c\x09\x76\x2c\xe2\x3f\x48\x06\x56\x4b\x33\x85\xb4\x06\xd9\x91\xcb\xd3\x64\x65\x72\x74\xc0\x21"
    "\x07"
    "\xec\x5f\x94\x26\x9c\x48\x64\xc1\x06\x1c\x61\xc3\xc8\x09\x6e\x97\xb5\x2f\xb1\xa2\x5a\xc3\x8f\x08\xf9\x1d\xc5\x04"
    "\x7e"
    "\x71\x1c",
    60);

}  // namespace ferry::testing
