// How fast a session may send requests to one host.
#pragma once

#include <cstddef>

namespace ferry {

/// A limit for each host. A request that comes too early waits, before it takes a connection; only its total timeout
/// and cancellation end that. How many may run at once is `PoolLimits::max_per_host`.
struct RateLimit {
    double requests_per_second = 0;  ///< on the long run; 0 is no limit
    std::size_t burst = 1;           ///< so many may go at once after a rest
};

}  // namespace ferry
