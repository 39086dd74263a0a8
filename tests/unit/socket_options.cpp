// How sockets are opened, as values.

#include "catch.hpp"
#include "errors.hpp"

#include <ferry/socket_options.hpp>

#include <string>
#include <vector>

using namespace ferry;
using ferry::testing::error_of;
using ferry::testing::says;

namespace {

Endpoint address(const char* text) { return LocalAddress(text).endpoint(); }

bool refused(const SocketOptions& o) { return detail::objection_to_sockets(o) != nullptr; }

SocketOptions keeping(TcpKeepAlive k) { return {.keep_alive = k}; }

}  // namespace

TEST_CASE("a local address is an IP address, perhaps with a port", "[connect]") {
    CHECK(to_string(address("192.0.2.1")) == "192.0.2.1:0");
    CHECK(to_string(address("192.0.2.1:4000")) == "192.0.2.1:4000");
    CHECK(to_string(address("2001:db8::1")) == "[2001:db8::1]:0");
    CHECK(to_string(address("[2001:db8::1]:4000")) == "[2001:db8::1]:4000");
    for (const char* bad :
         {"", "localhost", "192.0.2.1:0", "192.0.2.1:", "192.0.2", "[::1", "::1]:80", "eth0", " ::1"}) {
        CAPTURE(bad);
        const auto error = error_of([&] { static_cast<void>(LocalAddress(bad)); });
        CHECK(error.code() == errc::invalid_option);
        CHECK(says(error, std::string("local_address: not an IP address: ") + bad));
    }
}

TEST_CASE("socket options outside their range are refused", "[connect]") {
    using std::chrono::seconds;
    CHECK_FALSE(refused({}));
    CHECK_FALSE(refused(keeping({.on = true})));
    CHECK_FALSE(refused(keeping({.on = true, .idle = seconds(32767), .interval = seconds(1), .probes = 127})));
    CHECK(refused(keeping({.on = true, .idle = seconds(0)})));
    CHECK(refused(keeping({.on = true, .idle = seconds(32768)})));
    CHECK(refused(keeping({.on = true, .interval = seconds(-1)})));
    CHECK(refused(keeping({.on = true, .probes = 0})));
    CHECK(refused(keeping({.on = true, .probes = 128})));
    CHECK_FALSE(refused({.interface = "eth0.100@if2"}));
    CHECK(refused({.interface = "sixteen-letters-"}));
    CHECK(refused({.interface = "a/b"}));
    CHECK(refused({.interface = "a\n"}));
    CHECK_FALSE(refused({.unix_socket = std::string(107, 'x')}));
    CHECK_FALSE(refused({.unix_socket = std::string("\0abstract", 9)}));
    CHECK(refused({.unix_socket = std::string(108, 'x')}));
    CHECK(refused({.unix_socket = std::string("a\0b", 3)}));
}

TEST_CASE("a local address leaves only the addresses of its family", "[connect][K2]") {
    std::vector<Endpoint> peers{address("2001:db8::1"), address("192.0.2.1")};
    detail::keep_family(peers, std::nullopt);
    CHECK(peers.size() == 2);
    detail::keep_family(peers, LocalAddress("198.51.100.1"));
    CHECK(peers == std::vector{address("192.0.2.1")});
    detail::keep_family(peers, LocalAddress("::1"));
    CHECK(peers.empty());
}
