// Receives the head of the final response, past any interim ones.
#pragma once

#include <ferry/engine/transfer.hpp>

#include <string_view>
#include <system_error>

namespace ferry::detail {

/// The end of the connection, its breaking, or the end of waiting, before a head was whole.
[[gnu::cold]] inline std::error_code ended_before_head(const transfer& t, std::error_code ec) noexcept {
    if (ec == errc::read_timeout || ec == errc::total_timeout || ec == errc::cancelled) return ec;
    if (t.heard > 0) return errc::incomplete_head;
    return ec ? ec : make_error_code(errc::connection_closed);
}

/// Prepares to undo the body's content codings, if it has any.
[[gnu::cold]] inline std::error_code expect_codings(transfer& t) {
    std::unique_ptr<body_decoder> decoder;
    auto ec = make_decoder(t.response.headers, decoder, t.asked.session->max_expansion);
    if (decoder) t.coded = std::make_unique<decoding>(std::move(decoder));
    return ec;
}

/// What a head that is whole means: an interim one is counted, offered and forgotten.
inline std::error_code head_complete(transfer& t) {
    auto& r = t.response;
    if (r.status == 101) return errc::unexpected_upgrade;
    if (!t.conn->parser.interim()) {
        t.head_done = true;
        t.remaining = t.conn->parser.content_length();
        t.body_whole = t.body() == framing::none;
        t.telling = t.conn->parser.telling();
        if (t.body_whole || !t.asked.decode || !t.telling.content_encoding) return {};
        return expect_codings(t);
    }
    if (++t.interim > t.asked.session->max_interim) return errc::too_many_interim_responses;
    if (t.asked.options->on_interim) t.asked.options->on_interim(r.status, r.headers);
    t.conn->parser.next_head(r);
    r.status = 0;
    return {};
}

/// Reads heads from what was received, up to the final one; its body stays unread.
inline std::error_code parse_heads(transfer& t) {
    auto& c = *t.conn;
    while (!t.head_done && !c.unread().empty()) {
        auto f = c.parser.feed_head(c.unread());
        c.consume(f.used);
        if (f.ec) {
            t.particulars = c.parser.fault();
            return f.ec;
        }
        if (!c.parser.head_complete()) continue;
        if (auto ec = head_complete(t)) return ec;
    }
    return {};
}

/// What a read brought: bytes, the end, or an error.
inline std::error_code take_head_bytes(transfer& t, const answer& a) {
    if (a.ec || a.n == 0) return ended_before_head(t, a.ec);
    t.heard += a.n;
    t.state = RequestState::response_started;
    t.conn->received(a.n);
    return parse_heads(t);
}

/// While the request is still being sent: takes what is there and does not wait for more.
inline result receive_early(transfer& t) {
    auto a = co_await read_action(t, t.conn->room(false));
    co_return take_head_bytes(t, a);
}

}  // namespace ferry::detail
