// May this connection serve another request? (RFC 9112 9.3.) A pure function over what is known at the end of one.
#pragma once

#include <ferry/http/framing.hpp>
#include <ferry/stats.hpp>

#include <chrono>
#include <optional>

namespace ferry::detail {

struct end_of_exchange {
    bool failed = false;          // time-out, cancellation, malformed bytes: nothing is known any more
    bool request_whole = false;   // all of it was written
    bool response_whole = false;  // all of it was read
    bool peer_keeps = false;      // its version and fields let the connection live
    bool we_keep = true;          // we did not say close
    bool leftover = false;        // bytes behind the response
    keep_alive_hint hint{};
};

struct reuse {
    std::optional<DiscardReason> discard;                 // nothing: keep it,
    std::optional<std::chrono::milliseconds> idle_for{};  // for so long, if the server said
};

inline reuse judge_reuse(const end_of_exchange& e) noexcept {
    if (e.failed) return {DiscardReason::aborted};
    if (!e.peer_keeps || !e.we_keep) return {DiscardReason::close_header};
    if (!e.response_whole || !e.request_whole) return {DiscardReason::not_drained};
    if (e.leftover) return {DiscardReason::leftover_bytes};
    if (e.hint.max && *e.hint.max == 0) return {DiscardReason::max_requests};
    if (!e.hint.timeout) return {};
    if (e.hint.timeout->count() == 0) return {DiscardReason::hint_expired};
    return {std::nullopt, with_margin(*e.hint.timeout)};
}

}  // namespace ferry::detail
