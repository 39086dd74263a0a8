// An exchange with an adapter in place of a connection.
#pragma once

#include <ferry/adapter.hpp>
#include <ferry/core/buffer.hpp>
#include <ferry/engine/transfer.hpp>
#include <ferry/features.hpp>
#include <ferry/http/gzip.hpp>

#include <string>
#include <system_error>
#include <utility>

namespace ferry::detail {

/// The whole body of the request as bytes.
inline result gather_body(transfer& t, std::string& bytes) {
    if (auto all = t.asked.body().bytes()) bytes = *all;
    if (!t.asked.body().pulled()) co_return std::error_code{};
    buffer memory(large_buffer);
    for (;;) {
        t.pulled = true;
        auto a = co_await action{
            .what = action::kind::pull, .into = {memory.data(), memory.size()}, .until = t.deadline};
        if (a.ec) co_return unreadable_body(t, a);
        if (a.n == 0) break;
        bytes.append(memory.data(), a.n);
    }
#if FERRY_HAS_ZLIB
    if (t.packs) bytes = gzip(bytes);
#endif
    co_return std::error_code{};
}

/// The fields as they would go on the wire.
inline Headers fields_on_the_wire(const request& q, body_framing body) {
    std::string memory;
    auto head = encode_head(q, body, false, memory);
    Headers fields;
    for (head.remove_prefix(head.find('\n') + 1); !head.starts_with('\r');) {
        auto end = head.find("\r\n"), colon = head.find(':');
        fields.add(head.substr(0, colon), head.substr(colon + 2, end - colon - 2));
        head.remove_prefix(end + 2);
    }
    return fields;
}

/// Asks the adapter. Its response is there at once, body and all.
inline result adapt(transfer& t) {
    auto& q = t.asked;
    t.phase = Phase::send;
    t.telling = {};
    AdapterRequest to{std::string(q.method), q.url, std::string(q.target()), fields_on_the_wire(q, t.sending), {}};
    auto ec = co_await gather_body(t, to.body);
    if (ec) co_return ec;
    t.state = RequestState::maybe_sent;
    auto came = q.adapter->send(to);
    t.state = RequestState::response_started;
    t.phase = Phase::head;
    if (came.status < 200 || came.status > 999) co_return errc::invalid_status;
    auto& r = t.response;
    r.status = came.status;
    r.reason = std::move(came.reason);
    r.headers = std::move(came.headers);
    r.trailers = std::move(came.trailers);
    for (auto f : r.headers) note_telling(t.telling, f.name);
    t.canned = q.is_head() ? std::string() : std::move(came.body);
    t.decoded = t.canned;
    t.head_done = t.request_whole = t.body_whole = true;
    co_return std::error_code{};
}

}  // namespace ferry::detail
