// How many connections a session may have, and for how long it keeps them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace ferry {

/// For any duration among the options: wait, or keep, for as long as it takes.
inline constexpr std::chrono::milliseconds no_timeout = std::chrono::milliseconds::max();

/// For any count or size among the options.
inline constexpr std::size_t unlimited = SIZE_MAX;

/// For `prune`: idle connections in good order as well. (No variable, whose name others could not use unwarned.)
enum All { all };

/// Limits of a session's pool.
struct PoolLimits {
    std::size_t max_idle_per_host = 10;    ///< kept ready for one host (urllib3 `maxsize`); 0 keeps none
    std::size_t max_idle = 100;            ///< kept ready in all; the one idle for longest goes first
    std::size_t max_per_host = unlimited;  ///< open to one host, in use and idle
    std::size_t max_total = unlimited;     ///< open in all; an idle one of another host is closed to make room
    bool wait = true;  ///< at a limit: wait in line for `pool_timeout`, or fail at once (urllib3 `block`)
    std::chrono::milliseconds idle_timeout = std::chrono::seconds(
        15);  ///< a server's `Keep-Alive: timeout` may shorten it
    std::chrono::milliseconds max_lifetime =
        no_timeout;  ///< from connecting; up to 10 % less, so that not all end at once
};

}  // namespace ferry
