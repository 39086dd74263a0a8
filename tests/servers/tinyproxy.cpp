// tinyproxy: it closes behind each response that it forwards, and its tunnels are kept.

#include "tinyproxy.hpp"
#include "errors.hpp"
#include "through_proxy.hpp"

#include <string>

using namespace ferry::testing;
using ferry::errc;

namespace {

ferry::Proxy let_in(const Tinyproxy& proxy, const std::string& password = "secret") {
    return "http://me:" + password + "@" + proxy.authority();
}

}  // namespace

TEMPLATE_TEST_CASE("tinyproxy: it closes behind each response, and no get fails for that", "[tinyproxy][H1][A2][B2]",
                   FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("tinyproxy");
    Tinyproxy proxy;
    Nginx nginx;
    TestType session(through(proxy.url()));
    for (int i = 0; i < 20; ++i) CHECK(session.get(nginx.url("/hello")).body == "hello from nginx\n");
    CHECK(session.get(nginx.url("/fields")).body.find("via: 1.1 tinyproxy") != std::string::npos);
    CHECK(session.get(nginx.url("/chunked/hello")).body == "hello from nginx\n");
    CHECK(session.head(nginx.url("/hello")).headers["content-length"] == "17");
    CHECK(session.get(nginx.url("/nothing")).status == 204);
    CHECK(session.get(nginx.url("/moved")).body == "hello from nginx\n");
    // A request that may not be sent twice can still meet a connection that is just being closed; so, on a new one.
    TestType other(through(proxy.url()));
    CHECK(other.post(nginx.url("/echo"), {.body = "x"}).ok());
}

TEMPLATE_TEST_CASE("tinyproxy: gets by https share a tunnel", "[tinyproxy][tls][H1]", FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("tinyproxy");
    Tinyproxy proxy;
    NginxTls nginx({.protocol = GENERATE("TLSv1.2", "TLSv1.3")});
    TestType session(through(proxy.url()));
    const auto first = session.get(nginx.secure_url("/connection"));
    for (int i = 0; i < 4; ++i) CHECK(session.get(nginx.secure_url("/connection")).body == first.body);
    CHECK(session.get(nginx.secure_url("/fields")).body.ends_with("via: , for the proxy: "));
    CHECK(session.post(nginx.secure_url("/echo"), {.body = "x"}).ok());
    CHECK(session.stats().opened == 1);
    for (int i = 0; i < 5; ++i) CHECK(session.get(nginx.url("/hello"), {.proxy_tunnel = true}).ok());
    CHECK(session.stats().opened == 2);
    CHECK(proxy.asked("CONNECT") == 2);
    CHECK(proxy.asked("GET") == 0);
}

TEMPLATE_TEST_CASE("tinyproxy: who is let in, and who is not", "[tinyproxy][H2]", FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("tinyproxy");
    Tinyproxy proxy({.basic = true});
    NginxTls nginx({});
    TestType member(through(let_in(proxy)));
    CHECK(member.get(nginx.url("/fields")).body.ends_with("for the proxy: "));
    CHECK(member.get(nginx.secure_url("/fields")).body.ends_with("for the proxy: "));

    TestType stranger(through(proxy.url()));
    CHECK(stranger.get(nginx.url("/hello")).status == 407);
    // It leaves the body unread, so the connection is reset behind the answer, which does not tell its length.
    auto reset = error_of([&] { stranger.post(nginx.url("/hello"), {.body = "x"}); });
    REQUIRE(reset.partial());
    CHECK(reset.partial()->status == 407);
    auto required = error_of([&] { stranger.get(nginx.secure_url("/hello")); });
    CHECK(required.code() == errc::proxy_auth_required);
    REQUIRE(required.partial());
    CHECK(required.partial()->headers["proxy-authenticate"] == "Basic realm=\"Tinyproxy\"");

    // tinyproxy says 401, where RFC 9110 15.5.8 has 407.
    TestType impostor(through(let_in(proxy, "wrong")));
    CHECK(impostor.get(nginx.url("/hello")).status == 401);
    auto refused = error_of([&] { impostor.get(nginx.secure_url("/hello")); });
    CHECK(refused.code() == errc::proxy_refused);
    REQUIRE(refused.partial());
    CHECK(refused.partial()->status == 401);
    CHECK(says(refused, "401 Unauthorized"));
    CHECK_FALSE(says(refused, "wrong"));
}

TEMPLATE_TEST_CASE("tinyproxy: credentials for a server are not for it to see", "[tinyproxy][H1]",
                   FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("tinyproxy");
    Tinyproxy proxy({.basic = true});
    Nginx nginx;
    TestType session(through(let_in(proxy, "wrong")));
    auto r = session.get(nginx.url("/private/hello"), {.auth = ferry::basic("me", "secret")});
    CHECK(r.status == 401);
    CHECK(r.headers["server"].starts_with("tinyproxy"));
    r = session.get(nginx.url("/private/hello"), {.auth = ferry::basic("me", "secret"), .proxy = let_in(proxy)});
    CHECK(r.body == "hello from nginx\n");
}

TEMPLATE_TEST_CASE("tinyproxy: a way that it refuses is an error with its answer, or a response", "[tinyproxy][H2]",
                   FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("tinyproxy");
    Tinyproxy proxy;
    TestType session(through(proxy.url()));
    const auto host = std::string(tinyproxy_refuses);
    auto forbidden = error_of([&] { session.get("https://" + host + "/"); });
    CHECK(forbidden.code() == errc::proxy_refused);
    CHECK(says(forbidden, "proxy " + proxy.url("")));
    CHECK(says(forbidden, "403 Filtered"));
    REQUIRE(forbidden.partial());
    CHECK(forbidden.partial()->status == 403);
    CHECK(session.get("http://" + host + "/").status == 403);

    const auto nobody = "//127.0.0.1:" + std::to_string(free_port()) + "/";
    auto unreachable = error_of([&] { session.get("https:" + nobody); });
    CHECK(unreachable.code() == errc::proxy_refused);
    REQUIRE(unreachable.partial());
    CHECK(unreachable.partial()->status == 500);
    CHECK(session.get("http:" + nobody).status == 500);
}

TEMPLATE_TEST_CASE("tinyproxy: when it crashes nothing goes past it, and when it is back all goes on",
                   "[tinyproxy][H2]", FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("tinyproxy");
    Tinyproxy proxy;
    NginxTls nginx({});
    const auto url = GENERATE(false, true) ? nginx.secure_url("/echo") : nginx.url("/echo");
    TestType session(through(proxy.url()));
    CHECK(session.get(url).ok());
    proxy.crash();
    const auto before = connections_to(nginx);
    auto error = error_of([&] { session.post(url, {.body = "once"}); });
    CHECK(error.code() == std::errc::connection_refused);
    CHECK(error.request_state() == ferry::RequestState::not_sent);
    CHECK(says(error, "proxy http://" + proxy.authority()));
    CHECK(connections_to(nginx) == before + 1);
    proxy.start_again();
    CHECK(session.post(url, {.body = "once"}).ok());
}

TEMPLATE_TEST_CASE("tinyproxy: a large body goes through it, there and back", "[tinyproxy]", FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("tinyproxy");
    Tinyproxy proxy;
    NginxTls nginx({});
    TestType session(through(proxy.url()));
    SECTION("forwarded") { moves_large_body(session, nginx, nginx.url("/files/large")); }
    SECTION("in a tunnel") { moves_large_body(session, nginx, nginx.secure_url("/files/large")); }
}
