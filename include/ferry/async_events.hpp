// Server-sent events, asynchronously.
#pragma once

#include <ferry/engine/event_feed.hpp>
#include <ferry/event.hpp>
#include <ferry/io/async_start.hpp>

#include <memory>
#include <optional>
#include <system_error>
#include <tuple>
#include <utility>

namespace ferry {

/// The asynchronous counterpart of `EventStream`, by the same rules. One operation at a time; destroying it during one
/// cancels that. It may outlive its session's variable.
class AsyncEventStream {
public:
    /// `void(std::error_code, std::optional<Event>)`. The next event; none when the server has ended the stream.
    template <class Token> auto async_next(Token&& token) {
        auto* feed = feed_.get();
        return detail::start_beside<std::optional<Event>>(
            std::forward<Token>(token), *call_,
            [feed](detail::async_call& c) { return detail::next_event(*c.exchange, *feed, feed->event, c.found); },
            [feed](detail::async_call& c, std::error_code& ec) {
                return std::tuple(!ec && c.found ? std::optional(std::move(feed->event)) : std::nullopt);
            });
    }

    /// Ends it and gives the connection up, in the background. Nothing can be done with it then.
    void close() noexcept { call_.release(); }

    /// What an operation's error code stands for, with phase and particulars; null for none.
    std::shared_ptr<const Error> error(std::error_code ec) const { return call_->error_of(ec); }

    /// The head of the connection at hand.
    const Response& response() const& noexcept { return call_->response; }
    const Response& response() const&& = delete;

private:
    friend class AsyncSession;
    AsyncEventStream(detail::call_owner call, std::shared_ptr<detail::event_feed> feed)
        : call_(std::move(call)), feed_(std::move(feed)) {}

    detail::call_owner call_;
    std::shared_ptr<detail::event_feed> feed_;
};

}  // namespace ferry
