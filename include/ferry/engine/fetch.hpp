// One call from checkout to release: which connection, one exchange on it, and whether to try again.
#pragma once

#include <ferry/engine/connect.hpp>
#include <ferry/engine/receive_body.hpp>
#include <ferry/engine/send.hpp>
#include <ferry/http/reuse.hpp>

#include <optional>
#include <system_error>

namespace ferry::detail {

/// The peer is gone, as opposed to slow, wrong, or not to be waited for.
inline bool is_gone(std::error_code ec) noexcept {
    return ec == errc::connection_closed || ec == std::errc::connection_reset || ec == std::errc::broken_pipe ||
           ec == std::errc::connection_aborted;
}

/// A server that closes an idle connection may say so with a 408 first (RFC 9110 15.5.9).
inline bool is_idle_408(const transfer& t) noexcept {
    return t.head_done && t.interim == 0 && t.response.status == 408 && !t.conn->parser.keep_alive();
}

/// Whether what happened is the end of a kept connection rather than an answer to this request, and the request may be
/// sent again: nothing of it left, or it is idempotent (RFC 9110 9.2.2, RFC 9112 9.3.1).
inline bool is_stale(const transfer& t, std::error_code ec) noexcept {
    if (!t.conn->info.reused) return false;
    if (!(ec ? is_gone(ec) && t.heard == 0 : is_idle_408(t))) return false;
    return t.state == RequestState::not_sent || t.asked.idempotent;
}

inline DiscardReason reason_for(std::error_code ec) noexcept {
    if (!ec || ec == errc::connection_closed) return DiscardReason::peer_closed;
    if (is_gone(ec)) return DiscardReason::reset;
    return DiscardReason::aborted;
}

inline reuse judge_reuse(const transfer& t) noexcept {
    auto& c = *t.conn;
    end_of_exchange e{.failed = !t.head_done,
                      .request_whole = t.request_whole,
                      .response_whole = t.body_whole,
                      .peer_keeps = c.parser.keep_alive(),
                      .we_keep = t.asked.keep_alive,
                      .leftover = !c.unread().empty()};
    if (auto hint = t.response.headers.find("keep-alive")) e.hint = parse_keep_alive(*hint);
    return judge_reuse(e);
}

/// Gives the connection back; the answer carries the time.
inline const action& release(transfer& t, reuse verdict) noexcept {
    t.conn = nullptr;
    t.decoded = {};
    auto& a = t.ask(action::kind::release);
    a.keep = !verdict.discard;
    a.reason = verdict.discard.value_or(DiscardReason::aborted);
    a.hint = verdict.idle_for;
    return a;
}

/// A body of which nothing has to be asked: none, or bytes in memory.
inline void frame_body(transfer& t) noexcept {
    auto& body = t.asked.body();
    std::optional<std::uint64_t> size;
    if (auto bytes = body.bytes()) size = bytes->size();
    t.sending = frame_request(t.asked.method, body, size);
    if (body.none() && t.asked.options->headers.contains("Content-Length")) t.sending.what = body_framing::kind::length;
}

/// Opens a body that is pulled from its beginning, and decides how its end is told.
inline result open_body(transfer& t) {
    auto a = co_await action{.what = action::kind::open_body};
    if (a.ec) co_return unreadable_body(t, a);
    std::optional<std::uint64_t> size;
    if (a.n != unknown_size) size = a.n;
    auto field = t.asked.options->headers.find("content-length");
    std::uint64_t given = 0;
    if (field && (!parse_decimal(*field, given) || given != size)) co_return errc::content_length_mismatch;
    t.sending = frame_request(t.asked.method, t.asked.body(), size);
    co_return std::error_code{};
}

inline void begin_exchange(transfer& t, bool expect) {
    auto& c = *t.conn;
    t.heard = t.interim = 0;
    t.head_done = t.request_whole = t.body_whole = false;
    ++c.info.requests;
    t.response.connection = c.info;
    c.parser.start(t.response, t.asked.is_head(), {t.asked.session->max_head, t.asked.session->max_fields},
                   t.asked.lenient);
    encode_request(t, expect);
}

/// Sends the request and receives the final head. A write that fails does not hide an answer that is already there.
inline result exchange(transfer& t, bool expect) {
    begin_exchange(t, expect);
    t.phase = Phase::send;
    const auto& a = co_await write_action(t);
    auto sent = take_written(t, a);
    if (!sent && (!all_sent(t) || expect || t.asked.body().pulled())) sent = co_await send_rest(t, a.readable, expect);
    t.request_whole = !sent && !t.head_done;
    if (t.head_done || (sent && !is_gone(sent))) co_return sent;

    if (!sent) t.phase = Phase::head;
    std::error_code heard;
    while (!heard && !t.head_done) {
        const auto& bytes = co_await read_action(t, t.conn->room(false));
        heard = take_head_bytes(t, bytes);
    }
    if (sent && heard) co_return sent;  // there was no answer after all
    co_return heard;
}

/// What follows an attempt: its end, or another with these changes.
enum class turn { done, stale, without_expect };

inline turn judge(const transfer& t, std::error_code ec, bool expect) noexcept {
    if (is_stale(t, ec)) return turn::stale;
    if (!ec && expect && t.response.status == 417 && !t.request_whole) return turn::without_expect;  // RFC 9110 10.1.1
    return turn::done;
}

/// What came was not the answer.
inline void forget_response(transfer& t) noexcept {
    t.response.status = 0;
    t.response.reason.clear();
    t.response.headers.clear();
}

inline const action& checkout(transfer& t, bool fresh) noexcept {
    auto& a = t.ask(action::kind::checkout);
    a.fresh = fresh;
    a.limit = t.asked.pool_wait;
    a.until = t.deadline;
    return a;
}

/// Up to the final head: checkout, connect, exchange; and once more on a fresh connection if the kept one was stale.
inline result open(transfer& t) {
    bool expect = t.asked.options->expect_continue && !t.asked.options->headers.contains("Expect");
    for (bool fresh = false;;) {
        t.phase = Phase::input;
        std::error_code ec;
        frame_body(t);
        if (t.asked.body().pulled()) ec = co_await open_body(t);
        if (ec) co_return ec;
        expect = expect && t.sending.has_content();

        t.phase = Phase::pool;
        if (t.asked.session->rate.requests_per_second > 0) {
            auto turn = co_await action{.what = action::kind::pace, .until = t.deadline};
            if (turn.ec) co_return turn.ec;
        }
        const auto& place = co_await checkout(t, fresh);
        if (place.ec) co_return timed_out_as(place.ec, errc::pool_timeout);
        t.conn = place.conn;
        if (!t.conn->open) ec = co_await connect(t);
        if (!ec) ec = co_await exchange(t, expect);

        auto next = judge(t, ec, expect);
        if (next == turn::done && !ec) co_return ec;
        co_await release(t, ec || next == turn::stale ? reuse{reason_for(ec)} : judge_reuse(t));
        if (next == turn::done) {
            if (!t.head_done) forget_response(t);
            co_return ec;
        }
        if (t.pulled && !t.asked.body().rewindable()) {
            t.particulars = ec ? ec.message() : "the server closed the idle connection with a 408";
            forget_response(t);
            co_return errc::body_not_rewindable;
        }

        fresh = next == turn::stale;
        expect = expect && next == turn::stale;
        t.earlier = std::min(t.reached(), RequestState::maybe_sent);
        t.state = RequestState::not_sent;
        forget_response(t);
    }
}

/// Having said close, the server closes first (RFC 9112 9.6), so that the TIME_WAIT is its own: how long its FIN may
/// take.
inline constexpr std::chrono::milliseconds server_closes_within{50};

inline bool server_closes_first(const transfer& t) noexcept {
    return !t.asked.keep_alive && t.body_whole && t.body() != framing::until_close && t.conn->unread().empty();
}

inline result await_close(transfer& t) {
    co_await action{
        .what = action::kind::read, .into = t.conn->room(false), .limit = server_closes_within, .until = t.deadline};
    co_return std::error_code{};
}

/// The end of a call whose head has come: keeps the connection if it may serve again.
inline result finish(transfer& t, std::error_code ec) {
    auto verdict = ec ? reuse{DiscardReason::aborted} : judge_reuse(t);
    auto end = co_await action{.what = action::kind::now};
    t.response.elapsed = end.at - t.started;
    if (!ec && server_closes_first(t)) co_await await_close(t);
    co_await release(t, verdict);
    co_return ec;
}

inline void start_clock(transfer& t, time_point now) noexcept {
    t.started = now;
    t.deadline = add(now, t.asked.total);
}

/// Gets as far as the final head; the connection stays checked out for the body.
inline result fetch_head(transfer& t) {
    auto a = co_await action{.what = action::kind::now};
    start_clock(t, a.at);
    auto ec = co_await open(t);
    auto now = co_await action{.what = action::kind::now};
    t.response.elapsed = now.at - t.started;
    t.phase = ec ? t.phase : Phase::body;
    co_return ec;
}

/// A whole call, with the body in memory. A driver that has started the clock itself spares the call an action.
inline result fetch(transfer& t) {
    if (t.started == time_point{}) {
        auto begun = co_await action{.what = action::kind::now};
        start_clock(t, begun.at);
    }
    auto ec = co_await open(t);
    if (ec) co_return ec;
    t.phase = Phase::body;
    take_whole_body(t);
    if (!t.body_whole) ec = co_await read_body(t);
    if (!t.asked.keep_alive || ec) {
        ec = co_await finish(t, ec);
        co_return ec;
    }
    const auto& ended = co_await release(t, judge_reuse(t));
    t.response.elapsed = ended.at - t.started;
    co_return ec;
}

}  // namespace ferry::detail
