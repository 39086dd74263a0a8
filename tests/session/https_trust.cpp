// Whom https trusts over sockets, who it is itself, and handshakes that come to nothing.

#include "background.hpp"
#include "temp_folder.hpp"
#include "tls_loopback.hpp"

#include <stop_token>

using ferry::errc;

namespace {

// What a get fails with that never was a request.
ferry::Error error_of_handshake(Session& session, const TlsLoopback& server, ferry::Options options = {}) {
    auto error = prompt_error_of([&] { session.get(server.url(), options); });
    CHECK(error.phase() == ferry::Phase::tls);
    CHECK(error.request_state() == ferry::RequestState::not_sent);
    CHECK(session.stats().idle + session.stats().in_use == 0);
    return error;
}

void check_accepted(const ferry::SessionOptions& options) {
    TlsLoopback server;
    server.accept([](TlsConnection& c) { c.answers(ok()); });
    Session session(options);
    CHECK(session.get(server.url()).ok());
}

ferry::SessionOptions without_roots(ferry::TlsOptions tls) {
    tls.system_roots = false;
    ferry::SessionOptions o;
    o.tls = std::move(tls);
    return o;
}

}  // namespace

TEST_CASE("a certificate that does not hold ends the call, and is named", "[session][K1]") {
    const auto make = [](ferry::testing::CertificateOptions o) {
        o.name = "the broken one";
        return make_certificate(o);
    };
    const auto& root = test_root();
    auto [certificate, code] = GENERATE_COPY(table<Certificate, errc>({
        {make({.hosts = "DNS:elsewhere.example,IP:127.0.0.2", .issuer = &root}), errc::certificate_wrong_host},
        {make({.hosts = "DNS:127.0.0.1", .issuer = &root}), errc::certificate_wrong_host},
        {make({.hosts = "IP:127.0.0.1"}), errc::certificate_self_signed},
        {make({.hosts = "IP:127.0.0.1", .issuer = &root, .from_days = -9, .to_days = -2}), errc::certificate_expired},
        {make({.hosts = "IP:127.0.0.1", .issuer = &root, .from_days = 2}), errc::certificate_not_yet_valid},
        {make({.hosts = "IP:127.0.0.1", .issuer = &root, .usage = "clientAuth"}), errc::certificate_wrong_purpose},
    }));
    TlsLoopback server({.certificate = &certificate, .version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION)});
    server.accept_refused();
    server.accept([](TlsConnection& c) { c.answers(ok("nevertheless")); });
    Session session(trusting());
    auto error = error_of_handshake(session, server);
    CHECK(error.code() == code);
    CHECK(error.code() == ferry::condition::tls);
    CHECK(says(error, "the broken one"));
    CHECK(says(error, server.url()));

    Session careless(without_roots({.dangerously_skip_verification = true}));
    CHECK(careless.get(server.url()).body == "nevertheless");
}

TEST_CASE("roots come from a text, from a file, or not at all", "[session][K1]") {
    TempFolder folder;
    auto file = folder.write("roots.pem", test_root().pem()).string();
    check_accepted(without_roots({.roots_pem = test_root().pem()}));
    check_accepted(without_roots({.roots_file = file}));
    auto none = GENERATE(false, true);
    TlsLoopback server;
    server.accept_refused();
    Session session(none ? without_roots({}) : ferry::SessionOptions{});
    auto error = error_of_handshake(session, server);
    CHECK((error.code() == errc::certificate_unknown_issuer || error.code() == errc::certificate_incomplete_chain));
}

TEST_CASE("options that TLS cannot be set up with are named before anything is sent", "[session][K1]") {
    TlsLoopback server;
    server.accept_raw([](TlsConnection& c) { c.told_of_close(); });
    Session session(without_roots({.roots_file = "/no/such/roots.pem"}));
    auto error = error_of_handshake(session, server);
    CHECK(error.code() == errc::tls_context_failed);
    CHECK(says(error, "/no/such/roots.pem"));
}

TEST_CASE("a certificate of ours is shown to a server that asks for one", "[session][K1]") {
    auto version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    const auto ours = make_certificate({.name = "ferry the client", .issuer = &test_root(), .usage = "clientAuth"});
    TlsLoopback server({.version = version, .client_root = &test_root()});
    server.accept([](TlsConnection& c) {
        c.answers(ok("known"));
        CHECK(c.peer.client_certificate() == "ferry the client");
    });
    Session session(trusting({.certificate_pem = ours.pem(), .key_pem = ours.key_pem()}));
    CHECK(session.get(server.url()).body == "known");

    server.accept_raw([](TlsConnection& c) {
        CHECK_FALSE(c.handshake());
        c.ignores_the_rest();
    });
    Session stranger(trusting());
    auto error = error_of([&] { stranger.get(server.url()); });
    // TLS 1.2 has no alert of its own for that.
    CHECK(error.code() == (version == TLS1_3_VERSION ? errc::client_certificate_refused : errc::tls_alert));
    CHECK(error.code() == ferry::condition::tls);
    CHECK(says(error, server.url()));
    CHECK(stranger.stats().idle + stranger.stats().in_use == 0);
}

TEST_CASE("a handshake that hangs ends with the time for connecting", "[session][K2]") {
    TlsLoopback server;
    server.accept_raw([](TlsConnection& c) { c.stays_silent(); });
    auto options = trusting();
    options.connect_timeout = 100ms;
    Session session(options);
    CHECK(error_of_handshake(session, server).code() == errc::connect_timeout);
}

TEST_CASE("a handshake that hangs ends with the time for all", "[session][K3]") {
    TlsLoopback server;
    server.accept_raw([](TlsConnection& c) { c.stays_silent(); });
    Session session(trusting());
    CHECK(error_of_handshake(session, server, {.timeout = 100ms}).code() == errc::total_timeout);
}

TEST_CASE("what is no TLS is said to be none", "[session][K1]") {
    TlsLoopback server;
    auto [bytes, code] = GENERATE(table<std::string, errc>({
        {"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", errc::tls_protocol_error},
        {std::string(300, '\0'), errc::tls_protocol_error},
        {"", errc::tls_handshake_closed},
        {std::string("\x16\x03\x03\x40\x00\x02", 6), errc::tls_handshake_closed},
    }));
    server.accept_raw([&, text = bytes](TlsConnection& c) {
        c.awaits_bytes();
        c.sends_raw(text);
        c.fin();
    });
    Session session(trusting());
    auto error = error_of_handshake(session, server);
    CHECK(error.code() == code);
    CHECK(error.code() == ferry::condition::tls);
    CHECK(says(error, server.url()));
}

TEST_CASE("a stop ends a handshake", "[session][K4]") {
    TlsLoopback server;
    Signal begun;
    server.accept_raw([&](TlsConnection& c) {
        c.awaits_bytes();
        begun.raise();
        c.stays_silent();
    });
    Session session(trusting());
    std::stop_source stop;
    auto stopper = in_background([&] { return begun.wait() && stop.request_stop(); });
    CHECK(error_of_handshake(session, server, {.stop = stop.get_token()}).code() == errc::cancelled);
    CHECK(stopper.get());
}

TEST_CASE("a stop ends a read over https", "[session][K4]") {
    TlsLoopback server;
    Signal begun;
    server.accept([&](TlsConnection& c) {
        c.answers("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234");
        begun.raise();
        c.told_of_close();
    });
    server.accept([](TlsConnection& c) { c.answers(ok("alive")); });
    Session session(trusting());
    std::stop_source stop;
    auto stopper = in_background([&] { return begun.wait() && stop.request_stop(); });
    auto error = prompt_error_of([&] { session.get(server.url(), {.stop = stop.get_token()}); });
    CHECK(error.code() == errc::cancelled);
    CHECK(stopper.get());
    CHECK(session.stats().idle + session.stats().in_use == 0);
    CHECK(session.get(server.url()).body == "alive");
}

TEST_CASE("a read over https that waits too long ends, and costs the connection", "[session][K3]") {
    TlsLoopback server;
    server.accept([](TlsConnection& c) {
        c.request();
        c.ticket();  // not a byte of the response
        c.told_of_close();
    });
    auto options = trusting();
    options.read_timeout = 100ms;
    Session session(options);
    CHECK(prompt_error_of([&] { session.get(server.url()); }).code() == errc::read_timeout);
    CHECK(session.stats().idle + session.stats().in_use == 0);
}

TEST_CASE("a redirect leads from http to https, and back only where that is allowed", "[session][E5]") {
    Server plain;
    TlsLoopback secure;
    plain.accept().answers(moved(secure.url("/secure"))).answers(ok("plain"));
    secure.accept([&](TlsConnection& c) {
        c.answers(ok("secure"));
        for (int i = 0; i < 2; ++i) c.answers(moved(plain.url("/plain")));
        CHECK(c.requests[0].target() == "/secure");
    });
    Session session(trusting());
    CHECK(session.get(plain.url()).body == "secure");
    auto error = error_of([&] { session.get(secure.url()); });
    CHECK(error.code() == errc::redirect_refused);
    CHECK(session.get(secure.url(), {.redirects = {{.allow_downgrade = true}}}).body == "plain");
    CHECK(secure.connections() == 1);
}
