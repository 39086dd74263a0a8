// HAProxy in front of nginx and of Squid: its keep-alive time, its 408, its TLS, and restarts of what is behind it.

#include "haproxy.hpp"
#include "errors.hpp"
#include "squid.hpp"
#include "through_proxy.hpp"

#include <span>
#include <string>

using namespace ferry::testing;
using ferry::DiscardReason;
using ferry::errc;

namespace {

ferry::SessionOptions trusting() { return through({}); }

}  // namespace

TEMPLATE_TEST_CASE("HAProxy: gets share a connection to it, with TLS and without", "[haproxy][tls][A5]",
                   FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("haproxy");
    Nginx nginx;
    Haproxy front({.server = nginx.port(), .keep_alive = "60s"});
    TestType session(trusting());
    for (auto& to : {front.url(""), front.secure_url()}) {
        const auto first = session.get(to + "/connection");
        for (int i = 0; i < 5; ++i) CHECK(session.get(to + "/hello").body == "hello from nginx\n");
        CHECK(session.get(to + "/chunked/hello").body == "hello from nginx\n");
        CHECK(session.head(to + "/hello").headers["content-length"] == "17");
        CHECK(session.post(to + "/hello", {.body = "x"}).status == 405);
        CHECK(session.get(to + "/connection").body == first.body);
    }
    CHECK(session.get(front.secure_url("/tls")).body == "TLSv1.3 http/1.1 0");
    CHECK(session.stats().opened == 2);
    CHECK(session.stats().discarded.total() == 0);
}

TEMPLATE_TEST_CASE("HAProxy: when its keep-alive time is over the next request has another connection",
                   "[haproxy][tls][A2][A3]", FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("haproxy");
    Nginx nginx;
    Haproxy front({.server = nginx.port()});
    const bool secure = GENERATE(false, true);
    const auto port = secure ? front.secure_port() : front.port();
    const auto to = secure ? front.secure_url() : front.url("");
    TestType session(trusting());
    CHECK(session.get(to + "/hello").ok());
    REQUIRE(dropped_while_idle(session, port));
    auto r = session.post(to + "/echo", {.body = "once"});
    CHECK(r.ok());
    CHECK_FALSE(r.connection.reused);
    CHECK(session.stats().discarded[DiscardReason::peer_closed] == 1);
    if (secure) CHECK(session.get(front.secure_url("/tls")).body == "TLSv1.3 http/1.1 1");
}

TEMPLATE_TEST_CASE("HAProxy: its 408 on a connection that nothing was asked on is nobody's response",
                   "[haproxy][tls][A1][A12]", FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("haproxy");
    Nginx nginx;
    Haproxy front({.server = nginx.port(), .keep_alive = "60s"});
    const bool secure = GENERATE(false, true);
    const auto to = secure ? front.secure_url() : front.url("");
    TestType session(trusting());
    session.preconnect(to + "/");
    CHECK(session.stats().opened == 1);
    REQUIRE(dropped_while_idle(session, secure ? front.secure_port() : front.port()));
    auto r = session.post(to + "/echo", {.body = "once"});
    CHECK(r.ok());
    CHECK(session.stats().opened == 2);
    // The asynchronous session that looks by reading has the bytes by then, and sees the end behind them.
    const auto discarded = session.stats().discarded;
    CHECK(discarded[DiscardReason::unsolicited_data] + discarded[DiscardReason::peer_closed] == 1);
}

TEMPLATE_TEST_CASE("HAProxy: gets in step with its keep-alive time do not fail", "[haproxy][B2]", FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("haproxy");
    Nginx nginx;
    Haproxy front({.server = nginx.port(), .keep_alive = "20ms"});
    TestType session(trusting());
    for (int i = 0; i < 40; ++i) {
        CHECK(session.get(front.url("/hello")).ok());
        CHECK(session.get(front.secure_url("/hello")).ok());
        std::this_thread::sleep_for(std::chrono::milliseconds(15 + i % 10));
    }
}

TEMPLATE_TEST_CASE("HAProxy: its 408 to a body that does not come is the response", "[haproxy][tls][A14][A15]",
                   FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("haproxy");
    Nginx nginx;
    Haproxy front({.server = nginx.port(), .more = "    option http-buffer-request\n"});
    const bool secure = GENERATE(false, true);
    const auto port = secure ? front.secure_port() : front.port();
    TestType session(trusting());
    int pieces = 0;
    auto slow = [&](std::span<char> into) {
        if (++pieces == 2) CHECK(eventually([&] { return ended_by_peer(port); }));
        into[0] = 'x';
        return pieces < 4 ? std::size_t{1} : std::size_t{0};
    };
    auto r = session.post((secure ? front.secure_url() : front.url("")) + "/echo", {.body = ferry::source(slow)});
    CHECK(r.status == 408);
    CHECK(session.stats().idle == 0);
    CHECK(session.get((secure ? front.secure_url() : front.url("")) + "/hello").ok());
}

TEMPLATE_TEST_CASE("HAProxy: when it is restarted while idle no request fails", "[haproxy][tls][A2]",
                   FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("haproxy");
    Nginx nginx;
    Haproxy front({.server = nginx.port(), .keep_alive = "60s"});
    TestType session(trusting());
    for (auto& to : {front.url("/echo"), front.secure_url("/echo")}) {
        CHECK(session.get(to).ok());
        front.start_again();
        CHECK(session.post(to, {.body = "once"}).ok());
    }
    CHECK(session.stats().opened == 4);
}

TEMPLATE_TEST_CASE("HAProxy: its 503 when nothing is behind it keeps the connection", "[haproxy][A5]",
                   FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("haproxy");
    Nginx nginx;
    Haproxy front({.server = nginx.port(), .keep_alive = "60s"});
    TestType session(trusting());
    CHECK(session.get(front.url("/hello")).ok());
    nginx.crash();
    CHECK(session.get(front.url("/hello")).status == 503);
    nginx.start_again();
    CHECK(session.get(front.url("/hello")).ok());
}

TEMPLATE_TEST_CASE("HAProxy: with TLS in front of Squid it is a proxy over TLS", "[haproxy][squid][tls][H1]",
                   FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("haproxy");
    FERRY_NEEDS_SERVER("squid");
    NginxTls nginx({});
    Squid squid({.basic = true});
    Haproxy front({.server = squid.port(), .http = false});
    TestType session(through("https://me:secret@" + front.secure_url().substr(8)));
    for (int i = 0; i < 5; ++i) {
        CHECK(session.get(nginx.url("/hello")).body == "hello from nginx\n");
        CHECK(session.get(nginx.url("/hello"), {.proxy_tunnel = true}).body == "hello from nginx\n");
    }
    CHECK(session.stats().opened == 2);
    CHECK(session.stats().tls_full + session.stats().tls_resumed == 2);
    front.start_again();
    CHECK(session.post(nginx.url("/echo"), {.body = "once"}).ok());
    CHECK(session.post(nginx.url("/echo"), {.body = "once", .proxy_tunnel = true}).ok());
    front.crash();
    auto error = error_of([&] { session.get(nginx.url("/hello")); });
    CHECK(error.code() == std::errc::connection_refused);
    CHECK(says(error, "proxy " + front.secure_url()));
}

TEMPLATE_TEST_CASE("HAProxy: a large body goes through it, there and back", "[haproxy][tls]", FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("haproxy");
    NginxTls nginx({});
    Haproxy front({.server = nginx.port(), .request = "60s"});
    TestType session(trusting());
    SECTION("without TLS") { moves_large_body(session, nginx, front.url("/files/large")); }
    SECTION("with TLS") { moves_large_body(session, nginx, front.secure_url("/files/large")); }
}

TEMPLATE_TEST_CASE("HAProxy: a large body goes through a proxy over TLS", "[haproxy][squid][tls]",
                   FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("haproxy");
    FERRY_NEEDS_SERVER("squid");
    NginxTls nginx({});
    Squid squid;
    Haproxy front({.server = squid.port(), .http = false});
    TestType session(through(front.secure_url()));
    SECTION("forwarded") { fetches_large_body(session, nginx, nginx.url("/files/large")); }
    SECTION("in a tunnel") { moves_large_body(session, nginx, nginx.secure_url("/files/large")); }
}
