// What a session and its overlays share besides connections and cookies.
#pragma once

#include <ferry/adapter.hpp>
#include <ferry/failed_addresses.hpp>
#include <ferry/features.hpp>
#include <ferry/netrc.hpp>
#include <ferry/options.hpp>
#include <ferry/pool/network_watch.hpp>
#include <ferry/proxy_rules.hpp>
#include <ferry/resolver.hpp>
#include <ferry/retry_budget.hpp>
#include <ferry/stats.hpp>
#include <ferry/tls/contexts.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <tuple>

namespace ferry::detail {

/// What tells secrets apart and can be shown: it says nothing of them, as it is another one in each process.
inline std::string fingerprint(const std::string& secret) {
    static const std::string salt = [] {
        std::random_device device;
        std::string numbers;
        for (int i = 0; i < 4; ++i) numbers.append(std::to_string(device()));
        return numbers;
    }();
    std::array<char, 16> digits;
    const auto hash = std::hash<std::string>{}(salt + secret);
    return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), hash, 16).ptr};
}

/// A proxy is not the server that these options are about, nor one to show who we are.
inline TlsOptions for_proxies(const SessionOptions& o) {
    if (o.proxy_tls) return *o.proxy_tls;
    auto t = o.tls;
    t.pins.clear();
    for (auto* text :
         {&t.server_name, &t.certificate_file, &t.certificate_pem, &t.key_file, &t.key_pem, &t.key_password})
        text->clear();
    t.crl_file.clear();
    t.customize = {};
    t.dangerously_skip_verification = false;
    return t;
}

/// Safe among threads. What is decided here is decided by the session, and is the same in its overlays.
struct session_state {
    explicit session_state(const SessionOptions& o = {})
        : environment(o.trust_env ? ProxyEnvironment::load() : ProxyEnvironment()), tls_options(o.tls),
          proxy_tls(for_proxies(o)) {}

    mounted_adapters adapters;
    retry_budget budget;
    std::optional<const Netrc> netrc;  // if it is asked for
    const ProxyEnvironment environment;
    const TlsOptions tls_options;  // of connections whose key says nothing of them
    const TlsOptions proxy_tls;
    failed_addresses failed;
    network_watch network;
    std::shared_ptr<const Resolver> resolver;  // if there is one; those that it keeps waiting share in it
#if FERRY_HAS_TLS
    tls_contexts tls;
#endif

    /// What is idle goes, and what is known of addresses is forgotten. How many connections that was.
    template <class Pool> std::size_t leave_network(Pool& pool) {
        failed.clear();
        return pool.clear(DiscardReason::network_changed);
    }
    /// Whether the machine has slept since this was asked last; then all that was idle in the pool is gone.
    template <class Pool> bool has_slept(Pool& pool, time_point now) {
        bool slept = false;
        network.look(now, [&] {
            leave_network(pool);
            slept = true;
        });
        return slept;
    }

    /// Adds what the pool does not know.
    PoolStats complete(PoolStats stats) const {
#if FERRY_HAS_TLS
        std::tie(stats.tls_full, stats.tls_resumed) = tls.handshakes();
#endif
        return stats;
    }
};

}  // namespace ferry::detail
