// How connections are opened: socket options, overrides, and addresses that have failed.

#include "full_backlog.hpp"
#include "loopback.hpp"

#include <netinet/tcp.h>

#include <cstdint>
#include <string>
#include <vector>

using ferry::Endpoint;
using ferry::errc;
using ferry::Phase;
using ferry::RequestState;

namespace {

int option_of(int fd, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    ::getsockopt(fd, level, name, &value, &size);
    return value;
}

Endpoint on_this_machine(std::uint16_t port) {
    auto e = *ferry::detail::parse_address("127.0.0.1");
    e.port = port;
    return e;
}

// A name with these addresses, in this order.
ferry::Resolver always(std::vector<Endpoint> addresses) {
    return [addresses](const std::string&, std::uint16_t) { return addresses; };
}

std::uint16_t closed_port() { return local_port(listen_on_loopback().get()); }

}  // namespace

TEST_CASE("connections come from the local address", "[session][socket]") {
    Server server;
    auto& script = server.accept().answers(ok("one")).answers(ok("two"));
    Session session({.socket = {.local_address = "127.0.0.2"}});
    CHECK(session.get(server.url()).body == "one");
    const auto r = session.get(server.url());
    CHECK(r.connection.reused);
    CHECK(script.client() == "127.0.0.2");
    CHECK(to_string(r.connection.local).starts_with("127.0.0.2:"));
    CHECK(r.connection.local.port != 0);
#ifdef IP_BIND_ADDRESS_NO_PORT
    CHECK(option_of(descriptor_connected_to(server.port()), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT) == 1);
#endif
}

TEST_CASE("connections come from the local port, one to each server", "[session][socket]") {
    Server one, other;
    one.accept().answers(ok());
    other.accept().answers(ok());
    const auto from = "127.0.0.1:" + std::to_string(closed_port());
    Session session({.socket = {.local_address = from}});
    CHECK(to_string(session.get(one.url()).connection.local) == from);
    CHECK(to_string(session.get(other.url()).connection.local) == from);
    CHECK(session.stats().idle == 2);
}

TEST_CASE("a local address that is none fails, and is named", "[session][socket]") {
    Server server;
    Session session({.socket = {.local_address = "192.0.2.77"}});
    const auto error = error_of([&] { session.get(server.url()); });
    CHECK(error.code() == std::errc::address_not_available);
    CHECK(error.phase() == Phase::connect);
    CHECK(error.request_state() == RequestState::not_sent);
    CHECK(says(error, "local_address 192.0.2.77"));
}

TEST_CASE("a host without an address of the local one's family has none", "[session][socket]") {
    Session session({.socket = {.local_address = "::1"}});
    const auto error = error_of([&] { session.get("http://127.0.0.1:1/"); });
    CHECK(error.code() == errc::no_address);
    CHECK(says(error, "local_address [::1]"));
}

#ifdef SO_BINDTODEVICE
TEST_CASE("connections go through the interface", "[session][socket]") {
    Server server;
    const bool may = ::setsockopt(loopback_socket().get(), SOL_SOCKET, SO_BINDTODEVICE, "lo", 2) == 0;
    if (may) server.accept().answers(ok("through lo"));
    Session session({.socket = {.interface = "lo"}});
    if (may) {
        CHECK(session.get(server.url()).body == "through lo");
        char name[16] = "";
        socklen_t size = sizeof name;
        ::getsockopt(descriptor_connected_to(server.port()), SOL_SOCKET, SO_BINDTODEVICE, name, &size);
        CHECK(std::string(name) == "lo");
    } else {
        CHECK(says(error_of([&] { session.get(server.url()); }), "interface lo"));
    }
}

TEST_CASE("an interface that is none fails, and is named", "[session][socket]") {
    Server server;
    Session session({.socket = {.interface = "ferry-none"}});
    const auto error = error_of([&] { session.get(server.url()); });
    CHECK((error.code() == std::errc::no_such_device || error.code() == std::errc::operation_not_permitted));
    CHECK(error.phase() == Phase::connect);
    CHECK(says(error, "interface ferry-none"));
}
#endif

#ifdef TCP_KEEPIDLE
TEST_CASE("the operating system probes idle connections, if it is asked to", "[session][socket]") {
    Server server;
    server.accept().answers(ok());
    server.accept().answers(ok());
    {
        Session session({.socket = {.keep_alive = {.on = true, .idle = 33s, .interval = 7s, .probes = 3}}});
        session.get(server.url());
        const int fd = descriptor_connected_to(server.port());
        CHECK(option_of(fd, SOL_SOCKET, SO_KEEPALIVE) == 1);
        CHECK(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE) == 33);
        CHECK(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL) == 7);
        CHECK(option_of(fd, IPPROTO_TCP, TCP_KEEPCNT) == 3);
    }
    Session plain;
    plain.get(server.url());
    const int fd = descriptor_connected_to(server.port());
    CHECK(option_of(fd, SOL_SOCKET, SO_KEEPALIVE) == 0);
    CHECK(option_of(fd, IPPROTO_TCP, TCP_NODELAY) == 1);
}
#endif

TEST_CASE("socket options that cannot be are refused when the session is made", "[session][socket]") {
    const auto error = error_of([] { Session({.socket = {.interface = "a name that is too long"}}); });
    CHECK(error.code() == errc::invalid_option);
    CHECK(says(error, "interface: "));
    CHECK(error_of([] { Session({.socket = {.unix_socket = std::string(108, 'x')}}); }).code() == errc::invalid_option);
}

TEST_CASE("an override changes where a connection goes and nothing else", "[session][resolve]") {
    Server server;
    server.accept().answers(ok("one")).answers(ok("two"));
    const auto there = "127.0.0.1:" + std::to_string(server.port());
    Session session({.resolve = {{"api.example.com", there}}});
    const auto r = session.get("http://api.example.com/a");
    CHECK(r.body == "one");
    CHECK(to_string(r.url) == "http://api.example.com/a");
    CHECK(to_string(r.connection.remote) == there);
    CHECK(session.get("http://api.example.com:80/b").connection.reused);
    CHECK(server.request().field("Host") == "api.example.com");
    CHECK(session.stats().hosts.at(0).origin == "http://api.example.com");
}

TEST_CASE("an override that leads nowhere is named by the error", "[session][resolve]") {
    const auto there = "127.0.0.1:" + std::to_string(closed_port());
    Session session({.resolve = {{"*", there}}});
    const auto error = error_of([&] { session.get("http://api.example.com/"); });
    CHECK(error.code() == std::errc::connection_refused);
    CHECK(says(error, "http://api.example.com/"));
    CHECK(says(error, there));
}

TEST_CASE("an address that is silent is waited for once", "[session][resolve][K2]") {
    FullBacklog silent;
    Server server;
    server.accept().answers(ok("", "Connection: close\r\n")).closes();
    server.accept().answers(ok("", "Connection: close\r\n")).closes();
    Session session({.resolver = always({on_this_machine(silent.port()), on_this_machine(server.port())})});
    const auto first = session.get("http://two.test/");
    const auto second = session.get("http://two.test/");
    CHECK(first.connection.remote.port == server.port());
    CHECK(second.connection.remote.port == server.port());
    CHECK(first.timings.connect >= 250ms);
    CHECK(second.timings.connect < first.timings.connect);
}

TEST_CASE("the error is that of the address that failed first, by name", "[session][resolve][K2]") {
    const auto one = closed_port(), other = closed_port();
    Session session({.resolver = always({on_this_machine(one), on_this_machine(other)})});
    const auto error = error_of([&] { session.get("http://two.test/"); });
    CHECK(error.code() == std::errc::connection_refused);
    CHECK(says(error, "127.0.0.1:" + std::to_string(one)));

    // Both have failed, and so are as good as each other.
    const auto again = error_of([&] { session.get("http://two.test/"); });
    CHECK(says(again, "127.0.0.1:" + std::to_string(one)));
}
