// TLS options of single requests and overlays: on connections of their own.

#include "tls_loopback.hpp"

using ferry::errc;

namespace {

ferry::TlsOptions unverified() {
    ferry::TlsOptions tls;
    tls.system_roots = false;
    tls.dangerously_skip_verification = true;
    return tls;
}

}  // namespace

TEST_CASE("a request's TLS options have connections of their own", "[session][A10]") {
    TlsLoopback server;
    server.accept([](TlsConnection& c) {
        c.answers(ok("unverified"));
        c.answers(ok("unverified again"));
    });
    server.accept([](TlsConnection& c) {
        c.answers(ok("verified"));
        c.answers(ok("verified again"));
    });
    Session session(trusting());
    ferry::Options loose{.tls = unverified()};
    CHECK(session.get(server.url(), loose).body == "unverified");
    CHECK(session.get(server.url()).body == "verified");
    CHECK(session.get(server.url(), {.tls = trusting().tls}).body == "verified again");
    auto again = session.with(loose).get(server.url());
    CHECK(again.body == "unverified again");
    CHECK(again.connection.reused);
    CHECK(session.stats().tls_full == 2);
    CHECK(session.stats().hosts.size() == 2);
}

TEST_CASE("what a request's TLS options lack is told before anything is sent", "[session][A10]") {
    TlsLoopback server;
    Session session(trusting());
    ferry::TlsOptions tls;
    tls.roots_file = "/nowhere/roots.pem";
    ferry::Options bad{.tls = tls};
    auto error = error_of([&] { session.get(server.url(), bad); });
    CHECK(error.code() == errc::tls_context_failed);
    CHECK(says(error, "/nowhere/roots.pem"));
    CHECK(server.connections() == 0);
}

TEST_CASE("a session is resumed for the options that it was made with", "[session][K1]") {
    TlsLoopback server;
    for (int i = 0; i < 3; ++i)
        server.accept([](TlsConnection& c) {
            c.answers(ok());
            c.closes();
        });
    Session session(trusting());
    ferry::Options loose{.tls = unverified()};
    session.get(server.url(), loose);
    session.get(server.url());
    CHECK(session.stats().tls_resumed == 0);
    session.get(server.url(), loose);
    CHECK(session.stats().tls_resumed == 1);
}
