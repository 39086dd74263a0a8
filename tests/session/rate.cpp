// Limits on how fast requests follow each other to one host.

#include "loopback.hpp"
#include "service.hpp"

#include <chrono>

TEST_CASE("requests to one host keep to the rate, and those to another do not wait for them", "[session][rate]") {
    Service first([](const Request&) { return ok(); }), other([](const Request&) { return ok(); });
    Session session({.rate = {.requests_per_second = 50, .burst = 2}});
    auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 5; ++i) CHECK(session.get(first.url()).status == 200);
    auto end = std::chrono::steady_clock::now();
    CHECK(end - begin >= 60ms);  // two at once, then three turns of 20 ms
    CHECK(session.get(other.url()).status == 200);
    CHECK(first.connections() == 1);
}

TEST_CASE("a turn that comes after the deadline is a timeout at the deadline", "[session][rate][K3]") {
    Service service([](const Request&) { return ok(); });
    Session session({.rate = {.requests_per_second = 0.001}});
    session.get(service.url());
    auto error = prompt_error_of([&] { session.get(service.url(), {.timeout = 30ms}); });
    CHECK(error.code() == ferry::errc::total_timeout);
    CHECK(error.phase() == ferry::Phase::pool);
    CHECK(error.request_state() == ferry::RequestState::not_sent);
    CHECK(session.stats().in_use == 0);
}

TEST_CASE("a rate that is none is refused", "[session][rate]") {
    CHECK(error_of([] { Session({.rate = {.requests_per_second = -1}}); }).code() == ferry::errc::invalid_option);
    CHECK(error_of([] { Session({.rate = {.requests_per_second = 1, .burst = 0}}); }).code() ==
          ferry::errc::invalid_option);
}
