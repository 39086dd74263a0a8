// Server-sent events, one after the other, over as many connections as that takes.
#pragma once

#include <ferry/engine/events.hpp>
#include <ferry/event.hpp>
#include <ferry/stream.hpp>

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry {

/// A stream of server-sent events (WHATWG HTML 9.2): `for (const ferry::Event& e : session.events(url))`.
///
/// It connects when the first event is asked for, and again, with `Last-Event-ID`, whenever the connection ends: after
/// the server's `retry`, or 3 s, and longer after failures, up to 30 s. It ends when the server answers 204, or with an
/// error: of the first connection; for a status other than 200, another content type, `timeout`, `stop` or
/// `Options::max_body` as the limit of one event. There is no read timeout unless one is given. Not to be used by two
/// threads at once; it may outlive its Session's variable.
class EventStream {
public:
    EventStream(EventStream&&) noexcept = default;
    EventStream& operator=(EventStream&& other) noexcept {
        close();
        state_ = std::move(other.state_);
        feed_ = std::move(other.feed_);
        return *this;
    }
    ~EventStream() { close(); }

    /// Waits for the next event; none when the server has ended the stream. Throws `ferry::Error`.
    std::optional<Event> next() {
        Event event;
        bool found = false;
        if (auto f = next(event, found))
            detail::raise(std::move(f), std::make_shared<const Response>(state_->response));
        return found ? std::optional(std::move(event)) : std::nullopt;
    }
    std::optional<Event> next(std::error_code& ec) {
        Event event;
        bool found = false;
        ec = next(event, found).ec;
        return !ec && found ? std::optional(std::move(event)) : std::nullopt;
    }

    /// The head of the connection at hand.
    const Response& response() const& noexcept { return state_->response; }
    const Response& response() const&& = delete;

    /// Ends it, and gives the connection up. Never throws.
    void close() noexcept {
        if (!state_) return;
        feed_->over = true;
        state_->close();
    }

    class Iterator {
    public:
        using value_type = Event;
        using difference_type = std::ptrdiff_t;
        Iterator() = default;
        explicit Iterator(EventStream* of) : of_(of), event_(of->next()) {}
        const Event& operator*() const noexcept { return *event_; }
        const Event* operator->() const noexcept { return &*event_; }
        Iterator& operator++() {
            event_ = of_->next();
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(std::default_sentinel_t) const noexcept { return !event_; }

    private:
        EventStream* of_ = nullptr;
        std::optional<Event> event_;
    };
    Iterator begin() { return Iterator(this); }
    std::default_sentinel_t end() const noexcept { return {}; }

private:
    friend class Session;
    EventStream(std::unique_ptr<Stream::State> state, std::string_view url) : state_(std::move(state)) {
        auto& o = state_->options;
        if (!o.read_timeout) o.read_timeout = no_timeout;
        if (auto f = state_->prepare(url)) detail::raise(std::move(f));
        feed_ = std::make_unique<detail::event_feed>(state_->asked, detail::largest_event(state_->asked));
    }

    detail::failure next(Event& event, bool& found) {
        return state_->perform([&] { return detail::next_event(state_->transfer, *feed_, event, found); });
    }

    std::unique_ptr<Stream::State> state_;
    std::unique_ptr<detail::event_feed> feed_;
};

}  // namespace ferry
