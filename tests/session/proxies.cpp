// Requests through HTTP proxies that forward: what goes to the proxy, on which connections, and who chooses it.

#include "loopback.hpp"

#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

using ferry::errc;
using ferry::Proxy;

namespace {

std::string proxy_of(const Server& server, std::string_view login = {}) {
    return "http://" + std::string(login) + server.authority();
}

// A session that is made while these variables are set, and no others of theirs.
Session session_in(const std::map<std::string, std::string>& environment, ferry::SessionOptions options = {}) {
    for (auto name : {"http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY",
                      "NO_PROXY", "REQUEST_METHOD"})
        ::unsetenv(name);
    for (auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    Session session(std::move(options));
    for (auto& [name, value] : environment) ::unsetenv(name.c_str());
    return session;
}

std::string proxy_challenge(std::string_view fields = "Proxy-Authenticate: Basic realm=\"p\"\r\n") {
    return reply("407 Proxy Authentication Required", "who?", fields);
}

}  // namespace

TEST_CASE("a proxy is asked for the URL itself, on one connection for all hosts", "[session][H1][A10]") {
    Server proxy;
    proxy.accept().answers(ok("a")).answers(ok("b")).answers(ok("c"));
    Session session({.proxy = proxy_of(proxy)});
    CHECK(session.get("http://one.example/x?y=1#z").body == "a");
    CHECK(session.get("http://user:secret@two.example:8080").body == "b");
    auto last = session.request("OPTIONS", "http://two.example:8080/x", {.target = "*"});
    CHECK(last.connection.reused);
    CHECK(last.url.host() == "two.example");
    CHECK(proxy.request(0).target() == "http://one.example/x?y=1");
    CHECK(proxy.request(0).field("Host") == "one.example");
    CHECK_FALSE(proxy.request(0).field("Proxy-Authorization"));
    CHECK(proxy.request(1).target() == "http://two.example:8080/");
    CHECK(proxy.request(1).field("Host") == "two.example:8080");
    CHECK(proxy.request(1).field("Authorization").has_value());
    CHECK(proxy.request(2).target() == "http://two.example:8080");
    auto hosts = session.stats().hosts;
    REQUIRE(hosts.size() == 1);
    CHECK(hosts[0].origin == proxy_of(proxy) + " as a proxy");
}

TEST_CASE("a kept connection to a proxy is not one to the proxy as a server", "[session][A10]") {
    Server proxy;
    proxy.accept().answers(ok("forwarded"));
    proxy.accept().answers(ok("itself"));
    Session session;
    CHECK(session.get("http://one.example/", {.proxy = proxy_of(proxy)}).body == "forwarded");
    CHECK(session.get(proxy.url("/status")).body == "itself");
    CHECK(proxy.request(1).target() == "/status");
}

TEST_CASE("Basic goes to the proxy with each request, by the credentials' own connections", "[session][H1][A10]") {
    Server proxy;
    proxy.accept().answers(ok()).answers(ok());
    proxy.accept().answers(ok());
    Session session({.proxy = proxy_of(proxy, "u:p%40ss@")});
    session.get("http://one.example/");
    session.get("http://two.example/");
    session.get("http://one.example/", {.proxy = proxy_of(proxy, "u:other@")});
    CHECK(proxy.request(0).field("Proxy-Authorization") == "Basic " + ferry::detail::base64("u:p@ss"));
    CHECK(proxy.request(1).field("Proxy-Authorization") == proxy.request(0).field("Proxy-Authorization"));
    CHECK(proxy.request(2).field("Proxy-Authorization") == "Basic " + ferry::detail::base64("u:other"));
    for (auto& host : session.stats().hosts) CHECK(host.origin.find("p%40ss") == std::string::npos);
    CHECK(session.stats().hosts.size() == 2);
}

TEST_CASE("a 407 of a proxy that forwards is a response where nothing answers it", "[session][H2]") {
    Server proxy;
    auto login = GENERATE("", "u:p@");
    proxy.accept().answers(proxy_challenge());
    Session session({.proxy = proxy_of(proxy, login)});
    auto refused = session.get("http://one.example/");
    CHECK(refused.status == 407);
    CHECK(refused.body == "who?");
    CHECK(refused.history.empty());
}

TEST_CASE("a proxy that refuses a large body may have left it unread, so the next request goes elsewhere",
          "[session][A5][H1]") {
    const auto size = GENERATE(std::size_t{10'000}, std::size_t{100'000});
    const bool kept = size == 10'000;
    Server proxy;
    auto& script = proxy.accept().answers(proxy_challenge());
    (kept ? script : proxy.accept()).answers(ok("small"));
    Session session({.proxy = proxy_of(proxy)});
    CHECK(session.put("http://one.example/", {.body = std::string(size, 'x')}).status == 407);
    auto r = session.get("http://one.example/");
    CHECK(r.body == "small");
    CHECK(r.connection.reused == kept);
    CHECK(session.stats().discarded[ferry::DiscardReason::not_drained] == (kept ? 0 : 1));
}

#if FERRY_HAS_TLS
TEST_CASE("Digest to a proxy that forwards, for a body that is sent again", "[session][H2][G2]") {
    Server proxy;
    proxy.accept()
        .answers(proxy_challenge("Proxy-Authenticate: Digest realm=\"p\", nonce=\"n\", qop=\"auth\"\r\n"))
        .answers(ok("in"))
        .answers(ok("again"));
    Session session({.proxy = Proxy(proxy_of(proxy), ferry::digest("u", "p"))});
    auto r = session.post("http://one.example/x", {.body = "state"});
    CHECK(r.body == "in");
    REQUIRE(r.history.size() == 1);
    CHECK(proxy.request(1).body() == "state");
    auto sent = std::string(proxy.request(1).field("Proxy-Authorization").value_or(""));
    CHECK(sent.find("uri=\"http://one.example/x\"") != sent.npos);
    CHECK_FALSE(proxy.request(1).field("Authorization"));
    CHECK(session.get("http://one.example/").body == "again");
    CHECK(proxy.request(2).field("Proxy-Authorization").has_value());
}
#endif

TEST_CASE("a redirect's next request asks for its proxy anew", "[session][E5][H4]") {
    Server proxy, direct;
    proxy.accept().answers(moved(direct.url("/there")));
    direct.accept().answers(ok("directly"));
    auto session = session_in({{"http_proxy", proxy_of(proxy, "u:p@")}, {"no_proxy", "127.0.0.1"}});
    auto r = session.get("http://one.example/");
    CHECK(r.body == "directly");
    CHECK(proxy.request().field("Proxy-Authorization").has_value());
    CHECK_FALSE(direct.request().field("Proxy-Authorization"));
    CHECK(direct.request().target() == "/there");
}

TEST_CASE("request before session before environment", "[session][H4]") {
    Server of_request, of_session, of_environment, direct;
    of_request.accept().answers(ok("request"));
    of_session.accept().answers(ok("session"));
    of_environment.accept().answers(ok("environment"));
    direct.accept().answers(ok("directly"));
    direct.accept().answers(ok("directly"));
    std::map<std::string, std::string> environment{{"http_proxy", proxy_of(of_environment)}};
    CHECK(session_in(environment).get(direct.url()).body == "environment");
    auto session = session_in(environment, {.proxy = proxy_of(of_session)});
    CHECK(session.get(direct.url()).body == "session");
    CHECK(session.get(direct.url(), {.proxy = proxy_of(of_request)}).body == "request");
    CHECK(session.get(direct.url(), {.proxy = Proxy::none()}).body == "directly");
    CHECK(session_in(environment, {.trust_env = false}).get(direct.url()).body == "directly");
}

TEST_CASE("a proxy of the environment that cannot be read stops the request, not the session", "[session][H4]") {
    Server direct;
    auto session = session_in({{"http_proxy", "ftp://u:secret@proxy"}});
    auto error = error_of([&] { session.get(direct.url()); });
    CHECK(error.code() == errc::invalid_proxy);
    CHECK(error.phase() == ferry::Phase::input);
    CHECK(says(error, "http_proxy"));
    CHECK_FALSE(says(error, "secret"));
    direct.accept().answers(ok());
    CHECK(session.get(direct.url(), {.proxy = Proxy::none()}).status == 200);
}

TEST_CASE("an overlay has a proxy of its own", "[session][H4]") {
    Server proxy, direct;
    proxy.accept().answers(ok("by the proxy"));
    direct.accept().answers(ok("directly"));
    Session session;
    ferry::Options over{.proxy = proxy_of(proxy)};
    CHECK(session.with(over).get(direct.url()).body == "by the proxy");
    CHECK(session.get(direct.url()).body == "directly");
}

TEST_CASE("a proxy that cannot be reached is named", "[session][H2]") {
    std::uint16_t port = 0;
    {
        Server gone;
        port = gone.port();
    }
    Session session({.proxy = "http://u:secret@127.0.0.1:" + std::to_string(port)});
    auto error = error_of([&] { session.get("http://one.example/"); });
    CHECK(error.code() == std::errc::connection_refused);
    CHECK(error.phase() == ferry::Phase::connect);
    CHECK(error.request_state() == ferry::RequestState::not_sent);
    CHECK(says(error, "proxy http://127.0.0.1:" + std::to_string(port)));
    CHECK_FALSE(says(error, "secret"));
}

TEST_CASE("a dropped connection to a proxy is noticed, and another one made to it", "[session][A2][H1]") {
    Server proxy;
    proxy.accept().answers(ok("one")).closes();
    auto& second = proxy.accept().answers(ok("two"));
    Session session({.proxy = proxy_of(proxy)});
    CHECK(session.get("http://one.example/").body == "one");
    auto r = session.get("http://one.example/");
    CHECK(r.body == "two");
    CHECK(second.played());
    CHECK(proxy.request(1).target() == "http://one.example/");
}
