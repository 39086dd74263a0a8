// The bodies that server and clients agree on: their sizes, and a pattern by which a client notices bytes that are
// missing, doubled or out of place without looking at each of them.
#pragma once

#include <cstddef>

namespace bench {

inline constexpr std::size_t small_size = 100;
inline constexpr std::size_t large_size = std::size_t(8) << 20;
inline constexpr std::size_t huge_size = std::size_t(256) << 20;

// The letter changes every page; the huge body is the large one over and over.
constexpr char pattern(std::size_t offset) { return char('a' + offset % large_size / 4096 % 26); }

}  // namespace bench
