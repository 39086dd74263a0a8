// What a pool has and owes: idle connections by host, places in use, and those in line for one. It has no lock of its
// own, and closes nothing while its owner holds one.
#pragma once

#include <ferry/moment.hpp>
#include <ferry/pool/chain.hpp>
#include <ferry/pool/fork.hpp>
#include <ferry/pool/verdict.hpp>
#include <ferry/pool_limits.hpp>
#include <ferry/stats.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace ferry::detail {

template <class T> concept poolable = requires(T& t) {
    { t.probe() } -> std::same_as<verdict>;
};

template <class Key, poolable T, class Hash, class Equal> class pool_books {
    using duration = std::chrono::milliseconds;

public:
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

    /// Of one host.
    struct shelf {
        const Key* key = nullptr;
        chain<entry, &entry::beside> idle;  // a stack: the back is the warmest
        std::size_t leased = 0;
        std::size_t waiting = 0;
        bool pinned = false;  // somebody holds a reference to it
    };

    /// One place in use: with a connection, or room to open one.
    struct place {
        shelf* home = nullptr;
        handle item;
        unsigned forks = 0;   // before it was taken
        bool reused = false;  // the connection came from the idle ones
    };

    /// Somebody in line. `wake` is called once, with the pool's lock held: it must do no more than signal. Then, or
    /// when waiting has lasted too long, the owner leaves the line.
    class waiter {
    public:
        virtual void wake() noexcept = 0;

    protected:
        waiter() = default;
        waiter(const waiter&) = delete;
        waiter& operator=(const waiter&) = delete;
        virtual ~waiter() = default;

    private:
        friend pool_books;
        links<waiter> line{};
        shelf* home = nullptr;
        handle item;
        bool fresh = false;
        bool queued = false;
        bool closed = false;
    };

    enum class outcome { granted, queued, empty, closed, left };

    /// Told of each connection that was opened and is discarded, before it is closed, with no lock held. It must not
    /// throw, and may use the pool.
    using observer = std::function<void(DiscardReason, const T&)>;

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

    explicit pool_books(const PoolLimits& limits) : limits_(limits) {}

    // Places.

    /// The warmest idle connection to `key`, or room to open one. With `fresh`, room only. At a limit `w` gets in line,
    /// or without it the outcome is `empty`.
    template <class K> outcome take(const K& key, time_point now, bool fresh, waiter* w, place& out, doomed& dead) {
        if (closed_) return outcome::closed;
        shelf& s = shelf_of(key);
        if (serve(s, now, fresh, out.item, dead)) {
            hold(out, s);
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
    outcome leave_line(waiter& w, place& out) noexcept {
        if (w.closed) return outcome::closed;
        if (w.queued) {
            unqueue(w);
            forget_if_unused(*w.home);
            return outcome::left;
        }
        out.item = std::move(w.item);
        hold(out, *w.home);
        return outcome::granted;
    }
    void note_opened(entry& e, time_point now) noexcept {
        ++counts_.opened;
        e.opened = true;
        if (limits_.max_lifetime == no_limit) return;
        jitter_ = jitter_ * 6364136223846793005u + 1442695040888963407u;
        auto most = static_cast<std::uint64_t>(limits_.max_lifetime.count() / 10 + 1);
        e.dies = add(now, limits_.max_lifetime - duration((jitter_ >> 16) % most));
    }
    /// The next idle connection takes the place of one that is of no use.
    [[gnu::cold]] void replace(place& p, DiscardReason why, time_point now, doomed& dead) noexcept {
        if (p.reused) --counts_.reused;
        if (p.item->opened) ++counts_.discarded[why];
        dead.add(std::move(p.item), why);
        if (p.forks == forks_) p.item = warmest(*p.home, now, dead);
        p.reused = p.item != nullptr;
        if (!p.reused) return;
        ++counts_.reused;
        settle(now, dead);  // the place that it had as an idle one is free
    }
    /// The connection rests, if it may.
    void put(place& p, time_point now, std::optional<duration> hint, doomed& dead) {
        auto& e = *p.item;
        if (auto why = unwelcome(p, now)) return give_up(p, *why, dead);
        e.hinted = hint && *hint < limits_.idle_timeout;
        auto rest = e.hinted ? *hint : limits_.idle_timeout;
        e.since = now;
        e.expires = add(now, rest);
        --leased_, --p.home->leased;
        p.home->idle.push_back(e);
        idle_.push_back(*p.item.release());
        tell(e, &e);
        settle_beside(*p.home, now, dead);
        trim(*p.home, dead);
    }
    /// The end of a place whose connection, if it has one, is not kept.
    [[gnu::cold]] void give_up(place& p, DiscardReason why, doomed& dead) noexcept {
        if (p.item) {
            if (p.item->opened) ++counts_.discarded[why];
            dead.add(std::move(p.item), why);
        }
        if (p.forks != forks_) return;  // counted in the parent only
        --leased_, --p.home->leased;
        settle_beside(*p.home, time_point::min(), dead);
        forget_if_unused(*p.home);
    }

    // Idle connections, from the one that has been idle for longest.

    entry* first_idle() const noexcept { return idle_.front(); }
    entry* next_idle(const entry& e) const noexcept { return idle_.behind(e); }
    void discard(entry& idle, DiscardReason why, doomed& dead) noexcept {
        auto& s = *idle.home;
        discard_idle(idle, why, dead);
        forget_if_unused(s);
    }
    /// Why it is not used any more, if it is over its time.
    static std::optional<DiscardReason> over(const entry& e, time_point now) noexcept {
        if (now >= e.dies) return DiscardReason::max_lifetime;
        if (now >= e.expires) return e.hinted ? DiscardReason::hint_expired : DiscardReason::idle_expired;
        return std::nullopt;
    }

    // All.

    /// Whether one more to `key` could be opened and kept, with none of the others closed for it.
    template <class K> bool has_room(const K& key) const {
        if (idle_.size() >= limits_.max_idle || idle_.size() + leased_ >= limits_.max_total) return false;
        const auto s = shelves_.find(key);
        const auto idle = s == shelves_.end() ? 0 : s->second.idle.size();
        const auto leased = s == shelves_.end() ? 0 : s->second.leased;
        return idle < limits_.max_idle_per_host && idle + leased < limits_.max_per_host;
    }
    /// Nothing is handed out any more, and nobody waits.
    void close(doomed& dead) noexcept {
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
    /// In a child, what the parent had is not ours: not its idle connections, its places or its waiting threads.
    void after_fork(doomed& dead) noexcept {
        if (forks_ != fork_count()) [[unlikely]]
            forget_parent(dead);
    }
    PoolStats stats() const {
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
    bool serve(shelf& s, time_point now, bool fresh, handle& item, doomed& dead) noexcept {
        if (!fresh) item = warmest(s, now, dead);
        if (item) ++counts_.reused;
        else if (!make_room(s, dead)) return false;
        ++leased_, ++s.leased;
        return true;
    }
    void hold(place& p, shelf& s) const noexcept {
        p.home = &s;
        p.forks = forks_;
        p.reused = p.item != nullptr;
    }
    [[gnu::cold]] bool make_room(shelf& s, doomed& dead) noexcept {
        if (s.idle.size() + s.leased >= limits_.max_per_host) {
            if (s.idle.empty()) return false;
            discard_idle(*s.idle.front(), DiscardReason::pool_full, dead);
        }
        if (idle_.size() + leased_ >= limits_.max_total) {
            if (idle_.empty()) return false;
            discard_beside(s, *idle_.front(), dead);
        }
        return true;
    }
    std::optional<DiscardReason> unwelcome(const place& p, time_point now) const noexcept {
        if (p.forks != forks_) return DiscardReason::forked;
        if (closed_) return DiscardReason::pool_closed;
        if (now >= p.item->dies) return DiscardReason::max_lifetime;
        return std::nullopt;
    }

    /// The idle one used last, if it is not over its time.
    handle warmest(shelf& s, time_point now, doomed& dead) noexcept {
        while (auto* e = s.idle.back()) {
            if (auto why = over(*e, now)) discard_idle(*e, *why, dead);
            else return take_idle(*e);
        }
        return {};
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
    /// One too many, of whatever host, while `s` is in the caller's hands and must not be forgotten.
    [[gnu::cold]] void discard_beside(shelf& s, entry& e, doomed& dead) noexcept {
        auto& other = *e.home;
        discard_idle(e, DiscardReason::pool_full, dead);
        if (&other != &s) forget_if_unused(other);
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
        if (idle_.size() > limits_.max_idle) discard_beside(s, *idle_.front(), dead);
        forget_if_unused(s);
    }

    [[gnu::cold]] void forget_parent(doomed& dead) noexcept {
        forks_ = fork_count();
        while (auto* e = idle_.front()) discard_idle(*e, DiscardReason::forked, dead);
        line_ = {};
        leased_ = 0;
        last_ = nullptr;
        shelves_.clear();
    }

    const PoolLimits limits_;
    std::unordered_map<Key, shelf, Hash, Equal> shelves_;
    shelf* last_ = nullptr;              // asked for last, and most likely next
    chain<entry, &entry::among> idle_;   // of all hosts; the front has been idle for longest
    chain<waiter, &waiter::line> line_;  // first come, first served
    std::size_t leased_ = 0;
    PoolStats counts_;  // what counts from the beginning; what is now is worked out on request
    std::uint64_t jitter_ = reinterpret_cast<std::uintptr_t>(this);
    unsigned forks_ = fork_count();
    bool closed_ = false;
};

}  // namespace ferry::detail
