// What is done with a body after its head: taken by pieces, by lines, into memory, or let go. Each ends
// the exchange by itself when the body is over, and says a failure again to whoever goes on asking.
#pragma once

#include <ferry/engine/fetch.hpp>
#include <ferry/http/lines.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry::detail {

/// The exchange is over; the connection goes, and its buffer, in which pieces lie.
inline result end_stream(transfer& t, std::error_code ec) {
    t.ended = ec;
    if (t.lines) t.lines->feed({});
    if (t.conn) co_await finish(t, ec);
    co_return ec;
}

FERRY_DECL result open_stream(transfer& t) {
    auto ec = co_await fetch_head(t);
    if (!ec && t.body_whole) co_await end_stream(t, ec);
    if (ec) t.ended = ec;
    co_return ec;
}

FERRY_DECL result stream_piece(transfer& t, std::string_view& piece) {
    piece = {};
    if (!t.conn) {
        piece = std::exchange(t.decoded, {});  // an adapter's, if any
        co_return t.ended;
    }
    std::error_code ec;
    if (t.coded) ec = co_await next_decoded(t, piece);
    else ec = co_await next_piece(t, piece);
    if (ec || piece.empty()) co_await end_stream(t, ec);
    co_return ec;
}

FERRY_DECL result stream_some(transfer& t, std::span<char> into, std::size_t& n) {
    n = 0;
    if (!t.conn) {
        n = t.decoded.copy(into.data(), into.size());
        t.decoded.remove_prefix(n);
        co_return t.ended;
    }
    if (into.empty()) co_return std::error_code{};
    auto ec = co_await read_some(t, into, n);
    const bool over = t.coded ? n == 0 : t.body_whole && t.decoded.empty() && !t.fault;
    if (ec || over) co_await end_stream(t, ec);
    co_return ec;
}

FERRY_DECL result stream_line(transfer& t, std::size_t max, std::string_view& line, bool& found) {
    found = false;
    std::error_code ec;
    std::string_view piece;
    if (!t.conn && t.ended) co_return t.ended;
    if (!t.lines) t.lines = std::make_unique<line_splitter>();
    auto& lines = *t.lines;
    lines.limit(max);
    for (found = lines.take(line); !found && !lines.too_long(); found = lines.take(line)) {
        ec = co_await stream_piece(t, piece);
        if (ec) co_return ec;
        if (piece.empty()) {
            found = lines.take_last(line);
            break;
        }
        lines.feed(piece);
    }
    if (!lines.too_long()) co_return ec;
    found = false;
    ec = co_await end_stream(t, errc::line_too_long);
    co_return ec;
}

FERRY_DECL result stream_rest(transfer& t) {
    auto& body = t.response.body;
    std::error_code ec;
    std::string_view piece;
    for (;;) {
        ec = co_await stream_piece(t, piece);
        if (ec || piece.empty()) co_return ec;
        if (body.size() + piece.size() > t.asked.max_body) break;
        body.append(piece);
    }
    ec = co_await end_stream(t, errc::body_too_large);
    co_return ec;
}

FERRY_DECL result let_go(transfer& t, configuration) {
    t.lines.reset();
    if (!t.conn) {
        t.decoded = {};  // an adapter's
        co_return std::error_code{};
    }
    co_await drain(t);
    co_await end_stream(t, {});
    co_return std::error_code{};
}

/// A connection for later: opened, and kept without having been used.
inline result open_spare(transfer& t) {
    t.phase = Phase::pool;
    auto place = co_await action{
        .what = action::kind::checkout, .fresh = true, .spare = true, .limit = t.asked.pool_wait, .until = t.deadline};
    if (place.ec) co_return timed_out_as(place.ec, errc::pool_timeout);
    t.conn = place.conn;
    auto ec = co_await connect(t);
    co_await release(t, ec ? reuse{reason_for(ec)} : reuse{});
    co_return ec;
}

FERRY_DECL result preconnect(transfer& t, std::size_t count) {
    if (t.asked.adapter) co_return std::error_code{};
    auto begun = co_await action{.what = action::kind::now};
    start_clock(t, begun.at);
    std::error_code ec;
    while (!ec && count-- > 0) ec = co_await open_spare(t);
    const bool full = ec == errc::pool_empty;
    if (full) ec = {};
    co_return ec;
}

}  // namespace ferry::detail
