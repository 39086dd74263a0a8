// Receives the body behind a head: piece by piece, into the caller's memory, or whole into the Response.
#pragma once

#include <ferry/engine/transfer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry::detail {

/// The end of the connection, or its breaking, within a body. Until close, the end is the body's end.
inline std::error_code ended_in_body(transfer& t, std::error_code ec) noexcept {
    if (ec == errc::read_timeout || ec == errc::total_timeout || ec == errc::cancelled) return ec;
    if (!ec && t.body() == framing::until_close) {
        if (t.conn->truncated()) return errc::tls_truncated;
        t.body_whole = true;
        return {};
    }
    return errc::incomplete_body;
}

/// Counts `n` bytes of body that arrived as they are.
inline void count_body(transfer& t, std::size_t n) {
    t.body_bytes += n;
    if (t.body() == framing::length) {
        t.remaining -= n;
        t.body_whole = t.remaining == 0;
    }
    tell_progress(t);
}

/// How many bytes of a body that is not chunked may be taken at once.
inline std::size_t at_most(const transfer& t, std::size_t n) noexcept {
    return t.body() == framing::length ? static_cast<std::size_t>(std::min<std::uint64_t>(n, t.remaining)) : n;
}

/// A piece of body from what was received: nothing when more must be read first.
inline std::error_code buffered_piece(transfer& t, std::string_view& piece) {
    auto& c = *t.conn;
    auto unread = c.unread();
    if (t.body() != framing::chunked) {
        piece = unread.substr(0, at_most(t, unread.size()));
        c.consume(piece.size());
        count_body(t, piece.size());
        return {};
    }
    auto* at = c.unread_data();
    auto f = c.parser.feed_chunks(at, unread.size());
    c.consume(f.used);
    t.body_bytes += f.body;
    t.body_whole = c.parser.complete();
    piece = {at, f.body};
    if (f.body) tell_progress(t);
    if (f.ec) t.particulars = c.parser.fault();
    return f.body ? t.fault = f.ec, std::error_code{} : f.ec;  // what came before the fault is delivered first
}

/// The next piece, in the connection's buffer until the next call; empty at the end of the body.
inline result next_piece(transfer& t, std::string_view& piece) {
    piece = std::exchange(t.decoded, {});
    if (piece.empty() && t.fault) co_return t.fault;
    while (piece.empty() && !t.body_whole) {
        if (!t.conn->unread().empty()) {
            auto ec = buffered_piece(t, piece);
            if (ec) co_return ec;
            if (!piece.empty() || t.body_whole) break;
        }
        auto room = t.conn->room(t.body() != framing::length || t.remaining > small_buffer);
        auto a = co_await read_action(t, room);
        if (a.ec || a.n == 0) co_return ended_in_body(t, a.ec);
        t.conn->received(a.n);
    }
    co_return std::error_code{};
}

/// The same with the content codings undone.
inline result next_decoded(transfer& t, std::string_view& piece) {
    auto& c = *t.coded;
    piece = std::exchange(c.left, {});
    while (piece.empty()) {
        if (!c.pending) {
            auto ec = co_await next_piece(t, c.coded);
            if (ec) co_return ec;
            if (c.coded.empty()) co_return c.decoder->finish();
        }
        auto ec = c.next(piece);
        if (ec) co_return ec;
    }
    co_return std::error_code{};
}

/// Some bytes into `into`: straight from the socket where the framing allows. 0 at the end.
inline result read_some(transfer& t, std::span<char> into, std::size_t& n) {
    n = 0;
    if (!t.coded && t.body() != framing::chunked && t.decoded.empty() && t.conn->unread().empty()) {
        if (t.body_whole || into.empty()) co_return std::error_code{};
        auto a = co_await read_action(t, into.first(at_most(t, into.size())));
        if (a.ec || a.n == 0) co_return ended_in_body(t, a.ec);
        count_body(t, n = a.n);
        co_return std::error_code{};
    }
    std::string_view piece;
    std::error_code ec;
    if (t.coded) ec = co_await next_decoded(t, piece);
    else ec = co_await next_piece(t, piece);
    n = std::min(piece.size(), into.size());
    if (n) std::memcpy(into.data(), piece.data(), n);
    (t.coded ? t.coded->left : t.decoded) = piece.substr(n);
    co_return ec;
}

/// A body of known length that came whole with its head, the usual case; else leaves it to `read_body`.
inline void take_whole_body(transfer& t) {
    auto unread = t.conn->unread();
    if (t.coded || t.body() != framing::length || unread.size() < t.remaining || t.remaining > t.asked.max_body) return;
    auto n = static_cast<std::size_t>(t.remaining);
    assign(t.response.body, unread.substr(0, n));
    t.conn->consume(n);
    count_body(t, n);
}

/// A Content-Length is believed up to here before its bytes have come.
inline constexpr std::uint64_t trusted_length = 64 * 1024 * 1024;

/// A body of known length, received straight into the string.
inline result read_length(transfer& t, std::string& body) {
    body.reserve(static_cast<std::size_t>(std::min(t.remaining, trusted_length)));
    std::string_view piece;
    if (!t.conn->unread().empty()) {
        auto ec = buffered_piece(t, piece);
        if (ec) co_return ec;
        body.append(piece);
    }
    auto filled = body.size();
    while (!t.body_whole) {
        if (filled == body.size()) body.resize(filled + at_most(t, large_buffer));  // in steps that fit in the cache
        auto a = co_await read_action(t, {body.data() + filled, body.size() - filled});
        if (a.ec || a.n == 0) {
            body.resize(filled);
            co_return ended_in_body(t, a.ec);
        }
        filled += a.n;
        count_body(t, a.n);
    }
    co_return std::error_code{};
}

/// A coded body; the limit is for what it decodes to.
inline result read_coded(transfer& t, std::string& body) {
    const auto most = std::min<std::uint64_t>(t.asked.max_body, body.max_size());
    string_decoder whole(*t.coded->decoder, body, static_cast<std::size_t>(most));
    for (;;) {
        std::string_view piece;
        auto ec = co_await next_piece(t, piece);
        if (ec) co_return ec;
        if (piece.empty()) co_return whole.finish();
        ec = whole.feed(piece);
        if (ec) co_return ec;
    }
}

/// The whole body into the Response, within `max_body`.
inline result read_body(transfer& t) {
    auto& body = t.response.body;
    if (t.coded) {
        auto ec = co_await read_coded(t, body);
        co_return ec;
    }
    if (t.remaining > t.asked.max_body) co_return errc::body_too_large;
    std::error_code ec;
    if (t.body() == framing::length) {
        ec = co_await read_length(t, body);
        co_return ec;
    }
    std::string_view piece;
    while (!t.body_whole) {
        ec = co_await next_piece(t, piece);
        if (ec) co_return ec;
        if (t.body_bytes > t.asked.max_body) co_return errc::body_too_large;
        body.append(piece);
    }
    co_return std::error_code{};
}

/// What is dropped of a body that nobody wants, so that its connection lives: at most so much, for so long.
inline constexpr std::uint64_t drained_bytes = 256 * 1024;
inline constexpr std::chrono::milliseconds drained_for{50};

/// Reads on to the end of the body if that is near.
inline result drain(transfer& t) {
    if (!t.asked.keep_alive || !t.conn->parser.keep_alive() || t.remaining > drained_bytes) co_return std::error_code{};
    auto begin = co_await action{.what = action::kind::now};
    const auto deadline = std::exchange(t.deadline, std::min(t.deadline, add(begin.at, drained_for)));
    const auto end = t.body_bytes + drained_bytes;
    std::string_view piece;
    std::error_code ec;
    while (!ec && !t.body_whole && t.body_bytes <= end) {
        if (t.body() == framing::length && t.conn->unread().empty()) {
            auto room = t.conn->room(false).first(at_most(t, small_buffer));
            auto a = co_await action{
                .what = action::kind::read, .skip = true, .into = room, .limit = t.asked.read, .until = t.deadline};
            if (a.ec || a.n == 0) break;
            count_body(t, a.n);
        } else {
            ec = co_await next_piece(t, piece);
        }
    }
    t.deadline = deadline;
    co_return std::error_code{};
}

/// How long the body of a response that is not the last may take to come, so that its connection lives.
inline constexpr std::chrono::milliseconds hop_body_within{1000};

/// What is near of a body that is not the call's own, so that its connection serves again. A fault in it is not the
/// call's, but for the end of all.
inline result read_near_body(transfer& t, time_point now) {
    const auto deadline = std::exchange(t.deadline, std::min(t.deadline, add(now, hop_body_within)));
    const auto most = std::exchange(t.asked.max_body, std::min(t.asked.max_body, drained_bytes));
    auto particulars = t.particulars;
    std::error_code ec;
    if (!t.body_whole) ec = co_await read_body(t);
    t.deadline = deadline;
    t.asked.max_body = most;
    t.particulars = std::move(particulars);
    co_return ec == errc::cancelled ? ec : std::error_code{};
}

}  // namespace ferry::detail
