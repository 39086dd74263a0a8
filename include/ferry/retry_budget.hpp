// Keeps the retries of all calls of a session to a share of its requests.
#pragma once

#include <ferry/retry.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace ferry::detail {

/// A token bucket, kept as what is missing in it: each request pays its share back, each retry takes one token, and no
/// more than the reserve may be missing. So however long all went well, an outage begins with no more than the reserve.
/// Safe among threads, and lock-free; while nothing is missing, requests only read it.
class retry_budget {
public:
    /// A request begins, other than as a retry.
    void deposit(const Retry& rules) noexcept {
        auto missing = missing_.load(std::memory_order_relaxed);
        if (missing == 0 || !rules.budget) return;
        const auto share = static_cast<std::int64_t>(*rules.budget * token);
        while (!missing_.compare_exchange_weak(missing, std::max<std::int64_t>(missing - share, 0),
                                               std::memory_order_relaxed)) {
        }
    }

    /// Whether one more retry may be made now; if so, it is counted.
    bool take(const Retry& rules) noexcept {
        if (!rules.budget) return true;
        const auto most = rules.budget_reserve * token;
        auto missing = missing_.load(std::memory_order_relaxed);
        do {
            if (missing + token > most) return false;
        } while (!missing_.compare_exchange_weak(missing, missing + token, std::memory_order_relaxed));
        return true;
    }

private:
    static constexpr std::int64_t token = 1'000'000;

    std::atomic<std::int64_t> missing_{0};
};

}  // namespace ferry::detail
