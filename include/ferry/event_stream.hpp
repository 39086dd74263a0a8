// Server-sent events, one after the other, over as many connections as that takes.
#pragma once

#include <ferry/configuration.hpp>
#include <ferry/error.hpp>
#include <ferry/event.hpp>
#include <ferry/response.hpp>
#include <ferry/stream.hpp>

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry {

namespace detail {
struct event_feed;
}

/// A stream of server-sent events (WHATWG HTML 9.2): `for (const ferry::Event& e : session.events(url))`.
///
/// It connects when the first event is asked for, and again, with `Last-Event-ID`, whenever the connection ends: after
/// the server's `retry`, or 3 s, and longer after failures, up to 30 s. It ends when the server answers 204, or with an
/// error: of the first connection; for a status other than 200, another content type, `timeout`, `stop` or
/// `Options::max_body` as the limit of one event. There is no read timeout unless one is given. Not to be used by two
/// threads at once; it may outlive its Session's variable.
class EventStream {
public:
    EventStream(EventStream&&) noexcept;
    EventStream& operator=(EventStream&& other) noexcept;
    ~EventStream();

    /// Waits for the next event; none when the server has ended the stream. Throws `ferry::Error`.
    std::optional<Event> next();
    std::optional<Event> next(std::error_code& ec);

    /// The head of the connection at hand.
    const Response& response() const& noexcept;
    const Response& response() const&& = delete;

    /// Ends it, and gives the connection up. Never throws.
    void close() noexcept;

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
    EventStream(std::unique_ptr<Stream::State> state, std::string_view url);

    detail::failure next(Event& event, bool& found);

    std::unique_ptr<Stream::State> state_;
    std::unique_ptr<detail::event_feed> feed_;
};

}  // namespace ferry

#if !FERRY_SEPARATE_COMPILATION
#include <ferry/blocking/event_stream.hpp>
#endif
