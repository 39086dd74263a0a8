// Sends one request: head and small body in one write, larger bodies behind it, and an ear open for an early answer.
#pragma once

#include <ferry/engine/receive_head.hpp>
#include <ferry/features.hpp>
#include <ferry/http/gzip.hpp>
#include <ferry/http/trailers.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry::detail {

/// Up to this size a body is copied behind the head; a longer one costs less as a buffer of its own.
inline constexpr std::size_t copied_body = 16 * 1024;

/// How long `Expect: 100-continue` waits for a go-ahead.
inline constexpr std::chrono::milliseconds continue_wait{1000};

inline const action& write_action(transfer& t, bool watch = false) noexcept {
    auto& a = t.ask(action::kind::write);
    a.watch = watch;
    a.from = t.unsent;
    a.limit = t.asked.write;
    a.until = t.deadline;
    return a;
}

/// What a write did: some bytes less to send, and perhaps an error. Under TLS bytes may be on their way in both cases.
inline std::error_code take_written(transfer& t, const answer& a) {
    const auto ec = timed_out_as(a.ec, errc::write_timeout);
    if (a.n == 0) return ec;
    t.state = RequestState::maybe_sent;
    auto of_first = std::min(a.n, t.unsent[0].size());
    t.unsent[0].remove_prefix(of_first);
    t.unsent[1].remove_prefix(a.n - of_first);
    t.written += a.n;
    if (t.written > t.head_size && !ec) tell_progress(t);
    return ec;
}

inline bool all_sent(const transfer& t) noexcept { return t.unsent[0].empty() && t.unsent[1].empty(); }

/// Writes what is unsent, unless a final response comes first (RFC 9112 9.5): then `t.head_done` says so.
inline result write_all(transfer& t, bool watch) {
    while (!all_sent(t)) {
        auto a = co_await write_action(t, watch);
        auto ec = take_written(t, a);
        if (!ec && a.readable) ec = co_await receive_early(t);
        if (ec || t.head_done) co_return ec;
    }
    co_return std::error_code{};
}

inline complaint check_trailers(const Headers& fields) {
    auto c = check_fields(fields);
    if (auto name = untrailable(fields); name && !c) c = {errc::invalid_header_name, std::string(*name)};
    return c;
}

/// The last chunk, and the trailers that the caller has by now.
inline std::error_code end_chunks(transfer& t) {
    t.unsent[0] = last_chunk;
    if (!t.has_trailers) return {};
    const auto fields = t.asked.options->trailers();
    auto c = check_trailers(fields);
    t.particulars = c.about.empty() ? t.particulars : "trailer " + c.about;
    t.trailing = last_chunk_with(fields);
    t.unsent[0] = t.trailing;
    return c.ec;
}

#if FERRY_HAS_ZLIB
/// A body that is coded with gzip while it is pulled, in chunks.
inline result send_packed(transfer& t) {
    gzip_encoder gzip;
    buffer plain(large_buffer), memory(large_buffer);
    const auto room = memory.size() - chunk_prefix - chunk_suffix;
    for (bool ended = false; !ended;) {
        t.pulled = true;
        auto a = co_await action{.what = action::kind::pull, .into = {plain.data(), plain.size()}, .until = t.deadline};
        if (a.ec) co_return unreadable_body(t, a);
        std::string_view in(plain.data(), a.n);
        for (bool more = true; more;) {
            std::size_t n = 0;
            ended = gzip.encode(in, a.n == 0, {memory.data() + chunk_prefix, room}, n);
            more = n == room || !in.empty();
            if (n == 0) continue;
            t.unsent[0] = frame_chunk(memory.data(), n);
            auto ec = co_await write_all(t, true);
            if (ec || t.head_done) co_return ec;
        }
    }
    auto ec = end_chunks(t);
    if (!ec) ec = co_await write_all(t, true);
    co_return ec;
}
#else
inline result send_packed(transfer&) { co_return errc::coding_not_available; }
#endif

/// A body that is pulled piece by piece, as it is or in chunks.
inline result send_pulled(transfer& t) {
    const bool chunked = t.sending.what == body_framing::kind::chunked;
    const bool exact = !chunked &&
                       t.asked.body().source();  // not asked again after its last byte, for which it might wait
    std::uint64_t left = t.sending.size;
    buffer memory(chunked || left > copied_body / 2 ? large_buffer : small_buffer);
    const auto room = memory.size() - chunk_prefix - chunk_suffix;
    for (bool first = true; !exact || left > 0; first = false) {
        t.pulled = true;
        auto a = co_await action{
            .what = action::kind::pull, .into = {memory.data() + chunk_prefix, room}, .until = t.deadline};
        if (a.ec) co_return unreadable_body(t, a);
        if (!chunked && (a.n > left || (a.n == 0 && left > 0))) co_return errc::body_size_changed;
        left -= chunked ? 0 : a.n;
        t.unsent[0] = {memory.data() + chunk_prefix, a.n};
        if (chunked && a.n) t.unsent[0] = frame_chunk(memory.data(), a.n);
        const bool last = a.n == 0;
        std::error_code ec;
        if (chunked && last) ec = end_chunks(t);
        if (!ec) ec = co_await write_all(t, !first);
        if (ec || t.head_done || last) co_return ec;
    }
    co_return std::error_code{};
}

/// Waits for a go-ahead before the body goes out: an interim response, or a while of silence.
inline result await_continue(transfer& t) {
    auto begin = co_await action{.what = action::kind::now};
    const auto enough = add(begin.at, continue_wait);
    const auto before = t.interim;
    while (!t.head_done && t.interim == before) {
        auto a = co_await action{
            .what = action::kind::read, .into = t.conn->room(false), .until = std::min(enough, t.deadline)};
        if (a.ec == errc::total_timeout && enough < t.deadline) co_return std::error_code{};
        auto ec = take_head_bytes(t, a);
        if (ec) co_return ec;
    }
    co_return std::error_code{};
}

/// The head, with a small body behind it or a larger one beside it; or none yet, if it waits for a go-ahead.
inline void encode_request(transfer& t, bool expect) {
    auto body = t.asked.body().bytes().value_or(std::string_view{});
    t.later = expect ? std::exchange(body, {}) : std::string_view{};
    auto behind = body.size() <= copied_body ? std::exchange(body, {}) : std::string_view{};
    t.unsent = {encode_head(t.asked, t.sending, expect, t.conn->out, behind), body};
    t.head_size = t.unsent[0].size() - behind.size();
    t.written = 0;
}

/// What a first write has left over.
[[gnu::cold]] inline result send_rest(transfer& t, bool readable, bool expect) {
    std::error_code ec;
    if (readable) ec = co_await receive_early(t);
    if (!ec && !t.head_done) ec = co_await write_all(t, false);
    if (!ec && expect && !t.head_done) ec = co_await await_continue(t);
    if (!ec && !t.later.empty() && !t.head_done) {
        t.unsent[0] = std::exchange(t.later, {});
        ec = co_await write_all(t, false);
    }
    if (ec || t.head_done || !t.asked.body().pulled()) co_return ec;
    if (t.packs) ec = co_await send_packed(t);
    else ec = co_await send_pulled(t);
    co_return ec;
}

}  // namespace ferry::detail
