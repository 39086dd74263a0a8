// Small values and their text forms: endpoints, origins, statistics, actions.

#include "catch.hpp"

#include <ferry/core/action.hpp>
#include <ferry/endpoint.hpp>
#include <ferry/origin.hpp>
#include <ferry/pool/verdict.hpp>
#include <ferry/stats.hpp>

#include <set>
#include <sstream>
#include <string>
#include <string_view>

using namespace ferry;

namespace {

template <class T> std::string text(const T& value) {
    std::ostringstream os;
    os << value;
    return os.str();
}

Endpoint ipv4(unsigned char a, unsigned char b, unsigned char c, unsigned char d, std::uint16_t port) {
    Endpoint e;
    e.address = {a, b, c, d};
    e.port = port;
    return e;
}

}  // namespace

TEST_CASE("an endpoint reads as an address and a port", "[values]") {
    CHECK(to_string(ipv4(192, 0, 2, 1, 80)) == "192.0.2.1:80");
    CHECK(text(Endpoint{}) == "0.0.0.0:0");
    Endpoint v6;
    v6.v6 = true;
    v6.address[0] = 0x20, v6.address[1] = 0x01, v6.address[2] = 0x0d, v6.address[3] = 0xb8, v6.address[15] = 1;
    v6.port = 65535;
    CHECK(text(v6) == "[2001:db8::1]:65535");
    CHECK(v6 == v6);
    CHECK_FALSE(v6 == ipv4(192, 0, 2, 1, 80));
}

TEST_CASE("an origin is scheme, host and port, looked up without a copy", "[values][A10]") {
    Origin a{"http", "h:81"}, b{"http", "h"}, c{"https", "h"};
    CHECK(to_string(a) == "http://h:81");
    CHECK(text(c) == "https://h");
    detail::origin_equal equal;
    detail::origin_hash hash;
    CHECK(equal(a, detail::origin_view("http", "h:81")));
    CHECK_FALSE(equal(a, b));
    CHECK_FALSE(equal(b, c));
    CHECK(hash(a) == hash(detail::origin_view("http", "h:81")));
    CHECK(Origin(detail::origin_view("http", "h")) == b);
}

TEST_CASE("every reason for a discard has a name of its own", "[values][A7]") {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < discard_reasons; ++i) names.insert(to_string(static_cast<DiscardReason>(i)));
    CHECK(names.size() == discard_reasons);
    for (auto name : {"peer_closed", "reset", "unsolicited_data", "leftover_bytes", "idle_expired", "hint_expired",
                      "max_lifetime", "max_requests", "close_header", "not_drained", "aborted", "pool_full",
                      "pool_closed", "tls_error", "network_changed"})
        CHECK(names.count(name) == 1);
    CHECK(text(DiscardReason::forked) == "forked");
    CHECK(to_string(static_cast<DiscardReason>(200)) == "unknown reason");
}

TEST_CASE("a pool's numbers read as one line", "[values]") {
    PoolStats s;
    CHECK(to_string(s) == "idle 0, in use 0, waiting 0, opened 0, reused 0, discarded 0");
    s.idle = 1, s.in_use = 2, s.waiting = 3, s.opened = 4, s.reused = 5;
    s.discarded[DiscardReason::peer_closed] = 6;
    s.discarded[DiscardReason::aborted] = 7;
    CHECK(s.discarded.total() == 13);
    CHECK(text(s) == "idle 1, in use 2, waiting 3, opened 4, reused 5, discarded 13 (peer_closed 6, aborted 7)");
}

TEST_CASE("a probe's findings have names, and all but one a reason", "[values][A3]") {
    using detail::verdict;
    CHECK(text(verdict::alive) == "alive");
    CHECK(text(verdict::closed) == "closed");
    CHECK(text(verdict::unsolicited_data) == "unsolicited data");
    CHECK(text(verdict::error) == "error");
    CHECK(reason_of(verdict::closed) == DiscardReason::peer_closed);
    CHECK(reason_of(verdict::unsolicited_data) == DiscardReason::unsolicited_data);
    CHECK(reason_of(verdict::error) == DiscardReason::reset);
}

TEST_CASE("actions read as what is asked", "[values]") {
    using detail::action;
    using kind = action::kind;
    char room[16];
    CHECK(text(action{.what = kind::now}) == "now");
    CHECK(text(action{.what = kind::checkout}) == "checkout");
    CHECK(text(action{.what = kind::checkout, .fresh = true}) == "checkout fresh");
    CHECK(text(action{.what = kind::release, .keep = true}) == "release keep");
    CHECK(text(action{.what = kind::release, .reason = DiscardReason::reset}) == "release discard reset");
    CHECK(text(action{.what = kind::resolve, .port = 80, .host = "h"}) == "resolve h:80");
    CHECK(text(action{.what = kind::start_connect, .peer = ipv4(192, 0, 2, 1, 80)}) == "start_connect 192.0.2.1:80");
    CHECK(text(action{.what = kind::await_connect}) == "await_connect");
    CHECK(text(action{.what = kind::open_body}) == "open_body");
    CHECK(text(action{.what = kind::pull, .into = room}) == "pull up to 16");
    CHECK(text(action{.what = kind::read, .into = room}) == "read up to 16");
    CHECK(text(action{.what = kind::write, .from = {"a", "b"}}) == "write \"ab\"");
    CHECK(text(action{.what = kind::write, .watch = true, .from = {"a", ""}}) == "write \"a\" watching");
}

TEST_CASE("actions are compared by what they ask", "[values]") {
    using detail::action;
    using kind = action::kind;
    std::string one = "bytes", other = "bytes";
    CHECK(action{.what = kind::write, .from = {one, ""}} == action{.what = kind::write, .from = {other, ""}});
    CHECK_FALSE(action{.what = kind::checkout} == action{.what = kind::checkout, .fresh = true});
    CHECK(action{.what = kind::release, .keep = true, .reason = DiscardReason::reset} ==
          action{.what = kind::release, .keep = true});
    CHECK_FALSE(action{.what = kind::release, .reason = DiscardReason::reset} == action{.what = kind::release});
}

TEST_CASE("answers read as what came of it", "[values]") {
    using detail::answer;
    CHECK(text(answer{.n = 5}) == "5");
    CHECK(text(answer{.readable = true}) == "0 readable");
    auto ec = std::make_error_code(std::errc::connection_reset);
    CHECK(text(answer{.ec = ec}) == ec.message());
    CHECK(answer{.n = 5} == answer{.n = 5});
    CHECK_FALSE(answer{.n = 5} == answer{.n = 6});
}
