// SOCKS5 through Dante and microsocks: who resolves, who is let in, what is refused, and connections that are kept.

#include "errors.hpp"
#include "socks_proxy.hpp"
#include "through_proxy.hpp"

#include <string>

using namespace ferry::testing;
using ferry::DiscardReason;
using ferry::errc;

namespace {

ferry::Proxy by_socks(const RealServer& proxy, const std::string& scheme, const std::string& login = "") {
    return scheme + "://" + login + proxy.authority();
}

std::string at_localhost(std::uint16_t port, const std::string& target = "/hello") {
    return "http://localhost:" + std::to_string(port) + target;
}

}  // namespace

TEMPLATE_TEST_CASE("Dante: gets share a connection through it, with TLS and without", "[socks][tls][H3]",
                   FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("danted");
    Dante dante;
    NginxTls nginx({.protocol = GENERATE("TLSv1.2", "TLSv1.3")});
    const auto scheme = GENERATE("socks5", "socks5h");
    TestType session(through(by_socks(dante, scheme)));
    for (auto& url : {nginx.url("/connection"), nginx.secure_url("/connection")}) {
        const auto first = session.get(url);
        for (int i = 0; i < 4; ++i) CHECK(session.get(url).body == first.body);
    }
    CHECK(session.post(nginx.url("/echo"), {.body = "x"}).ok());
    CHECK(session.get(nginx.secure_url("/what")).body.ends_with("localhost"));
    if (scheme == std::string("socks5h")) CHECK(session.stats().opened == 2);
    CHECK(eventually([&] { return dante.made() == 2; }));
}

TEMPLATE_TEST_CASE("Dante: what it refuses is told by its reply", "[socks][H3]", FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("danted");
    Dante dante;
    const auto scheme = GENERATE("socks5", "socks5h");
    TestType session(through(by_socks(dante, scheme)));
    const auto expect = [&](const std::string& url, std::string_view words) {
        auto error = error_of([&] { session.get(url); });
        CHECK(error.code() == errc::proxy_refused);
        CHECK(error.phase() == ferry::Phase::proxy);
        CHECK(error.request_state() == ferry::RequestState::not_sent);
        CHECK(says(error, "proxy " + std::string(scheme) + "://" + dante.authority()));
        CHECK(says(error, words));
    };
    expect("http://127.0.0.1:" + std::to_string(dante_refuses) + "/", "rules do not allow");
    expect("http://127.0.0.1:" + std::to_string(free_port()) + "/", "connection refused");
    expect(at_localhost(free_port()), "");
    if (scheme == std::string("socks5h")) expect("http://nobody.localhost/", "host unreachable");
    CHECK(session.stats().idle == 0);
}

TEMPLATE_TEST_CASE("Dante: credentials that it does not ask for are not in the way", "[socks][H3]",
                   FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("danted");
    Dante dante;
    Nginx nginx;
    TestType session(through(by_socks(dante, "socks5h", "me:secret@")));
    CHECK(session.get(nginx.url("/hello")).body == "hello from nginx\n");
}

TEMPLATE_TEST_CASE("microsocks: the right user and password are let in", "[socks][tls][H3]", FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("microsocks");
    Microsocks proxy;
    NginxTls nginx({});
    TestType session(through(by_socks(proxy, "socks5h", "me:secret@")));
    for (int i = 0; i < 5; ++i) {
        CHECK(session.get(nginx.url("/hello")).body == "hello from nginx\n");
        CHECK(session.get(nginx.secure_url("/hello")).body == "hello from nginx\n");
    }
    CHECK(session.stats().opened == 2);

    for (auto login : {"me:wrong@", "you:secret@"}) {
        TestType impostor(through(by_socks(proxy, "socks5h", login)));
        auto refused = error_of([&] { impostor.get(nginx.url("/hello")); });
        CHECK(refused.code() == errc::proxy_auth_refused);
        CHECK_FALSE(says(refused, "wrong"));
        CHECK(impostor.stats().idle == 0);
    }
    TestType stranger(through(by_socks(proxy, "socks5h")));
    auto required = error_of([&] { stranger.get(nginx.url("/hello")); });
    CHECK(required.code() == errc::proxy_auth_required);
    CHECK(says(required, "proxy socks5h://" + proxy.authority()));
}

TEMPLATE_TEST_CASE("microsocks: a name is resolved here by socks5, and there by socks5h", "[socks][H3]",
                   FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("microsocks");
    Microsocks proxy;
    Nginx nginx;
    TestType here(through(by_socks(proxy, "socks5", "me:secret@")));
    CHECK(here.get(at_localhost(nginx.port())).ok());
    CHECK(eventually([&] { return proxy.made("127.0.0.1", nginx.port()) == 1; }));
    CHECK(proxy.made("localhost", nginx.port()) == 0);
    TestType there(through(by_socks(proxy, "socks5h", "me:secret@")));
    CHECK(there.get(at_localhost(nginx.port())).ok());
    CHECK(eventually([&] { return proxy.made("localhost", nginx.port()) == 1; }));
    CHECK(proxy.made("127.0.0.1", nginx.port()) == 1);
}

TEMPLATE_TEST_CASE("microsocks: a server that closes while idle is noticed through it", "[socks][A2]",
                   FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("microsocks");
    Microsocks proxy;
    Nginx nginx;
    TestType session(through(by_socks(proxy, "socks5h", "me:secret@")));
    session.get(nginx.url("/hello"));
    REQUIRE(dropped_while_idle(session, proxy.port()));
    auto r = session.post(nginx.url("/echo"), {.body = "once"});
    CHECK(r.ok());
    CHECK_FALSE(r.connection.reused);
    CHECK(session.stats().discarded[DiscardReason::peer_closed] == 1);
}

TEMPLATE_TEST_CASE("microsocks: when it crashes nothing goes past it, and when it is back all goes on", "[socks][H2]",
                   FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("microsocks");
    Microsocks proxy;
    NginxTls nginx({});
    const auto url = GENERATE(false, true) ? nginx.secure_url("/echo") : nginx.url("/echo");
    TestType session(through(by_socks(proxy, "socks5h", "me:secret@")));
    CHECK(session.get(url).ok());
    proxy.crash();
    const auto before = connections_to(nginx);
    auto error = error_of([&] { session.post(url, {.body = "once"}); });
    CHECK(error.code() == std::errc::connection_refused);
    CHECK(error.request_state() == ferry::RequestState::not_sent);
    CHECK(says(error, "proxy socks5h://" + proxy.authority()));
    CHECK(connections_to(nginx) == before + 1);
    proxy.start_again();
    CHECK(session.post(url, {.body = "once"}).ok());
    CHECK(session.stats().opened == 2);
}

TEMPLATE_TEST_CASE("Dante: a large body goes through it, there and back", "[socks]", FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("danted");
    Dante dante;
    NginxTls nginx({});
    TestType session(through(by_socks(dante, "socks5h")));
    SECTION("as it is") { moves_large_body(session, nginx, nginx.url("/files/large")); }
    SECTION("over TLS") { moves_large_body(session, nginx, nginx.secure_url("/files/large")); }
}
