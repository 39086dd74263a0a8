// A bar of text that shows how far a download is.
#pragma once

#include <ferry/options.hpp>

#include <algorithm>
#include <cstddef>
#include <string>

// `[########......................] 3120 KiB`; half a bar where nobody knows how long it will be.
inline std::string progress_bar(const ferry::Progress& p, std::size_t width = 30) {
    const auto share = p.to_receive && *p.to_receive ? double(p.received) / double(*p.to_receive) : 0.5;
    const auto full = static_cast<std::size_t>(std::min(share, 1.0) * double(width));
    return "[" + std::string(full, '#') + std::string(width - full, '.') + "] " + std::to_string(p.received / 1024) +
           " KiB";
}
