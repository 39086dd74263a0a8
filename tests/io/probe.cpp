// The probe on real sockets: what it says of an idle connection, and that it leaves it as it was.

#include "catch.hpp"
#include "server.hpp"

#include <ferry/io/socket.hpp>

#include <chrono>

using namespace ferry::testing;
using ferry::detail::verdict;

namespace {

// A connection of the kind that a pool keeps, to a script that goes on while it is idle.
struct IdleSocket {
    Server server;
    Script& script = server.accept();
    Descriptor socket = connect_to(server.port());
    ferry::detail::connection http;

    int fd() const { return socket.get(); }
    verdict probe() { return ferry::detail::probe(fd(), http); }
};

}  // namespace

TEST_CASE("a connection on which nothing happens is alive, however often it is asked", "[io][A2]") {
    IdleSocket idle;
    REQUIRE(idle.script.delivered());
    for (int i = 0; i < 100; ++i) CHECK(idle.probe() == verdict::alive);
}

TEST_CASE("a closed connection is closed", "[io][A2]") {
    IdleSocket idle;
    SECTION("by close") { idle.script.closes(); }
    SECTION("by half") { idle.script.half_closes(); }
    REQUIRE(idle.script.delivered());
    CHECK(idle.probe() == verdict::closed);
    CHECK(idle.probe() == verdict::closed);
}

TEST_CASE("a connection with bytes to read is not fit for a request", "[io][A1][A2]") {
    IdleSocket idle;
    idle.script.sends("x");
    SECTION("alone") {}
    SECTION("with the end behind them") { idle.script.closes(); }
    REQUIRE(idle.script.delivered());
    CHECK(idle.probe() == verdict::unsolicited_data);
    CHECK(unread_bytes(idle.fd()) == 1);  // it looks and does not take
}

TEST_CASE("a reset connection is an error", "[io][A2]") {
    IdleSocket idle;
    idle.script.resets();
    REQUIRE(idle.script.delivered());
    CHECK(idle.probe() == verdict::error);
    CHECK(idle.probe() != verdict::alive);
}

TEST_CASE("the probe leaves a blocking socket blocking and a non-blocking one non-blocking", "[io][A2]") {
    IdleSocket idle;
    SECTION("blocking") {}
    SECTION("non-blocking") { make_nonblocking(idle.fd()); }
    auto before = ::fcntl(idle.fd(), F_GETFL);
    idle.script.sends("x");
    REQUIRE(idle.script.delivered());
    idle.probe();
    CHECK(::fcntl(idle.fd(), F_GETFL) == before);
}

TEST_CASE("a socket that is not open is closed", "[io][A2]") {
    ferry::detail::connection http;
    CHECK(ferry::detail::probe(-1, http) == verdict::closed);
}

TEST_CASE("the probe does not wait", "[io][A2]") {
    IdleSocket idle;
    auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 1000; ++i) idle.probe();
    // A thousand waits of a millisecond would be a second; this is a few milliseconds on any machine.
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(900));
}
