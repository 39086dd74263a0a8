// What readable bytes on an idle TLS connection mean: tickets and key updates leave it alive, all else does not.

#include "catch.hpp"
#include "tls_pair.hpp"

#include <ferry/tls/channel.hpp>

#include <cstddef>
#include <string>
#include <string_view>

using namespace ferry;
using namespace ferry::testing;
using detail::verdict;

namespace {

constexpr std::string_view request = "GET / HTTP/1.1\r\n\r\n";
constexpr std::string_view answer = "HTTP/1.1 204 No Content\r\n\r\n";

// A connection that has done one exchange and lies idle.
void exchange(TlsPair& pair) {
    pair.say(request);
    pair.server.say(answer);
    REQUIRE(pair.hear() == answer);
}

}  // namespace

TEST_CASE("an idle connection on which nothing came is alive", "[tls][A3]") {
    TlsServer server;
    TlsPair pair(make_context(), server);
    REQUIRE(pair.shake_hands() == Step::done);
    exchange(pair);
    CHECK(pair.client.settle() == verdict::alive);
    CHECK(pair.client.probe() == verdict::alive);
}

TEST_CASE("a ticket costs no connection, whether before, inside or after the response", "[tls][A3]") {
    const std::size_t piece = GENERATE(1u, 7u, 100'000u);
    CAPTURE(piece);
    TlsServer server({.tickets = 0});
    auto context = make_context();
    TlsPair pair(context, server, "example.com", piece);
    REQUIRE(pair.shake_hands() == Step::done);
    pair.server.send_ticket();
    CHECK(pair.probe() == verdict::alive);
    CHECK(context->tickets().size() == 1);

    pair.say(request);
    pair.server.send_ticket();
    pair.server.say(answer.substr(0, 10));
    pair.server.send_ticket();
    pair.server.say(answer.substr(10));
    CHECK(pair.hear() == answer);
    CHECK(context->tickets().size() == 3);

    pair.server.send_ticket();
    CHECK(pair.probe() == verdict::alive);
    CHECK(context->tickets().size() == 4);
    exchange(pair);
}

TEST_CASE("a ticket received together with the response is taken in at its end", "[tls][A3][A4]") {
    TlsServer server({.tickets = 0});
    auto context = make_context();
    TlsPair pair(context, server);
    REQUIRE(pair.shake_hands() == Step::done);
    pair.say(request);
    pair.server.say(answer);
    pair.server.send_ticket();
    REQUIRE(pair.to_client());
    std::string room(answer.size(), '\0');
    std::size_t n = 0;
    REQUIRE(pair.client.read({room.data(), room.size()}, n) == Step::done);
    CHECK(room == answer);
    CHECK(context->tickets().size() == 0);
    CHECK(pair.client.settle() == verdict::alive);
    CHECK(context->tickets().size() == 1);
    exchange(pair);
}

TEST_CASE("key updates cost no connection, and are answered with the next request", "[tls][A3]") {
    const bool both = GENERATE(false, true);
    TlsServer server;
    TlsPair pair(make_context(), server);
    REQUIRE(pair.shake_hands() == Step::done);
    exchange(pair);
    for (int i = 0; i < 5; ++i) {
        pair.server.update_key(both);
        CHECK(pair.probe() == verdict::alive);
        exchange(pair);
    }
}

TEST_CASE("half a record may wait at the end of a response, but not under a probe", "[tls][A3]") {
    TlsServer server({.tickets = 0});
    TlsPair pair(make_context(), server);
    REQUIRE(pair.shake_hands() == Step::done);
    exchange(pair);
    pair.server.send_ticket();
    const auto whole = pair.wire();
    for (std::size_t cut : {std::size_t{1}, std::size_t{4}, std::size_t{5}, std::size_t{6}, whole.size() - 1}) {
        CAPTURE(cut);
        TlsServer other({.tickets = 0});
        TlsPair half(make_context(), other);
        REQUIRE(half.shake_hands() == Step::done);
        exchange(half);
        half.server.send_ticket();
        const auto rest = half.wire().substr(cut);
        half.wire().resize(cut);
        REQUIRE(half.to_client());
        CHECK(half.client.settle() == verdict::alive);
        CHECK(half.client.probe() == verdict::unsolicited_data);
        half.forge(rest);
        CHECK(half.probe() == verdict::alive);
    }
}

TEST_CASE("data that nobody asked for poisons the connection", "[tls][A1][A3]") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        TlsServer server({.version = version});
        TlsPair pair(make_context(), server);
        REQUIRE(pair.shake_hands() == Step::done);
        exchange(pair);
        pair.server.say("HTTP/1.1 408 Request Timeout\r\n\r\n");
        CHECK(pair.probe() == verdict::unsolicited_data);
    }
}

TEST_CASE("data behind a ticket poisons the connection", "[tls][A3]") {
    TlsServer server({.tickets = 0});
    TlsPair pair(make_context(), server);
    REQUIRE(pair.shake_hands() == Step::done);
    pair.server.send_ticket();
    pair.server.say("x");
    CHECK(pair.probe() == verdict::unsolicited_data);
}

TEST_CASE("bytes that were decrypted and not read are found", "[tls][A4]") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        TlsServer server({.version = version});
        TlsPair pair(make_context(), server);
        REQUIRE(pair.shake_hands() == Step::done);
        pair.say(request);
        pair.server.say(std::string(answer) + "x");
        while (pair.to_client()) {
        }
        std::string room(answer.size(), '\0');
        std::size_t n = 0;
        REQUIRE(pair.client.read({room.data(), room.size()}, n) == Step::done);
        CHECK(room == answer);
        CHECK(pair.client.settle() == verdict::unsolicited_data);
        CHECK(pair.client.probe() == verdict::unsolicited_data);
    }
}

TEST_CASE("an end of the connection is found, with close_notify or without", "[tls][A3]") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const bool told = GENERATE(false, true);
        TlsServer server({.version = version});
        TlsPair pair(make_context(), server);
        REQUIRE(pair.shake_hands() == Step::done);
        exchange(pair);
        if (told) pair.server.close_notify();
        else pair.client.input_ended();
        CHECK(pair.probe() == verdict::closed);
    }
}

TEST_CASE("a ticket and then the end is an end, and the ticket is kept", "[tls][A3]") {
    TlsServer server({.tickets = 0});
    auto context = make_context();
    TlsPair pair(context, server);
    REQUIRE(pair.shake_hands() == Step::done);
    pair.server.send_ticket();
    pair.client.input_ended();
    CHECK(pair.probe() == verdict::closed);
    CHECK(context->tickets().size() == 1);
}

TEST_CASE("garbage on an idle connection is an error", "[tls][A3]") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        TlsServer server({.version = version});
        TlsPair pair(make_context(), server);
        REQUIRE(pair.shake_hands() == Step::done);
        exchange(pair);
        pair.forge("HTTP/1.1 200 OK\r\n\r\n");
        CHECK(pair.probe() == verdict::error);
    }
}

TEST_CASE("a connection works on after it has rested", "[tls]") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        TlsServer server({.version = version});
        TlsPair pair(make_context(), server);
        REQUIRE(pair.shake_hands() == Step::done);
        for (int i = 0; i < 3; ++i) {
            exchange(pair);
            pair.client.rest();
            CHECK(pair.client.probe() == verdict::alive);
        }
    }
}
