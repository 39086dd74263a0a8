// https to where the options lead: certificates and names stay those of the URL's host.

#include "tls_loopback.hpp"

#include <exception>
#include <string>
#include <utility>
#include <vector>

using ferry::errc;

TEST_CASE("under an override TLS names and verifies the URL's host", "[session][tls][resolve][K1]") {
    TlsLoopback server;
    std::vector<std::string> named;
    server.accept([&](TlsConnection& c) {
        named.push_back(c.peer.server_name());
        c.answers(ok("one"));
    });
    server.accept_refused();
    auto options = trusting();
    const auto there = "127.0.0.1:" + std::to_string(server.port());
    options.resolve = {{"localhost:443", there}, {"other.test", there}};
    Session session(std::move(options));
    CHECK(session.get("https://localhost/").body == "one");
    CHECK(error_of([&] { session.get("https://other.test/"); }).code() == errc::certificate_wrong_host);
    CHECK(named == std::vector<std::string>{"localhost"});
}

TEST_CASE("connections opened ahead of need have their handshake behind them", "[session][tls][preconnect]") {
    TlsLoopback server;
    for (int i = 0; i < 2; ++i)
        server.accept([](TlsConnection& c) {
            try {
                c.answers(ok("served"));
            } catch (const std::exception&) {  // one of the two is closed unused
            }
        });
    Session session(trusting());
    session.preconnect(server.url(), 2);
    CHECK(session.stats().idle == 2);
    CHECK(session.stats().tls_full + session.stats().tls_resumed == 2);
    const auto r = session.get(server.url());
    CHECK(r.body == "served");
    CHECK(r.connection.reused);
    CHECK(r.timings.tls == r.timings.tls.zero());
    CHECK(session.prune(ferry::all) == 2);
}
