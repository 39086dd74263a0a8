// Servers that cannot be reached, and a process that has no descriptor left to reach one.
// Over TLS and through a tunnel, too.

#include "descriptor_limit.hpp"
#include "full_backlog.hpp"
#include "loopback.hpp"

using ferry::Phase;
using ferry::RequestState;

TEST_CASE("a refused connection keeps the system's code", "[session][direct]") {
    auto port = local_port(listen_on_loopback().get());  // closed again
    Session session;
    auto error = error_of([&] { session.get(scheme() + "127.0.0.1:" + std::to_string(port)); });
    CHECK(error.code() == std::errc::connection_refused);
    CHECK(error.code() == ferry::condition::network);
    CHECK(error.phase() == Phase::connect);
    CHECK(error.request_state() == RequestState::not_sent);
    CHECK(session.stats().in_use == 0);
    CHECK(session.stats().opened == 0);
}

TEST_CASE("a host that does not exist is an error of the network", "[session][direct]") {
    Session session;
    auto error = error_of([&] { session.get(scheme() + "no-such-host.invalid/", {.connect_timeout = 8s}); });
    // Without a name server the resolver can only say that it does not know.
    CHECK((error.code() == ferry::errc::host_not_found || error.code() == ferry::errc::resolver_try_again ||
           error.code() == ferry::errc::resolver_failed || error.code() == ferry::errc::connect_timeout));
    CHECK(error.phase() == Phase::resolve);
    CHECK(error.request_state() == RequestState::not_sent);
    CHECK(says(error, "no-such-host.invalid"));
}

TEST_CASE("an address that does not answer does not keep from one that does", "[session][direct][K2]") {
    if (!has_ipv6()) SKIP("this machine has no IPv6");
    Server server;
    server.accept().answers(ok("by the other address"));
    FullBacklog silent(true, server.port());  // where localhost is ::1 first, this is what is tried first
    Session session;
    auto r = session.get(server.url_of("localhost"));
    CHECK(r.body == "by the other address");
    CHECK(session.stats().opened == 1);
}

TEST_CASE("at the descriptor limit a request fails, and the session lives", "[session]") {
    Server server;
    Session session;
    {
        DescriptorLimit none(0);
        auto error = error_of([&] { session.get(server.url()); });
        CHECK(error.code() == std::errc::too_many_files_open);
        CHECK(error.phase() == Phase::connect);
        CHECK(error.request_state() == RequestState::not_sent);
        CHECK(session.stats().in_use == 0);
    }
    check_that_it_lives(session, server);
}

TEST_CASE("at the descriptor limit an idle connection gives way", "[session]") {
    Server one, other;
    one.accept().answers(ok()).sees_the_end().closes();
    other.accept().answers(ok("other"));
    Session session;
    session.get(one.url());
    DescriptorLimit none(0);
    CHECK(session.get(other.url()).body == "other");
    CHECK(session.stats().discarded[ferry::DiscardReason::pool_full] == 1);
}
