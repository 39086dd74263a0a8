// An exchange with an adapter in place of a connection.
#pragma once

#include <ferry/adapter.hpp>
#include <ferry/core/buffer.hpp>
#include <ferry/engine/notice.hpp>
#include <ferry/engine/send.hpp>
#include <ferry/features.hpp>
#include <ferry/http/gzip.hpp>

#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry::detail {

/// The whole body of the request as bytes, coded as it would go on the wire.
inline result gather_body(transfer& t, std::string& bytes) {
    if (auto all = t.asked.body().bytes()) bytes = *all;
    if (!t.asked.body().pulled()) co_return std::error_code{};
    const bool known = t.sending.what == body_framing::kind::length;
    const bool exact = known && t.asked.body().source();  // not asked again after its last byte
    buffer memory(large_buffer);
    for (bool last = exact && t.sending.size == 0; !last;) {
        t.pulled = true;
        auto a = co_await action{
            .what = action::kind::pull, .into = {memory.data(), memory.size()}, .until = t.deadline};
        if (a.ec) co_return unreadable_body(t, a);
        bytes.append(memory.data(), a.n);
        last = a.n == 0 || (exact && bytes.size() >= t.sending.size);
    }
    if (known && bytes.size() != t.sending.size) co_return errc::body_size_changed;
#if FERRY_HAS_ZLIB
    if (t.packs) bytes = gzip(bytes);
#endif
    co_return std::error_code{};
}

/// The fields that are sent behind a body.
inline std::error_code gather_trailers(transfer& t, Headers& fields) {
    if (t.has_trailers) fields = t.asked.options->trailers();
    auto c = check_trailers(fields);
    if (c) t.particulars = "trailer " + c.about;
    return c.ec;
}

/// The body that came, with its content codings undone.
inline std::error_code take_answer_body(transfer& t, std::string&& body) {
    t.canned = t.asked.is_head() ? std::string() : std::move(body);
    if (t.canned.empty() || !t.asked.decode || !t.telling.content_encoding) return {};
    auto ec = expect_codings(t);
    const auto coded = std::exchange(t.coded, nullptr);
    if (ec || !coded) return ec;
    std::string plain;
    ec = decode_all(*coded->decoder, t.canned, plain, plain.max_size());
    t.canned = std::move(plain);
    return ec;
}

/// The fields of a head.
inline Headers fields_of(std::string_view head) {
    Headers fields;
    for (head.remove_prefix(head.find('\n') + 1); !head.starts_with('\r');) {
        auto end = head.find("\r\n"), colon = head.find(':');
        fields.add(head.substr(0, colon), head.substr(colon + 2, end - colon - 2));
        head.remove_prefix(end + 2);
    }
    return fields;
}

/// Asks the adapter. Its response is there at once, body and all.
[[gnu::cold]] inline result adapt(transfer& t) {
    auto& q = t.asked;
    std::string memory;
    t.phase = Phase::send;
    t.telling = {};
    t.head_done = false;
    t.response.connection = {};
    const auto head = encode_head(q, t.sending, false, memory);
    if (q.attentive) tell_sending(t, head);
    AdapterRequest to{std::string(q.method), q.url, std::string(q.target()), fields_of(head), {}, {}};
    auto ec = co_await gather_body(t, to.body);
    if (!ec) ec = gather_trailers(t, to.trailers);
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
    t.head_done = t.request_whole = t.body_whole = true;
    ec = take_answer_body(t, std::move(came.body));
    t.decoded = t.canned;
    co_return ec;
}

}  // namespace ferry::detail
