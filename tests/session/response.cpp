// What a response tells of itself and of the connection it came by.

#include "loopback.hpp"

#include <fcntl.h>
#include <netinet/tcp.h>

#include <thread>

TEST_CASE("a response says which connection served it", "[session]") {
    Server server;
    server.accept().answers(ok()).answers(ok());
    Session session;
    auto first = session.get(server.url("/first"));
    CHECK(first.connection.remote.port == server.port());
    CHECK(first.connection.local.port == local_port(descriptor_connected_to(server.dialled_port())));
    CHECK(to_string(first.connection.remote) == server.authority());
    CHECK(first.url.target() == "/first");
    CHECK(first.elapsed > first.elapsed.zero());
    std::this_thread::sleep_for(10ms);
    auto second = session.get(server.url());
    CHECK(second.connection.idle_age >= 10ms);
    CHECK(second.connection.requests == 2);
    CHECK(second.connection.local.port == first.connection.local.port);
}

TEST_CASE("a response of any status is a response, and an error for those who ask", "[session]") {
    Server server;
    server.accept().answers(reply("404 Not Found", "gone")).answers(reply("503 Later", "busy")).answers(ok("fine"));
    Session session;
    auto missing = session.get(server.url("/missing"));
    CHECK_FALSE(missing.ok());
    auto error = error_of([&] { missing.raise_for_status(); });
    CHECK(error.code() == ferry::errc::client_error_status);
    CHECK(error.code() == ferry::condition::status);
    CHECK(error.url() == server.url("/missing"));
    REQUIRE(error.partial());
    CHECK(error.partial()->body == "gone");
    CHECK(error_of([&] { session.get(server.url()).raise_for_status(); }).code() == ferry::errc::server_error_status);
    CHECK(session.get(server.url()).raise_for_status().body == "fine");
}

TEST_CASE("sockets send at once and are closed on exec", "[session][A17]") {
    Server server;
    server.accept().answers(ok());
    Session session;
    session.get(server.url());
    auto fd = descriptor_connected_to(server.dialled_port());
    int on = 0;
    socklen_t size = sizeof on;
    REQUIRE(::getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &size) == 0);
    CHECK(on != 0);
    CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("a password in a URL is in no error's text", "[session]") {
    Session session;
    auto port = local_port(listen_on_loopback().get());  // closed again
    auto error = error_of([&] { session.get("http://user:secret@127.0.0.1:" + std::to_string(port) + "/"); });
    CHECK_FALSE(says(error, "secret"));
    CHECK(error.url().find("secret") == std::string::npos);
    auto malformed = error_of([&] { session.get("http://user:secret@/"); });
    CHECK_FALSE(says(malformed, "secret"));
}
