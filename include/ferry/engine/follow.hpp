// After a response or a failure: whether another request follows it, and what that is.
#pragma once

#include <ferry/engine/connect.hpp>
#include <ferry/engine/exchange.hpp>
#include <ferry/engine/fields.hpp>
#include <ferry/engine/route.hpp>
#include <ferry/retry_rules.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry::detail {

/// The request that follows.
struct next_request {
    enum class kind { none, redirect, answer, retry } what = kind::none;
    std::error_code ec{};  // why there is none although the response asks for one
    redirect_verdict to{};
    std::chrono::milliseconds wait{0};
};

/// What a final head says to the session, whatever becomes of the request.
inline void take_notice(transfer& t) {
    auto& jar = t.asked.session->cookies;
    if (jar)
        for (auto value : t.response.headers.all("set-cookie")) jar->store(t.asked.url, value);
    if (t.asked.attentive) tell_received(t);
}

/// A body that has been taken from its source, in part or whole, can it be sent again?
inline bool can_repeat_body(const transfer& t) noexcept { return !t.pulled || t.asked.body().rewindable(); }

inline next_request judge_challenge(transfer& t) {
    auto& q = t.asked;
    auto& r = t.response;
    if (!t.way || ((r.status == 401 || r.status == 407) && !can_repeat_body(t))) return {};
    bool again = t.way->credentials.answers(r.status, r.headers, q.method, q.target(), q.url);
    if (q.route && q.route->forwarded)
        again = t.way->proxy_credentials.answers(r.status, r.headers, q.method, q.wire_target(),
                                                 q.route->proxy.url()) ||
                again;
    return {.what = again ? next_request::kind::answer : next_request::kind::none};
}

inline next_request judge_location(transfer& t) {
    auto& q = t.asked;
    if (!is_redirect(t.response.status)) return {};
    auto to = judge_redirect({.status = t.response.status,
                              .method = q.method,
                              .from = q.url,
                              .response = t.response,
                              .headers = t.response.headers,
                              .before = t.way ? std::span<const hop>(t.way->before) : std::span<const hop>(),
                              .rewindable = can_repeat_body(t)},
                             *q.redirects);
    using kind = redirect_verdict::kind;
    if (to.what == kind::stop || to.what == kind::not_a_redirect) return {};
    t.particulars = to.about;
    return {.what = next_request::kind::redirect, .ec = to.ec, .to = std::move(to)};
}

/// At least 0 and less than 1.
inline double random_share() {
    thread_local std::minstd_rand engine{std::random_device{}()};
    return std::uniform_real_distribution<double>{}(engine);
}

/// Asks the retry policy; `ec` or else the response's status is what happened.
inline next_request judge_retry(transfer& t, std::error_code ec, time_point now) {
    auto& q = t.asked;
    if (!q.retry) return {};
    auto verdict = way_of(t).retries->decide({.ec = ec,
                                              .status = t.response.status,
                                              .headers = ec ? nullptr : &t.response.headers,
                                              .method = q.method,
                                              .marked_idempotent = is_marked_idempotent(q),
                                              .rewindable = can_repeat_body(t),
                                              .state = t.state,
                                              .now = std::chrono::system_clock::now(),
                                              .random = random_share()});
    using kind = retry_verdict::kind;
    if (verdict.what == kind::not_rewindable) return {.ec = errc::body_not_rewindable};
    if (verdict.what == kind::give_up || add(now, verdict.wait) >= t.deadline) return {};
    if (q.shared && !q.shared->budget.take(*q.retry)) return {};
    return {.what = next_request::kind::retry, .wait = verdict.wait};
}

/// The end of an exchange that another follows.
inline result end_hop(transfer& t) {
    auto end = co_await action{.what = action::kind::now};
    t.response.timings.first_byte = end.at - t.started;
    std::error_code ec;
    t.phase = Phase::body;
    if (t.conn) {
        ec = co_await read_near_body(t, end.at);
        end = co_await release(t, judge_reuse(t));
    } else {
        t.response.body = std::move(t.canned);
        t.decoded = {};
    }
    t.response.elapsed = end.at - t.started;
    t.waiting_since = end.at;
    if (!ec && end.at >= t.deadline) ec = errc::total_timeout;
    co_return ec;
}

/// The response goes into the history, and its place is empty again.
inline void keep_in_history(transfer& t) {
    auto history = std::exchange(t.response.history, {});
    t.response.url = t.asked.url;
    history.push_back(std::move(t.response));
    t.response.clear();
    t.response.history = std::move(history);
}

/// The fields of the next request, the caller's and the session's. A Referer of the session's becomes the request's
/// own.
inline void turn_fields(transfer& t, const redirect_verdict& to) {
    auto& q = t.asked;
    auto& w = way_of(t);
    const auto& secret = q.redirects->secret_headers;
    if (names_a_field(q.defaults, "Referer")) w.fields.set("Referer", "");
    redirect_fields(w.fields, to, q.url, secret);
    if (is_dropped("Proxy-Authorization", to.drop_secrets, secret)) w.for_tunnel.clear();
    w.defaults = without_lines(q.defaults, [&](std::string_view name) {
        return (to.drop_body && belongs_to_body(name)) || is_dropped(name, to.drop_secrets, secret) ||
               equal_ignoring_case(name, "referer");
    });
}

/// The request becomes the one that the redirect asks for.
inline std::error_code turn_to(transfer& t, redirect_verdict& to) {
    auto& q = t.asked;
    auto& w = way_of(t);
    turn_fields(t, to);
    w.before.push_back({std::string(q.method), q.url});
    w.dropped = std::max(w.dropped, to.drop_secrets);
    if (!same_origin(q.url, to.url) || to.url.has_userinfo()) w.chosen = false;
    if (to.drop_body) q.content = &w.nothing, t.pulled = false;
    w.method = std::string(to.method);
    q.method = w.method;
    q.url = std::move(to.url);
    q.target_given = {};
    q.fields = &w.fields;
    q.defaults = w.defaults;
    q.idempotent = may_repeat(q);
    decide_keep_alive(q, *q.session, *q.options, w.fields);
    auto c = choose_route(q);
    if (c) t.particulars = std::move(c.about);
    return c.ec;
}

/// Another attempt is to begin; how far the one before it got is not forgotten.
inline void put_behind(transfer& t) noexcept {
    t.earlier = std::max(t.earlier, t.state);
    t.state = RequestState::not_sent;
}

/// Goes on to the next request, which the response at hand asked for.
inline std::error_code go_on(transfer& t, next_request& next) {
    std::error_code ec;
    if (next.what == next_request::kind::retry) {
        forget_response(t);
    } else {
        keep_in_history(t);
        if (next.what == next_request::kind::redirect) ec = turn_to(t, next.to);
        if (t.asked.attentive) tell_redirect(t, t.response.history.back());
    }
    t.response.url = t.asked.url;
    put_behind(t);
    t.phase = Phase::redirect;
    return ec ? ec : add_fields(t);
}

inline result sleep(time_point until) {
    auto a = co_await action{.what = action::kind::sleep, .until = until};
    co_return a.ec;
}

/// The fault, or why it could not be tried again.
inline std::error_code not_again(transfer& t, std::error_code ec, std::error_code because) {
    if (because) t.particulars = ec.message();
    return because ? because : ec;
}

/// A failed attempt: its connection goes, and the retry policy is asked.
inline result after_failure(transfer& t, std::error_code ec, bool& again) {
    if (t.phase > Phase::tls) tell_tls_fault(t, ec);  // before that it has been told
    if (t.conn) co_await release(t, reuse{reason_for(ec)});
    if (!t.head_done) forget_response(t);
    auto now = co_await action{.what = action::kind::now};
    auto next = judge_retry(t, ec, now.at);
    if (next.what == next_request::kind::none) co_return not_again(t, ec, next.ec);
    tell_retry(t, t.way->retries->made(), ec, next.wait, false);
    t.particulars.clear();
    auto slept = co_await sleep(add(now.at, next.wait));
    if (slept) co_return slept;
    ec = go_on(t, next);
    again = !ec;
    co_return ec;
}

/// A response that may not be the last.
inline result after_response(transfer& t, bool& again) {
    t.response.url = t.asked.url;  // for those who are asked about it, or told
    take_notice(t);
    auto next = judge_challenge(t);
    if (next.what == next_request::kind::none) next = judge_location(t);
    time_point now{};
    if (next.what == next_request::kind::none && t.asked.retry) {
        auto a = co_await action{.what = action::kind::now};
        now = a.at;
        next = judge_retry(t, {}, now);
    }
    if (next.what == next_request::kind::none) co_return std::error_code{};
    auto ec = co_await end_hop(t);
    if (!ec && next.ec) {
        t.phase = Phase::redirect;
        ec = next.ec;
    }
    if (ec) co_return ec;
    if (next.what == next_request::kind::retry) {
        tell_retry(t, t.way->retries->made(), {}, next.wait, false);
        auto slept = co_await sleep(add(now, next.wait));
        if (slept) co_return slept;
    }
    ec = go_on(t, next);
    again = !ec;
    co_return ec;
}

[[gnu::cold]] inline result follow(transfer& t, std::error_code ec, bool& again) {
    if (ec) ec = co_await after_failure(t, ec, again);
    else ec = co_await after_response(t, again);
    co_return ec;
}

}  // namespace ferry::detail
