// One exchange on a connection at hand: the request, the final head, and what is to become of the connection.
#pragma once

#include <ferry/engine/notice.hpp>
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

/// A proxy that answers in the server's stead may leave a body unread. Squid 5 says keep-alive then, but when the body
/// is longer than its buffer of 64 KiB it never comes to the next request.
inline bool may_be_unread(const transfer& t) noexcept {
    constexpr std::size_t surely_read = 32 * 1024;
    const auto& route = t.asked.route;
    return route && route->forwarded && t.response.status >= 400 && t.written > surely_read;
}

inline reuse judge_reuse(const transfer& t) noexcept {
    auto& c = *t.conn;
    end_of_exchange e{.failed = !t.head_done,
                      .request_whole = t.request_whole && !may_be_unread(t),
                      .response_whole = t.body_whole,
                      .peer_keeps = c.parser.keep_alive(),
                      .we_keep = t.asked.keep_alive,
                      .leftover = c.has_leftover()};
    if (t.telling.keep_alive) e.hint = parse_keep_alive(t.response.headers["keep-alive"]);
    return judge_reuse(e);
}

/// Takes one: kept and alive, or blank.
inline const action& checkout(transfer& t, bool fresh) noexcept {
    auto& a = t.ask(action::kind::checkout);
    a.fresh = fresh;
    a.limit = t.asked.pool_wait;
    a.until = t.deadline;
    return a;
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

/// What came was not the answer.
inline void forget_response(transfer& t) noexcept {
    t.response.status = 0;
    t.response.reason.clear();
    t.response.headers.clear();
    t.response.body.clear();
    t.response.trailers.clear();
    t.response.timings.first_byte = {};
}

/// Nothing is left of an exchange before.
inline void clear_exchange(transfer& t) noexcept {
    t.heard = t.interim = 0;
    t.head_done = t.request_whole = t.body_whole = false;
    t.body_bytes = t.remaining = 0;
    t.fault = {};
    t.telling = {};
    t.coded.reset();
}

/// Tells one server from most others: by its port, and the last of IPv4's bytes and of IPv6's.
inline std::size_t server_number(const Endpoint& e) noexcept {
    return static_cast<std::size_t>(e.address[2] + e.address[3] + e.address[14] + e.address[15] + e.port);
}

inline void begin_exchange(transfer& t, bool expect) {
    auto& c = *t.conn;
    clear_exchange(t);
    ++c.info.requests;
    t.response.connection = c.info;
    c.parser.start(t.response, t.asked.is_head(), {t.asked.session->max_head, t.asked.session->max_fields},
                   t.asked.lenient, server_number(c.info.remote));
    encode_request(t, expect);
    if (t.asked.attentive) tell_sending(t, t.unsent[0]);
}

/// Sends the request and receives the final head. A write that fails does not hide an answer that is already there.
inline result exchange(transfer& t, bool expect) {
    begin_exchange(t, expect);
    t.phase = Phase::send;
    const auto& a = co_await write_action(t);
    auto sent = take_written(t, a);
    if (!sent && (!all_sent(t) || expect || t.asked.body().pulled())) sent = co_await send_rest(t, a.readable, expect);
    t.request_whole = !sent && !t.head_done && !t.conn->withholds();
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

}  // namespace ferry::detail
