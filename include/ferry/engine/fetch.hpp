// One call from checkout to release: which connection, one exchange on it, and whether to try again.
#pragma once

#include <ferry/configuration.hpp>
#include <ferry/engine/adapt.hpp>
#include <ferry/engine/connect.hpp>
#include <ferry/engine/follow.hpp>

#include <optional>
#include <system_error>

namespace ferry::detail {

/// A body of which nothing has to be asked: none, or bytes in memory.
inline void frame_body(transfer& t) noexcept {
    auto& body = t.asked.body();
    std::optional<std::uint64_t> size;
    if (auto bytes = body.bytes()) size = bytes->size();
    t.sending = frame_request(t.asked.method, body, size);
    if (body.none() && t.asked.fields->contains("Content-Length")) t.sending.what = body_framing::kind::length;
}

/// Opens a body that is pulled from its beginning, and decides how its end is told.
inline result open_body(transfer& t) {
    auto a = co_await action{.what = action::kind::open_body};
    if (a.ec) co_return unreadable_body(t, a);
    std::optional<std::uint64_t> size;
    if (a.n != unknown_size && !t.packs && !t.has_trailers) size = a.n;
    auto field = t.asked.fields->find("content-length");
    std::uint64_t given = 0;
    if (field && (!parse_decimal(*field, given) || given != size)) co_return errc::content_length_mismatch;
    t.sending = frame_request(t.asked.method, t.asked.body(), size);
    co_return std::error_code{};
}

/// What follows an attempt: its end, or another with these changes.
enum class turn { done, stale, without_expect };

inline turn judge(const transfer& t, std::error_code ec, bool expect) noexcept {
    if (is_stale(t, ec)) return turn::stale;
    if (!ec && expect && t.response.status == 417 && !t.request_whole) return turn::without_expect;  // RFC 9110 10.1.1
    return turn::done;
}

/// Whether the response that has come is the call's: nothing in it, and nobody, asks for more than that.
inline bool is_plain(const transfer& t) noexcept {
    return t.response.status < 300 && !t.asked.attentive && !t.way &&
           !(t.asked.session->cookies && t.telling.set_cookie);
}

inline bool may_expect(const transfer& t) noexcept {
    return t.asked.options->expect_continue && !t.asked.fields->contains("Expect");
}

/// What has to be there before a connection is taken: the body's framing, and the turn that a rate limit gives.
[[gnu::cold]] inline result begin_attempt(transfer& t) {
    t.phase = Phase::input;
    if (t.asked.body().pulled()) {
        auto ec = co_await open_body(t);
        if (ec) co_return ec;
    }
    t.phase = Phase::pool;
    if (t.asked.session->rate.requests_per_second <= 0) co_return std::error_code{};
    auto turn = co_await action{.what = action::kind::pace, .until = t.deadline};
    co_return turn.ec;
}

inline bool has_to_begin(const transfer& t) noexcept {
    return t.asked.body().pulled() || t.asked.session->rate.requests_per_second > 0;
}

/// A kept connection turned out to be dropped, or a server did not like to be asked first: the same once more.
[[gnu::cold]] inline result begin_again(transfer& t, std::error_code ec, bool stale) {
    if (stale && t.asked.attentive) tell_retry(t, 1, ec, {}, true);
    if (t.pulled && !t.asked.body().rewindable()) {
        t.particulars = ec ? ec.message() : "the server closed the idle connection with a 408";
        forget_response(t);
        co_return errc::body_not_rewindable;
    }
    t.earlier = std::max(t.earlier, std::min(t.reached(), RequestState::maybe_sent));
    t.state = RequestState::not_sent;
    forget_response(t);
    co_return std::error_code{};
}

/// Up to the final head: checkout, connect, exchange; once more on a fresh connection if the kept one was stale; and
/// again for as long as redirects, challenges or the retry policy ask for it.
inline result open(transfer& t) {
    bool expect = may_expect(t);
    auto ec = add_fields(t);
    if (t.asked.retry && t.asked.shared) t.asked.shared->budget.deposit(*t.asked.retry);
    for (bool fresh = false;;) {
        if (ec) co_return ec;
        frame_body(t);
        t.phase = Phase::pool;
        if (has_to_begin(t)) {
            ec = co_await begin_attempt(t);
            if (ec) co_return ec;
        }
        expect = expect && t.sending.has_content();

        if (t.asked.adapter) [[unlikely]] {
            ec = co_await adapt(t);
        } else {
            const auto& place = co_await checkout(t, fresh);
            if (place.ec) co_return timed_out_as(place.ec, errc::pool_timeout);
            t.conn = place.conn;
            t.response.timings.wait += place.at - t.waiting_since;
            if (!t.conn->open) ec = co_await connect(t);
            if (!ec) ec = co_await exchange(t, expect);
        }

        auto next = t.conn ? judge(t, ec, expect) : turn::done;
        if (next == turn::done) {
            if (!ec && is_plain(t)) co_return ec;
            bool again = false;
            ec = co_await follow(t, ec, again);
            if (!again) co_return ec;
            fresh = false;
            expect = may_expect(t);
            continue;
        }
        co_await release(t, next == turn::stale ? reuse{reason_for(ec)} : judge_reuse(t));
        ec = co_await begin_again(t, ec, next == turn::stale);
        fresh = next == turn::stale;
        expect = expect && next == turn::stale;
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

/// Gets as far as the final head; the connection stays checked out for the body.
inline result fetch_head(transfer& t) {
    auto a = co_await action{.what = action::kind::now};
    start_clock(t, a.at);
    auto ec = co_await open(t);
    auto now = co_await action{.what = action::kind::now};
    t.response.elapsed = t.response.timings.first_byte = now.at - t.started;
    t.phase = ec ? t.phase : Phase::body;
    co_return ec;
}

/// The part of a body that did not come with its head.
[[gnu::cold]] inline result read_rest(transfer& t) {
    auto head = co_await action{.what = action::kind::now};
    t.response.timings.first_byte = head.at - t.started;
    auto ec = co_await read_body(t);
    co_return ec;
}

/// The body that an adapter gave.
[[gnu::cold]] inline result take_canned(transfer& t) {
    auto end = co_await action{.what = action::kind::now};
    t.response.elapsed = t.response.timings.first_byte = end.at - t.started;
    if (t.canned.size() > t.asked.max_body) co_return errc::body_too_large;
    t.response.body = std::move(t.canned);
    t.decoded = {};
    co_return std::error_code{};
}

/// A body that broke off, or was not what it said: the connection goes, and the retry policy is asked.
[[gnu::cold]] inline result end_in_body(transfer& t, std::error_code ec, bool& again) {
    ec = co_await finish(t, ec);
    if (ec && t.asked.retry) ec = co_await after_failure(t, ec, again);
    co_return ec;
}

FERRY_DECL result fetch(transfer& t, configuration) {
    if (t.started == time_point{}) {
        auto begun = co_await action{.what = action::kind::now};
        start_clock(t, begun.at);
    }
    for (;;) {
        auto ec = co_await open(t);
        if (ec) co_return ec;
        t.phase = Phase::body;
        if (!t.conn) {
            ec = co_await take_canned(t);
            co_return ec;
        }
        take_whole_body(t);
        if (!t.body_whole) ec = co_await read_rest(t);
        if (t.asked.keep_alive && !ec) break;
        bool again = false;
        ec = co_await end_in_body(t, ec, again);
        if (!again) co_return ec;
    }
    const auto& ended = co_await release(t, judge_reuse(t));
    t.response.elapsed = ended.at - t.started;
    if (t.response.timings.first_byte.count() == 0) t.response.timings.first_byte = t.response.elapsed;
    co_return std::error_code{};
}

}  // namespace ferry::detail
