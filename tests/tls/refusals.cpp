// Servers that refuse the handshake or ask for more: alerts, versions, client certificates.

#include "catch.hpp"
#include "tls_pair.hpp"

#include <ferry/tls/channel.hpp>

#include <string>
#include <string_view>
#include <utility>

using namespace ferry;
using namespace ferry::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

// The record of a fatal alert in the clear.
std::string alert(char number) { return std::string("\x15\x03\x03\x00\x02\x02", 6) + number; }

detail::tls_fault after_alert(char number) {
    TlsServer server;
    TlsPair pair(make_context(), server);
    CHECK(pair.client.handshake() == Step::wants_input);
    pair.forge(alert(number));
    pair.to_client();
    CHECK(pair.client.handshake() == Step::failed);
    return pair.client.fault();
}

}  // namespace

TEST_CASE("the alert that a server refuses with is named", "[tls]") {
    const std::pair<int, std::string_view> alerts[] = {{40, "handshake failure"},
                                                       {80, "internal error"},
                                                       {112, "unrecognized name"},
                                                       {120, "no application protocol"}};
    for (auto [number, name] : alerts) {
        const auto fault = after_alert(static_cast<char>(number));
        CHECK(fault.ec == errc::tls_alert);
        CHECK(fault.ec == condition::tls);
        CHECK_THAT(fault.text, ContainsSubstring("host example.com: ") && ContainsSubstring(std::string(name)));
    }
    CHECK(after_alert(70).ec == errc::tls_unsupported_version);
    CHECK(after_alert(48).ec == errc::client_certificate_refused);
    CHECK(after_alert(116).ec == errc::client_certificate_refused);
    CHECK(after_alert(99).ec == condition::tls);
}

TEST_CASE("a server that speaks only what is too old is told from others", "[tls]") {
    for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
        TlsServer server({.version = version, .ciphers = "DEFAULT@SECLEVEL=0"});
        TlsPair pair(make_context(), server);
        REQUIRE(pair.shake_hands() == Step::failed);
        CHECK(pair.client.fault().ec == errc::tls_unsupported_version);
    }
}

TEST_CASE("the oldest version that is spoken can be raised", "[tls]") {
    TlsServer server({.version = TLS1_2_VERSION});
    TlsPair pair(make_context({.min_version = TlsVersion::tls1_3}), server);
    REQUIRE(pair.shake_hands() == Step::failed);
    CHECK(pair.client.fault().ec == errc::tls_unsupported_version);
}

TEST_CASE("no cipher in common is a refusal by alert", "[tls]") {
    TlsServer server({.version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"});
    TlsPair pair(make_context({.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384"}), server);
    REQUIRE(pair.shake_hands() == Step::failed);
    CHECK(pair.client.fault().ec == errc::tls_alert);
}

TEST_CASE("ciphers and suites are those of the options", "[tls]") {
    TlsServer old({.version = TLS1_2_VERSION});
    TlsPair one(make_context({.ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305"}), old);
    REQUIRE(one.shake_hands() == Step::done);
    CHECK(one.client.cipher() == "ECDHE-ECDSA-CHACHA20-POLY1305");
    TlsServer current;
    TlsPair two(make_context({.suites = "TLS_AES_128_GCM_SHA256"}), current);
    REQUIRE(two.shake_hands() == Step::done);
    CHECK(two.client.cipher() == "TLS_AES_128_GCM_SHA256");
}

TEST_CASE("a server whose certificate is refused is told so by alert", "[tls]") {
    const auto leaf = make_certificate({.hosts = "DNS:example.org", .issuer = &test_root()});
    TlsServer server({.certificate = &leaf});
    TlsPair pair(make_context(), server);
    REQUIRE(pair.shake_hands() == Step::failed);
    CHECK(pair.client.handshake() == Step::failed);
    CHECK(pair.client.fault().ec == errc::certificate_wrong_host);
    CHECK_THAT(pair.server.trouble(), ContainsSubstring("alert bad certificate"));
}

TEST_CASE("a client's certificate is shown to a server that asks", "[tls]") {
    const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    const auto middle = make_certificate({.name = "clients", .issuer = &test_root(), .ca = true});
    const auto me = make_certificate({.name = "me", .hosts = "", .issuer = &middle, .usage = "clientAuth"});
    TlsServer server({.version = version, .client_root = &test_root()});
    TlsPair pair(make_context({.certificate_pem = me.pem() + middle.pem(), .key_pem = me.key_pem()}), server);
    REQUIRE(pair.shake_hands() == Step::done);
    pair.say("request");
    CHECK(pair.server.heard() == "request");
    CHECK(pair.server.client_certificate() == "me");
}

TEST_CASE("a server that gets no certificate, or one that it does not know, says so", "[tls]") {
    const auto stranger = make_certificate({.name = "stranger", .usage = "clientAuth"});
    TlsServer server({.client_root = &test_root()});
    for (auto& options : {TlsOptions{}, TlsOptions{.certificate_pem = stranger.pem() + stranger.key_pem()}}) {
        TlsPair pair(make_context(options), server);
        REQUIRE(pair.shake_hands() == Step::done);  // TLS 1.3: the client is done before the server has judged it
        CHECK(pair.hear().empty());
        REQUIRE(pair.last == Step::failed);
        CHECK(pair.client.fault().ec == errc::client_certificate_refused);
    }
}

TEST_CASE("in TLS 1.2 the refusal comes with the handshake", "[tls]") {
    TlsServer server({.version = TLS1_2_VERSION, .client_root = &test_root()});
    TlsPair pair(make_context(), server);
    REQUIRE(pair.shake_hands() == Step::failed);
    CHECK(pair.client.fault().ec == condition::tls);
}

TEST_CASE("a name is asked for by SNI, an address is not", "[tls][K1]") {
    const auto leaf = make_certificate(
        {.hosts = "DNS:example.com,DNS:xn--bcher-kva.example,IP:127.0.0.1,IP:::1", .issuer = &test_root()});
    TlsServer server({.certificate = &leaf});
    const std::pair<std::string_view, std::string_view> table[] = {
        {"example.com", "example.com"},
        {"example.com.", "example.com"},
        {"xn--bcher-kva.example", "xn--bcher-kva.example"},
        {"127.0.0.1", ""},
        {"[::1]", ""},
    };
    for (auto [host, name] : table) {
        CAPTURE(host);
        TlsPair pair(make_context(), server, host);
        REQUIRE(pair.shake_hands() == Step::done);
        CHECK(pair.server.server_name() == name);
    }
}

TEST_CASE("another name can be asked for and verified than the URL's", "[tls][K1]") {
    TlsServer server;
    TlsPair pair(make_context({.server_name = "example.com"}), server, "10.1.2.3");
    REQUIRE(pair.shake_hands() == Step::done);
    CHECK(pair.server.server_name() == "example.com");
    TlsPair other(make_context({.server_name = "example.org"}), server, "example.com");
    REQUIRE(other.shake_hands() == Step::failed);
    CHECK(other.client.fault().ec == errc::certificate_wrong_host);
}

TEST_CASE("a host that TLS cannot ask for is refused before a byte is sent", "[tls][K1]") {
    TlsServer server;
    for (const std::string& host : {std::string(), std::string("."), std::string(300, 'a'), std::string("a\0b", 3)}) {
        TlsPair pair(make_context(), server, host);
        CHECK(pair.client.handshake() == Step::failed);
        CHECK(pair.client.fault().ec == errc::invalid_option);
        CHECK(pair.client.to_send().empty());
    }
}
