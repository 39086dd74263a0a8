// May this request be repeated, and after how long? Pure functions over what a Retry says and what has happened.
#pragma once

#include <ferry/error.hpp>
#include <ferry/headers.hpp>
#include <ferry/http_date.hpp>
#include <ferry/retry.hpp>
#include <ferry/token.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace ferry::detail {

/// Which member of a Retry counts a failure; `hopeless` is not worth another try.
enum class failure_kind { hopeless, connect, read, other };

/// A fault of the network is of the kind that the request's state makes it. What a second try would only repeat
/// (certificates, names that do not exist, limits) or what the caller has set (cancellation, deadlines, the pool's
/// limits, as in urllib3) is never tried again, and neither is what is not known here.
inline failure_kind classify(std::error_code ec, RequestState state) noexcept {
    const auto network = state == RequestState::not_sent ? failure_kind::connect : failure_kind::read;
    if (ec.category() != category()) return is_network(ec) ? network : failure_kind::hopeless;
    switch (const auto e = static_cast<errc>(ec.value())) {
    case errc::resolver_try_again:
    case errc::connect_timeout:
    case errc::tls_handshake_closed:
    case errc::proxy_refused:
    case errc::proxy_closed: return failure_kind::connect;
    case errc::connection_closed:
    case errc::incomplete_head:
    case errc::incomplete_body:
    case errc::read_timeout:
    case errc::write_timeout: return network;
    case errc::invalid_content_coding:
    case errc::truncated_content_coding: return failure_kind::other;
    default:
        return in(e, errc::malformed_response, errc::malformed_chunk) ? failure_kind::other : failure_kind::hopeless;
    }
}

/// How long the server wants to be left alone, at most `longest`. Nothing when it does not say so intelligibly (RFC
/// 9110 10.2.3).
inline std::optional<std::chrono::milliseconds> retry_after(const Headers& headers,
                                                            std::chrono::system_clock::time_point now,
                                                            std::chrono::milliseconds longest) noexcept {
    using std::chrono::seconds;
    const auto value = trim(headers["retry-after"]);
    std::uint64_t wait = 0;
    if (!value.empty() && value.find_first_not_of("0123456789") == std::string_view::npos) {
        if (!parse_decimal(value, wait)) return longest;
    } else {
        const auto date = parse_http_date(value, now);
        if (!date) return std::nullopt;
        const auto left = std::chrono::floor<seconds>(*date) - std::chrono::floor<seconds>(now);
        wait = static_cast<std::uint64_t>(std::max(left, seconds(0)).count());
    }
    const auto whole = static_cast<std::uint64_t>(std::chrono::floor<seconds>(longest).count());
    return wait > whole ? longest : seconds(static_cast<seconds::rep>(wait));
}

/// Before the n-th retry, from 1; `random` is at least 0 and less than 1.
inline std::chrono::milliseconds backoff(const Retry& rules, unsigned n, double random) noexcept {
    auto wait = std::min(rules.backoff_factor, rules.backoff_max);
    for (; n > 1 && wait.count() > 0 && wait < rules.backoff_max; --n)
        wait = wait > rules.backoff_max / 2 ? rules.backoff_max : wait * 2;
    if (!rules.jitter) return wait;
    return std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<double>(wait.count()) * random));
}

/// How an attempt of a call ended: with a fault, or else with a response.
struct attempt_end {
    std::error_code ec{};
    int status = 0;
    const Headers* headers = nullptr;  // the response's; null where there is none
    std::string_view method;
    bool marked_idempotent = false;               // by the caller's option or by Idempotency-Key
    bool rewindable = true;                       // the body has not been touched, or could be sent again
    RequestState state = RequestState::not_sent;  // of this attempt, whatever became of those before
    std::chrono::system_clock::time_point now{};
    double random = 0;  // at least 0 and less than 1
};

struct retry_verdict {
    enum class kind {
        give_up,        // what the attempt ended with is the result
        again,          // after `wait`
        not_rewindable  // it would be again, but for the body: errc::body_not_rewindable
    } what = kind::give_up;
    std::chrono::milliseconds wait{0};
};

/// The retries of one call, counted. Refers to the rules, which outlive it.
class retry_state {
public:
    explicit retry_state(const Retry& rules) noexcept : rules_(rules) {}

    /// Whether to try again; if so, the retry is counted as made.
    retry_verdict decide(const attempt_end& end) noexcept { return end.ec ? after_failure(end) : after_response(end); }
    /// How many retries this call has made.
    unsigned made() const noexcept { return total_; }

private:
    using kind = retry_verdict::kind;

    retry_verdict after_failure(const attempt_end& end) noexcept {
        const auto what = classify(end.ec, end.state);
        if (what == failure_kind::hopeless) return {};
        if (end.state != RequestState::not_sent && !repeatable(end)) return {};
        const bool connecting = what == failure_kind::connect, reading = what == failure_kind::read;
        auto& made = connecting ? connect_ : reading ? read_ : other_;
        const auto limit = connecting ? rules_.connect : reading ? rules_.read : rules_.other;
        if (!room(total_, rules_.total) || !room(made, limit)) return {};
        if (!end.rewindable) return {kind::not_rewindable};
        return again(made, backoff(rules_, total_ + 1, end.random));
    }

    /// A response to a body that cannot be sent again is worth more than an error about that.
    retry_verdict after_response(const attempt_end& end) noexcept {
        if (!end.rewindable || !repeatable(end)) return {};
        std::optional<std::chrono::milliseconds> asked;
        if (end.headers && rules_.respect_retry_after_header)
            asked = retry_after(*end.headers, end.now, rules_.retry_after_max);
        if (!has(rules_.status_forcelist, end.status) && !(asked && has(rules_.retry_after_statuses, end.status)))
            return {};
        if (!room(total_, rules_.total) || !room(status_, rules_.status)) return {};
        const bool says_when = asked && asked->count() > 0;
        return again(status_, says_when ? *asked : backoff(rules_, total_ + 1, end.random));
    }

    retry_verdict again(unsigned& made, std::chrono::milliseconds wait) noexcept {
        ++made;
        ++total_;
        return {kind::again, wait};
    }
    bool repeatable(const attempt_end& end) const noexcept {
        return end.marked_idempotent || has(rules_.allowed_methods, end.method);
    }
    static bool room(unsigned made, std::optional<unsigned> limit) noexcept { return !limit || made < *limit; }
    static bool has(const auto& list, const auto& value) noexcept {
        return std::find(list.begin(), list.end(), value) != list.end();
    }

    const Retry& rules_;
    unsigned total_ = 0, connect_ = 0, read_ = 0, status_ = 0, other_ = 0;
};

/// The name of the first member that makes no sense, or null.
inline const char* bad_retry(const Retry& r) noexcept {
    if (r.backoff_factor.count() < 0) return "retry.backoff_factor";
    if (r.backoff_max.count() < 0) return "retry.backoff_max";
    if (r.retry_after_max.count() < 0) return "retry.retry_after_max";
    if (r.budget && !(*r.budget >= 0 && *r.budget <= 1)) return "retry.budget";
    return r.budget_reserve == 0 ? "retry.budget_reserve" : nullptr;
}

}  // namespace ferry::detail
