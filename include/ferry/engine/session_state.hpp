// What a session and its overlays share besides connections and cookies.
#pragma once

#include <ferry/adapter.hpp>
#include <ferry/features.hpp>
#include <ferry/netrc.hpp>
#include <ferry/retry_budget.hpp>
#include <ferry/stats.hpp>
#include <ferry/tls/contexts.hpp>

#include <optional>
#include <tuple>

namespace ferry::detail {

/// Safe among threads.
struct session_state {
    mounted_adapters adapters;
    retry_budget budget;
    std::optional<const Netrc> netrc;  // if it is asked for
#if FERRY_HAS_TLS
    tls_contexts tls;
#endif

    /// Adds what the pool does not know.
    PoolStats complete(PoolStats stats) const {
#if FERRY_HAS_TLS
        std::tie(stats.tls_full, stats.tls_resumed) = tls.handshakes();
#endif
        return stats;
    }
};

}  // namespace ferry::detail
