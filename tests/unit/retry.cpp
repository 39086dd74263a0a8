// Retries, decided: what is tried again, how often, and after how long. Time and chance are passed in.

#include "catch.hpp"

#include <ferry/retry_rules.hpp>

#include <chrono>
#include <cmath>
#include <limits>
#include <string_view>
#include <system_error>
#include <vector>

using namespace ferry;
using namespace std::chrono_literals;
using detail::attempt_end;
using detail::classify;
using detail::failure_kind;
using detail::retry_state;
using kind = detail::retry_verdict::kind;

namespace {

constexpr std::chrono::system_clock::time_point now{1'720'000'000s};  // Wed, 03 Jul 2024 09:46:40 GMT

const std::error_code refused{ECONNREFUSED, std::system_category()}, reset{ECONNRESET, std::system_category()};

attempt_end failed(std::error_code ec, RequestState state, std::string_view method = "GET") {
    return {.ec = ec, .method = method, .state = state, .now = now, .random = 0.5};
}

attempt_end answered(int status, const Headers& headers, std::string_view method = "GET") {
    return {.status = status,
            .headers = &headers,
            .method = method,
            .state = RequestState::response_started,
            .now = now,
            .random = 0.5};
}

bool again(const Retry& rules, const attempt_end& end) { return retry_state(rules).decide(end).what == kind::again; }

// How often a call that always ends like this is tried again; 100 is without end.
unsigned times(const Retry& rules, const attempt_end& end) {
    retry_state state(rules);
    while (state.made() < 100 && state.decide(end).what == kind::again) {
    }
    return state.made();
}

std::chrono::milliseconds wait(const Retry& rules, std::string_view retry_after, int status = 503) {
    const Headers headers{{"Retry-After", retry_after}};
    auto v = retry_state(rules).decide(answered(status, headers));
    return v.what == kind::again ? v.wait : -1ms;
}

}  // namespace

TEST_CASE("a fault of the network is of the kind that the request's state makes it", "[retry][B6]") {
    using enum RequestState;
    for (std::error_code ec : {refused, reset, make_error_code(errc::connection_closed),
                               make_error_code(errc::read_timeout), make_error_code(errc::write_timeout),
                               make_error_code(errc::incomplete_head), make_error_code(errc::incomplete_body)}) {
        INFO(ec.message());
        CHECK(classify(ec, not_sent) == failure_kind::connect);
        CHECK(classify(ec, maybe_sent) == failure_kind::read);
        CHECK(classify(ec, response_started) == failure_kind::read);
    }
    CHECK(classify(errc::connect_timeout, not_sent) == failure_kind::connect);
    CHECK(classify(errc::resolver_try_again, not_sent) == failure_kind::connect);
    for (auto e :
         {errc::malformed_response, errc::malformed_status_line, errc::malformed_chunk, errc::truncated_content_coding})
        CHECK(classify(e, response_started) == failure_kind::other);
}

TEST_CASE("what another try would only repeat, or what the caller has set, is final", "[retry][B6]") {
    for (auto e :
         {errc::url_missing_scheme, errc::invalid_option,  errc::tls_not_available, errc::body_not_rewindable,
          errc::callback_failed,    errc::pool_empty,      errc::pool_closed,       errc::pool_timeout,
          errc::host_not_found,     errc::resolver_failed, errc::no_address,        errc::total_timeout,
          errc::cancelled,          errc::head_too_large,  errc::body_too_large,    errc::expansion_too_large,
          errc::too_many_redirects, errc::redirect_loop,   errc::redirect_refused,  errc::client_error_status}) {
        INFO(detail::describe(e));
        for (auto state : {RequestState::not_sent, RequestState::maybe_sent, RequestState::response_started})
            CHECK(classify(e, state) == failure_kind::hopeless);
    }
    CHECK(classify({ENOSPC, std::system_category()}, RequestState::response_started) == failure_kind::hopeless);
    CHECK(classify({1, std::iostream_category()}, RequestState::not_sent) == failure_kind::hopeless);
    CHECK_FALSE(again({}, failed(errc::cancelled, RequestState::not_sent)));
}

TEST_CASE("what was not sent is repeated whatever its method, the rest only where that is safe", "[retry][B1][B6]") {
    using enum RequestState;
    for (auto method : {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "QUERY"}) {
        INFO(method);
        CHECK(again({}, failed(refused, not_sent, method)));
        CHECK(again({}, failed(reset, maybe_sent, method)));
        CHECK(again({}, failed(errc::incomplete_body, response_started, method)));
    }
    for (auto method : {"POST", "PATCH", "get", "X"}) {
        INFO(method);
        CHECK(again({}, failed(refused, not_sent, method)));
        CHECK_FALSE(again({}, failed(reset, maybe_sent, method)));
        CHECK_FALSE(again({}, failed(errc::incomplete_body, response_started, method)));
        auto marked = failed(reset, maybe_sent, method);
        marked.marked_idempotent = true;
        CHECK(again({}, marked));
        CHECK(again({.allowed_methods = {method}}, failed(reset, maybe_sent, method)));
    }
    CHECK_FALSE(again({.allowed_methods = {"HEAD"}}, failed(reset, maybe_sent, "GET")));
}

TEST_CASE("retries are counted in all and by kind", "[retry][B6]") {
    const Headers none{};
    const auto connect = failed(refused, RequestState::not_sent), read = failed(reset, RequestState::maybe_sent),
               other = failed(errc::malformed_response, RequestState::response_started), status = answered(500, none);
    CHECK(times({}, connect) == 3);
    CHECK(times({.total = 5}, connect) == 5);
    CHECK(times({.total = 0}, connect) == 0);
    CHECK(times({.total = {}}, connect) == 100);
    CHECK(times({.total = 5, .connect = 2}, connect) == 2);
    CHECK(times({.total = 5, .connect = 9}, connect) == 5);
    CHECK(times({.total = 5, .connect = 0}, read) == 5);
    CHECK(times({.read = 1}, read) == 1);
    CHECK(times({.read = 0}, connect) == 3);
    CHECK(times({.other = 2}, other) == 2);
    CHECK(times({}, status) == 0);
    CHECK(times({.other = 0, .status_forcelist = {500}}, status) == 3);
    CHECK(times({.status = 2, .other = 0, .status_forcelist = {500}}, status) == 2);

    const Retry rules{.total = 4, .connect = 1, .read = 2};
    retry_state state(rules);
    CHECK(state.decide(connect).what == kind::again);
    CHECK(state.decide(connect).what == kind::give_up);
    CHECK(state.decide(read).what == kind::again);
    CHECK(state.decide(other).what == kind::again);
    CHECK(state.decide(read).what == kind::again);
    CHECK(state.decide(other).what == kind::give_up);
    CHECK(state.made() == 4);
}

TEST_CASE("a body that cannot be sent again is told apart, but never in place of a response", "[retry][B3]") {
    const Headers headers{{"Retry-After", "1"}};
    auto end = failed(reset, RequestState::maybe_sent, "PUT");
    end.rewindable = false;
    CHECK(retry_state({}).decide(end).what == kind::not_rewindable);
    end.method = "POST";
    CHECK(retry_state({}).decide(end).what == kind::give_up);
    end.method = "PUT";
    CHECK(retry_state({.total = 0}).decide(end).what == kind::give_up);
    auto response = answered(503, headers, "PUT");
    CHECK(again({}, response));
    response.rewindable = false;
    CHECK(retry_state({}).decide(response).what == kind::give_up);
}

TEST_CASE("a status is tried again if it is listed, or comes with Retry-After", "[retry][B6]") {
    const Headers none{}, later{{"retry-after", "1"}};
    for (int status : {413, 429, 503}) {
        INFO(status);
        CHECK(again({}, answered(status, later)));
        CHECK_FALSE(again({}, answered(status, none)));
        CHECK_FALSE(again({}, answered(status, later, "POST")));
        CHECK_FALSE(again({.respect_retry_after_header = false}, answered(status, later)));
        CHECK(again({.status_forcelist = {status}}, answered(status, none)));
    }
    for (int status : {200, 301, 404, 500, 502, 504}) {
        INFO(status);
        CHECK_FALSE(again({}, answered(status, later)));
        CHECK(again({.status_forcelist = {1, status}}, answered(status, none)));
        CHECK(again({.retry_after_statuses = {status}}, answered(status, later)));
    }
    CHECK_FALSE(again({.status_forcelist = {503}}, answered(503, later, "POST")));
    auto marked = answered(503, later, "POST");
    marked.marked_idempotent = true;
    CHECK(again({}, marked));
}

TEST_CASE("the wait doubles up to its limit", "[retry][B6]") {
    const Retry rules{.total = {}, .backoff_factor = 100ms, .backoff_max = 1s, .jitter = false};
    retry_state state(rules);
    for (auto expected : {100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms})
        CHECK(state.decide(failed(refused, RequestState::not_sent)).wait == expected);

    using detail::backoff;
    CHECK(backoff({.jitter = false}, 1, 0) == 500ms);
    CHECK(backoff({.jitter = false}, 100, 0) == 120s);
    CHECK(backoff({.backoff_factor = 0ms, .jitter = false}, 4'000'000'000, 0) == 0ms);
    CHECK(backoff({.backoff_factor = 300s, .jitter = false}, 1, 0) == 120s);
    constexpr auto most = std::chrono::milliseconds::max();
    CHECK(backoff({.backoff_factor = 1ms, .backoff_max = most, .jitter = false}, 4'000'000'000, 0) == most);
    CHECK(backoff({.backoff_factor = most, .backoff_max = most}, 9, 0.999) < most);
}

TEST_CASE("jitter takes any part of the wait", "[retry][B6]") {
    using detail::backoff;
    const Retry rules{.backoff_factor = 100ms};
    CHECK(backoff(rules, 1, 0) == 0ms);
    CHECK(backoff(rules, 1, 0.5) == 50ms);
    CHECK(backoff(rules, 3, 0.25) == 100ms);
    CHECK(backoff(rules, 1, std::nextafter(1.0, 0)) < 100ms);
}

TEST_CASE("Retry-After is a number of seconds or a date", "[retry][B6]") {
    const Retry plain{.backoff_factor = 77ms, .jitter = false};
    CHECK(wait(plain, "1") == 1s);
    CHECK(wait(plain, "007") == 7s);
    CHECK(wait(plain, "\t 12 ") == 12s);
    CHECK(wait(plain, "Wed, 03 Jul 2024 09:47:00 GMT") == 20s);
    CHECK(wait(plain, "Wednesday, 03-Jul-24 09:47:00 GMT") == 20s);
    CHECK(wait(plain, "1", 429) == 1s);
    CHECK(wait({.status_forcelist = {500}}, "3", 500) == 3s);
    CHECK(wait({.backoff_max = 1s}, "3") == 3s);

    // It adds nothing to the backoff.
    for (auto value : {"0", "000", "Wed, 03 Jul 2024 09:46:40 GMT", "Sun, 06 Nov 1994 08:49:37 GMT",
                       "Sat, 01 Jan 0000 00:00:00 GMT"}) {
        INFO(value);
        CHECK(wait(plain, value) == 77ms);
    }
}

TEST_CASE("a Retry-After that nobody wants to wait for is cut short", "[retry][B6]") {
    for (auto value : {"121", "3600", "9223372036854775807", "18446744073709551615", "99999999999999999999999",
                       "Fri, 31 Dec 9999 23:59:59 GMT"}) {
        INFO(value);
        CHECK(wait({}, value) == 120s);
        CHECK(wait({.retry_after_max = 1500ms}, value) == 1500ms);
        CHECK(wait({.retry_after_max = std::chrono::milliseconds::max()}, value) > 120s);
    }
    CHECK(wait({.retry_after_max = 1500ms}, "1") == 1s);
    CHECK(wait({}, "120") == 120s);
}

TEST_CASE("a malformed Retry-After is none", "[retry][B6]") {
    for (auto value : {"", "-1", "+1", "1.5", "1s", "1, 2", "0x10", "soon", "1 2", "Wed, 03 Jul 2024", "\xc2\xb2"}) {
        INFO(value);
        CHECK(wait({}, value) == -1ms);
        CHECK(wait({.status_forcelist = {503}, .backoff_factor = 77ms, .jitter = false}, value) == 77ms);
    }
}

TEST_CASE("rules that make no sense are named", "[retry]") {
    using detail::bad_retry;
    auto bad = [](const Retry& r) { return std::string_view(bad_retry(r) ? bad_retry(r) : ""); };
    CHECK(bad({}) == "");
    CHECK(bad({.total = {}, .backoff_factor = 0ms, .backoff_max = 0ms, .retry_after_max = 0ms, .budget = {}}) == "");
    CHECK(bad({.budget = 1.0}) == "");
    CHECK(bad({.backoff_factor = -1ms}) == "retry.backoff_factor");
    CHECK(bad({.backoff_max = -1ms}) == "retry.backoff_max");
    CHECK(bad({.retry_after_max = -1ms}) == "retry.retry_after_max");
    for (double b : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) CHECK(bad({.budget = b}) == "retry.budget");
    CHECK(bad({.budget_reserve = 0}) == "retry.budget_reserve");
}
