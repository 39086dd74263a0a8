// What the calls of an asynchronous session share: connections, one timer, and the memory of calls that have ended.
#pragma once

#include <ferry/engine/session_defaults.hpp>
#include <ferry/io/alarm.hpp>
#include <ferry/io/async_channel.hpp>
#include <ferry/io/background.hpp>
#include <ferry/io/lookups.hpp>
#include <ferry/pool/pacer.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/socket_base.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>
#include <utility>
#include <vector>

namespace ferry::detail {

class async_call;

/// A connection that has been idle for so long is watched: one that the server closes leaves the pool at once. Between
/// requests that follow each other quicker, watching would cost each a system call.
inline constexpr std::chrono::milliseconds watched_after{1000};

/// So many calls' memories are kept for calls to come, or as many as are in use.
inline constexpr std::size_t spare_calls = 64;

class async_core : public session_defaults, public std::enable_shared_from_this<async_core> {
public:
    async_core(const asio::any_io_executor& ex, SessionOptions&& o);
    async_core(const async_core&) = delete;
    async_core& operator=(const async_core&) = delete;
    ~async_core();

    /// A call that nobody uses at the moment.
    async_call& acquire();
    void recycle(async_call& c) noexcept;

    /// The alarm will ring at `at` or before.
    void wake_at(time_point at) {
        if (alarm_.rings_by(at)) return;
        alarm_.at_most(at, quiet_, [weak = weak_from_this()] {
            if (auto self = weak.lock()) self->ring();
        });
    }

    /// A connection has become idle. Where watching would keep the context running, only the probe looks at it.
    void has_idle(time_point now) {
        if (quiet_.possible()) wake_at(now + watched_after);
    }

    /// For as long as somebody runs a call from outside.
    at_work work() const { return {quiet_, executor}; }

    /// Turns away new calls and those in line.
    void close() noexcept { pool.close(); }
    /// Ends those under way with `errc::cancelled`.
    void cancel_all() noexcept;
    /// Completes when no call is under way; the timer is cancelled then.
    void when_done(std::shared_ptr<asio::steady_timer> timer) {
        std::lock_guard lock(mutex_);
        if (free_.size() == calls_.size()) timer->cancel();
        else closing_.push_back(std::move(timer));
    }

    /// While somebody has it, a session and its overlays are open.
    class open_session {
    public:
        explicit open_session(std::shared_ptr<async_core> core) noexcept : core_(std::move(core)) {}
        open_session(const open_session&) = delete;
        open_session& operator=(const open_session&) = delete;
        ~open_session() {
            core_->close();
            core_->cancel_all();
        }

    private:
        std::shared_ptr<async_core> core_;
    };

    asio::any_io_executor executor;
    async_pool pool;
    pacer pace;
    std::atomic<std::uint64_t> ids{0};
    const std::shared_ptr<lookups> names = std::make_shared<lookups>();

private:
    /// Deadlines that are over end their waits; idle connections are looked after.
    void ring();

    void watch(const std::shared_ptr<async_channel>& channel) {
        if (channel->watched.exchange(true)) return;
        try {
            quiet_.wait(
                [&](auto handler) { channel->socket.async_wait(asio::socket_base::wait_read, std::move(handler)); },
                [weak = weak_from_this(), channel](std::error_code) {
                    channel->watched = false;
                    if (auto self = weak.lock()) self->look_at(*channel);
                });
        } catch (const std::bad_alloc&) {  // perhaps next time; the probe looks at it in any case
            channel->watched = false;
        }
    }
    /// Something happened on a connection: if it is idle, that was its end.
    void look_at(async_channel& c) {
        pool.discard_if_idle([&](DiscardReason& why) -> void* {
            if (!c.place) return nullptr;
            auto found = why_readable(c.socket.native_handle(), c.http);
            why = reason_of(found);
            return found == verdict::alive ? nullptr : c.place;
        });
    }

    const background quiet_;
    alarm alarm_;
    std::mutex mutex_;
    std::vector<std::shared_ptr<async_call>> calls_;  // all, each knows its place
    std::vector<async_call*> free_;
    std::shared_ptr<async_core> in_use_;  // itself, for as long as there are calls under way
    std::vector<std::shared_ptr<asio::steady_timer>> closing_;
};

}  // namespace ferry::detail
