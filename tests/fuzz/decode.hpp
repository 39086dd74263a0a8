// What must hold for any bytes that are taken for a coded body; run by the fuzzer and, over its corpus, by the tests.
#pragma once

#include "must.hpp"

#include <ferry/http/decode.hpp>
#include <ferry/http/gzip.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace ferry::testing {

/// What was made of some bytes.
struct Decoding {
    std::error_code ec;
    std::string body;
};

inline constexpr std::size_t max_decoded = 8 * 1024;

inline std::unique_ptr<detail::body_decoder> fuzz_decoder(std::string_view codings) {
    std::unique_ptr<detail::body_decoder> decoder;
    const auto ec = detail::make_decoder({{"Content-Encoding", codings}}, decoder);
    must(!ec, "the lists are short");
    return decoder;
}

/// In pieces of one size, into pieces of another.
inline Decoding decode_pieces(std::string_view codings, std::string_view bytes, std::size_t piece, std::size_t room) {
    const auto decoder = fuzz_decoder(codings);
    std::string out(room, '\0');
    Decoding d;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        auto in = bytes.substr(at, piece);
        for (std::size_t n = room; n == room || !in.empty();) {
            const auto before = in.size();
            d.ec = decoder->decode(in, out, n);
            must(n <= room && in.size() <= before, "no more is taken or given than there is");
            must(!d.ec || n == 0, "an error comes alone");
            must(d.ec || n > 0 || in.empty(), "each call gets on");
            d.body.append(out, 0, n);
            if (!d.ec && d.body.size() > max_decoded) d.ec = errc::body_too_large;
            if (d.ec) return d;
        }
    }
    d.ec = decoder->finish();
    return d;
}

inline Decoding decode_whole(std::string_view codings, std::string_view bytes) {
    const auto decoder = fuzz_decoder(codings);
    Decoding d;
    d.ec = detail::decode_all(*decoder, bytes, d.body, max_decoded);
    must(d.body.size() <= max_decoded, "the limit is kept");
    return d;
}

/// How the bytes are split makes no difference. When it is known that too much comes out does depend on it.
inline void check_same(const Decoding& a, const Decoding& b) {
    if (a.ec == errc::expansion_too_large || b.ec == errc::expansion_too_large) return;
    must(static_cast<bool>(a.ec) == static_cast<bool>(b.ec), "a split neither makes nor hides an error");
    must(a.ec || a.body == b.body, "a split changes no text");
}

/// The first byte tells the codings, by its lower three bits, and the size of a piece.
inline void fuzz_decode(std::span<const std::uint8_t> bytes) {
    constexpr std::array<std::string_view, 8> lists{"gzip",     "deflate",       "br",         "zstd",
                                                    "br, gzip", "deflate, gzip", "gzip, zstd", "zstd, deflate, gzip"};
    if (bytes.empty()) return;
    const auto codings = lists[bytes[0] & 7];
    const std::string text(bytes.begin() + 1, bytes.end());
    detail::coding_list list;
    list.add(codings);
    if (!list.known) return;
    const std::size_t piece = 1u + (bytes[0] >> 3);
    const auto whole = decode_whole(codings, text);
    check_same(whole, decode_pieces(codings, text, piece, 4096));
    check_same(whole, decode_pieces(codings, text, text.size() < 100 ? 1 : text.size(), piece));
#if FERRY_HAS_ZLIB
    if (codings == "gzip") must(decode_whole("gzip", detail::gzip(text)).body == text, "what was coded decodes");
#endif
}

}  // namespace ferry::testing
