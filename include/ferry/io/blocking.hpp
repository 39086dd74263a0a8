// The blocking driver: performs the engine's actions with poll(2), send and recv on the calling thread.
#pragma once

#include <ferry/core/task.hpp>
#include <ferry/engine/notice.hpp>
#include <ferry/engine/secured.hpp>
#include <ferry/io/body_reader.hpp>
#include <ferry/io/channel.hpp>
#include <ferry/io/descriptor.hpp>
#include <ferry/io/dialer.hpp>
#include <ferry/io/file_writer.hpp>
#include <ferry/io/lookups.hpp>
#include <ferry/io/wake.hpp>
#include <ferry/pool/pacer.hpp>
#include <ferry/request.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

namespace ferry::detail {

/// What the calls of one session share.
struct shared_connections {
    explicit shared_connections(const SessionOptions& o)
        : pool(o.pool, tells_discards<channel>(o.hooks)), pace(o.rate) {}
    connection_pool pool;
    pacer pace;
    std::atomic<std::uint64_t> ids{0};
    const std::shared_ptr<lookups> names = std::make_shared<lookups>();
};

/// A thread in line for a connection.
class blocked_thread final : public connection_pool::waiter {
public:
    void wake() noexcept override {
        std::lock_guard lock(mutex_);
        woken_ = true;
        changed_.notify_one();
    }
    /// Until woken, over time, or stopped.
    void wait(const bound& b, const waker& w) {
        std::unique_lock lock(mutex_);
        auto woken = [this] { return woken_; };
        if (b.at == never) changed_.wait(lock, w.token(), woken);
        else changed_.wait_until(lock, w.token(), b.at, woken);
    }

private:
    std::mutex mutex_;
    std::condition_variable_any changed_;
    bool woken_ = false;
};

class blocking_driver final : public performer {
public:
    blocking_driver(shared_connections& shared, const request& q)
        : shared_(shared), asked_(q), waker_(q.options->stop) {}

    time_point began() const noexcept { return began_; }

    bool perform(const action& a, answer& got) override {
        const bool secure = lease_ && secured::concerns(a, &lease_->http);
        ::new (static_cast<void*>(&got)) answer(secure ? perform_secured(a) : perform_raw(a));
        return true;
    }

private:
    /// What a request of bytes in memory on a kept connection does not need, and is spared.
    struct rarely_used {
        dialer dialing;
        body_reader body;
        file_writer file;
    };
    rarely_used& rare() {
        if (!rare_) rare_ = std::make_unique<rarely_used>();
        return *rare_;
    }

    [[gnu::cold]] answer perform_secured(const action& a) {
        auto& stage = stage_ ? *stage_ : stage_.emplace();
        for (auto* raw = stage.begin(a, lease_->http); raw;) raw = stage.next(perform_raw(*raw));
        return stage.result();
    }
    /// The frequent ones are out of line, so that to pass an action on puts no registers away.
    answer perform_raw(const action& a) {
        if (a.what == action::kind::release) return release(a);
        if (a.what == action::kind::now) return tell_time();
        if (waker_.stopped()) [[unlikely]]
            return {.ec = errc::cancelled};
        switch (a.what) {
        case action::kind::checkout: return checkout(a);
        case action::kind::write: return write(a);
        case action::kind::read: return read(a);
        default: return perform_seldom(a);
        }
    }
    /// What a request on a kept connection does not ask for: out of its way.
    [[gnu::cold]] answer perform_seldom(const action& a) {
        switch (a.what) {
        case action::kind::resolve: return resolve(a);
        case action::kind::start_connect: return start_connect(a);
        case action::kind::await_connect: return await_connect(a);
        case action::kind::open_body: return open_body();
        case action::kind::pull: return pull(a);
        case action::kind::create: return create(a);
        case action::kind::store: return {.ec = rare().file.write(a.from[0])};
        case action::kind::commit: return {.ec = rare().file.commit()};
        case action::kind::resume: return resume(a);
        case action::kind::restart: return {.ec = rare().file.restart(*a.text)};
        case action::kind::pace: return pace(a);
        default: return sleep({a.until, false});
        }
    }
    /// Who asks for the time has spent some since the beginning.
    answer tell_time() noexcept {
        just_now_ = never;
        return {.at = clock::now()};
    }
    answer checkout(const action& a) {
        using outcome = connection_pool::outcome;
        auto now = std::exchange(just_now_, never);
        if (now == never) now = clock::now();
        if (a.renew) {
            lease_.next(a.reason, now);
            return {.conn = &live_or_blank(now), .at = now};
        }
        const auto key = place_of(asked_);
        if (a.spare && !shared_.pool.has_room(key)) return {.ec = errc::pool_empty};
        auto got = shared_.pool.checkout(key, now, a.fresh, nullptr, lease_);
        if (got == outcome::empty) {  // only now is it worth having something to wait on
            blocked_thread in_line;
            auto b = bound_of(a);
            got = shared_.pool.checkout(key, now, a.fresh, &in_line, lease_);
            if (got == outcome::queued) {
                in_line.wait(b, waker_);
                got = shared_.pool.leave(in_line, lease_);
                now = clock::now();
            }
            if (got == outcome::left) return {.ec = waker_.stopped() ? make_error_code(errc::cancelled) : b.over()};
        }
        if (got == outcome::empty) return {.ec = errc::pool_empty};
        if (got == outcome::closed) return {.ec = errc::pool_closed};
        return {.conn = &live_or_blank(now), .at = now};
    }

    /// Probes what was handed out, until one is alive or none is left.
    connection& live_or_blank(time_point now) {
        if (lease_ && asked_.shared->has_slept(shared_.pool, now)) lease_.next(DiscardReason::network_changed, now);
        while (lease_) {
            auto found = lease_->probe();
            if (found == verdict::alive) break;
            lease_.next(reason_of(found), now);
        }
        if (!lease_) lease_.emplace(++shared_.ids);
        auto& info = lease_->http.info;
        info.reused = lease_.reused();
        if (info.reused)
            info.idle_age = std::chrono::duration_cast<std::chrono::milliseconds>(
                std::max(now, lease_.idle_since()) - lease_.idle_since());  // it may have come back just now
        return lease_->http;
    }

    [[gnu::noinline]] answer release(const action& a) {
        auto now = clock::now();
        if (rare_) [[unlikely]]
            rare_->dialing.clear();
        if (a.keep) {
            lease_->http.rest();
            lease_.keep(now, a.hint);
        } else {
            lease_.discard(a.reason);
        }
        if (shared_.pool.prune_due(now)) shared_.pool.prune(now, std::chrono::seconds(1));
        return {.at = now};
    }

    /// A resolver that finds no descriptor says that there is no such host: so see to it that there is one.
    answer resolve(const action& a) {
        if (resolve_literal(a.host, a.port, *a.found)) return {.at = clock::now()};
        auto ec = with_descriptors(shared_.pool, [] { return open_tcp(AF_INET) ? std::error_code{} : last_error(); });
        if (!ec) ec = resolve_name(*shared_.names, a, asked_.shared->resolver, waker_);
        return {.ec = ec, .at = clock::now()};
    }
    answer open_body() {
        answer opened;
        opened.ec = with_descriptors(shared_.pool, [&] { return (opened = rare().body.open(asked_.body())).ec; });
        return opened;
    }
    answer pull(const action& a) {
        answer got;
        got.ec = with_descriptors(shared_.pool, [&] { return (got = rare().body.read(a.into)).ec; });
        return got;
    }
    answer create(const action& a) {
        return {.ec = with_descriptors(shared_.pool, [&] { return rare().file.open(std::string(a.path)); })};
    }
    answer resume(const action& a) {
        answer found;
        found.ec = with_descriptors(shared_.pool,
                                    [&] { return rare().file.resume(std::string(a.path), *a.text, found.n); });
        return found;
    }
    answer pace(const action& a) {
        auto at = shared_.pace.turn(asked_.url.host_and_port(), clock::now());
        return sleep({std::min(at, a.until), a.until < at});
    }
    answer sleep(const bound& b) {
        just_now_ = never;
        std::array<pollfd, 1> nothing{};
        auto ec = poll_until(nothing, b, waker_);
        return {.ec = ec == errc::read_timeout ? std::error_code{} : ec};
    }
    answer start_connect(const action& a) {
        answer begun;
        begun.ec = with_descriptors(shared_.pool, [&] {
            if (!a.path.empty()) return rare().dialing.start(a.path, begun.n);
            return rare().dialing.start(a.peer, asked_.session->socket, *a.text, begun.n);
        });
        return begun;
    }
    answer await_connect(const action& a) {
        dialer::won winner;
        answer ended{.n = unknown_size};
        ended.ec = rare().dialing.await(bound_of(a), waker_, winner, ended.n);
        if (!ended.ec) ended.ec = lease_->adopt(std::move(winner));
        ended.at = clock::now();
        if (!ended.ec) {
            rare().dialing.clear();
            lease_.opened(ended.at);
        }
        return ended;
    }

    /// One call when nothing but the time between two bytes can end the wait, else two. A signal ends the one call; the
    /// wait goes on in poll, which knows how long it has been.
    answer read(const action& a) {
        auto fd = lease_->socket.get();
        int flags = 0;
#ifdef __linux__
        if (a.skip) flags |= MSG_TRUNC;  // dropped without being copied
#endif
        if (a.until == never && !waker_.armed()) {
            if (auto ec = lease_->limit_receive(a.limit)) return {.ec = ec};
            auto n = ::recv(fd, a.into.data(), a.into.size(), flags);
            if (n >= 0) return {.n = static_cast<std::size_t>(n)};
            if (errno == EAGAIN || errno == EWOULDBLOCK) return {.ec = errc::read_timeout};
            if (errno != EINTR) return {.ec = last_error()};
        }
        const auto b = bound_of(a);
        for (;;) {
            if (auto ec = wait(POLLIN, b).ec) return {.ec = ec};
            auto n = ::recv(fd, a.into.data(), a.into.size(), flags | MSG_DONTWAIT);
            if (n >= 0) return {.n = static_cast<std::size_t>(n)};
            if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK) return {.ec = last_error()};
        }
    }

    /// The first try does not wait. When it has to, bytes from the peer count as well as room for ours.
    [[gnu::noinline]] answer write(const action& a) {
        auto fd = lease_->socket.get();
        if (a.watch && wait_for_read(fd)) return {.readable = true};
        for (;;) {
            auto n = send_now(fd, a.from);
            if (n >= 0) return {.n = static_cast<std::size_t>(n)};
            if (errno != EAGAIN && errno != EWOULDBLOCK) return {.ec = last_error()};
            auto ready = wait(POLLOUT | POLLIN, bound_of(a));
            if (ready.ec || ready.readable) return ready;
        }
    }

    answer wait(short what, const bound& b) {
        std::array<pollfd, 2> fds{};
        fds[0] = {lease_->socket.get(), what, 0};
        auto ec = poll_until(fds, b, waker_);
        return {.ec = ec, .readable = !ec && (fds[0].revents & POLLIN) != 0};
    }

    shared_connections& shared_;
    const request& asked_;
    waker waker_;
    time_point began_ = clock::now();
    time_point just_now_ = began_;  // for the first checkout, which comes right at the beginning
    connection_pool::lease lease_;
    std::unique_ptr<rarely_used> rare_;
    std::optional<secured> stage_;
};

/// Runs an operation to its end: `run(driver, [&] { return fetch(t); })`.
template <class Make> auto run(blocking_driver& driver, Make make) {
    frame_stack frames;
    frame_stack::scope scope(frames);
    operation op(make(), &frames, &driver);
    op.next();
    return op.result();
}

}  // namespace ferry::detail
