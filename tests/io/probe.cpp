// The probe on real sockets: what it says of an idle connection, and that it leaves it as it was.

#include "catch.hpp"
#include "server.hpp"

#include <ferry/io/socket.hpp>

#include <chrono>

using namespace ferry::testing;
using ferry::detail::probe;
using ferry::detail::verdict;

namespace {

// A connection of the kind that a pool keeps, to a script that goes on while it is idle.
struct IdleSocket {
    Server server;
    Script& script = server.accept();
    asio::io_context io{1};
    ferry::detail::stream_socket socket{io.get_executor()};

    IdleSocket() {
        auto fd = connect_to(server.port());
        socket.assign(asio::generic::stream_protocol(AF_INET, IPPROTO_TCP), fd.release());
    }
    int fd() { return socket.native_handle(); }
};

}  // namespace

TEST_CASE("a connection on which nothing happens is alive, however often it is asked", "[io][A2]") {
    IdleSocket idle;
    REQUIRE(idle.script.delivered());
    for (int i = 0; i < 100; ++i) CHECK(probe(idle.socket) == verdict::alive);
}

TEST_CASE("a closed connection is closed", "[io][A2]") {
    IdleSocket idle;
    SECTION("by close") { idle.script.closes(); }
    SECTION("by half") { idle.script.half_closes(); }
    REQUIRE(idle.script.delivered());
    CHECK(probe(idle.socket) == verdict::closed);
    CHECK(probe(idle.socket) == verdict::closed);
}

TEST_CASE("a connection with bytes to read is not fit for a request", "[io][A1][A2]") {
    IdleSocket idle;
    idle.script.sends("x");
    SECTION("alone") {}
    SECTION("with the end behind them") { idle.script.closes(); }
    REQUIRE(idle.script.delivered());
    CHECK(probe(idle.socket) == verdict::unsolicited_data);
    CHECK(unread_bytes(idle.fd()) == 1);  // it looks and does not take
}

TEST_CASE("a reset connection is an error", "[io][A2]") {
    IdleSocket idle;
    idle.script.resets();
    REQUIRE(idle.script.delivered());
    CHECK(probe(idle.socket) == verdict::error);
    CHECK(probe(idle.socket) != verdict::alive);
}

TEST_CASE("the probe leaves a blocking socket blocking and a non-blocking one non-blocking", "[io][A2]") {
    IdleSocket idle;
    SECTION("blocking") {}
    SECTION("non-blocking") { make_nonblocking(idle.fd()); }
    auto before = ::fcntl(idle.fd(), F_GETFL);
    idle.script.sends("x");
    REQUIRE(idle.script.delivered());
    probe(idle.socket);
    CHECK(::fcntl(idle.fd(), F_GETFL) == before);
}

TEST_CASE("a socket that is not open is closed", "[io][A2]") {
    IdleSocket idle;
    idle.socket.close();
    CHECK(probe(idle.socket) == verdict::closed);
}

TEST_CASE("the probe does not wait", "[io][A2]") {
    IdleSocket idle;
    auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 1000; ++i) probe(idle.socket);
    // A thousand waits of a millisecond would be a second; this is a few milliseconds on any machine.
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(900));
}
