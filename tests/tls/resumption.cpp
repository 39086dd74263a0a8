// Sessions that are resumed, and those that are not.

#include "catch.hpp"
#include "tls_pair.hpp"

#include <ferry/tls/channel.hpp>
#include <ferry/tls/tickets.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace ferry;
using namespace ferry::testing;

namespace {

// How a connection ends.
enum class End { told, bare, by_us, in_the_middle };

// One connection from the handshake to its end; whether it resumed a session.
bool visit(const std::shared_ptr<detail::tls_context>& context, const TlsServer& server, End end = End::told,
           std::string_view host = "example.com") {
    TlsPair pair(context, server, host);
    REQUIRE(pair.shake_hands() == Step::done);
    pair.say("request");
    CHECK(pair.server.heard() == "request");
    pair.server.say("answer");
    CHECK(pair.hear() == "answer");
    if (end == End::told) pair.server.close_notify();
    if (end == End::bare) pair.client.input_ended();
    if (end == End::by_us) pair.client.close_notify();
    pair.hear();
    return pair.client.resumed();
}

detail::tls_tickets::ticket made_ticket(int version, long timeout = 100) {
    detail::tls_tickets::ticket t(SSL_SESSION_new());
    SSL_SESSION_set_protocol_version(t.get(), version);
    const unsigned char id[] = {1, 2, 3};
    SSL_SESSION_set1_id(t.get(), id, sizeof id);
    SSL_SESSION_set_timeout(t.get(), timeout);
    return t;
}

}  // namespace

TEST_CASE("a second connection resumes the first one's session, however that ended", "[tls][K1]") {
    const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    const auto end = GENERATE(End::told, End::bare, End::by_us, End::in_the_middle);
    CAPTURE(version, static_cast<int>(end));
    TlsServer server({.version = version});
    auto context = make_context();
    CHECK_FALSE(visit(context, server, end));
    CHECK(visit(context, server, end));
    CHECK(visit(context, server, end));
    CHECK(context->full_handshakes() == 1);
    CHECK(context->resumed_handshakes() == 2);
}

TEST_CASE("sessions are resumed only under their own key, and only with the same options", "[tls][K1][A10]") {
    const auto leaf = make_certificate({.hosts = "DNS:example.com,DNS:example.org", .issuer = &test_root()});
    TlsServer server({.certificate = &leaf});
    auto context = make_context();
    CHECK_FALSE(visit(context, server));
    CHECK_FALSE(visit(context, server, End::told, "example.org"));
    CHECK_FALSE(visit(make_context(), server));
    CHECK(visit(context, server));
}

TEST_CASE("no session is kept where that is switched off", "[tls]") {
    TlsServer server;
    auto context = make_context({.session_resumption = false});
    CHECK_FALSE(visit(context, server));
    CHECK_FALSE(visit(context, server));
    CHECK(context->tickets().size() == 0);
}

TEST_CASE("a server that has forgotten the session costs a full handshake", "[tls]") {
    const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    auto context = make_context();
    CHECK_FALSE(visit(context, TlsServer({.version = version})));
    CHECK_FALSE(visit(context, TlsServer({.version = version})));
    CHECK(context->full_handshakes() == 2);
}

TEST_CASE("a server that has changed its version costs a full handshake", "[tls]") {
    auto context = make_context();
    for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION, TLS1_3_VERSION})
        CHECK_FALSE(visit(context, TlsServer({.version = version})));
}

TEST_CASE("a ticket of TLS 1.3 is used once, and as many connections as there are tickets are spared", "[tls]") {
    TlsServer server({.tickets = 3});
    auto context = make_context();
    CHECK_FALSE(visit(context, server));
    CHECK(context->tickets().size() == 3);
    std::vector<std::unique_ptr<TlsPair>> pairs;
    for (int i = 0; i < 4; ++i) pairs.push_back(std::make_unique<TlsPair>(context, server));
    CHECK(context->tickets().size() == 0);
    for (int i = 0; i < 4; ++i) {
        REQUIRE(pairs[static_cast<std::size_t>(i)]->shake_hands() == Step::done);
        CHECK(pairs[static_cast<std::size_t>(i)]->client.resumed() == (i < 3));
    }
}

TEST_CASE("a session of TLS 1.2 serves several connections", "[tls]") {
    TlsServer server({.version = TLS1_2_VERSION});
    auto context = make_context();
    CHECK_FALSE(visit(context, server));
    TlsPair one(context, server), other(context, server);
    REQUIRE(one.shake_hands() == Step::done);
    REQUIRE(other.shake_hands() == Step::done);
    CHECK(one.client.resumed());
    CHECK(other.client.resumed());
}

TEST_CASE("a resumed session is held to the pins as well", "[tls]") {
    TlsServer server;
    auto context = make_context({.pins = {detail::pin_of(test_leaf().x509.get())}});
    CHECK_FALSE(visit(context, server));
    CHECK(visit(context, server));
}

TEST_CASE("tickets: the newest first, at most eight a key, none that is too old", "[tls]") {
    detail::tls_tickets tickets;
    CHECK_FALSE(tickets.take("a"));
    std::vector<const SSL_SESSION*> put;
    for (int i = 0; i < 10; ++i) {
        auto t = made_ticket(TLS1_3_VERSION);
        put.push_back(t.get());
        tickets.put("a", std::move(t));
    }
    CHECK(tickets.size() == 8);
    CHECK_FALSE(tickets.take("b"));
    for (std::size_t i = 9; i >= 2; --i) CHECK(tickets.take("a").get() == put[i]);
    CHECK_FALSE(tickets.take("a"));

    tickets.put("a", made_ticket(TLS1_3_VERSION, 0));
    CHECK_FALSE(tickets.take("a"));
    CHECK(tickets.size() == 0);
}

TEST_CASE("tickets: one of TLS 1.2 stays, and a newer one takes its place", "[tls]") {
    detail::tls_tickets tickets;
    tickets.put("a", made_ticket(TLS1_2_VERSION));
    CHECK(tickets.take("a").get() == tickets.take("a").get());
    tickets.put("a", made_ticket(TLS1_2_VERSION));
    CHECK(tickets.size() == 1);
}

TEST_CASE("tickets: the keys that were used the longest ago are forgotten", "[tls]") {
    detail::tls_tickets tickets;
    tickets.put("first", made_ticket(TLS1_2_VERSION));
    tickets.put("second", made_ticket(TLS1_2_VERSION));
    CHECK(tickets.take("first"));
    for (int i = 0; i < 1023; ++i) tickets.put(std::to_string(i), made_ticket(TLS1_2_VERSION));
    CHECK(tickets.size() == 1024);
    CHECK(tickets.take("first"));
    CHECK_FALSE(tickets.take("second"));
}

TEST_CASE("several threads share one context", "[tls][threads]") {
    TlsServer server;
    auto context = make_context();
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 20; ++i) {
                TlsPair pair(context, server);
                if (pair.shake_hands() == Step::done) pair.hear();
            }
        });
    for (auto& t : threads) t.join();
    CHECK(context->full_handshakes() + context->resumed_handshakes() == 80);
    CHECK(context->full_handshakes() <= 4);
}
