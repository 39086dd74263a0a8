// Gives the requests to each host their turns, so that they keep to a rate.
#pragma once

#include <ferry/moment.hpp>
#include <ferry/rate_limit.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace ferry::detail {

/// A token bucket for each key, kept as the moment at which it is full again (the generic cell rate algorithm). Safe
/// among threads.
class pacer {
public:
    explicit pacer(RateLimit limit) : limit_(limit) {}

    /// When this request may go, which may be now; the turn is taken.
    time_point turn(std::string_view key, time_point now) {
        const auto interval = seconds(1 / limit_.requests_per_second, slowest);
        const auto ahead = seconds(static_cast<double>(limit_.burst - 1) / limit_.requests_per_second, longest);
        std::lock_guard lock(mutex_);
        forget_rested(now);
        auto& full = full_at_.try_emplace(std::string(key), now).first->second;
        auto at = std::max(now, full - ahead);
        full = std::min(std::max(now, full) + interval, now + seconds(longest, longest));
        return at;
    }

private:
    static constexpr double slowest = 1e6, longest = 2e9;  // seconds: a turn in eleven days; far from overflow
    static clock::duration seconds(double s, double most) noexcept {
        return std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(std::min(s, most)));
    }
    /// Hosts that have not been asked for a while are no different from new ones.
    void forget_rested(time_point now) {
        if (full_at_.size() < enough_) return;
        std::erase_if(full_at_, [now](auto& host) { return host.second <= now; });
        enough_ = std::max<std::size_t>(64, full_at_.size() * 2);
    }

    const RateLimit limit_;
    std::mutex mutex_;
    std::unordered_map<std::string, time_point> full_at_;
    std::size_t enough_ = 64;
};

}  // namespace ferry::detail
