// The scripted server itself, so that a failing test can be trusted to tell of the library.

#include "catch.hpp"
#include "replies.hpp"
#include "server.hpp"

#include <string>
#include <string_view>

using namespace ferry::testing;

namespace {

void write(const Descriptor& fd, std::string_view bytes) {
    REQUIRE(send_some(fd.get(), bytes.data(), bytes.size()) == static_cast<long>(bytes.size()));
}

std::string read(const Descriptor& fd, std::size_t size) {
    std::string bytes(size, '\0');
    bytes.resize(static_cast<std::size_t>(std::max<long>(0, ::recv(fd.get(), bytes.data(), size, MSG_WAITALL))));
    return bytes;
}

constexpr std::string_view get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

}  // namespace

TEST_CASE("a script reads whole requests by their framing and records them", "[server]") {
    Server server;
    server.accept().reads_request().reads_request().reads_request().sends("bye").closes();
    auto client = connect_to(server.port());
    constexpr std::string_view sized = "POST /a HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc";
    constexpr std::string_view chunked =
        "PUT /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nA: b\r\n\r\n";
    write(client, sized);
    write(client, chunked.substr(0, 60));
    write(client, chunked.substr(60));
    write(client, get);
    CHECK(read(client, 10) == "bye");
    REQUIRE(server.requests().size() == 3);
    CHECK(server.request(0).bytes == sized);
    CHECK(server.request(1).bytes == chunked);
    CHECK(server.request(2).target() == "/");
    CHECK(server.request(2).field("HOST") == "a");
}

TEST_CASE("a delivered FIN is known to the client's kernel", "[server]") {
    Server server;
    auto& script = server.accept().answers("abc").closes();
    auto client = connect_to(server.port());
    write(client, get);
    REQUIRE(script.delivered());
    CHECK(unread_bytes(client.get()) == 3);
    CHECK(read(client, 10) == "abc");
}

TEST_CASE("what is sent to a closed connection is answered by a reset", "[server]") {
    Server server;
    auto& script = server.accept().closes();
    auto client = connect_to(server.port());
    REQUIRE(script.delivered());
    write(client, get);
    pollfd broken{client.get(), 0, 0};
    CHECK(::poll(&broken, 1, 1000) == 1);
    char byte;
    CHECK(::recv(client.get(), &byte, 1, 0) <= 0);
}

TEST_CASE("a delivered reset is known to the client's kernel", "[server]") {
    Server server;
    auto& script = server.accept().resets();
    auto client = connect_to(server.port());
    REQUIRE(script.delivered());
    char byte;
    CHECK(::recv(client.get(), &byte, 1, 0) < 0);
    CHECK(errno == ECONNRESET);
}

TEST_CASE("a script that does not run as told says what it expected and what came", "[server]") {
    SECTION("the client closes too early") {
        Server server;
        server.accept().reads_request();
        write(connect_to(server.port()), "GET / HT");
        auto failures = server.stop();
        REQUIRE(failures.size() == 1);
        CHECK(failures[0] == "connection 1, reads_request: the client closed after \"GET / HT\"");
    }
    SECTION("the client does not come") {
        Server server;
        server.accept();
        auto failures = server.stop();
        REQUIRE(failures.size() == 1);
        CHECK(failures[0] == "connection 1: the client did not connect");
    }
    SECTION("the client comes too often") {
        Server server;
        server.accept();
        auto first = connect_to(server.port());
        auto second = connect_to(server.port());
        auto failures = server.stop();
        REQUIRE(failures.size() == 1);
        CHECK(failures[0] == "connection 2 was not expected");
    }
    SECTION("the client sends more than the script reads") {
        Server server;
        server.accept().answers(ok());
        auto client = connect_to(server.port());
        write(client, get);
        write(client, "more");
        auto failures = server.stop();
        REQUIRE(failures.size() == 1);
        CHECK(failures[0] == "connection 1, after the last step: the client also sent \"more\"");
    }
}
