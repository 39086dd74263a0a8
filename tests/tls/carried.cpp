// TLS that is carried by TLS, between requests and at its end: what either layer says counts for the whole connection.

#include "catch.hpp"
#include "tls_nest.hpp"

#include <ferry/io/socket.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

using namespace ferry;
using namespace ferry::testing;
using detail::verdict;

namespace {

constexpr std::string_view request = "GET / HTTP/1.1\r\n\r\n";
constexpr std::string_view answer = "HTTP/1.1 204 No Content\r\n\r\n";

// An idle connection through a proxy, which has served once.
struct Carried {
    TlsServer at_proxy, at_server;
    std::shared_ptr<detail::tls_context> context = make_context();
    TlsNest nest;

    explicit Carried(int outer = TLS1_3_VERSION, int inner = TLS1_3_VERSION)
        : at_proxy({.certificate = &proxy_leaf(), .version = outer, .tickets = 0}),
          at_server({.version = inner, .tickets = 0}), nest(at_proxy, at_server, false, context) {
        REQUIRE_FALSE(nest.shake_hands().ec);
        exchange();
    }
    void exchange() {
        REQUIRE_FALSE(nest.say(request).ec);
        nest.server_says(answer);
        REQUIRE(nest.hear() == answer);
    }
    detail::tls_channel& top() { return *nest.c.tls; }
};

// A connection, from the handshakes to the end.
void visit(const std::shared_ptr<detail::tls_context>& context, const TlsServer& at_proxy, const TlsServer& at_server,
           bool resumes_proxy, bool resumes_server) {
    TlsNest nest(at_proxy, at_server, false, context);
    REQUIRE_FALSE(nest.shake_hands().ec);
    REQUIRE_FALSE(nest.say(request).ec);
    nest.server_says(answer);
    REQUIRE(nest.hear() == answer);
    CHECK(nest.carrier().resumed() == resumes_proxy);
    CHECK(nest.inner().resumed() == resumes_server);
}

}  // namespace

TEST_CASE("an idle connection through a proxy stays alive, tickets and new keys of either layer or not", "[tls][A3]") {
    const std::size_t piece = GENERATE(1u, 7u, 100'000u);
    Carried c;
    c.nest.habits.read_piece = piece;
    CHECK(c.top().settle() == verdict::alive);
    CHECK(c.top().probe() == verdict::alive);
    const auto tickets = c.context->tickets().size();
    c.nest.proxy.send_ticket();
    CHECK(c.nest.probe() == verdict::alive);
    c.nest.server.send_ticket();
    CHECK(c.nest.probe() == verdict::alive);
    c.nest.server.send_ticket();
    c.nest.wire();
    c.nest.proxy.send_ticket();
    c.nest.server.send_ticket();
    CHECK(c.nest.probe() == verdict::alive);
    CHECK(c.context->tickets().size() == tickets + 5);
    c.exchange();
    for (const bool both : {false, true, true}) {
        c.nest.server.update_key(both);
        c.nest.wire();
        c.nest.proxy.update_key(both);
        CHECK(c.nest.probe() == verdict::alive);
        c.exchange();
    }
}

TEST_CASE("tickets of either layer inside and behind a response are taken in", "[tls][A3][A4]") {
    const std::size_t piece = GENERATE(1u, 100'000u);
    Carried c;
    c.nest.habits.read_piece = piece;
    REQUIRE_FALSE(c.nest.say(request).ec);
    c.nest.proxy.send_ticket();
    c.nest.server_says(answer.substr(0, 10));
    c.nest.server.send_ticket();
    c.nest.wire();
    c.nest.proxy.send_ticket();
    c.nest.server_says(answer.substr(10));
    c.nest.server.send_ticket();
    c.nest.wire();
    c.nest.proxy.send_ticket();
    std::string text;
    while (text.size() < answer.size()) {
        c.nest.heard.clear();
        REQUIRE(c.nest.read(answer.size() - text.size()).n > 0);
        text += c.nest.heard;
    }
    c.nest.heard.clear();
    CHECK(text == answer);
    CHECK_FALSE(c.nest.c.has_leftover());
    CHECK(c.nest.probe() == verdict::alive);
    CHECK(c.context->tickets().size() == 5);
    c.exchange();
}

TEST_CASE("what the carrier has decrypted and nobody read is found at the end of a response", "[tls][A4]") {
    const int behind = GENERATE(0, 1, 2, 3, 4, 5);
    CAPTURE(behind);
    Carried c;
    REQUIRE_FALSE(c.nest.say(request).ec);
    const auto twice = std::string(answer) + "x";
    c.nest.server.say(behind == 0 ? std::string_view(twice) : answer);
    if (behind == 1) c.nest.server.say("x");
    if (behind == 2) c.nest.server.close_notify();
    c.nest.wire();
    if (behind == 3) c.nest.proxy.say("garbage instead of a record");
    if (behind == 4) c.nest.proxy.close_notify();
    if (behind == 5) c.nest.wire() += "garbage instead of a record";
    REQUIRE(c.nest.read(answer.size()).n == answer.size());
    CHECK(c.nest.heard == answer);
    CHECK(c.nest.c.has_leftover());
    const auto found = c.top().settle();
    if (behind < 2) CHECK(found == verdict::unsolicited_data);
    else if (behind == 2 || behind == 4) CHECK(found == verdict::closed);
    else CHECK(found == verdict::error);
    CHECK(c.top().probe() == found);
}

TEST_CASE("an answer that nobody read to its end, while a request was being written, is left over", "[tls][A4]") {
    Carried c;
    c.nest.server_says("left over");
    CHECK(c.nest.write(request, true).readable);
    REQUIRE(c.nest.read(4).n == 4);
    CHECK(c.nest.c.has_leftover());
    CHECK(c.top().settle() == verdict::unsolicited_data);
}

TEST_CASE("data, an end or a fault in either layer of an idle connection ends it", "[tls][A1][A3]") {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        Carried data(version), end(version), proxy_end(version), fin(version), garbage(version), proxy_garbage(version);
        data.nest.server_says("HTTP/1.1 408 Request Timeout\r\n\r\n");
        CHECK(data.nest.probe() == verdict::unsolicited_data);
        end.nest.server.close_notify();
        CHECK(end.nest.probe() == verdict::closed);
        CHECK_FALSE(end.nest.c.truncated());
        proxy_end.nest.proxy.close_notify();
        CHECK(proxy_end.nest.probe() == verdict::closed);
        CHECK(proxy_end.nest.c.truncated());
        fin.top().bottom().input_ended();
        CHECK(fin.nest.probe() == verdict::closed);
        CHECK(fin.nest.c.truncated());
        garbage.nest.proxy.say("HTTP/1.1 502 Bad Gateway\r\n\r\n");
        CHECK(garbage.nest.probe() == verdict::error);
        proxy_garbage.nest.wire() += "HTTP/1.1 502 Bad Gateway\r\n\r\n";
        CHECK(proxy_garbage.nest.probe() == verdict::error);
        CHECK(proxy_garbage.top().fault().ec == errc::tls_protocol_error);
    }
}

TEST_CASE("half a record of the proxy's may wait at the end of a response, but not under a probe", "[tls][A3]") {
    for (const std::size_t left : {1u, 10u, 20u}) {
        CAPTURE(left);
        Carried c;
        c.nest.proxy.send_ticket();
        auto& wire = c.nest.wire();
        const auto rest = wire.substr(wire.size() - left);
        wire.resize(wire.size() - left);
        CHECK(c.nest.probe() == verdict::unsolicited_data);
        CHECK(c.top().settle() == verdict::alive);
        c.nest.wire() += rest;
        CHECK(c.nest.probe() == verdict::alive);
        c.exchange();
    }
}

TEST_CASE("half a record of the server's may wait at the end of a response, but not under a probe", "[tls][A3]") {
    for (const std::size_t cut : {1u, 4u, 5u, 6u, 50u}) {
        CAPTURE(cut);
        Carried c;
        c.nest.server.send_ticket();
        const auto whole = c.nest.server.take();  // before the proxy has it
        c.nest.proxy.say(whole.substr(0, cut));
        CHECK(c.nest.probe() == verdict::unsolicited_data);
        CHECK(c.top().settle() == verdict::alive);
        c.nest.proxy.say(whole.substr(cut));
        CHECK(c.nest.probe() == verdict::alive);
        c.exchange();
    }
}

TEST_CASE("a body's end is the server's word, and not the proxy's", "[tls][C6]") {
    const bool server_tells = GENERATE(true, false), proxy_tells = GENERATE(true, false);
    Carried c;
    REQUIRE_FALSE(c.nest.say(request).ec);
    c.nest.server_says(answer);
    if (server_tells) c.nest.server.close_notify();
    c.nest.wire();
    if (proxy_tells) c.nest.proxy.close_notify();
    c.nest.ended = true;
    CHECK(c.nest.hear() == answer);
    CHECK_FALSE(c.nest.last.ec);
    CHECK(c.nest.c.truncated() == !server_tells);
}

TEST_CASE("an end in the middle of either layer's record gives what came before it", "[tls][C6]") {
    const bool of_proxy = GENERATE(true, false);
    Carried c;
    c.nest.server_says("whole");
    if (of_proxy) {
        c.nest.server_says("cut off");
        c.nest.wire().pop_back();
    } else {
        c.nest.server.say("cut off");
        auto record = c.nest.server.take();
        record.pop_back();
        c.nest.proxy.say(record);
    }
    c.nest.wire();
    c.nest.ended = true;
    CHECK(c.nest.hear() == "whole");
    CHECK_FALSE(c.nest.last.ec);
    CHECK(c.nest.c.truncated());
}

TEST_CASE("server and proxy are told of the end, the one through the other", "[tls][A16]") {
    const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    Carried c(version, version);
    c.top().close_notify();
    CHECK(c.top().to_send().empty());
    c.nest.proxy.feed(c.top().bottom().to_send());
    c.nest.wire();
    CHECK(c.nest.server.told_of_close());
    CHECK(c.nest.proxy.told_of_close());
}

TEST_CASE("the proxy is told of the end when there was no handshake with the server", "[tls][A16]") {
    TlsServer at_proxy({.certificate = &proxy_leaf()}), at_server;
    TlsNest nest(at_proxy, at_server);
    REQUIRE_FALSE(nest.shake_with_proxy().ec);
    nest.c.tls = std::make_unique<detail::tls_channel>(make_context(), "example.com", "", std::move(nest.c.tls));
    nest.c.tls->close_notify();
    nest.proxy.feed(nest.c.tls->bottom().to_send());
    CHECK(nest.proxy.told_of_close());
    CHECK(nest.proxy.heard().empty());
}

TEST_CASE("sessions with proxy and server are resumed each by itself", "[tls][K1]") {
    const int outer = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION), inner = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    TlsServer at_proxy({.certificate = &proxy_leaf(), .version = outer}), at_server({.version = inner});
    TlsServer other_proxy({.certificate = &proxy_leaf(), .version = outer}), other_server({.version = inner});
    const auto context = make_context();
    visit(context, at_proxy, at_server, false, false);
    visit(context, at_proxy, at_server, true, true);
    visit(context, at_proxy, other_server, true, false);
    visit(context, other_proxy, other_server, false, true);
    CHECK(context->full_handshakes() == 4);
    CHECK(context->resumed_handshakes() == 4);
}

TEST_CASE("a connection through a proxy works on after it has rested", "[tls]") {
    const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    Carried c(version, version);
    for (int i = 0; i < 3; ++i) {
        c.nest.c.rest();
        CHECK(c.top().probe() == verdict::alive);
        c.exchange();
    }
}

TEST_CASE("a socket's probe and its goodbye reach through both layers", "[tls][A3][A16]") {
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    const detail::descriptor ours(fds[0]), theirs(fds[1]);
    const auto sends = [&](std::string_view bytes) {
        REQUIRE(::send(theirs.get(), bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
    };
    Carried c;
    CHECK(detail::why_readable(ours.get(), c.nest.c) == verdict::alive);
    c.nest.server.send_ticket();
    c.nest.wire();
    c.nest.proxy.send_ticket();
    sends(c.nest.wire());
    c.nest.wire().clear();
    CHECK(detail::why_readable(ours.get(), c.nest.c) == verdict::alive);
    CHECK(c.context->tickets().size() == 2);
    c.exchange();

    detail::say_goodbye(ours.get(), c.nest.c);
    char bytes[4096];
    const auto n = ::recv(theirs.get(), bytes, sizeof bytes, 0);
    REQUIRE(n > 0);
    c.nest.proxy.feed({bytes, static_cast<std::size_t>(n)});
    c.nest.wire();
    CHECK(c.nest.server.told_of_close());
    CHECK(c.nest.proxy.told_of_close());

    c.nest.server_says("x");
    sends(c.nest.wire());
    CHECK(detail::why_readable(ours.get(), c.nest.c) == verdict::unsolicited_data);
}
