// A response's body with its content codings undone on the way (RFC 9110 8.4).
#pragma once

#include <ferry/core/buffer.hpp>
#include <ferry/http/decode.hpp>

#include <cstddef>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry::detail {

struct decoding {
    explicit decoding(std::unique_ptr<body_decoder> d) : decoder(std::move(d)) {}

    std::unique_ptr<body_decoder> decoder;
    buffer memory;           // for a body that is taken by pieces
    std::string_view coded;  // taken off the wire, and not yet by the decoder
    std::string_view left;   // decoded, and not yet delivered
    bool pending = false;    // the decoder may have more to give

    /// What the decoder gives next; empty when it wants more.
    std::error_code next(std::string_view& piece) {
        if (memory.size() == 0) memory = buffer(large_buffer);
        std::size_t n = 0;
        auto ec = decoder->decode(coded, {memory.data(), memory.size()}, n);
        piece = {memory.data(), n};
        pending = !ec && (n == memory.size() || !coded.empty());
        return ec;
    }
};

}  // namespace ferry::detail
