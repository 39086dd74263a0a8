// The content coding br (RFC 7932), undone by Brotli's decoder.
#pragma once

#include <ferry/features.hpp>

#if FERRY_HAS_BROTLI

#include <ferry/error.hpp>
#include <ferry/http/decode_step.hpp>

#include <brotli/decode.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <system_error>

namespace ferry::detail {

/// One stream with a window of at most 16 MiB, which RFC 7932 allows. Bytes behind it are an error.
class brotli_step final : public decode_step {
public:
    brotli_step() : state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {
        if (!state_) throw std::bad_alloc();
    }

    std::error_code decode(std::string_view& in, std::span<char> out, std::size_t& n) override {
        n = 0;
        if (ended_) return in.empty() ? std::error_code{} : errc::invalid_content_coding;
        begun_ = begun_ || !in.empty();
        auto* from = reinterpret_cast<const std::uint8_t*>(in.data());
        auto* to = reinterpret_cast<std::uint8_t*>(out.data());
        std::size_t unread = in.size(), room = out.size();
        const auto result = BrotliDecoderDecompressStream(state_.get(), &unread, &from, &room, &to, nullptr);
        in.remove_prefix(in.size() - unread);
        n = out.size() - room;
        if (result == BROTLI_DECODER_RESULT_ERROR) return fault();
        ended_ = result == BROTLI_DECODER_RESULT_SUCCESS;
        if (ended_ && !in.empty()) return errc::invalid_content_coding;
        return {};
    }

    bool whole() const noexcept override { return ended_ || !begun_; }

private:
    std::error_code fault() const noexcept {
        const auto code = BrotliDecoderGetErrorCode(state_.get());
        if (code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES && code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES)
            return make_error_code(std::errc::not_enough_memory);
        return errc::invalid_content_coding;
    }

    struct destroy {
        void operator()(BrotliDecoderState* s) const noexcept { BrotliDecoderDestroyInstance(s); }
    };
    std::unique_ptr<BrotliDecoderState, destroy> state_;
    bool begun_ = false, ended_ = false;
};

}  // namespace ferry::detail

#endif
