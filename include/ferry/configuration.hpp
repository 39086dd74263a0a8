// Whether the engine and the blocking session are compiled in each file that uses them, or once, in a library.
#pragma once

#include <ferry/features.hpp>

/// CMake's ferry::ferry says 1: then what is marked FERRY_DECL is compiled in the library behind it, and nowhere else.
/// Without its word, and with ferry::header_only, ferry is headers alone.
#ifndef FERRY_SEPARATE_COMPILATION
#define FERRY_SEPARATE_COMPILATION 0
#endif

#if FERRY_SEPARATE_COMPILATION
#define FERRY_DECL
#else
#define FERRY_DECL inline
#endif

namespace ferry::detail {

#ifdef _GLIBCXX_DEBUG
inline constexpr bool debug_containers = true;
#else
inline constexpr bool debug_containers = false;
#endif

/// A parameter of Session's constructor: a program and a library that were compiled with other options, and so disagree
/// about the layout of things, cannot be linked, and the linker's message shows the program's options.
template <bool DebugContainers, bool Tls, bool Zlib, bool Brotli, bool Zstd, bool Psl> struct configured {};
using configuration =
    configured<debug_containers, FERRY_HAS_TLS, FERRY_HAS_ZLIB, FERRY_HAS_BROTLI, FERRY_HAS_ZSTD, FERRY_HAS_PSL>;

}  // namespace ferry::detail
