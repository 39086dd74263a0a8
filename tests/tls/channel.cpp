// The channel of bytes against OpenSSL's server: handshake, data in every cut, and how it ends.

#include "catch.hpp"
#include "pieces.hpp"
#include "tls_pair.hpp"

#include <ferry/tls/channel.hpp>

#include <cstddef>
#include <string>
#include <string_view>

using namespace ferry;
using namespace ferry::testing;

namespace {

constexpr std::string_view request = "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n";
constexpr std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

}  // namespace

TEST_CASE("a request and its answer pass through TLS, whatever pieces the bytes come in", "[tls]") {
    const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    const std::size_t piece = GENERATE(1u, 2u, 3u, 5u, 6u, 1000u, 100'000u);
    CAPTURE(version, piece);
    TlsServer server({.version = version});
    TlsPair pair(make_context(), server, "example.com", piece);
    const auto s = pair.shake_hands();
    INFO(pair.client.fault().text);
    INFO(pair.client.fault().text);
    REQUIRE(name_of(s) == "done");
    CHECK(pair.client.version() == (version == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2"));
    CHECK_FALSE(pair.client.cipher().empty());
    CHECK_FALSE(pair.client.resumed());
    pair.say(request);
    CHECK(pair.server.heard() == request);
    pair.server.say(answer);
    CHECK(pair.hear() == answer);
    CHECK(pair.last == Step::wants_input);
    CHECK(pair.probe() == detail::verdict::alive);
}

TEST_CASE("errors that others have left in OpenSSL's queue are not the channel's", "[tls]") {
    TlsServer server;
    TlsPair pair(make_context(), server);
    const auto leave_error = [] { ERR_raise(ERR_LIB_SSL, SSL_R_BAD_PACKET); };
    leave_error();
    CHECK(pair.client.handshake() == Step::wants_input);
    REQUIRE(pair.shake_hands() == Step::done);
    leave_error();
    pair.say(request);
    CHECK(pair.last == Step::done);
    pair.server.say(answer);
    pair.wire().resize(pair.wire().size() - 1);
    leave_error();
    CHECK(pair.hear().empty());
    CHECK(pair.last == Step::wants_input);
    leave_error();
    CHECK(pair.probe() == detail::verdict::unsolicited_data);  // half of a record
    CHECK_FALSE(pair.client.fault().ec);
    ERR_clear_error();
}

TEST_CASE("a channel goes on after it has rested and after it has cooled", "[tls]") {
    for (const int version : versions) {
        TlsServer server({.version = version});
        TlsPair pair(make_context(), server);
        REQUIRE(pair.shake_hands() == Step::done);
        for (int round = 0; round < 3; ++round) {
            pair.say(request);
            pair.server.say(answer);
            CHECK(pair.hear() == answer);
            pair.client.rest();
            if (round == 1) pair.client.cool();
            CHECK(pair.probe() == detail::verdict::alive);
        }
    }
}

TEST_CASE("a large body passes in both directions", "[tls]") {
    for (const int version : versions) {
        TlsServer server({.version = version});
        TlsPair pair(make_context(), server);
        REQUIRE(pair.shake_hands() == Step::done);
        const auto body = patterned(1'000'000);
        pair.say(body);
        CHECK(pair.server.heard() == body);
        pair.server.say(body);
        CHECK(pair.hear(GENERATE(1000u, 16'384u, 300'000u)) == body);
    }
}

TEST_CASE("a write takes no more at once than it may hold in memory", "[tls]") {
    TlsServer server;
    TlsPair pair(make_context(), server);
    REQUIRE(pair.shake_hands() == Step::done);
    const std::string body(1'000'000, 'x');
    std::size_t n = 0;
    REQUIRE(pair.client.write(body, n) == Step::done);
    CHECK(n == 65'536);
    CHECK(pair.client.to_send().size() < 67'000);
    REQUIRE(pair.client.write("", n) == Step::done);
    CHECK(n == 0);
}

TEST_CASE("one read fills the room with as many records as have come", "[tls]") {
    TlsServer server;
    TlsPair pair(make_context(), server);
    REQUIRE(pair.shake_hands() == Step::done);
    for (auto word : {"one ", "two ", "three"}) pair.server.say(word);
    while (pair.to_client()) {
    }
    std::string room(100, '\0');
    std::size_t n = 0;
    REQUIRE(pair.client.read({room.data(), room.size()}, n) == Step::done);
    CHECK(room.substr(0, n) == "one two three");
}

TEST_CASE("a read that wants much is given a large buffer to receive into", "[tls]") {
    TlsServer server;
    TlsPair pair(make_context(), server);
    REQUIRE(pair.shake_hands() == Step::done);
    CHECK(pair.client.input_room().size() == 16'384);
    CHECK(pair.client.input_room(100'000).size() == 262'144);
}

TEST_CASE("the last flight of the handshake and the request leave together", "[tls]") {
    TlsServer server;
    TlsPair pair(make_context(), server);
    auto s = Step::wants_input;
    while ((s = pair.client.handshake()) == Step::wants_input) {
        pair.to_server();
        REQUIRE(pair.to_client());
    }
    REQUIRE(s == Step::done);
    CHECK_FALSE(pair.client.to_send().empty());
    pair.say(request);
    CHECK(pair.server.heard() == request);
}

TEST_CASE("the server is asked for HTTP/1.1", "[tls][K1]") {
    TlsServer server;
    TlsPair pair(make_context(), server);
    REQUIRE(pair.shake_hands() == Step::done);
    CHECK(pair.server.protocol() == "http/1.1");
}

TEST_CASE("close_notify is the end of the data, and said to be", "[tls][C6]") {
    for (const int version : versions) {
        TlsServer server({.version = version});
        TlsPair pair(make_context(), server);
        REQUIRE(pair.shake_hands() == Step::done);
        pair.server.say(answer);
        pair.server.close_notify();
        CHECK(pair.hear() == answer);
        CHECK(pair.last == Step::closed);
        CHECK_FALSE(pair.client.truncated());
        CHECK(pair.hear().empty());
        CHECK(pair.last == Step::closed);
    }
}

TEST_CASE("an end without close_notify is told apart", "[tls][C6]") {
    for (const int version : versions) {
        TlsServer server({.version = version});
        TlsPair pair(make_context(), server);
        REQUIRE(pair.shake_hands() == Step::done);
        pair.server.say(answer);
        CHECK(pair.hear() == answer);
        pair.client.input_ended();
        CHECK(pair.hear().empty());
        CHECK(pair.last == Step::closed);
        CHECK(pair.client.truncated());
    }
}

TEST_CASE("an end in the middle of a record gives what came before it", "[tls][C6]") {
    TlsServer server;
    TlsPair pair(make_context(), server);
    REQUIRE(pair.shake_hands() == Step::done);
    pair.hear();
    pair.server.say("whole");
    pair.server.say("cut off");
    auto& wire = pair.wire();
    wire.resize(wire.size() - 1);
    CHECK(pair.hear() == "whole");
    pair.client.input_ended();
    CHECK(pair.hear().empty());
    CHECK(pair.last == Step::closed);
    CHECK(pair.client.truncated());
}

TEST_CASE("what follows close_notify is not read", "[tls][C6]") {
    TlsServer server;
    TlsPair pair(make_context(), server);
    REQUIRE(pair.shake_hands() == Step::done);
    pair.server.say("first");
    const auto record = pair.wire();
    pair.server.close_notify();
    pair.wire() += record;
    pair.forge("HTTP/1.1 200 OK\r\n\r\n");
    CHECK(pair.hear() == "first");
    CHECK(pair.last == Step::closed);
    CHECK_FALSE(pair.client.truncated());
}

TEST_CASE("the peer is told of the end", "[tls][A16]") {
    for (const int version : versions) {
        TlsServer server({.version = version});
        TlsPair pair(make_context(), server);
        pair.client.close_notify();  // too early: without effect
        CHECK(pair.client.to_send().empty());
        REQUIRE(pair.shake_hands() == Step::done);
        pair.client.close_notify();
        pair.to_server();
        CHECK(pair.server.told_of_close());
    }
}

TEST_CASE("a changed byte is a fault, wherever it is", "[tls]") {
    TlsServer server;
    for (const std::size_t at : {0u, 1u, 2u, 4u, 5u, 9u, 20u, 30u}) {
        CAPTURE(at);
        TlsPair pair(make_context(), server);
        REQUIRE(pair.shake_hands() == Step::done);
        pair.hear();
        pair.server.say("a record of some length");
        auto& wire = pair.wire();
        wire[at] = static_cast<char>(wire[at] ^ 1);
        wire += '\0';  // for a length that has grown
        CHECK(pair.hear().empty());
        REQUIRE(name_of(pair.last) == "failed");
        CHECK(pair.client.fault().ec == condition::tls);
        std::size_t n = 0;
        CHECK(pair.client.write("more", n) == Step::failed);
        CHECK(pair.client.probe() == detail::verdict::error);
    }
}

TEST_CASE("what is not TLS is a fault that says so", "[tls]") {
    const std::string_view texts[] = {"HTTP/1.1 400 Bad Request\r\n\r\n",
                                      "\x16\x03\x01\xff\xff too long a record",
                                      {"\x17\x03\x03\0\1x", 6},
                                      "SSH-2.0-OpenSSH_9.2\r\n"};
    for (const auto text : texts) {
        CAPTURE(text);
        TlsServer server;
        TlsPair pair(make_context(), server);
        CHECK(pair.client.handshake() == Step::wants_input);
        pair.forge(text);
        while (pair.client.handshake() == Step::wants_input && pair.to_client()) {
        }
        REQUIRE(pair.client.handshake() == Step::failed);
        CHECK(pair.client.fault().ec == errc::tls_protocol_error);
        CHECK_THAT(pair.client.fault().text, Catch::Matchers::ContainsSubstring("host example.com: "));
    }
}

TEST_CASE("a server that closes during the handshake is not taken for one that closes at its end", "[tls]") {
    TlsServer server;
    std::size_t whole = 0;
    {
        TlsPair pair(make_context(), server);
        CHECK(pair.client.handshake() == Step::wants_input);
        pair.to_server();
        whole = pair.wire().size();
    }
    for (std::size_t cut = 0; cut + 300 < whole; cut += 37) {
        TlsPair pair(make_context(), server);
        CHECK(pair.client.handshake() == Step::wants_input);
        pair.to_server();
        pair.wire().resize(cut);
        pair.to_client();
        pair.client.input_ended();
        REQUIRE(pair.client.handshake() == Step::failed);
        CHECK(pair.client.fault().ec == errc::tls_handshake_closed);
        CHECK(pair.client.fault().ec == condition::network);
        pair.client.close_notify();
    }
}
