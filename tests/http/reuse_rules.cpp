// May the connection serve again? One table, a row for each rule.

#include "catch.hpp"

#include <ferry/http/reuse.hpp>

#include <chrono>
#include <optional>

using namespace ferry;
using namespace std::chrono_literals;
using detail::end_of_exchange;
using detail::judge_reuse;

namespace {

// An exchange after which nothing speaks against the connection.
end_of_exchange good() { return {.request_whole = true, .response_whole = true, .peer_keeps = true}; }

template <class Change> std::optional<DiscardReason> reason_if(Change change) {
    auto e = good();
    change(e);
    return judge_reuse(e).discard;
}

}  // namespace

TEST_CASE("a connection is kept when both messages are whole and both sides keep it", "[http][A5]") {
    auto verdict = judge_reuse(good());
    CHECK_FALSE(verdict.discard);
    CHECK_FALSE(verdict.idle_for);
}

TEST_CASE("each thing that speaks against a connection has its reason", "[http][A5][A7]") {
    CHECK(reason_if([](auto& e) { e.failed = true; }) == DiscardReason::aborted);
    CHECK(reason_if([](auto& e) { e.peer_keeps = false; }) == DiscardReason::close_header);
    CHECK(reason_if([](auto& e) { e.we_keep = false; }) == DiscardReason::close_header);
    CHECK(reason_if([](auto& e) { e.response_whole = false; }) == DiscardReason::not_drained);
    CHECK(reason_if([](auto& e) { e.request_whole = false; }) == DiscardReason::not_drained);
    CHECK(reason_if([](auto& e) { e.leftover = true; }) == DiscardReason::leftover_bytes);
    CHECK(reason_if([](auto& e) { e.hint.max = 0; }) == DiscardReason::max_requests);
    CHECK(reason_if([](auto& e) { e.hint.timeout = 0s; }) == DiscardReason::hint_expired);
}

TEST_CASE("where nothing is known any more, nothing else is asked", "[http][A6]") {
    end_of_exchange e;  // neither whole, nor kept
    e.failed = true;
    e.leftover = true;
    CHECK(judge_reuse(e).discard == DiscardReason::aborted);
    e.failed = false;
    CHECK(judge_reuse(e).discard == DiscardReason::close_header);
    e.peer_keeps = true;
    CHECK(judge_reuse(e).discard == DiscardReason::not_drained);
    e.response_whole = e.request_whole = true;
    CHECK(judge_reuse(e).discard == DiscardReason::leftover_bytes);
}

TEST_CASE("the server's hints are honoured with a margin", "[http][A8]") {
    auto e = good();
    e.hint = {.timeout = 5s, .max = 1};
    auto verdict = judge_reuse(e);
    CHECK_FALSE(verdict.discard);
    CHECK(verdict.idle_for == 4s);
    e.hint = {.timeout = {}, .max = 100};
    CHECK_FALSE(judge_reuse(e).discard);
    CHECK_FALSE(judge_reuse(e).idle_for);
    e.hint = {.timeout = 1s, .max = {}};
    CHECK(judge_reuse(e).idle_for == 500ms);
    e.hint = {.timeout = 60s, .max = 0};
    CHECK(judge_reuse(e).discard == DiscardReason::max_requests);
}
