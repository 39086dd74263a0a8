// Server-sent events (WHATWG HTML 9.2): connects, takes events, and connects again where the stream ends.
#pragma once

#include <ferry/engine/event_feed.hpp>
#include <ferry/engine/stream.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace ferry::detail {

inline constexpr std::chrono::milliseconds reconnect_after{3000}, reconnect_at_most{30000};

/// The server's wish, or 3 s; doubled with each attempt that fails, up to 30 s or the wish.
inline std::chrono::milliseconds reconnect_delay(const event_feed& feed) noexcept {
    const auto first = feed.parser.retry().value_or(reconnect_after);
    const auto most = std::max(first, reconnect_at_most);
    auto wait = first;
    for (unsigned i = 0; i < feed.failures && wait < most; ++i) wait = std::max(wait * 2, std::chrono::milliseconds(1));
    return std::min(wait, most);
}

/// Whether another connection may do better. Faults of the caller's, its limits and cancellation end the stream.
inline bool may_reconnect(std::error_code ec) noexcept {
    if (ec == errc::total_timeout || ec == errc::cancelled) return false;
    return !ec || ec == condition::network || ec == condition::timeout;
}

inline bool is_event_stream(const Headers& fields) noexcept {
    auto type = fields["content-type"];
    return equal_ignoring_case(trim(type.substr(0, type.find(';'))), "text/event-stream");
}

/// A response that is no stream of events: 204 means that there are no more, others are errors.
inline std::error_code judge_event_stream(transfer& t, event_feed& feed) {
    const auto status = t.response.status;
    feed.over = true;
    if (status == 204) return {};
    t.phase = Phase::head;
    if (status == 200 && !is_event_stream(t.response.headers)) {
        t.particulars = "Content-Type: " + std::string(t.response.headers["content-type"]);
        return errc::not_an_event_stream;
    }
    if (status == 200) {
        feed.over = false;
        return {};
    }
    t.particulars = std::to_string(status) + " " + t.response.reason;
    return status >= 500   ? errc::server_error_status
           : status >= 400 ? errc::client_error_status
                           : errc::not_an_event_stream;
}

/// Begins a connection as the first one was begun, from where the events left off.
inline result connect_feed(transfer& t, event_feed& feed) {
    t.way.reset();
    t.asked = feed.first;
    t.response.clear();
    t.response.url = t.asked.url;
    t.ended = {};
    t.state = t.earlier = RequestState::not_sent;
    feed.parser.restart();
    set_field(t, "Accept", "text/event-stream");
    set_field(t, "Cache-Control", "no-store");
    if (!feed.parser.last_event_id().empty()) set_field(t, "Last-Event-ID", feed.parser.last_event_id());
    auto ec = co_await open_stream(t);
    if (ec) co_return ec;
    ec = judge_event_stream(t, feed);
    if (ec || feed.over) co_await let_go(t, configuration());
    feed.connected = feed.connected || !ec;
    co_return ec;
}

/// Sleeps for as long as it takes before the next connection.
inline result pause_feed(transfer& t, const event_feed& feed) {
    auto now = co_await action{.what = action::kind::now};
    const auto at = add(now.at, reconnect_delay(feed));
    if (at >= t.deadline && t.deadline != never) co_return errc::total_timeout;
    auto ec = co_await sleep(at);
    co_return ec;
}

FERRY_DECL result next_event(transfer& t, event_feed& feed, Event& event, bool& found) {
    if (!t.conn && !t.asked.adapter) feed.parser.feed({});  // what is left lay in a connection that is gone
    for (found = false; !feed.over;) {
        if (feed.parser.take(event)) {
            found = true;
            break;
        }
        auto ec = feed.parser.error();
        std::string_view piece;
        if (ec) {
            co_await let_go(t, configuration());
            co_return ec;
        }
        if (t.conn || !t.decoded.empty()) {
            ec = co_await stream_piece(t, piece);
            feed.parser.feed(piece);
            if (!piece.empty()) feed.failures = 0;
            if (!piece.empty()) continue;
            if (!may_reconnect(ec)) co_return ec;
        }
        if (feed.connected) {
            ec = co_await pause_feed(t, feed);
            if (ec) co_return ec;
        }
        ec = co_await connect_feed(t, feed);
        if (ec) ++feed.failures;
        if (ec && (!feed.connected || !may_reconnect(ec))) co_return ec;
    }
    co_return std::error_code{};
}

}  // namespace ferry::detail
