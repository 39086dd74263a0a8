// Performs the engine's actions with Asio, without blocking: an action is begun, and looked at again with each news.
#pragma once

#include <ferry/core/prefetch.hpp>
#include <ferry/engine/transfer.hpp>
#include <ferry/io/async_core.hpp>
#include <ferry/io/body_reader.hpp>
#include <ferry/io/descriptor.hpp>
#include <ferry/io/file_writer.hpp>
#include <ferry/io/lookups.hpp>
#include <ferry/io/open_socket.hpp>
#include <ferry/io/serialized.hpp>
#include <ferry/io/socket.hpp>
#include <ferry/io/wait.hpp>

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/prefer.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace ferry::detail {

/// Older versions of Asio have a category of their own for the system's codes.
inline std::error_code system_error(std::error_code ec) noexcept {
    if (ec.category() == asio::error::get_system_category()) return {ec.value(), std::system_category()};
    return ec;
}

/// To the engine, the end is no error.
[[gnu::cold]] inline std::error_code end_of_reading(std::error_code ec) noexcept {
    return ec == asio::error::eof ? std::error_code{} : system_error(ec);
}

class async_driver : protected serialized, private async_pool::waiter, private lookup::listener {
    handler_memory other_memory_;

protected:
    ~async_driver() = default;

    /// Begins an action, or looks at it again, and writes the answer. False when there is none yet: what it waits for
    /// has been started, and will bring news.
    bool advance(const action& a, answer& got) {
        if (!(std::exchange(waiting_, true) ? look_again(a, got) : begin(a, got))) return false;
        waiting_ = false;
        return true;
    }

    /// Before the first action of a call.
    void reset_driver(const request& q) {
        asked_ = &q;
        body_.reset();
        file_.reset();
    }
    void stop_waiting() noexcept {
        if (in_line_) leave_line();
        turn_at_ = never;
        over_at_ = never.time_since_epoch().count();
        waiting_ = false;
        working_ = {};
    }
    void drop_connection() noexcept {
        lease_.discard(DiscardReason::aborted);
        forget_outstanding();
    }

    /// One that was not committed leaves nothing behind.
    void drop_file() noexcept { file_.reset(); }

    /// The alarm rings: has a wait lasted too long? Returns when it will have.
    time_point check_time(time_point now) {
        const auto over = over_at();
        if (over > now) return over;
        knock();
        const auto next = over_at();  // another if it was put off, or if the call has gone on already
        return next == over ? never : next;
    }

    /// Reads the clock, for what begins now.
    time_point look_at_clock() noexcept { return just_now_ = clock::now(); }

    async_core* core_ = nullptr;  // while somebody uses the call

private:
    const asio::any_io_executor& home() const noexcept override { return core_->executor; }
    /// With the alarm, which is often set already; if it needs memory, that may be there by now.
    void knock_later() noexcept override {
        try {
            ring_at(add(clock::now(), std::chrono::milliseconds(100)));
        } catch (...) {  // then with the next that is set
        }
    }
    time_point over_at() const noexcept { return time_point(clock::duration(over_at_.load())); }
    void ring_at(time_point at) {
        over_at_ = at.time_since_epoch().count();
        core_->wake_at(at);
    }

    struct attempt_to_connect {
        attempt_to_connect(std::size_t number, const Endpoint& to, async_socket s)
            : id(number), peer(to), socket(std::move(s)) {}
        std::size_t id;
        Endpoint peer;  // none for a unix domain socket
        async_socket socket;
        async_outcome ended;
    };
    /// What a source fills, which may go on filling it when nobody waits for it any more.
    struct pulling {
        explicit pulling(std::size_t size) : memory(size) {}
        std::vector<char> memory;
        async_outcome ended;
    };

    bool begin(const action& a, answer& got) {
        if (a.what == action::kind::now) return just_now_ = never, got = {.at = clock::now()}, true;
        if (a.what == action::kind::release) return ::new (&got) answer{.at = release(a)}, true;
        if (interrupted()) return got = {.ec = errc::cancelled}, true;
        if (attempt(a, got)) return true;
        wait_for(a);
        return false;
    }
    void wait_for(const action& a) {
        just_now_ = never;
        bound_ = waits_for_turn(a) ? bound{std::min(turn_at_, a.until), a.until < turn_at_} : bound_of(a);
        ring_at(bound_.at);
    }
    bool look_again(const action& a, answer& got) {
        if (!attempt(a, got)) {
            if (interrupted()) {
                got = give_up(a, errc::cancelled);
            } else if (bound_.at != never && clock::now() >= bound_.at) {
                got = give_up(a, bound_.over());
            } else {
                if (over_at() != bound_.at) ring_at(bound_.at);  // a knock had been put off
                return false;
            }
        }
        over_at_.store(never.time_since_epoch().count(), std::memory_order_relaxed);
        return true;
    }

    bool attempt(const action& a, answer& got) {
        switch (a.what) {
        case action::kind::checkout: return checkout(a, got);
        case action::kind::read: return read(a, got);
        case action::kind::write: return write(a, got);
        default: return attempt_rarely(a, got);
        }
    }
    [[gnu::cold]] bool attempt_rarely(const action& a, answer& got) {
        auto done = attempt_rarely(a);
        if (done) got = *done;
        return done.has_value();
    }
    std::optional<answer> attempt_rarely(const action& a) {
        switch (a.what) {
        case action::kind::resolve: return resolve(a);
        case action::kind::start_connect: return start_connect(a);
        case action::kind::await_connect: return await_connect();
        case action::kind::open_body: return open_body();
        case action::kind::pull: return pull(a);
        case action::kind::create: return create(a);
        case action::kind::store: return answer{.ec = file_->write(a.from[0])};
        case action::kind::commit: return answer{.ec = file_->commit()};
        case action::kind::resume: return resume(a);
        case action::kind::restart: return answer{.ec = file_->restart(*a.text)};
        default: return turn(a);  // pace, sleep
        }
    }

    /// The wait for this action ends without what it was for, unless that has just come.
    [[gnu::cold]] answer give_up(const action& a, std::error_code ec) {
        if (waits_for_turn(a)) turn_at_ = never, working_ = {};
        if (a.what == action::kind::await_connect) return {.ec = ec, .n = unknown_size, .at = clock::now()};
        if (a.what != action::kind::checkout || !in_line_) return {.ec = ec};
        auto what = leave_line();
        return what == async_pool::outcome::left ? answer{.ec = ec} : handed_out(what, clock::now());
    }

    // The pool.

    bool checkout(const action& a, answer& got) {
        using outcome = async_pool::outcome;
        if (in_line_) {
            if (!granted_) return false;
            got = handed_out(leave_line(), clock::now());
            return true;
        }
        granted_.store(false, std::memory_order_relaxed);
        const auto key = place_of(*asked_);
        auto now = std::exchange(just_now_, never);
        if (now == never) now = clock::now();
        if (a.renew) {
            lease_.next(a.reason, now);
            forget_outstanding();
            got = {.conn = &live_or_blank(now), .at = now};
            return true;
        }
        if (a.spare && !core_->pool.has_room(key)) return got = {.ec = errc::pool_empty}, true;
        auto what = core_->pool.checkout(key, now, a.fresh, this, lease_);
        if (what != outcome::queued) return ::new (&got) answer(handed_out(what, now)), true;
        in_line_ = true;
        keep_context_working();
        return false;
    }
    async_pool::outcome leave_line() noexcept {
        in_line_ = false;
        working_ = {};
        return core_->pool.leave(*this, lease_);
    }
    answer handed_out(async_pool::outcome what, time_point now) {
        if (what == async_pool::outcome::empty) return {.ec = errc::pool_empty};
        if (what == async_pool::outcome::closed) return {.ec = errc::pool_closed};
        return {.conn = &live_or_blank(now), .at = now};
    }
    void wake() noexcept override {
        granted_ = true;
        knock();
    }

    connection& live_or_blank(time_point now) {
        if (lease_ && asked_->shared->has_slept(core_->pool, now)) lease_.next(DiscardReason::network_changed, now);
        while (lease_) {
            auto found = probe();
            if (found == verdict::alive) break;
            lease_.next(reason_of(found), now);
            forget_outstanding();
        }
        if (!lease_) lease_.emplace(core_->executor, ++core_->ids);
        auto& http = (*lease_)->http;
        http.info.reused = lease_.reused();
        if (http.info.reused)
            http.info.idle_age = std::chrono::duration_cast<std::chrono::milliseconds>(now - lease_.idle_since());
        return http;
    }

    /// Where Asio tries to read before it waits, that try is the probe, and the read that it begins is the response's.
    verdict probe() {
        auto& c = *lease_;
        if (!tries_first || c->watched || !c->socket.is_open() || is_secure(c->http)) return lease_->probe();
        start_reading(c->http.room(false));
        return errno == EAGAIN ? verdict::alive : why_not_alive(c->socket.native_handle());
    }
    static bool is_secure(const connection& c) noexcept {
#if FERRY_HAS_TLS
        return c.tls != nullptr;
#else
        return static_cast<void>(c), false;
#endif
    }
    static std::span<char> raw_room(connection& c) {
#if FERRY_HAS_TLS
        if (c.tls) return c.tls->bottom().lend_room();
#endif
        return c.room(false);
    }
    /// The same while a request is on its way: begins to read, if there is nothing yet.
    bool nothing_to_read() {
        auto& c = *lease_;
        if (!tries_first || c->watched || is_secure(c->http)) return !wait_for_read(c->socket.native_handle());
        start_reading(c->http.room(false));
        return errno == EAGAIN;
    }
#if defined(ASIO_HAS_EPOLL) && !defined(ASIO_HAS_IO_URING_AS_DEFAULT)
    static constexpr bool tries_first = true;  // and leaves EAGAIN in errno when there was nothing
#else
    static constexpr bool tries_first = false;
#endif

    /// Returns the time.
    time_point release(const action& a) {
        auto now = clock::now();
        if (a.keep && !reading_ && !(*lease_)->writing) {
            (*lease_)->http.rest();
            lease_.keep(now, a.hint);
            core_->has_idle(now);
        } else {
            lease_.discard(a.keep ? DiscardReason::aborted : a.reason);
        }
        forget_outstanding();
        return now;
    }
    void forget_outstanding() noexcept {
        if (auto left = std::exchange(lookup_, nullptr)) left->leave();
        if (working_ || pulling_ || !dialing_.empty()) forget_what_is_rare();
        reading_ = no_room_ = false;
        attempts_ = 0;
    }
    [[gnu::cold]] void forget_what_is_rare() noexcept {
        working_ = {};
        for (auto& loser : dialing_) close(*loser);
        dialing_.clear();
        pulling_.reset();
    }

    // Connecting.

    /// By a thread of the session's, which may be left behind: Asio's own would be waited for by whoever resolves next,
    /// and by the context's end. It knocks, as the pool does for those in line.
    std::optional<answer> resolve(const action& a) {
        if (lookup_) return ask_lookup(a);
        if (resolve_literal(a.host, a.port, *a.found)) return answer{.at = clock::now()};
        auto ec = with_descriptors(core_->pool, [] { return open_tcp(AF_INET) ? std::error_code{} : last_error(); });
        if (ec) return answer{.ec = ec};
        auto begun = std::make_shared<lookup>(static_cast<lookup::listener*>(this));
        ec = core_->names->begin(a.host, a.port, asked_->shared->resolver, begun, clock::now());
        if (ec) return answer{.ec = ec};
        lookup_ = std::move(begun);
        keep_context_working();
        return {};
    }
    std::optional<answer> ask_lookup(const action& a) {
        lookup_result r;
        if (!lookup_->take(r)) return {};
        lookup_.reset();
        working_ = {};
        *a.found = std::move(r.found);
        *a.text = std::move(r.about);
        return answer{.ec = r.ec, .at = clock::now()};
    }
    void looked_up() noexcept override { knock(); }

    std::optional<answer> start_connect(const action& a) {
        const bool path = !a.path.empty();
        const int family = path ? AF_UNIX : a.peer.v6 ? AF_INET6 : AF_INET;
        descriptor fd;
        auto ec = with_descriptors(core_->pool, [&] {
            return path ? connect_to_path(a.path, fd) : open_for(a.peer, asked_->session->socket, fd, *a.text);
        });
        if (ec) return answer{.ec = ec};
        async_socket socket(core_->executor);
        socket.assign(asio::generic::stream_protocol(family, path ? 0 : IPPROTO_TCP), fd.get(), ec);
        if (ec) return answer{.ec = system_error(ec)};
        fd.release();
        const auto id = attempts_++;
        auto attempt = std::make_shared<attempt_to_connect>(id, a.peer, std::move(socket));
        dialing_.push_back(attempt);
        if (path) return attempt->ended.write({}, 0), answer{.n = id};
        const system_address to(a.peer);
        auto& connecting = attempt->socket;
        connecting.async_connect(asio::generic::stream_protocol::endpoint(to.get(), to.size, IPPROTO_TCP),
                                 on(other_memory_, [attempt = std::move(attempt)](std::error_code failed) {
                                     attempt->ended.write(system_error(failed), 0);
                                 }));
        return answer{.n = id};
    }
    static void close(attempt_to_connect& a) noexcept {
        std::error_code ignored;
        a.socket.close(ignored);
    }

    std::optional<answer> await_connect() {
        if (dialing_.empty()) return answer{.ec = errc::no_address, .n = unknown_size};
        auto ended = std::find_if(dialing_.begin(), dialing_.end(), [](auto& d) { return d->ended.written(); });
        if (ended == dialing_.end()) return {};
        auto first = std::move(*ended);
        dialing_.erase(ended);
        if (first->ended.ec) return close(*first), answer{.ec = first->ended.ec, .n = first->id, .at = clock::now()};
        auto& channel = *lease_;
        channel->socket = std::move(first->socket);
        channel->http.open = true;
        channel->http.info.remote = first->peer;
        channel->http.info.local = local_endpoint(channel->socket.native_handle());
        forget_outstanding();
        const auto now = clock::now();
        lease_.opened(now);
        return answer{.n = first->id, .at = now};
    }

    // Bytes.

    bool read(const action& a, answer& got) {
        if (!reading_) {
            start_reading(a.into);
            return false;
        }
        auto& received = (*lease_)->received;
        if (!received.written()) return false;
        reading_ = false;
        received.clear();
        ::new (&got) answer{.ec = received.ec, .n = received.n};
        return true;
    }
    /// The read may outlive the call's interest in it: the channel, whose buffer it fills, stays with it.
    void start_reading(std::span<char> into) {
        reading_ = true;
        auto channel = lease_->share();
        auto& socket = channel->socket;
        auto handler = on(read_memory_, [channel = std::move(channel)](std::error_code ec, std::size_t n) {
            prefetch(channel.get(), sizeof *channel);
            channel->received.write(ec ? end_of_reading(ec) : ec, n);
        });
        errno = 0;
        socket.async_read_some(asio::buffer(into.data(), into.size()), std::move(handler));
    }

    /// When it has to wait, bytes from the peer count as well as room for ours.
    bool write(const action& a, answer& got) {
        auto& channel = *lease_;
        if (a.watch && !reading_ && !nothing_to_read()) return got = {.readable = true}, true;
        if (channel->received.written() && (a.watch || no_room_))
            return no_room_ = false, got = {.readable = true}, true;
        if (channel->writing) {  // there is still no room, and what came was no answer: listens on
            if (!reading_) start_reading(raw_room(channel->http));
            no_room_ = true;
            return false;
        }
        no_room_ = false;
        auto n = send_now(channel->socket.native_handle(), a.from);
        if (n >= 0) {
            ::new (&got) answer{.n = static_cast<std::size_t>(n)};
            return true;
        }
        if (errno != EAGAIN && errno != EWOULDBLOCK) return got = {.ec = last_error()}, true;
        wait_for_room();
        return false;
    }
    [[gnu::cold]] void wait_for_room() {
        auto& channel = *lease_;
        no_room_ = channel->writing = true;  // nothing is outstanding that would change it
        if (!reading_) start_reading(raw_room(channel->http));
        channel->socket.async_wait(
            asio::socket_base::wait_write,
            on(other_memory_, [share = channel.share()](std::error_code) { share->writing = false; }));
    }

    // The request's body, files, and the rate.

    answer open_body() {
        if (!body_) body_ = std::make_unique<body_reader>(true);
        answer opened;
        opened.ec = with_descriptors(core_->pool, [&] { return (opened = body_->open(asked_->body())).ec; });
        return opened;
    }
    std::optional<answer> pull(const action& a) {
        if (pulling_) {
            if (!pulling_->ended.written()) return {};
            working_ = {};
            auto got = take_pulled(*std::exchange(pulling_, nullptr), a.into);
            if (got.ec || got.n > 0) return got;
        }
        answer got;
        got.ec = with_descriptors(core_->pool, [&] { return (got = body_->read(a.into)).ec; });
        if (got.ec || got.n > 0 || !body_->later()) return got;
        start_pulling(*body_->later(), a.into);
        return {};
    }
    answer take_pulled(const pulling& p, std::span<char> into) {
        auto ec = p.ended.ec;
        if (!ec && p.ended.n > p.memory.size()) ec = body_reader::too_large();
        auto got = body_->take({.ec = ec, .n = p.ended.n});
        if (!got.ec) std::copy_n(p.memory.data(), got.n, into.data());
        return got;
    }
    void start_pulling(const Source& source, std::span<char> into) {
        keep_context_working();
        pulling_ = std::make_shared<pulling>(std::min(into.size(), small_buffer));
        auto t = std::make_shared<ticket>(static_cast<serialized&>(*this));
        source.read_async(pulling_->memory, [t, p = pulling_](std::error_code ec, std::size_t n) {
            t->deliver([&] { p->ended.write(ec, n); }, true);
        });
    }
    answer create(const action& a) {
        file_ = std::make_unique<file_writer>();
        return {.ec = with_descriptors(core_->pool, [&] { return file_->open(std::string(a.path)); })};
    }
    answer resume(const action& a) {
        file_ = std::make_unique<file_writer>();
        answer found;
        found.ec = with_descriptors(core_->pool, [&] { return file_->resume(std::string(a.path), *a.text, found.n); });
        return found;
    }
    static bool waits_for_turn(const action& a) noexcept {
        return a.what == action::kind::pace || a.what == action::kind::sleep;
    }
    std::optional<answer> turn(const action& a) {
        auto now = clock::now();
        if (turn_at_ == never)
            turn_at_ = a.what == action::kind::sleep ? a.until : core_->pace.turn(asked_->url.host_and_port(), now);
        if (turn_at_ > now) return keep_context_working(), std::nullopt;
        turn_at_ = never;
        working_ = {};
        return answer{};
    }

    /// In line nothing of Asio's is outstanding that would keep the context running.
    void keep_context_working() { working_ = asio::prefer(core_->executor, asio::execution::outstanding_work.tracked); }

    // What every request touches lies together: with many under way none of it is in a cache.

    const request* asked_ = nullptr;
    async_pool::lease lease_;

    // The wait at hand.
    bool waiting_ = false;
    bool in_line_ = false;
    std::atomic<bool> granted_{false};
    bool reading_ = false, no_room_ = false;  // what has been started
    time_point just_now_ = never;             // if no time has been spent since the clock was looked at
    bound bound_;
    std::atomic<clock::rep> over_at_{never.time_since_epoch().count()};
    time_point turn_at_ = never;

    std::vector<std::shared_ptr<attempt_to_connect>> dialing_;
    std::size_t attempts_ = 0;  // since the connection was blank
    std::shared_ptr<lookup> lookup_;
    std::shared_ptr<pulling> pulling_;
    std::unique_ptr<body_reader> body_;
    std::unique_ptr<file_writer> file_;
    asio::any_io_executor working_;
    handler_memory read_memory_;
};

}  // namespace ferry::detail
