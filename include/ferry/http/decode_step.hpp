// One content coding being undone: what the header of each library implements for decode.hpp.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <system_error>

namespace ferry::detail {

/// Bytes in, bytes out, in pieces of any size. After an error it is not called again.
class decode_step {
public:
    decode_step() = default;
    decode_step(const decode_step&) = delete;
    decode_step& operator=(const decode_step&) = delete;
    virtual ~decode_step() = default;

    /// Takes from `in` and writes `n` bytes into `out`, which is not empty. Without an error `out` is full then, or
    /// `in` is empty and all that it gave is written.
    virtual std::error_code decode(std::string_view& in, std::span<char> out, std::size_t& n) = 0;

    /// Whether the coded bytes may end here. No bytes at all are whole.
    virtual bool whole() const noexcept = 0;
};

}  // namespace ferry::detail
