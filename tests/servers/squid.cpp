// Squid: what is forwarded and what is tunnelled, on how many connections; who is let in; what becomes of dropped ones.

#include "squid.hpp"
#include "errors.hpp"
#include "through_proxy.hpp"

#include <future>
#include <string>
#include <vector>

using namespace ferry::testing;
using ferry::DiscardReason;
using ferry::errc;

namespace {

// The same server by another name.
std::string by_name(const Nginx& nginx, std::string_view target) {
    return "http://localhost:" + std::to_string(nginx.port()) + std::string(target);
}

ferry::Proxy login(const Squid& squid, const std::string& who) { return "http://" + who + "@" + squid.authority(); }

ferry::Proxy digest_login(const Squid& squid, const std::string& password = "secret") {
    return {squid.url(), ferry::digest("me", password)};
}

}  // namespace

TEMPLATE_TEST_CASE("Squid: gets by http share one connection to it, whatever their host", "[squid][H1]",
                   FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("squid");
    Squid squid;
    Nginx nginx;
    TestType session(through(squid.url()));
    for (int i = 0; i < 5; ++i) {
        CHECK(session.get(nginx.url("/hello")).body == "hello from nginx\n");
        CHECK(session.get(by_name(nginx, "/hello")).body == "hello from nginx\n");
    }
    const auto seen = session.get(by_name(nginx, "/fields")).body;
    CHECK(seen.starts_with("host: localhost:" + std::to_string(nginx.port()) + ", via: 1.1 squid"));
    CHECK(session.stats().opened == 1);
    CHECK(session.stats().reused == 10);
    CHECK(squid.connections("GET", 11) == 1);
}

TEMPLATE_TEST_CASE("Squid: gets by https share a tunnel to their server", "[squid][tls][H1]", FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("squid");
    Squid squid;
    NginxTls one({.protocol = "TLSv1.3"}), two({.protocol = "TLSv1.2"});
    {
        TestType session(through(squid.url()));
        const auto first = session.get(one.secure_url("/connection"));
        for (int i = 0; i < 4; ++i) CHECK(session.get(one.secure_url("/connection")).body == first.body);
        for (int i = 0; i < 5; ++i) CHECK(session.get(two.secure_url("/hello")).body == "hello from nginx\n");
        CHECK(session.get(one.secure_url("/what")).body == "TLSv1.3 . localhost");
        CHECK(session.get(two.secure_url("/what")).body == "TLSv1.2 . localhost");
        CHECK(session.stats().opened == 2);
        CHECK(session.stats().discarded.total() == 0);
    }
    CHECK(squid.connections("CONNECT", 2) == 2);
    CHECK(squid.asked("GET").empty());
}

TEMPLATE_TEST_CASE("Squid: bodies of each framing keep the connection to it", "[squid][A5]", FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("squid");
    Squid squid;
    NginxTls nginx({});
    const auto options = GENERATE(true, false) ? through(squid.url()) : tunnelling(squid.url());
    TestType session(options);
    auto tag = std::string(session.get(nginx.url("/hello")).headers["etag"]);
    CHECK(session.get(nginx.url("/chunked/hello")).body == "hello from nginx\n");
    CHECK(session.head(nginx.url("/hello")).headers["content-length"] == "17");
    CHECK(session.get(nginx.url("/nothing")).status == 204);
    CHECK(session.get(nginx.url("/hello"), {.headers = {{"If-None-Match", tag}}}).status == 304);
    CHECK(session.get(nginx.url("/hello"), {.headers = {{"Range", "bytes=6-9"}}}).body == "from");
    CHECK(session.get(nginx.url("/no-such-file")).status == 404);
    CHECK(session.get(nginx.url("/moved")).body == "hello from nginx\n");
    CHECK(session.post(nginx.url("/echo"), {.body = "x"}).body.find("POST /echo") == 0);
    CHECK(session.stats().opened == 1);
}

TEMPLATE_TEST_CASE("Squid: it resolves names that only it knows", "[squid][H1]", FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("squid");
    Squid squid;
    Nginx nginx;
    const auto url = "http://" + std::string(squid_knows) + ":" + std::to_string(nginx.port()) + "/hello";
    TestType session(through(squid.url()));
    CHECK(session.get(url).body == "hello from nginx\n");
    CHECK(session.get(url, {.proxy_tunnel = true}).body == "hello from nginx\n");
}

TEMPLATE_TEST_CASE("Squid: Basic lets in by each way, and is for Squid alone", "[squid][H1][G1]", FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("squid");
    Squid squid({.basic = true});
    NginxTls nginx({});
    TestType session(through(login(squid, "me:secret")));
    CHECK(session.get(nginx.url("/fields")).body.ends_with("for the proxy: "));
    CHECK(session.get(nginx.secure_url("/fields")).body.ends_with("via: , for the proxy: "));
    CHECK(session.get(nginx.url("/fields"), {.proxy_tunnel = true}).body.ends_with("via: , for the proxy: "));
    CHECK(session.post(nginx.url("/echo"), {.body = std::string(100'000, 'x')}).ok());
    CHECK(session.stats().opened == 3);
    REQUIRE(squid.connections("GET", 1) == 1);
    CHECK(squid.asked("GET")[0].user == "me");
    CHECK(squid.asked("GET")[0].status == 200);
}

TEMPLATE_TEST_CASE("Squid: credentials that it does not accept, or none", "[squid][H2]", FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("squid");
    const bool digest = GENERATE(false, true);
    Squid squid({.basic = !digest, .digest = digest});
    NginxTls nginx({});
    const auto wrong = digest ? digest_login(squid, "a wrong one") : login(squid, "me:wrong");
    const auto before = connections_to(nginx);
    TestType stranger(through(squid.url())), impostor(through(wrong));
    CHECK(stranger.get(nginx.url("/hello")).status == 407);
    CHECK(impostor.get(nginx.url("/hello")).status == 407);
    ferry::Response kept = stranger.post(nginx.url("/echo"), {.body = "never arrives"});
    CHECK(kept.status == 407);
    CHECK(kept.connection.reused);
    auto required = error_of([&] { stranger.get(nginx.secure_url("/hello")); });
    CHECK(required.code() == errc::proxy_auth_required);
    auto refused = error_of([&] { impostor.get(nginx.secure_url("/hello")); });
    CHECK(refused.code() == errc::proxy_auth_refused);
    for (auto& error : {required, refused}) {
        CHECK(says(error, "proxy " + wrong.name()));
        CHECK_FALSE(says(error, "wrong"));
        CHECK(error.request_state() == ferry::RequestState::not_sent);
        REQUIRE(error.partial());
        CHECK(error.partial()->status == 407);
    }
    CHECK(connections_to(nginx) == before + 1);
}

TEMPLATE_TEST_CASE("Squid: one Digest challenge serves many requests", "[squid][H2][G1]", FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("squid");
    Squid squid({.digest = true});
    Nginx nginx;
    TestType session(through(digest_login(squid)));
    const auto first = session.get(nginx.url("/hello"));
    CHECK(first.history.size() == 1);
    for (int i = 0; i < 9; ++i) {
        auto r = session.get(i % 2 ? nginx.url("/hello") : by_name(nginx, "/hello"));
        CHECK(r.status == 200);
        CHECK(r.history.empty());
    }
    CHECK(session.stats().opened == 1);
    CHECK(squid.connections("GET", 11) == 1);
}

TEMPLATE_TEST_CASE("Squid: Digest is answered on the connection that becomes the tunnel", "[squid][tls][H2]",
                   FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("squid");
    Squid squid({.digest = true});
    NginxTls nginx({});
    {
        TestType session(through(digest_login(squid)));
        for (int i = 0; i < 5; ++i) CHECK(session.get(nginx.secure_url("/hello")).body == "hello from nginx\n");
        CHECK(session.get(nginx.secure_url("/fields")).body.ends_with("for the proxy: "));
        CHECK(session.stats().opened == 1);
    }
    CHECK(squid.connections("CONNECT", 2) == 1);
    CHECK(squid.asked("CONNECT").size() == 2);
}

TEMPLATE_TEST_CASE("Squid: a body is sent again behind its challenge", "[squid][H2][G3]", FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("squid");
    Squid squid({.digest = true});
    NginxTls nginx({});
    TestType session(through(digest_login(squid)));
    const std::string body(1'000'000, 'x');
    CHECK(session.put(nginx.url("/files/sent"), {.body = body}).status == 201);
    CHECK((nginx.folder().read("files/sent") == body));
    CHECK(session.put(nginx.secure_url("/files/sent"), {.body = body}).status == 204);
}

TEMPLATE_TEST_CASE("Squid: a connection on which it has refused a body serves nobody else", "[squid][A5]",
                   FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("squid");
    Squid squid({.basic = true});
    Nginx nginx;
    TestType session(through(squid.url()));
    // Squid 5 does not read the rest of it, and so would never come to the next request.
    CHECK(session.put(nginx.url("/files/sent"), {.body = std::string(1'000'000, 'x')}).status == 407);
    CHECK(session.get(nginx.url("/hello"), {.read_timeout = std::chrono::seconds(5)}).status == 407);
    CHECK(session.stats().discarded[DiscardReason::not_drained] == 1);
}

TEMPLATE_TEST_CASE("Squid: where it asks for Basic or Digest, either does", "[squid][G2]", FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("squid");
    Squid squid({.basic = true, .digest = true});
    NginxTls nginx({});
    for (auto& proxy : {login(squid, "me:secret"), digest_login(squid)}) {
        TestType session(through(proxy));
        CHECK(session.get(nginx.url("/hello")).ok());
        CHECK(session.get(nginx.secure_url("/hello")).ok());
    }
}

TEMPLATE_TEST_CASE("Squid: a way that it refuses is an error with its answer, or a response", "[squid][H2]",
                   FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("squid");
    Squid squid;
    TestType session(through(squid.url()));
    const auto host = std::string(squid_refuses);
    auto forbidden = error_of([&] { session.get("https://" + host + "/"); });
    CHECK(forbidden.code() == errc::proxy_refused);
    CHECK(forbidden.phase() == ferry::Phase::proxy);
    CHECK(says(forbidden, "proxy " + squid.url("")));
    CHECK(says(forbidden, "403 Forbidden to CONNECT " + host + ":443"));
    REQUIRE(forbidden.partial());
    CHECK(forbidden.partial()->status == 403);
    CHECK(forbidden.partial()->headers["x-squid-error"] == "ERR_ACCESS_DENIED 0");
    CHECK(forbidden.partial()->body.find("Access Denied") != std::string::npos);
    CHECK(session.get("http://" + host + "/").status == 403);

    auto nobody = "//127.0.0.1:" + std::to_string(free_port()) + "/";
    auto unreachable = error_of([&] { session.get("https:" + nobody); });
    CHECK(unreachable.code() == errc::proxy_refused);
    REQUIRE(unreachable.partial());
    CHECK(unreachable.partial()->status == 503);
    CHECK(session.get("http:" + nobody).status == 503);
}

TEMPLATE_TEST_CASE("Squid: what it or a server has closed while idle is replaced, also for a POST", "[squid][A2][H2]",
                   FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("squid");
    Squid squid({.idle_seconds = 1});
    NginxTls nginx({});
    const std::string url = GENERATE(true, false) ? nginx.url("/echo") : nginx.secure_url("/echo");
    TestType session(through(squid.url()));
    CHECK(session.get(url).ok());
    REQUIRE(dropped_while_idle(session, squid.port()));
    auto r = session.post(url, {.body = "once"});
    CHECK(r.ok());
    CHECK_FALSE(r.connection.reused);
    CHECK(session.stats().discarded[DiscardReason::peer_closed] == 1);
}

TEMPLATE_TEST_CASE("Squid: when it crashes nothing goes past it, and when it is back all goes on", "[squid][H2]",
                   FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("squid");
    Squid squid({.basic = true});
    NginxTls nginx({});
    auto tunnels = GENERATE(false, true);
    const auto url = tunnels ? nginx.secure_url("/echo") : nginx.url("/echo");
    TestType session(through(login(squid, "me:secret")));
    CHECK(session.get(url).ok());
    squid.crash();
    const auto before = connections_to(nginx);
    auto error = error_of([&] { session.post(url, {.body = "once"}); });
    CHECK(error.code() == std::errc::connection_refused);
    CHECK(error.phase() == ferry::Phase::connect);
    CHECK(error.request_state() == ferry::RequestState::not_sent);
    CHECK(says(error, "proxy http://" + squid.authority()));
    CHECK_FALSE(says(error, "secret"));
    CHECK(connections_to(nginx) == before + 1);
    squid.start_again();
    CHECK(session.post(url, {.body = "once"}).ok());
    squid.start_again();
    CHECK(session.post(url, {.body = "once"}).ok());
    CHECK(session.stats().opened == 3);
}

TEMPLATE_TEST_CASE("Squid: it is spoken to over TLS", "[squid][tls][H1]", FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("squid");
    Squid squid({.digest = true});
    NginxTls nginx({});
    TestType session(through({squid.secure_url(), ferry::digest("me", "secret")}));
    for (int i = 0; i < 5; ++i) CHECK(session.get(nginx.url("/hello")).body == "hello from nginx\n");
    CHECK(session.get(nginx.url("/fields")).body.ends_with("for the proxy: "));
    CHECK(session.stats().opened == 1);
    for (int i = 0; i < 5; ++i)
        CHECK(session.get(nginx.url("/hello"), {.proxy_tunnel = true}).body == "hello from nginx\n");
    CHECK(session.stats().opened == 2);

    auto distrustful = through({squid.secure_url(), ferry::digest("me", "secret")});
    distrustful.proxy_tls = ferry::TlsOptions{.system_roots = false};
    TestType other(distrustful);
    auto error = error_of([&] { other.get(nginx.url("/hello")); });
    CHECK(error.code() == ferry::condition::tls);
    CHECK(says(error, "proxy " + squid.secure_url()));
}

TEMPLATE_TEST_CASE("Squid: over TLS to it goes TLS to the server", "[squid][tls][H1]", FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("squid");
    Squid squid({.digest = true});
    NginxTls nginx({.protocol = GENERATE("TLSv1.2", "TLSv1.3")});
    TestType session(through({squid.secure_url(), ferry::digest("me", "secret")}));
    const auto first = session.get(nginx.secure_url("/connection"));
    for (int i = 0; i < 4; ++i) CHECK(session.get(nginx.secure_url("/connection")).body == first.body);
    CHECK(session.stats().opened == 1);
    CHECK(session.stats().discarded.total() == 0);
}

// Forwarded it is fetched only: of uploads of this size Squid 5 drops every other one, curl's as well.
TEMPLATE_TEST_CASE("Squid: a large body goes through it", "[squid]", FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("squid");
    Squid squid;
    NginxTls nginx({});
    TestType session(through(squid.url()));
    SECTION("forwarded") { fetches_large_body(session, nginx, nginx.url("/files/large")); }
    SECTION("in a tunnel") { moves_large_body(session, nginx, nginx.secure_url("/files/large")); }
}

TEMPLATE_TEST_CASE("Squid: threads share a session, its connections and its challenge", "[squid][threads][G1]",
                   FERRY_BOTH_SESSIONS) {
    FERRY_NEEDS_BEFORE_NGINX("squid");
    // Those of several connections do not come in order; Squid has this switch for that.
    Squid squid({.digest = true, .counts_nonces = false});
    NginxTls nginx({});
    auto options = through(digest_login(squid));
    options.pool.max_per_host = 3;
    TestType session(std::move(options));
    std::vector<std::future<int>> threads;
    for (int t = 0; t < 6; ++t)
        threads.push_back(std::async(std::launch::async, [&] {
            int right = 0;
            for (int i = 0; i < 25; ++i) {
                right += session.get(nginx.url("/hello")).status == 200;
                right += session.get(nginx.secure_url("/hello")).status == 200;
            }
            return right;
        }));
    for (auto& thread : threads) CHECK(thread.get() == 50);
    CHECK(session.stats().in_use == 0);
    CHECK(session.stats().opened <= 6);
}
