// One timer for all deadlines of a session. It wakes nobody but by its ring, and keeps no io_context running.
#pragma once

#include <ferry/io/background.hpp>
#include <ferry/moment.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>

#include <atomic>
#include <mutex>
#include <system_error>
#include <utility>

namespace ferry::detail {

class alarm {
public:
    explicit alarm(const asio::any_io_executor& ex) : timer_(ex) {}

    /// Most who ask find an earlier one set, and need do nothing.
    bool rings_by(time_point at) const noexcept { return at >= set(); }

    /// Sees to it that `ring()` comes at `at` or before.
    template <class Ring> void at_most(time_point at, const background& quiet, Ring ring) {
        std::lock_guard lock(mutex_);
        if (rings_by(at)) return;
        set_ = at.time_since_epoch().count();
        try {
            timer_.expires_at(at);
            quiet.wait([this](auto handler) { timer_.async_wait(std::move(handler)); },
                       [ring = std::move(ring)](std::error_code ec) mutable {
                           if (!ec) ring();
                       });
        } catch (...) {  // no memory for it: whoever asks next finds none set
            rang();
            throw;
        }
    }
    void cancel() {
        std::lock_guard lock(mutex_);
        rang();
        timer_.cancel();
    }
    /// Whoever was rung for looks at all deadlines, and sets it anew. One who notes a deadline and then calls `at_most`
    /// is seen by the ring or sees that it rang: both orders are sequentially consistent.
    void rang() noexcept { set_ = never.time_since_epoch().count(); }

private:
    time_point set() const noexcept { return time_point(clock::duration(set_.load())); }
    std::mutex mutex_;
    asio::steady_timer timer_;
    std::atomic<clock::rep> set_{never.time_since_epoch().count()};
};

}  // namespace ferry::detail
