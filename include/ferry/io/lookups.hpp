// The names that a session looks up. Neither getaddrinfo nor a caller's function can be interrupted, so threads do it,
// and one is left behind when it takes too long. Who asks for a name that is being looked up gets the same answer.
#pragma once

#include <ferry/core/action.hpp>
#include <ferry/io/resolver.hpp>
#include <ferry/io/wait.hpp>
#include <ferry/io/wake.hpp>
#include <ferry/pool/fork.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace ferry::detail {

/// What somebody waits for to be looked up: it is theirs, and a thread that does it has a weak share.
class lookup {
public:
    /// Somebody who does not wait. It is told with the lookup's lock held, and must do no more than signal.
    class listener {
    public:
        virtual void looked_up() noexcept = 0;

    protected:
        ~listener() = default;
    };

    explicit lookup(listener* l = nullptr) noexcept : listener_(l) {}

    void end(lookup_result r) noexcept {
        std::lock_guard lock(mutex_);
        result_ = std::move(r);
        done_ = true;
        changed_.notify_all();
        if (listener_) listener_->looked_up();
    }
    /// Nobody is told any more.
    void leave() noexcept {
        std::lock_guard lock(mutex_);
        listener_ = nullptr;
    }
    /// What came of it; false when that is not known yet.
    bool take(lookup_result& into) {
        std::lock_guard lock(mutex_);
        if (done_) into = std::move(result_);
        return done_;
    }
    bool wait(const bound& b, const waker& w, lookup_result& into) {
        std::unique_lock lock(mutex_);
        auto done = [this] { return done_; };
        if (b.at == never) changed_.wait(lock, w.token(), done);
        else changed_.wait_until(lock, w.token(), b.at, done);
        if (done_) into = std::move(result_);
        return done_;
    }

private:
    std::mutex mutex_;
    std::condition_variable_any changed_;
    listener* listener_;
    lookup_result result_;
    bool done_ = false;
};

/// Safe among threads. Its own have a share in it, and may outlive the session.
class lookups : public std::enable_shared_from_this<lookups> {
public:
    /// With as many at work, names wait for their turn: a burst of calls must not take all that a process may have.
    static constexpr std::size_t most_threads = 64;
    /// What has taken so long may never end, so that who asks then is not made to wait for it. The system's resolver
    /// gives a name server as much.
    static constexpr std::chrono::seconds soon{5};

    /// Has a name looked up, by the caller's function if there is one. Whoever lets go of `into` waits no more.
    std::error_code begin(std::string_view host, std::uint16_t port, const std::shared_ptr<const Resolver>& resolver,
                          const std::shared_ptr<lookup>& into, time_point now) {
        std::lock_guard lock(mutex_);
        after_fork();
        auto key = key_of(host, port);
        if (auto known = jobs_.find(key); known != jobs_.end() && known->second->may_be_joined(now))
            return known->second->asking.push_back(into), std::error_code{};
        queue_.push_back(std::make_shared<job>(job{key, std::string(host), port, resolver, {into}}));
        jobs_[std::move(key)] = queue_.back();
        return threads_ < most_threads ? add_thread() : std::error_code{};
    }

private:
    struct job {
        std::string key, name;
        std::uint16_t port;
        std::shared_ptr<const Resolver> resolver;
        std::vector<std::weak_ptr<lookup>> asking;
        time_point begun = never;  // while it is in the queue

        bool wanted() const noexcept {
            return std::any_of(asking.begin(), asking.end(), [](auto& one) { return !one.expired(); });
        }
        bool may_be_joined(time_point now) const noexcept { return (begun == never || now - begun < soon) && wanted(); }
        lookup_result look_up() const noexcept {
            lookup_result r;
            try {
                if (resolver) r = resolve_by(*resolver, name, port);
                else r.ec = resolve_now(name, port, 0, r.found);
            } catch (...) {  // out of memory
            }
            return r;
        }
    };

    static std::string key_of(std::string_view host, std::uint16_t port) {
        return std::string(host).append(":").append(std::to_string(port));
    }

    /// Where the system has no more threads, those that there are do the work; only if there is none, that is an error.
    std::error_code add_thread() {
        try {
            std::thread([self = shared_from_this()] { self->work(); }).detach();
        } catch (const std::system_error& e) {
            if (threads_ > 0) return {};
            forget(*queue_.back());
            queue_.pop_back();
            return e.code();
        }
        ++threads_;
        return {};
    }
    void work() noexcept {
        while (auto j = next()) {
            const auto r = j->look_up();
            for (auto& one : finished(*j))
                if (auto l = one.lock()) tell(*l, r);
        }
    }
    static void tell(lookup& l, const lookup_result& r) noexcept {
        lookup_result copy;
        try {
            copy = r;
        } catch (...) {  // out of memory
        }
        l.end(std::move(copy));
    }
    /// The next that somebody waits for; null ends the thread.
    std::shared_ptr<job> next() noexcept {
        std::lock_guard lock(mutex_);
        while (!queue_.empty()) {
            auto j = std::move(queue_.front());
            queue_.pop_front();
            if (j->wanted()) return j->begun = clock::now(), j;
            forget(*j);
        }
        --threads_;
        return nullptr;
    }
    std::vector<std::weak_ptr<lookup>> finished(job& j) noexcept {
        std::lock_guard lock(mutex_);
        forget(j);
        return std::move(j.asking);
    }
    /// Unless another has come for that name.
    void forget(const job& j) noexcept {
        auto known = jobs_.find(j.key);
        if (known != jobs_.end() && known->second.get() == &j) jobs_.erase(known);
    }
    /// A child has none of its parent's threads.
    void after_fork() noexcept {
        if (forks_ == fork_count()) return;
        forks_ = fork_count();
        threads_ = 0;
        queue_.clear();
        jobs_.clear();
    }

    std::mutex mutex_;
    std::unordered_map<std::string, std::shared_ptr<job>> jobs_;  // what can be joined
    std::deque<std::shared_ptr<job>> queue_;                      // what no thread does yet
    std::size_t threads_ = 0;
    unsigned forks_ = fork_count();
};

/// Has a name looked up, and waits for it.
inline std::error_code resolve_name(lookups& names, const action& a, const std::shared_ptr<const Resolver>& resolver,
                                    const waker& w) {
    const auto b = bound_of(a);
    const auto mine = std::make_shared<lookup>();
    if (auto ec = names.begin(a.host, a.port, resolver, mine, clock::now())) return ec;
    lookup_result r;
    if (!mine->wait(b, w, r)) return w.stopped() ? make_error_code(errc::cancelled) : b.over();
    *a.found = std::move(r.found);
    *a.text = std::move(r.about);
    return r.ec;
}

}  // namespace ferry::detail
