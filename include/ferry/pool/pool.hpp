// Keep-alive pool, generic over its key and what it keeps: no sockets, no HTTP, no clock of its own.
// One mutex guards the books; a checkout's probe and every closing happen outside it.
#pragma once

#include <ferry/moment.hpp>
#include <ferry/pool/chain.hpp>
#include <ferry/pool/fork.hpp>
#include <ferry/pool/verdict.hpp>
#include <ferry/pool_limits.hpp>
#include <ferry/stats.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace ferry::detail {

template <class T> concept poolable = requires(T& t) {
    { t.probe() } -> std::same_as<verdict>;
};

template <class Key, poolable T, class Hash = std::hash<Key>, class Equal = std::equal_to<>> class pool {
    using duration = std::chrono::milliseconds;

    struct shelf;
    struct entry {
        template <class... A> explicit entry(A&&... a) : value(std::forward<A>(a)...) {}
        T value;
        shelf* home = nullptr;
        links<entry> beside{};  // among the idle ones of its host
        links<entry> among{};   // among all idle ones
        time_point since{};     // idle since
        time_point expires = never;
        time_point dies = never;
        bool hinted = false;  // `expires` is the peer's wish
        bool opened = false;
        DiscardReason why{};  // once it is doomed
    };
    using handle = std::unique_ptr<entry>;

public:
    class lease;

    /// Told of each connection that was opened and is discarded, before it is closed, with no lock held. It must not
    /// throw, and may use the pool.
    using observer = std::function<void(DiscardReason, const T&)>;

    /// Somebody in line. `wake` is called once, with the pool's lock held: it must do no more than signal. Then, or
    /// when waiting has lasted too long, the owner calls `leave`.
    class waiter {
    public:
        virtual void wake() noexcept = 0;

    protected:
        waiter() = default;
        waiter(const waiter&) = delete;
        waiter& operator=(const waiter&) = delete;
        virtual ~waiter() = default;

    private:
        friend pool;
        links<waiter> line{};
        shelf* home = nullptr;
        handle item;
        bool fresh = false;
        bool queued = false;
        bool closed = false;
    };

    enum class outcome { granted, queued, empty, closed, left };

private:
    struct shelf {
        const Key* key = nullptr;
        chain<entry, &entry::beside> idle;  // a stack: the back is the warmest
        std::size_t leased = 0;
        std::size_t waiting = 0;
        bool pinned = false;  // somebody holds a reference to it
    };

    /// What is to be closed, once the lock is gone; those that watch are told before.
    class doomed {
    public:
        explicit doomed(const observer& o) noexcept : observer_(o) {}
        doomed(const doomed&) = delete;
        doomed& operator=(const doomed&) = delete;
        void add(handle h, DiscardReason why) noexcept {
            h->why = why;
            h->beside.back = first_;
            first_ = h.release();
        }
        ~doomed() {
            if (first_) [[unlikely]]
                close_all();
        }

    private:
        [[gnu::cold]] void close_all() noexcept {
            while (first_) {
                const handle h(std::exchange(first_, first_->beside.back));
                if (observer_ && h->opened) observer_(h->why, h->value);
            }
        }

        const observer& observer_;
        entry* first_ = nullptr;
    };

public:
    /// One place checked out. It holds a connection, or room to open one. Whatever happens to it but `keep`, the
    /// connection is discarded, the place comes back and the next in line is woken.
    class lease {
    public:
        lease() = default;
        lease(lease&& o) noexcept
            : pool_(std::exchange(o.pool_, nullptr)), home_(o.home_), item_(std::move(o.item_)), forks_(o.forks_),
              reused_(o.reused_) {}
        lease& operator=(lease&& o) noexcept {
            if (this != &o) {
                discard(DiscardReason::aborted);
                pool_ = std::exchange(o.pool_, nullptr);
                home_ = o.home_;
                item_ = std::move(o.item_);
                forks_ = o.forks_;
                reused_ = o.reused_;
            }
            return *this;
        }
        ~lease() { discard(DiscardReason::aborted); }

        bool held() const noexcept { return pool_ != nullptr; }
        explicit operator bool() const noexcept { return item_ != nullptr; }
        T& operator*() const noexcept { return item_->value; }
        T* operator->() const noexcept { return &item_->value; }

        /// Whether it came from the idle ones, and since when it had been idle.
        bool reused() const noexcept { return reused_; }
        time_point idle_since() const noexcept { return item_->since; }

        /// Puts a connection, not yet open, into an empty place.
        template <class... A> T& emplace(A&&... a) {
            item_ = std::make_unique<entry>(std::forward<A>(a)...);
            item_->home = home_;
            return item_->value;
        }
        /// The connection is established.
        void opened(time_point now) noexcept { pool_->note_opened(*item_, now); }
        /// The connection is of no use: closes it and takes the next idle one, if any, into the same place.
        void next(DiscardReason why, time_point now) { pool_->replace(*this, why, now); }
        /// Gives it back for the next request. `hint` is how long the peer will keep it, if it said so.
        void keep(time_point now, std::optional<duration> hint = {}) {
            if (pool_) std::exchange(pool_, nullptr)->put(*this, now, hint);
        }
        void discard(DiscardReason why) noexcept {
            if (pool_) std::exchange(pool_, nullptr)->drop(*this, why);
        }

    private:
        friend pool;
        lease(pool& p, shelf& s, handle item, unsigned forks) noexcept
            : pool_(&p), home_(&s), item_(std::move(item)), forks_(forks), reused_(item_ != nullptr) {}
        pool* pool_ = nullptr;
        shelf* home_ = nullptr;
        handle item_;
        unsigned forks_ = 0;
        bool reused_ = false;
    };

    explicit pool(PoolLimits limits = {}, observer o = {}) : limits_(limits), observer_(std::move(o)) {}
    pool(const pool&) = delete;
    pool& operator=(const pool&) = delete;
    ~pool() { close(); }

    /// The warmest idle connection to `key`, not yet probed, or room to open one. With `fresh`, room only. At a limit
    /// `w` gets in line, or without it the outcome is `empty`.
    template <class K> outcome checkout(const K& key, time_point now, bool fresh, waiter* w, lease& out) {
        doomed dead(observer_);
        std::lock_guard lock(mutex_);
        after_fork(dead);
        if (closed_) return outcome::closed;
        shelf& s = shelf_of(key);
        handle item;
        if (serve(s, now, fresh, item, dead)) {
            out = lease(*this, s, std::move(item), forks_);
            return outcome::granted;
        }
        if (!w || !limits_.wait) {
            forget_if_unused(s);
            return outcome::empty;
        }
        w->home = &s;
        w->fresh = fresh;
        w->queued = true;
        w->closed = false;
        line_.push_back(*w);
        ++s.waiting;
        return outcome::queued;
    }

    /// Ends the waiting: `granted`, `closed`, or `left` when it was not yet its turn.
    outcome leave(waiter& w, lease& out) {
        std::lock_guard lock(mutex_);
        if (w.closed) return outcome::closed;
        if (w.queued) {
            unqueue(w);
            forget_if_unused(*w.home);
            return outcome::left;
        }
        out = lease(*this, *w.home, std::move(w.item), forks_);
        return outcome::granted;
    }

    /// Closes idle connections that are over their time or, idle for at least `rest`, no longer alive; those alive are
    /// cooled. How many were closed. All of it happens under the lock, so that no other thread misses a connection that
    /// is only being looked at.
    std::size_t prune(time_point now, duration rest) {
        doomed dead(observer_);
        std::lock_guard lock(mutex_);
        after_fork(dead);
        std::size_t closed = 0;
        for (auto *e = idle_.front(), *next = e; e; e = next) {
            next = idle_.behind(*e);
            auto why = over(*e, now);
            if (!why && now - e->since >= rest) {
                if (auto found = e->value.probe(); found != verdict::alive) why = reason_of(found);
                else if constexpr (requires { e->value.cool(); }) e->value.cool();
            }
            if (!why) continue;
            auto& s = *e->home;
            discard_idle(*e, *why, dead);
            forget_if_unused(s);
            ++closed;
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
        after_fork(dead);
        std::size_t closed = 0;
        for (; auto* e = idle_.front(); ++closed) {
            auto& s = *e->home;
            discard_idle(*e, why, dead);
            forget_if_unused(s);
        }
        return closed;
    }

    /// Whether one more to `key` could be opened and kept, with none of the others closed for it.
    template <class K> bool has_room(const K& key) {
        doomed dead(observer_);
        std::lock_guard lock(mutex_);
        after_fork(dead);
        if (idle_.size() >= limits_.max_idle || idle_.size() + leased_ >= limits_.max_total) return false;
        const auto s = shelves_.find(key);
        const auto idle = s == shelves_.end() ? 0 : s->second.idle.size();
        const auto leased = s == shelves_.end() ? 0 : s->second.leased;
        return idle < limits_.max_idle_per_host && idle + leased < limits_.max_per_host;
    }

    /// Closes the connection that has been idle for longest, to free a descriptor; false when there is none.
    bool evict() {
        doomed dead(observer_);
        std::lock_guard lock(mutex_);
        auto* oldest = idle_.front();
        if (!oldest) return false;
        auto& s = *oldest->home;
        discard_idle(*oldest, DiscardReason::pool_full, dead);
        forget_if_unused(s);
        return true;
    }

    /// Closes one connection because of news of it, if it is idle. `look`, called under the lock, gives what
    /// `T::idle_at` was told last, or null to leave it; and sets the reason.
    template <class Look> void discard_if_idle(Look look) {
        doomed dead(observer_);
        std::lock_guard lock(mutex_);
        auto why = DiscardReason::peer_closed;
        auto* e = static_cast<entry*>(look(why));
        if (!e) return;
        auto& s = *e->home;
        discard_idle(*e, why, dead);
        forget_if_unused(s);
    }

    /// Closes idle connections that are over their time, and shows those that have been idle for at least `rest` to
    /// `see`, under the lock. Returns when to do so again.
    template <class See> time_point tend(time_point now, duration rest, See see) {
        doomed dead(observer_);
        std::lock_guard lock(mutex_);
        after_fork(dead);
        auto again = never;
        for (auto *e = idle_.front(), *next = e; e; e = next) {
            next = idle_.behind(*e);
            if (auto why = over(*e, now)) {
                auto& s = *e->home;
                discard_idle(*e, *why, dead);
                forget_if_unused(s);
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
        after_fork(dead);
        closed_ = true;
        while (auto* w = line_.front()) {
            unqueue(*w);
            w->closed = true;
            w->wake();
        }
        while (auto* e = idle_.front()) discard_idle(*e, DiscardReason::pool_closed, dead);
        last_ = nullptr;
        std::erase_if(shelves_, [](auto& s) { return s.second.leased == 0; });
    }

    PoolStats stats() const {
        std::lock_guard lock(mutex_);
        auto s = counts_;
        s.idle = idle_.size();
        s.in_use = leased_;
        s.waiting = line_.size();
        for (auto& [key, of] : shelves_) s.hosts.push_back({name_of(key), of.idle.size(), of.leased, of.waiting});
        return s;
    }

private:
    static std::string name_of(const Key& key) {
        if constexpr (requires { to_string(key); }) return to_string(key);
        else return std::string(key);
    }

    // What the lease asks for; each takes the lock.

    void note_opened(entry& e, time_point now) noexcept {
        std::lock_guard lock(mutex_);
        ++counts_.opened;
        e.opened = true;
        if (limits_.max_lifetime == no_limit) return;
        jitter_ = jitter_ * 6364136223846793005u + 1442695040888963407u;
        auto most = static_cast<std::uint64_t>(limits_.max_lifetime.count() / 10 + 1);
        e.dies = add(now, limits_.max_lifetime - duration((jitter_ >> 16) % most));
    }

    [[gnu::cold]] void replace(lease& l, DiscardReason why, time_point now) {
        doomed dead(observer_);
        std::lock_guard lock(mutex_);
        if (l.reused_) --counts_.reused;
        if (l.item_->opened) ++counts_.discarded[why];
        dead.add(std::move(l.item_), why);
        if (l.forks_ == forks_) l.item_ = warmest(*l.home_, now, dead);
        l.reused_ = l.item_ != nullptr;
        if (!l.reused_) return;
        ++counts_.reused;
        settle(now, dead);  // the place that it had as an idle one is free
    }

    void put(lease& l, time_point now, std::optional<duration> hint) {
        doomed dead(observer_);
        std::lock_guard lock(mutex_);
        after_fork(dead);
        auto& e = *l.item_;
        if (auto why = unwelcome(l, now)) return give_up(l, *why, dead);
        e.hinted = hint && *hint < limits_.idle_timeout;
        auto rest = e.hinted ? *hint : limits_.idle_timeout;
        e.since = now;
        e.expires = add(now, rest);
        --leased_, --l.home_->leased;
        l.home_->idle.push_back(e);
        idle_.push_back(*l.item_.release());
        tell(e, &e);
        settle_beside(*l.home_, now, dead);
        trim(*l.home_, dead);
    }

    [[gnu::cold]] void drop(lease& l, DiscardReason why) noexcept {
        doomed dead(observer_);
        std::lock_guard lock(mutex_);
        after_fork(dead);
        give_up(l, why, dead);
    }

    // Everything below expects the lock to be held.

    std::optional<DiscardReason> unwelcome(const lease& l, time_point now) const noexcept {
        if (l.forks_ != forks_) return DiscardReason::forked;
        if (closed_) return DiscardReason::pool_closed;
        if (now >= l.item_->dies) return DiscardReason::max_lifetime;
        return std::nullopt;
    }

    /// The end of a lease whose connection is not kept.
    [[gnu::cold]] void give_up(lease& l, DiscardReason why, doomed& dead) noexcept {
        if (l.item_) {
            if (l.item_->opened) ++counts_.discarded[why];
            dead.add(std::move(l.item_), why);
        }
        if (l.forks_ != forks_) return;  // counted in the parent only
        --leased_, --l.home_->leased;
        settle_beside(*l.home_, time_point::min(), dead);
        forget_if_unused(*l.home_);
    }

    template <class K> shelf& shelf_of(const K& key) {
        if (last_ && Equal{}(*last_->key, key)) return *last_;
        auto found = shelves_.find(key);
        if (found == shelves_.end()) {
            found = shelves_.try_emplace(Key(key)).first;
            found->second.key = &found->first;
        }
        last_ = &found->second;
        return found->second;
    }
    void forget_if_unused(shelf& s) noexcept {
        if (!s.idle.empty() || s.leased > 0 || s.waiting > 0 || s.pinned) return;
        last_ = nullptr;
        shelves_.erase(shelves_.find(*s.key));
    }

    /// A place for a connection to `s`: `item` is an idle one, or null for room to open one. False at a limit.
    bool serve(shelf& s, time_point now, bool fresh, handle& item, doomed& dead) {
        if (!fresh) item = warmest(s, now, dead);
        if (item) ++counts_.reused;
        else if (!make_room(s, dead)) return false;
        ++leased_, ++s.leased;
        return true;
    }

    [[gnu::cold]] bool make_room(shelf& s, doomed& dead) {
        if (s.idle.size() + s.leased >= limits_.max_per_host) {
            if (s.idle.empty()) return false;
            discard_idle(*s.idle.front(), DiscardReason::pool_full, dead);
        }
        if (idle_.size() + leased_ >= limits_.max_total) {
            if (idle_.empty()) return false;
            auto& other = *idle_.front()->home;
            discard_idle(*idle_.front(), DiscardReason::pool_full, dead);
            if (&other != &s) forget_if_unused(other);
        }
        return true;
    }

    /// The idle one used last, if it is not over its time.
    handle warmest(shelf& s, time_point now, doomed& dead) noexcept {
        while (auto* e = s.idle.back()) {
            if (auto why = over(*e, now)) discard_idle(*e, *why, dead);
            else return take_idle(*e);
        }
        return {};
    }

    static std::optional<DiscardReason> over(const entry& e, time_point now) noexcept {
        if (now >= e.dies) return DiscardReason::max_lifetime;
        if (now >= e.expires) return e.hinted ? DiscardReason::hint_expired : DiscardReason::idle_expired;
        return std::nullopt;
    }

    handle take_idle(entry& e) noexcept {
        idle_.remove(e);
        e.home->idle.remove(e);
        tell(e, nullptr);
        return handle(&e);
    }
    /// A T that asks for it knows its place while it is idle.
    static void tell(entry& e, void* place) noexcept {
        if constexpr (requires { e.value.idle_at(place); }) e.value.idle_at(place);
    }
    [[gnu::cold]] void discard_idle(entry& e, DiscardReason why, doomed& dead) noexcept {
        ++counts_.discarded[why];
        dead.add(take_idle(e), why);
    }

    /// A place has become free: it goes to the first in line who can use it.
    void settle(time_point now, doomed& dead) noexcept {
        for (auto* w = line_.front(); w; w = line_.behind(*w)) {
            if (!serve(*w->home, now, w->fresh, w->item, dead)) continue;
            unqueue(*w);
            return w->wake();
        }
    }
    /// The same, while `s` is in the caller's hands and must not be forgotten.
    void settle_beside(shelf& s, time_point now, doomed& dead) noexcept {
        s.pinned = true;
        settle(now, dead);
        s.pinned = false;
    }
    void unqueue(waiter& w) noexcept {
        line_.remove(w);
        --w.home->waiting;
        w.queued = false;
    }

    /// Keeps the idle ones within their limits; the coldest go.
    void trim(shelf& s, doomed& dead) noexcept {
        if (s.idle.size() > limits_.max_idle_per_host) discard_idle(*s.idle.front(), DiscardReason::pool_full, dead);
        if (idle_.size() > limits_.max_idle) {
            auto& other = *idle_.front()->home;
            discard_idle(*idle_.front(), DiscardReason::pool_full, dead);
            if (&other != &s) forget_if_unused(other);
        }
        forget_if_unused(s);
    }

    /// In a child, what the parent had is not ours: not its idle connections, its leases or its waiting threads.
    void after_fork(doomed& dead) noexcept {
        if (forks_ != fork_count()) [[unlikely]]
            forget_parent(dead);
    }
    [[gnu::cold]] void forget_parent(doomed& dead) noexcept {
        forks_ = fork_count();
        while (auto* e = idle_.front()) discard_idle(*e, DiscardReason::forked, dead);
        line_ = {};
        leased_ = 0;
        last_ = nullptr;
        shelves_.clear();
    }

    mutable std::mutex mutex_;
    const PoolLimits limits_;
    const observer observer_;
    std::unordered_map<Key, shelf, Hash, Equal> shelves_;
    shelf* last_ = nullptr;              // asked for last, and most likely next
    chain<entry, &entry::among> idle_;   // of all hosts; the front has been idle for longest
    chain<waiter, &waiter::line> line_;  // first come, first served
    std::size_t leased_ = 0;
    PoolStats counts_;  // what counts from the beginning; what is now is worked out on request
    std::atomic<std::chrono::steady_clock::rep> next_prune_{0};
    std::uint64_t jitter_ = reinterpret_cast<std::uintptr_t>(this);
    unsigned forks_ = fork_count();
    bool closed_ = false;
};

}  // namespace ferry::detail
