// The content codings gzip and deflate (RFC 9110 8.4.1, RFC 1952, 1950, 1951), undone by zlib.
#pragma once

#include <ferry/features.hpp>

#if FERRY_HAS_ZLIB

#include <ferry/error.hpp>
#include <ferry/http/decode_step.hpp>

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <new>
#include <span>
#include <string_view>
#include <system_error>

namespace ferry::detail {

/// How many bytes zlib can be told of at once.
constexpr uInt zlib_size(std::size_t n) noexcept {
    return static_cast<uInt>(std::min<std::size_t>(n, std::numeric_limits<uInt>::max()));
}

inline Bytef* zlib_bytes(const char* p) noexcept { return reinterpret_cast<Bytef*>(const_cast<char*>(p)); }

/// Members of gzip one behind the other are one body. What follows the last and does not begin like a member, such as
/// padding, is ignored, as browsers and urllib3 do; so is what follows a deflate stream. `deflate` means the zlib
/// format, but some servers send the bare stream: the first two bytes tell.
class inflate_step final : public decode_step {
public:
    enum class format { gzip, deflate };

    explicit inflate_step(format f) : format_(f) {
        if (inflateInit2(&stream_, f == format::gzip ? MAX_WBITS + 16 : MAX_WBITS) != Z_OK) throw std::bad_alloc();
    }
    ~inflate_step() override { inflateEnd(&stream_); }

    std::error_code decode(std::string_view& in, std::span<char> out, std::size_t& n) override {
        n = 0;
        while (n < out.size()) {
            if (at_ == at::start && !begin(in)) break;
            if (at_ == at::tail) break;
            std::size_t some = 0;
            const int result = inflate_some(in, out.subspan(n), some);
            n += some;
            if (result == Z_STREAM_END) end();
            else if (result == Z_BUF_ERROR) break;  // nothing more without more input
            else if (result == Z_MEM_ERROR) return make_error_code(std::errc::not_enough_memory);
            else if (result != Z_OK) return errc::invalid_content_coding;
            else if (in.empty()) break;
        }
        if (at_ == at::tail) in = {};
        return {};
    }

    bool whole() const noexcept override { return at_ == at::tail || (at_ == at::start && !held_); }

private:
    enum class at { start, stream, tail };

    /// Looks at the two bytes that a stream begins with; false when they are not there yet. The first of them is held
    /// if it came alone.
    bool begin(std::string_view& in) {
        if (in.empty()) return false;
        const char first = held_ ? first_ : in[0];
        if (!held_ && in.size() == 1 && !(another_ && first != gzip_first)) {
            held_ = true, first_ = first, in = {};
            return false;
        }
        const char second = held_ ? in[0] : in.size() > 1 ? in[1] : '\0';
        at_ = another_ && (first != gzip_first || second != gzip_second) ? at::tail : at::stream;
        if (format_ == format::deflate && !is_zlib(first, second)) inflateReset2(&stream_, -MAX_WBITS);
        if (held_ && at_ == at::stream) take_held();
        held_ = false;
        return true;
    }
    /// One byte alone gives no output in any of the formats.
    void take_held() {
        std::string_view held(&first_, 1);
        char nothing = 0;
        std::size_t n = 0;
        inflate_some(held, {&nothing, 1}, n);
    }
    void end() {
        at_ = at::tail;
        if (format_ == format::deflate) return;
        at_ = at::start;
        another_ = true;
        inflateReset(&stream_);
    }

    int inflate_some(std::string_view& in, std::span<char> out, std::size_t& n) {
        stream_.next_in = zlib_bytes(in.data());
        stream_.avail_in = zlib_size(in.size());
        stream_.next_out = zlib_bytes(out.data());
        const uInt room = stream_.avail_out = zlib_size(out.size()), given = stream_.avail_in;
        const int result = inflate(&stream_, Z_NO_FLUSH);
        in.remove_prefix(given - stream_.avail_in);
        n = room - stream_.avail_out;
        return result;
    }

    static constexpr char gzip_first = '\x1f', gzip_second = '\x8b';
    /// RFC 1950 2.2. A bare stream of the first block type that begins so would have to pad with ones.
    static bool is_zlib(char first, char second) noexcept {
        const unsigned a = static_cast<unsigned char>(first), b = static_cast<unsigned char>(second);
        return (a & 15) == 8 && a >> 4 <= 7 && (a * 256 + b) % 31 == 0;
    }

    z_stream stream_{};
    const format format_;
    at at_ = at::start;
    bool another_ = false;  // a member was whole
    bool held_ = false;
    char first_ = 0;
};

}  // namespace ferry::detail

#endif
