// The content coding zstd (RFC 8878), undone by Zstandard's library.
#pragma once

#include <ferry/features.hpp>

#if FERRY_HAS_ZSTD

#include <ferry/error.hpp>
#include <ferry/http/decode_step.hpp>

#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <system_error>

namespace ferry::detail {

/// Frames one behind the other are one body; skippable ones give nothing. A window over 8 MiB is refused (RFC 9659),
/// and so are a dictionary and the formats from before RFC 8878, which the library still reads.
class zstd_step final : public decode_step {
public:
    zstd_step() : context_(ZSTD_createDCtx()) {
        if (!context_) throw std::bad_alloc();
        ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, 23);
    }

    std::error_code decode(std::string_view& in, std::span<char> out, std::size_t& n) override {
        n = 0;
        while (n < out.size() && (more_ || !in.empty())) {
            if (between_ && !begins_frame(in[0])) return errc::invalid_content_coding;
            if (between_) head_ = largest_head;
            // Byte by byte, because of a frame that it sees whole the library does not check the window; and where a
            // head is at fault, it looks for its older formats in whatever it was given last.
            const std::size_t given = head_ > 0 ? std::min<std::size_t>(in.size(), 1) : in.size();
            ZSTD_inBuffer from{in.data(), given, 0};
            ZSTD_outBuffer to{out.data(), out.size(), n};
            const auto result = ZSTD_decompressStream(context_.get(), &to, &from);
            in.remove_prefix(from.pos);
            head_ -= std::min(head_, from.pos);
            n = to.pos;
            if (ZSTD_isError(result)) return fault(result);
            between_ = result == 0;
            more_ = !between_ && n == out.size();
        }
        return {};
    }

    bool whole() const noexcept override { return between_; }

private:
    /// By the magic numbers' first byte (RFC 8878 3.1); the library looks at the others.
    static bool begins_frame(char first) noexcept { return first == '\x28' || (first & '\xf0') == '\x50'; }

    static std::error_code fault(std::size_t result) noexcept {
        if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation)
            return make_error_code(std::errc::not_enough_memory);
        return errc::invalid_content_coding;
    }

    struct destroy {
        void operator()(ZSTD_DCtx* c) const noexcept { ZSTD_freeDCtx(c); }
    };
    std::unique_ptr<ZSTD_DCtx, destroy> context_;
    static constexpr std::size_t largest_head = 18;  // RFC 8878 3.1.1, its magic number included
    std::size_t head_ = 0;                           // bytes of a frame that may be of its head
    bool between_ = true;                            // a frame may begin here, or the body end
    bool more_ = false;                              // the output was full: there may be more of it without more input
};

}  // namespace ferry::detail

#endif
