// Tells the processor what memory will be touched next, where that is known to be in no cache.
#pragma once

#include <cstddef>

namespace ferry::detail {

/// Its lines are then on their way beside each other, and not one after the other as code comes upon them.
inline void prefetch(const void* from, std::size_t bytes) noexcept {
    constexpr std::size_t line = 64;
    const auto* p = static_cast<const char*>(from);
#pragma GCC unroll 8
    for (const auto* end = p + bytes; p < end; p += line) __builtin_prefetch(p, 1);
}

}  // namespace ferry::detail
