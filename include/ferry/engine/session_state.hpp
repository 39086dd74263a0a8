// What a session and its overlays share besides connections and cookies.
#pragma once

#include <ferry/adapter.hpp>
#include <ferry/features.hpp>
#include <ferry/netrc.hpp>
#include <ferry/retry_budget.hpp>
#include <ferry/tls/contexts.hpp>

#include <optional>

namespace ferry::detail {

/// Safe among threads.
struct session_state {
    mounted_adapters adapters;
    retry_budget budget;
    std::optional<const Netrc> netrc;  // if it is asked for
#if FERRY_HAS_TLS
    tls_contexts tls;
#endif
};

}  // namespace ferry::detail
