// A short memory of addresses that could not be connected to, so that the next call does not wait for them again.
#pragma once

#include <ferry/endpoint.hpp>
#include <ferry/moment.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <vector>

namespace ferry::detail {

/// Shared by all calls of a session; safe among threads. While nothing is remembered, asking it costs one atomic read.
class failed_addresses {
public:
    /// Older than this, a failure says nothing any more.
    static constexpr std::chrono::seconds lasting{30};
    /// Beyond these the oldest is forgotten.
    static constexpr std::size_t most = 256;

    /// This address refused or failed, or had its turn and was still silent when another had answered.
    void failed(const Endpoint& e, time_point now) {
        std::lock_guard lock(mutex_);
        forget(now, &e);
        if (failures_.size() == most) failures_.erase(failures_.begin());
        failures_.push_back({e, now});
        count_.store(failures_.size(), std::memory_order_relaxed);
    }

    /// This address has answered.
    void worked(const Endpoint& e, time_point now) noexcept {
        if (count_.load(std::memory_order_relaxed) == 0) return;
        std::lock_guard lock(mutex_);
        forget(now, &e);
    }

    /// Puts those that have failed behind the others, and otherwise keeps the order (that of RFC 8305 4): all are tried
    /// still, as they may have been mended.
    void put_last(std::vector<Endpoint>& peers, time_point now) {
        if (count_.load(std::memory_order_relaxed) == 0) return;
        std::lock_guard lock(mutex_);
        forget(now, nullptr);
        std::stable_partition(peers.begin(), peers.end(), [&](const Endpoint& e) { return !has(e); });
    }

    /// The network has changed.
    void clear() noexcept {
        std::lock_guard lock(mutex_);
        failures_.clear();
        count_.store(0, std::memory_order_relaxed);
    }

    std::size_t size() const noexcept { return count_.load(std::memory_order_relaxed); }

private:
    struct failure {
        Endpoint address;
        time_point at;
    };

    bool has(const Endpoint& e) const noexcept {
        return std::any_of(failures_.begin(), failures_.end(), [&](const failure& f) { return f.address == e; });
    }

    /// What is too old, and one address more.
    void forget(time_point now, const Endpoint* also) noexcept {
        std::erase_if(failures_,
                      [&](const failure& f) { return now - f.at >= lasting || (also && f.address == *also); });
        count_.store(failures_.size(), std::memory_order_relaxed);
    }

    std::mutex mutex_;
    std::vector<failure> failures_;  // oldest first
    std::atomic<std::size_t> count_{0};
};

}  // namespace ferry::detail
