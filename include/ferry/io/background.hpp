// What keeps an io_context running, and what does not: waits that are nobody's work, and work outside of it.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/prefer.hpp>

#include <system_error>
#include <typeinfo>
#include <utility>

namespace ferry::detail {

/// Waiting that is nobody's work: an idle connection or a deadline of no consequence must not keep `io_context::run`
/// from returning. An io_context counts each wait as work, so the count is corrected while it lasts. That of other
/// executors, a strand among them, cannot be.
class background {
public:
    explicit background(const asio::any_io_executor& ex) {
        using plain = asio::io_context::executor_type;
        if (ex.target_type() == typeid(plain))  // which older versions' `target` does not look at
            io_ = &asio::query(*ex.target<plain>(), asio::execution::context);
    }

    /// Whether waits can go on for as long as they like.
    bool possible() const noexcept { return io_ != nullptr; }

    /// Begins to wait: `initiate(handler)`, and `then(ec)` is what the handler does.
    template <class Initiate, class Then> void wait(Initiate initiate, Then then) const {
        initiate([self = *this, then = std::move(then)](std::error_code ec) mutable {
            self.counts();
            then(ec);
        });
        if (io_) io_->get_executor().on_work_finished();
    }

private:
    friend class at_work;
    void counts() const {
        if (io_) io_->get_executor().on_work_started();
    }
    asio::io_context* io_ = nullptr;
};

/// Keeps `io_context::run` from returning while an operation is run by a thread that may not be in it: what it has
/// begun there can have ended before it begins the next thing.
class at_work {
public:
    at_work() = default;
    at_work(const background& of, const asio::any_io_executor& ex) : io_(of.io_) {
        if (io_) io_->get_executor().on_work_started();
        else other_ = asio::prefer(ex, asio::execution::outstanding_work.tracked);
    }
    at_work(const at_work&) = delete;
    at_work& operator=(const at_work&) = delete;
    ~at_work() {
        if (io_) io_->get_executor().on_work_finished();
    }

private:
    asio::io_context* io_ = nullptr;
    asio::any_io_executor other_;
};

}  // namespace ferry::detail
