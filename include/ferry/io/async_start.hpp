// Between Asio's completion tokens and calls: starts an operation of a call under any token.
#pragma once

#include <ferry/core/of_this_thread.hpp>
#include <ferry/engine/notice.hpp>
#include <ferry/io/async_call.hpp>
#include <ferry/io/response_memory.hpp>

#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/dispatch.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

namespace ferry::detail {

// What the core does with calls, now that they are known.

inline async_core::async_core(const asio::any_io_executor& ex, SessionOptions&& o)
    : session_defaults(std::move(o), true), executor(ex),
      pool(options.pool, tells_discards<pooled_channel>(options.hooks)), pace(options.rate), quiet_(ex), alarm_(ex) {}

inline async_core::~async_core() = default;

inline async_call& async_core::acquire() {
    std::unique_lock lock(mutex_);
    if (free_.empty()) {
        free_.reserve(calls_.size() + 1);  // so that giving one back never allocates
        calls_.push_back(std::make_shared<async_call>());
        calls_.back()->place = calls_.size() - 1;
        free_.push_back(calls_.back().get());
    }
    auto& c = *free_.back();
    free_.pop_back();
    if (!in_use_) in_use_ = shared_from_this();
    lock.unlock();
    c.take(*this);
    return c;
}

/// The memory of more calls than are likely to come is given up, two for each that ends: so a burst leaves little
/// behind.
inline void async_core::recycle(async_call& c) noexcept {
    std::shared_ptr<async_core> no_longer_in_use;
    std::array<std::shared_ptr<async_call>, 2> surplus;
    std::lock_guard lock(mutex_);
    free_.push_back(&c);
    for (auto& one : surplus) {
        if (free_.size() <= std::max(spare_calls, calls_.size() - free_.size())) break;
        auto& last = calls_[free_.back()->place];
        free_.pop_back();
        calls_.back()->place = last->place;
        std::swap(last, calls_.back());
        one = std::move(calls_.back());
        calls_.pop_back();
    }
    if (free_.size() < calls_.size()) return;
    no_longer_in_use = std::move(in_use_);
    if (!quiet_.possible()) alarm_.cancel();
    for (auto& timer : closing_) timer->cancel();
    closing_.clear();
}

inline void async_core::cancel_all() noexcept {
    std::lock_guard lock(mutex_);
    for (auto& c : calls_) c->cancel_whatever();
}

inline void async_core::ring() {
    alarm_.rang();
    const auto now = clock::now();
    auto next = never;
    if (quiet_.possible())
        next = pool.tend(now, watched_after, [this](pooled_channel& c) {
            c.cool();
            watch(c.share());
        });
    {
        std::lock_guard lock(mutex_);
        for (auto& c : calls_) next = std::min(next, c->ring(now));
    }
    wake_at(next);
}

/// Owns a call: without it nothing more is asked of the call.
class call_owner {
public:
    call_owner() = default;
    explicit call_owner(async_call& c) noexcept : call_(&c) {}
    call_owner(call_owner&& o) noexcept : call_(std::exchange(o.call_, nullptr)) {}
    call_owner& operator=(call_owner&& o) noexcept {
        if (this == &o) return *this;
        release();
        call_ = std::exchange(o.call_, nullptr);
        return *this;
    }
    ~call_owner() { release(); }
    void release() noexcept {
        if (auto* c = std::exchange(call_, nullptr)) c->release();
    }
    async_call* operator->() const noexcept { return call_; }
    async_call& operator*() const noexcept { return *call_; }
    explicit operator bool() const noexcept { return call_ != nullptr; }

private:
    async_call* call_ = nullptr;
};

/// What a handler has left of a response, which is all of it if it took a reference, is memory for the next one.
inline void keep_memory_of(Response& r) noexcept {
    if (auto* memory = of_this_thread<response_memory>()) memory->take_back(r);
}
inline void keep_memory_of(const auto&) noexcept {}

/// A handler that is to be called with an error code and `results()`.
template <class Handler, class Results> struct completion {
    using allocator_type = asio::associated_allocator_t<Handler>;
    allocator_type get_allocator() const noexcept { return asio::get_associated_allocator(handler); }

    void operator()() {
        auto slot = asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) slot.clear();
        auto last = results(ec);
        std::apply(
            [this](auto&... r) {
                std::move(handler)(ec, std::move(r)...);
                (keep_memory_of(r), ...);
            },
            last);
    }

    Handler handler;
    std::error_code ec;
    Results results;
};

/// The work that a handler's executor has for as long as the operation lasts.
template <class Handler> auto work_for(const Handler& h, const asio::any_io_executor& otherwise) {
    return asio::prefer(asio::get_associated_executor(h, otherwise), asio::execution::outstanding_work.tracked);
}

/// Ends an operation whose call belongs to it: the results stay in the call until the handler is called, and are moved
/// once. `take(call, owner, ec)` gives them, as a tuple.
template <class Take> struct ends_with_call {
    call_owner owner;
    Take take;
    auto results(async_call&, std::error_code&) {
        return [o = std::move(owner), t = std::move(take)](std::error_code& ec) mutable {
            auto taken = t(*o, o, ec);
            o.release();
            return taken;
        };
    }
};

/// Ends an operation on a call that goes on: `take(call, ec)` gives the results at once.
template <class Take> struct ends_beside_call {
    Take take;
    auto results(async_call& c, std::error_code& ec) {
        return [taken = take(c, ec)](std::error_code&) mutable { return std::move(taken); };
    }
};

template <class Handler, class End> class handler_ending final : public ending {
    using work = decltype(work_for(std::declval<Handler&>(), std::declval<const asio::any_io_executor&>()));
    struct nothing {};
    static constexpr bool has_no_executor =
        std::is_same_v<asio::associated_executor_t<Handler, nothing>, nothing>;  // of its own
    static constexpr bool may_be_at_home = std::is_same_v<work, asio::any_io_executor>;

public:
    handler_ending(Handler h, End end, const asio::any_io_executor& home)
        : handler_(std::move(h)), end_(std::move(end)) {
        if (!is_at_home(home)) away_.emplace(work_for(handler_, home));
    }

    /// Its handler will be called on the session's own executor.
    bool at_home() const noexcept { return !away_; }

    void operator()(async_call& c, std::error_code ec, calling how) override {
        auto on = std::move(away_);
        auto results = end_.results(c, ec);
        if constexpr (!has_no_executor)
            if (on) return finish(c, ec, how, on, at_hand{results(ec)});
        if constexpr (may_be_at_home)
            if (how != calling::here) on.emplace(c.core()->executor);
        finish(c, ec, how, on, std::move(results));
    }

private:
    /// On a context that may outlive the session's, or be gone before it: nothing of the call goes there, but for a
    /// stream, which owns it.
    template <class Results> struct at_hand {
        Results taken;
        Results operator()(std::error_code&) { return std::move(taken); }
    };
    template <class Results> at_hand(Results) -> at_hand<Results>;

    template <class Results>
    void finish(async_call& c, std::error_code ec, calling how, std::optional<work>& on, Results results) {
        completion<Handler, Results> done{std::move(handler_), ec, std::move(results)};
        c.put_down();  // and with it this ending
        if (!on) done();
        else if (how == calling::later) asio::post(*on, std::move(done));
        else asio::dispatch(*on, std::move(done));
    }

    bool is_at_home(const asio::any_io_executor& home) const {
        if constexpr (has_no_executor) return true;
        else if constexpr (may_be_at_home) return asio::get_associated_executor(handler_, home) == home;
        else return false;
    }

    /// On the session's own executor an operation under way has work anyway; on another it is given some.
    std::optional<work> away_;
    Handler handler_;
    End end_;
};

/// Lets a signal of the handler's cancellation slot end the operation that `c` starts next.
template <class Handler> void connect_cancellation(const Handler& h, async_call& c) {
    auto slot = asio::get_associated_cancellation_slot(h);
    if (!slot.is_connected()) return;
    slot.assign([weak = c.weak_from_this(), operation = c.next_operation()](asio::cancellation_type_t type) {
        if (auto call = weak.lock()) call->cancel(operation, type);
    });
}

/// Starts `make(call)` of the engine under a token, whose handler gets an error code and the results.
template <class... Results, class Token, class Make, class End>
auto start(Token&& token, async_call& call, Make make, End end) {
    return asio::async_initiate<Token, void(std::error_code, Results...)>(
        [c = &call](auto handler, Make m, End e) {
            connect_cancellation(handler, *c);
            using Ending = handler_ending<decltype(handler), End>;
            c->start([c, m] { return m(*c); }, Ending(std::move(handler), std::move(e), c->core()->executor));
        },
        token, std::move(make), std::move(end));
}
template <class... Results, class Token, class Make, class Take>
auto start_owned(Token&& token, call_owner owner, Make make, Take take) {
    auto& call = *owner;
    return start<Results...>(std::forward<Token>(token), call, std::move(make),
                             ends_with_call<Take>{std::move(owner), std::move(take)});
}
template <class... Results, class Token, class Make, class Take>
auto start_beside(Token&& token, async_call& call, Make make, Take take) {
    return start<Results...>(std::forward<Token>(token), call, std::move(make),
                             ends_beside_call<Take>{std::move(take)});
}

}  // namespace ferry::detail
