// Keep-alive pool, generic over its key and what it keeps: no sockets, no HTTP, no clock of its own.
// One mutex guards the books; a checkout's probe and every closing happen outside it.
#pragma once

#include <ferry/moment.hpp>
#include <ferry/pool/books.hpp>
#include <ferry/pool/verdict.hpp>
#include <ferry/pool_limits.hpp>
#include <ferry/stats.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace ferry::detail {

template <class Key, poolable T, class Hash = std::hash<Key>, class Equal = std::equal_to<>> class pool {
    using books = pool_books<Key, T, Hash, Equal>;
    using doomed = typename books::doomed;
    using entry = typename books::entry;
    using place = typename books::place;
    using duration = std::chrono::milliseconds;

public:
    using outcome = typename books::outcome;
    using observer = typename books::observer;
    using waiter = typename books::waiter;

    /// One place checked out. It holds a connection, or room to open one. Whatever happens to it but `keep`, the
    /// connection is discarded, the place comes back and the next in line is woken.
    class lease {
    public:
        lease() = default;
        lease(lease&& o) noexcept : pool_(std::exchange(o.pool_, nullptr)), place_(std::move(o.place_)) {}
        lease& operator=(lease&& o) noexcept {
            if (this != &o) {
                discard(DiscardReason::aborted);
                pool_ = std::exchange(o.pool_, nullptr);
                place_ = std::move(o.place_);
            }
            return *this;
        }
        ~lease() { discard(DiscardReason::aborted); }

        bool held() const noexcept { return pool_ != nullptr; }
        explicit operator bool() const noexcept { return place_.item != nullptr; }
        T& operator*() const noexcept { return place_.item->value; }
        T* operator->() const noexcept { return &place_.item->value; }

        /// Whether it came from the idle ones, and since when it had been idle.
        bool reused() const noexcept { return place_.reused; }
        time_point idle_since() const noexcept { return place_.item->since; }

        /// Puts a connection, not yet open, into an empty place.
        template <class... A> T& emplace(A&&... a) {
            place_.item = std::make_unique<entry>(std::forward<A>(a)...);
            place_.item->home = place_.home;
            return place_.item->value;
        }
        /// The connection is established.
        void opened(time_point now) noexcept { pool_->note_opened(*place_.item, now); }
        /// The connection is of no use: closes it and takes the next idle one, if any, into the same place.
        void next(DiscardReason why, time_point now) { pool_->replace(place_, why, now); }
        /// Gives it back for the next request. `hint` is how long the peer will keep it, if it said so.
        void keep(time_point now, std::optional<duration> hint = {}) {
            if (pool_) std::exchange(pool_, nullptr)->put(place_, now, hint);
        }
        void discard(DiscardReason why) noexcept {
            if (pool_) std::exchange(pool_, nullptr)->drop(place_, why);
        }

    private:
        friend pool;
        pool* pool_ = nullptr;
        place place_;
    };

    explicit pool(PoolLimits limits = {}, observer o = {}) : books_(limits), observer_(std::move(o)) {}
    pool(const pool&) = delete;
    pool& operator=(const pool&) = delete;
    ~pool() { close(); }

    /// The warmest idle connection to `key`, not yet probed, or room to open one. With `fresh`, room only. At a limit
    /// `w` gets in line, or without it the outcome is `empty`.
    template <class K> outcome checkout(const K& key, time_point now, bool fresh, waiter* w, lease& out) {
        out.discard(DiscardReason::aborted);
        doomed dead(observer_);
        std::lock_guard lock(mutex_);
        books_.after_fork(dead);
        return granting(books_.take(key, now, fresh, w, out.place_, dead), out);
    }
    /// Ends the waiting: `granted`, `closed`, or `left` when it was not yet its turn.
    outcome leave(waiter& w, lease& out) {
        out.discard(DiscardReason::aborted);
        std::lock_guard lock(mutex_);
        return granting(books_.leave_line(w, out.place_), out);
    }

    /// Closes idle connections that are over their time or, idle for at least `rest`, no longer alive; those alive are
    /// cooled. How many were closed. All of it happens under the lock, so that no other thread misses a connection that
    /// is only being looked at.
    std::size_t prune(time_point now, duration rest) {
        doomed dead(observer_);
        std::lock_guard lock(mutex_);
        books_.after_fork(dead);
        std::size_t closed = 0;
        for (auto *e = books_.first_idle(), *next = e; e; e = next) {
            next = books_.next_idle(*e);
            auto why = books_.over(*e, now);
            if (!why && now - e->since >= rest) {
                if (auto found = e->value.probe(); found != verdict::alive) why = reason_of(found);
                else if constexpr (requires { e->value.cool(); }) e->value.cool();
            }
            if (why) books_.discard(*e, *why, dead), ++closed;
        }
        return closed;
    }
    /// True once a second, for whoever asks first: it is time to prune.
    bool prune_due(time_point now) noexcept {
        auto due = next_prune_.load(std::memory_order_relaxed);
        auto next = (now + std::chrono::seconds(1)).time_since_epoch().count();
        return now.time_since_epoch().count() >= due && next_prune_.compare_exchange_strong(due, next);
    }

    /// Closes all that is idle; how many.
    std::size_t clear(DiscardReason why) {
        doomed dead(observer_);
        std::lock_guard lock(mutex_);
        books_.after_fork(dead);
        std::size_t closed = 0;
        for (; auto* e = books_.first_idle(); ++closed) books_.discard(*e, why, dead);
        return closed;
    }

    /// Whether one more to `key` could be opened and kept, with none of the others closed for it.
    template <class K> bool has_room(const K& key) {
        doomed dead(observer_);
        std::lock_guard lock(mutex_);
        books_.after_fork(dead);
        return books_.has_room(key);
    }

    /// Closes the connection that has been idle for longest, to free a descriptor; false when there is none.
    bool evict() {
        doomed dead(observer_);
        std::lock_guard lock(mutex_);
        auto* oldest = books_.first_idle();
        if (oldest) books_.discard(*oldest, DiscardReason::pool_full, dead);
        return oldest;
    }

    /// Closes one connection because of news of it, if it is idle. `look`, called under the lock, gives what
    /// `T::idle_at` was told last, or null to leave it; and sets the reason.
    template <class Look> void discard_if_idle(Look look) {
        doomed dead(observer_);
        std::lock_guard lock(mutex_);
        auto why = DiscardReason::peer_closed;
        if (auto* e = static_cast<entry*>(look(why))) books_.discard(*e, why, dead);
    }

    /// Closes idle connections that are over their time, and shows those that have been idle for at least `rest` to
    /// `see`, under the lock. Returns when to do so again.
    template <class See> time_point tend(time_point now, duration rest, See see) {
        doomed dead(observer_);
        std::lock_guard lock(mutex_);
        books_.after_fork(dead);
        auto again = never;
        for (auto *e = books_.first_idle(), *next = e; e; e = next) {
            next = books_.next_idle(*e);
            if (auto why = books_.over(*e, now)) {
                books_.discard(*e, *why, dead);
                continue;
            }
            const auto rested = add(e->since, rest);
            if (rested <= now) see(e->value);
            else again = std::min(again, rested);
            again = std::min({again, e->expires, e->dies});
        }
        return again;
    }

    /// Closes all that is idle and turns away those in line; what is in use is closed when it comes back.
    void close() noexcept {
        doomed dead(observer_);
        std::lock_guard lock(mutex_);
        books_.after_fork(dead);
        books_.close(dead);
    }

    PoolStats stats() const {
        std::lock_guard lock(mutex_);
        return books_.stats();
    }

private:
    outcome granting(outcome what, lease& to) noexcept {
        if (what == outcome::granted) to.pool_ = this;
        return what;
    }

    // What the lease asks for.

    void note_opened(entry& e, time_point now) noexcept {
        std::lock_guard lock(mutex_);
        books_.note_opened(e, now);
    }
    [[gnu::cold]] void replace(place& p, DiscardReason why, time_point now) {
        doomed dead(observer_);
        std::lock_guard lock(mutex_);
        books_.replace(p, why, now, dead);
    }
    void put(place& p, time_point now, std::optional<duration> hint) {
        doomed dead(observer_);
        std::lock_guard lock(mutex_);
        books_.after_fork(dead);
        books_.put(p, now, hint, dead);
    }
    [[gnu::cold]] void drop(place& p, DiscardReason why) noexcept {
        doomed dead(observer_);
        std::lock_guard lock(mutex_);
        books_.after_fork(dead);
        books_.give_up(p, why, dead);
    }

    mutable std::mutex mutex_;
    books books_;
    const observer observer_;
    std::atomic<std::chrono::steady_clock::rep> next_prune_{0};
};

}  // namespace ferry::detail
