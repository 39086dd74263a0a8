// What EventStream's functions do.
#pragma once

#include <ferry/blocking/stream.hpp>
#include <ferry/engine/calls.hpp>
#include <ferry/event_stream.hpp>

#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry {

FERRY_DECL EventStream::EventStream(std::unique_ptr<Stream::State> state, std::string_view url)
    : state_(std::move(state)) {
    auto& o = state_->options;
    if (!o.read_timeout) o.read_timeout = no_timeout;
    if (auto f = state_->prepare(url)) detail::raise(std::move(f));
    feed_ = std::make_unique<detail::event_feed>(state_->asked, detail::largest_event(state_->asked));
}
FERRY_DECL EventStream::EventStream(EventStream&&) noexcept = default;
FERRY_DECL EventStream& EventStream::operator=(EventStream&& other) noexcept {
    close();
    state_ = std::move(other.state_);
    feed_ = std::move(other.feed_);
    return *this;
}
FERRY_DECL EventStream::~EventStream() { close(); }

FERRY_DECL std::optional<Event> EventStream::next() {
    Event event;
    bool found = false;
    if (auto f = next(event, found)) detail::raise(std::move(f), std::make_shared<const Response>(state_->response));
    return found ? std::optional(std::move(event)) : std::nullopt;
}
FERRY_DECL std::optional<Event> EventStream::next(std::error_code& ec) {
    Event event;
    bool found = false;
    ec = next(event, found).ec;
    return !ec && found ? std::optional(std::move(event)) : std::nullopt;
}
FERRY_DECL detail::failure EventStream::next(Event& event, bool& found) {
    return state_->perform([&] { return detail::next_event(state_->transfer, *feed_, event, found); });
}

FERRY_DECL const Response& EventStream::response() const& noexcept { return state_->response; }

FERRY_DECL void EventStream::close() noexcept {
    if (!state_) return;
    feed_->over = true;
    state_->close();
}

}  // namespace ferry
