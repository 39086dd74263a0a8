// Request bodies coded with gzip (RFC 1952), which takes zlib; without it there is nothing in here but the word for
// that.
#pragma once

#include <ferry/features.hpp>

namespace ferry::detail {

inline constexpr bool gzip_available = FERRY_HAS_ZLIB;

}  // namespace ferry::detail

#if FERRY_HAS_ZLIB

#include <ferry/http/decode_zlib.hpp>

#include <zlib.h>

#include <cstddef>
#include <new>
#include <span>
#include <string>
#include <string_view>

namespace ferry::detail {

/// Codes pieces of any size. The same bytes in give the same bytes out, wherever they are split: the header names no
/// time and no system. Not for use by two threads at once.
class gzip_encoder {
public:
    /// `level` from 0 (none) over 1 (fast) to 9 (small); the default is zlib's own, 6.
    explicit gzip_encoder(int level = Z_DEFAULT_COMPRESSION) {
        constexpr int memory = 8;  // zlib's default
        if (deflateInit2(&stream_, level, Z_DEFLATED, MAX_WBITS + 16, memory, Z_DEFAULT_STRATEGY) != Z_OK)
            throw std::bad_alloc();
        header_.os = 255;  // unknown
        deflateSetHeader(&stream_, &header_);
    }
    gzip_encoder(const gzip_encoder&) = delete;
    gzip_encoder& operator=(const gzip_encoder&) = delete;
    ~gzip_encoder() { deflateEnd(&stream_); }

    /// Takes from `in` and writes `n` bytes into `out`, often none. `last`: no input follows that in `in`. Call it
    /// again while `in` is not empty, and after the last input until it says that all is written.
    bool encode(std::string_view& in, bool last, std::span<char> out, std::size_t& n) noexcept {
        n = 0;
        while (n < out.size() && (last ? !ended_ : !in.empty())) n += deflate_some(in, last, out.subspan(n));
        return ended_;
    }

    /// At most as many bytes come out for `size` that go in, if nothing has yet.
    std::size_t bound(std::size_t size) noexcept { return deflateBound(&stream_, static_cast<uLong>(size)); }

private:
    std::size_t deflate_some(std::string_view& in, bool last, std::span<char> out) noexcept {
        stream_.next_in = zlib_bytes(in.data());
        const uInt given = stream_.avail_in = zlib_size(in.size());
        stream_.next_out = zlib_bytes(out.data());
        const uInt room = stream_.avail_out = zlib_size(out.size());
        ended_ = deflate(&stream_, last && given == in.size() ? Z_FINISH : Z_NO_FLUSH) == Z_STREAM_END;
        in.remove_prefix(given - stream_.avail_in);
        return room - stream_.avail_out;
    }

    z_stream stream_{};
    gz_header header_{};
    bool ended_ = false;
};

/// All of it at once.
inline std::string gzip(std::string_view bytes) {
    gzip_encoder encoder;
    std::string coded(encoder.bound(bytes.size()), '\0');
    std::size_t filled = 0, n = 0;
    while (!encoder.encode(bytes, true, std::span(coded).subspan(filled), n)) {
        filled += n;  // the bound is for input that zlib was told of at once
        coded.resize(coded.size() + encoder.bound(bytes.size()));
    }
    coded.resize(filled + n);
    return coded;
}

}  // namespace ferry::detail

#endif
