// One request on its way: what the engine's coroutines share, and the actions that they all ask for.
#pragma once

#include <ferry/core/task.hpp>
#include <ferry/engine/decoding.hpp>
#include <ferry/engine/journey.hpp>
#include <ferry/engine/session_state.hpp>
#include <ferry/http/connection.hpp>
#include <ferry/http/encode.hpp>
#include <ferry/http/lines.hpp>
#include <ferry/http/telling_fields.hpp>
#include <ferry/request.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace ferry::detail {

using result = task<std::error_code>;

struct transfer {
    transfer(request& q, Response& r) : asked(q), response(r) {}
    transfer(const transfer&) = delete;
    transfer& operator=(const transfer&) = delete;

    request& asked;
    Response& response;
    std::unique_ptr<journey> way;  // when one request is not all there is to it
    connection* conn = nullptr;    // between checkout and release

    time_point started{};
    time_point waiting_since{};   // for a connection
    time_point deadline = never;  // of all attempts and the body

    Phase phase = Phase::pool;
    RequestState state = RequestState::not_sent;    // of this attempt
    RequestState earlier = RequestState::not_sent;  // of the attempt before
    std::string particulars;                        // of an error, for people

    // The request
    std::array<std::string_view, 2> unsent;  // of the bytes at hand
    std::string_view later;                  // a body that waits for a go-ahead
    body_framing sending;
    bool pulled = false;        // some of it was taken from its source
    bool packs = false;         // it is coded while it is sent
    bool has_trailers = false;  // fields behind it
    std::string trailing;       // those, behind the last chunk
    std::uint64_t written = 0;  // bytes of head and body
    std::uint64_t head_size = 0;
    bool request_whole = false;

    // The response
    std::uint64_t heard = 0;  // bytes of it that came in this attempt
    std::size_t interim = 0;
    bool head_done = false;        // a final head is there
    telling_fields telling;        // of it
    std::uint64_t remaining = 0;   // of a body of known length
    std::uint64_t body_bytes = 0;  // so far
    std::string_view decoded;      // a piece of body that was taken off the wire and not yet delivered
    std::string canned;            // the body that an adapter gave
    std::error_code fault;         // found behind the piece that was delivered last
    bool body_whole = false;
    std::uint64_t resumed = 0;             // bytes of a download that were there before
    std::uint64_t stored = 0;              // and that have been added since
    std::error_code ended;                 // what ended a body that was taken by pieces
    std::unique_ptr<decoding> coded;       // undoes the body's content codings, if it has any
    std::unique_ptr<line_splitter> lines;  // when the body is taken by lines

    framing body() const noexcept { return conn->parser.body_framing(); }
    RequestState reached() const noexcept { return std::max(state, earlier); }

    /// For the actions of every call: one that is made anew each time costs more to clear than to perform. What the
    /// kind does not use may be left over from another.
    action& ask(action::kind what) noexcept {
        wish_.what = what;
        return wish_;
    }

private:
    action wish_{.what = action::kind::now};
};

/// For those who take bytes: what has been made lines of so far, and was not taken, comes first.
inline transfer& without_lines(transfer& t) noexcept {
    if (t.lines && (t.conn || t.asked.adapter)) (t.coded ? t.coded->left : t.decoded) = t.lines->rest();
    t.lines.reset();
    return t;
}

/// One deadline covers all that a call does, however often its clock is started.
inline void start_clock(transfer& t, time_point now) noexcept {
    t.started = t.waiting_since = now;
    if (t.deadline == never) t.deadline = add(now, t.asked.total);
}

inline const action& read_action(transfer& t, std::span<char> into) noexcept {
    auto& a = t.ask(action::kind::read);
    a.skip = false;
    a.into = into;
    a.limit = t.asked.read;
    a.until = t.deadline;
    return a;
}

/// Tells the caller how far the bodies have got, if that is asked for.
inline void tell_progress(const transfer& t) {
    if (!t.asked.options->on_progress) [[likely]]
        return;
    Progress p{.sent = t.written - std::min(t.written, t.head_size), .received = t.body_bytes};
    if (t.sending.what == body_framing::kind::length) p.to_send = t.sending.size;
    if (t.head_done && t.body() == framing::length) p.to_receive = t.conn->parser.content_length();
    p.received += t.resumed;
    if (p.to_receive) *p.to_receive += t.resumed;
    t.asked.options->on_progress(p);
}

/// The driver says that the time between two bytes, or of all, is over; what the former means depends on who waited.
inline std::error_code timed_out_as(std::error_code ec, errc what) noexcept {
    return ec == errc::read_timeout ? make_error_code(what) : ec;
}

/// A body that could not be opened or read, with the system's reason; the answer says which of its parts it was.
inline std::error_code unreadable_body(transfer& t, const answer& a) {
    if (a.ec == errc::cancelled || a.ec == errc::total_timeout) return a.ec;
    const bool changed = a.ec == errc::body_size_changed;
    auto parts = t.asked.body().parts();
    if (auto* f = a.n < parts.size() ? parts[a.n].file() : nullptr)
        t.particulars = changed ? f->path : f->path + ": " + a.ec.message();
    return changed ? errc::body_size_changed : errc::body_not_readable;
}

}  // namespace ferry::detail
