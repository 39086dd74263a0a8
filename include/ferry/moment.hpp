// Moments of the monotonic clock, and adding to them without overflow.
#pragma once

#include <chrono>

namespace ferry::detail {

using clock = std::chrono::steady_clock;
using time_point = clock::time_point;

/// No limit, as a duration and as a moment.
inline constexpr std::chrono::milliseconds no_limit = std::chrono::milliseconds::max();
inline constexpr time_point never = time_point::max();

/// A hundred years are as good as for ever.
constexpr time_point add(time_point t, std::chrono::milliseconds d) noexcept {
    constexpr auto ever = std::chrono::years(100);
    return d >= ever || t >= never - ever ? never : t + d;
}

}  // namespace ferry::detail
