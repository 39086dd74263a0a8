// nginx over TLS: of both versions, with tickets and without, with certificates of the client's, closing while idle.

#include "nginx_tls.hpp"
#include "errors.hpp"
#include "sockets.hpp"

#include <ferry/ferry.hpp>

#include <string>

using namespace ferry::testing;
using ferry::DiscardReason;
using ferry::errc;

namespace {

// Options that trust the tests' root alone.
ferry::SessionOptions trusting_nginx(ferry::TlsOptions tls = {}) {
    tls.system_roots = false;
    tls.roots_pem = test_root().pem();
    ferry::SessionOptions o;
    o.tls = std::move(tls);
    return o;
}

}  // namespace

TEST_CASE("nginx over TLS: gets of each framing share one connection", "[nginx][tls][A3]") {
    FERRY_NEEDS_SERVER("nginx");
    auto version = GENERATE("TLSv1.2", "TLSv1.3");
    auto tickets = GENERATE("on", "off");
    NginxTls nginx({.protocol = version, .tickets = tickets});
    std::string large(3'000'000, 'x');
    nginx.folder().write("www/large", large);
    ferry::Session session(trusting_nginx());
    for (int i = 0; i < 5; ++i) CHECK(session.get(nginx.secure_url("/hello")).body == "hello from nginx\n");
    CHECK((session.get(nginx.secure_url("/large")).body == large));
    CHECK((session.get(nginx.secure_url("/chunked/large")).body == large));
    CHECK(session.get(nginx.secure_url("/what")).body == std::string(version) + " . localhost");
    CHECK(session.stats().opened == 1);
    CHECK(session.stats().discarded.total() == 0);
}

TEST_CASE("nginx over TLS: a later connection resumes the session of an earlier one", "[nginx][tls][K1]") {
    FERRY_NEEDS_SERVER("nginx");
    auto version = GENERATE("TLSv1.2", "TLSv1.3");
    auto tickets = GENERATE("on", "off");  // then nginx keeps the sessions itself
    NginxTls nginx({.protocol = version, .tickets = tickets});
    ferry::Session session(trusting_nginx());
    const auto get = [&] { return session.get(nginx.secure_url("/what"), {.keep_alive = false}).body; };
    CHECK(get() == std::string(version) + " . localhost");
    CHECK(get() == std::string(version) + " r localhost");
    CHECK(session.stats().opened == 2);
}

TEST_CASE("nginx over TLS: a connection that it closed while idle is replaced without an error", "[nginx][tls][A3]") {
    FERRY_NEEDS_SERVER("nginx");
    auto version = GENERATE("TLSv1.2", "TLSv1.3");
    NginxTls nginx({.protocol = version});
    ferry::Session session(trusting_nginx());
    const auto first = session.get(nginx.secure_url("/hello")).connection;
    // Of TLS 1.3 the tickets may be waiting to be read too, so only the end of the connection tells.
    CHECK(eventually([&] {
        const auto fd = descriptor_connected_to(nginx.secure_port());
        return fd >= 0 && kernel_state(local_port(fd), nginx.secure_port()) == 8;  // CLOSE_WAIT
    }));
    auto r = session.post(nginx.secure_url("/echo"), {.body = "not repeatable"});
    CHECK(r.ok());
    CHECK(r.connection.id != first.id);
    CHECK(session.stats().discarded[DiscardReason::peer_closed] == 1);
}

TEST_CASE("nginx over TLS: it demands a certificate of the client's", "[nginx][tls][K1]") {
    FERRY_NEEDS_SERVER("nginx");
    auto version = GENERATE("TLSv1.2", "TLSv1.3");
    NginxTls nginx({.protocol = version, .demands_certificate = true});
    const auto ours = make_certificate({.name = "ferry the client", .issuer = &test_root(), .usage = "clientAuth"});
    ferry::Session known(trusting_nginx({.certificate_pem = ours.pem(), .key_pem = ours.key_pem()}));
    CHECK(known.get(nginx.secure_url("/who")).body == "SUCCESS CN=ferry the client");
    ferry::Session stranger(trusting_nginx());
    CHECK(stranger.get(nginx.secure_url("/who")).status == 400);  // nginx answers in HTTP
}

TEST_CASE("nginx over TLS: plain http on its port, and TLS on its plain one, are told apart", "[nginx][tls]") {
    FERRY_NEEDS_SERVER("nginx");
    NginxTls nginx({});
    ferry::Session session(trusting_nginx());
    CHECK(session.get("http://localhost:" + std::to_string(nginx.secure_port()) + "/hello").status == 400);
    auto error = error_of([&] { session.get("https://localhost:" + std::to_string(nginx.port()) + "/hello"); });
    CHECK(error.code() == errc::tls_protocol_error);
    CHECK(error.phase() == ferry::Phase::tls);
    CHECK(error.request_state() == ferry::RequestState::not_sent);
}

TEST_CASE("nginx over TLS: an upload that is too large is refused while it is sent", "[nginx][tls][A14]") {
    FERRY_NEEDS_SERVER("nginx");
    NginxTls nginx({.protocol = GENERATE("TLSv1.2", "TLSv1.3")});
    ferry::Session session(trusting_nginx());
    CHECK(session.put(nginx.secure_url("/hello"), {.body = std::string(20'000'000, 'x')}).status == 413);
    CHECK(session.get(nginx.secure_url("/hello")).ok());
}
