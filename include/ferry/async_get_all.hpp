// Many URLs, some at a time, results as they come.
#pragma once

#include <ferry/async_session.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/dispatch.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

namespace ferry {

/// For `get_all`.
struct GetAllOptions {
    std::size_t concurrency = 10;  ///< requests under way at once; `PoolLimits::max_per_host` is the limit for one host
    Options with = {};             ///< for each request
};

namespace detail {

/// Lanes beside each other, each with one request at a time, all on one strand.
template <class Each, class Handler>
class getting_all : public std::enable_shared_from_this<getting_all<Each, Handler>> {
public:
    getting_all(AsyncSession& session, std::vector<std::string> urls, GetAllOptions options, Each each, Handler handler)
        : session_(session), urls_(std::move(urls)), options_(std::move(options)), each_(std::move(each)),
          strand_(asio::make_strand(session.get_executor())), work_(work_for(handler, session.get_executor())),
          handler_(std::move(handler)),
          lanes_(std::clamp<std::size_t>(urls_.size(), 1, std::max<std::size_t>(options_.concurrency, 1))) {}

    void start() {
        auto slot = asio::get_associated_cancellation_slot(handler_);
        if (slot.is_connected())
            slot.assign([weak = this->weak_from_this()](asio::cancellation_type_t type) {
                if (auto self = weak.lock()) asio::dispatch(self->strand_, [self, type] { self->cancel(type); });
            });
        asio::post(strand_, [self = this->shared_from_this()] {
            for (auto& lane : self->lanes_) self->go_on(lane);
            self->finish_if_done();
        });
    }

private:
    void go_on(asio::cancellation_signal& lane) {
        while (!cancelled_ && next_ < urls_.size()) {
            const auto index = next_++;
            const auto ec = begin(index, lane);
            if (!ec) return;
            each_(index, ec, Response{});
        }
    }
    std::error_code begin(std::size_t index, asio::cancellation_signal& lane) try {
        auto then = [self = this->shared_from_this(), index, &lane](std::error_code ec, Response r) {
            --self->running_;
            try {
                self->each_(index, ec, std::move(r));
            } catch (...) {  // comes out of run(), which may be called again
                self->go_on_or_finish(lane);
                throw;
            }
            self->go_on_or_finish(lane);
        };
        session_.get(urls_[index], options_.with,
                     asio::bind_cancellation_slot(lane.slot(), asio::bind_executor(strand_, std::move(then))));
        ++running_;
        return {};
    } catch (const std::bad_alloc&) {
        return make_error_code(std::errc::not_enough_memory);
    }
    void go_on_or_finish(asio::cancellation_signal& lane) {
        go_on(lane);
        finish_if_done();
    }
    void cancel(asio::cancellation_type_t type) {
        cancelled_ = true;
        for (auto& lane : lanes_) lane.emit(type);
    }
    void finish_if_done() {
        if (running_ > 0 || finished_) return;
        finished_ = true;
        std::error_code ec;
        if (cancelled_) ec = errc::cancelled;
        auto nothing = [](std::error_code&) { return std::tuple(); };
        asio::dispatch(work_, completion<Handler, decltype(nothing)>{std::move(handler_), ec, nothing});
    }

    AsyncSession& session_;
    const std::vector<std::string> urls_;
    const GetAllOptions options_;
    Each each_;
    asio::strand<asio::any_io_executor> strand_;
    decltype(work_for(std::declval<Handler&>(), std::declval<const asio::any_io_executor&>())) work_;
    Handler handler_;
    std::vector<asio::cancellation_signal> lanes_;
    std::size_t next_ = 0, running_ = 0;
    bool cancelled_ = false, finished_ = false;
};

}  // namespace detail

/// Gets every URL, so many at a time, and calls `each(index, std::error_code, Response)` with each result as it comes,
/// never two at once. Completes with `void(std::error_code)` after the last: no error, whatever the results were, or
/// `errc::cancelled`. What `each` throws comes out of the context's `run()`; the rest goes on. The session must outlive
/// it.
template <class Each, class Token>
auto get_all(AsyncSession& session, std::vector<std::string> urls, GetAllOptions options, Each each, Token&& token) {
    return asio::async_initiate<Token, void(std::error_code)>(
        [&session](auto handler, std::vector<std::string> all, GetAllOptions o, Each e) {
            using Getting = detail::getting_all<Each, decltype(handler)>;
            std::make_shared<Getting>(session, std::move(all), std::move(o), std::move(e), std::move(handler))->start();
        },
        token, std::move(urls), std::move(options), std::move(each));
}

}  // namespace ferry
