// Tunnels through HTTP proxies by CONNECT, here to http URLs: who is asked what, and what a refusal becomes.

#include "loopback.hpp"

#include <string>
#include <string_view>
#include <utility>

using ferry::errc;
using ferry::Proxy;

namespace {

const std::string established = "HTTP/1.1 200 Connection established\r\n\r\n";

ferry::SessionOptions tunnelling(const Server& proxy, std::string_view login = {}) {
    ferry::SessionOptions o;
    o.proxy = "http://" + std::string(login) + proxy.authority();
    o.proxy_tunnel = true;
    return o;
}

std::string tunnel_challenge(std::string_view fields = {}, std::string_view scheme = "Basic realm=\"p\"") {
    return reply("407 Proxy Authentication Required", "who?",
                 "Proxy-Authenticate: " + std::string(scheme) + "\r\n" + std::string(fields));
}

// What a proxy says to CONNECT, and the error that it becomes.
ferry::Error refused_with(std::string bytes, std::string_view login = {}) {
    Server proxy;
    proxy.accept().answers(std::move(bytes)).closes();
    Session session(tunnelling(proxy, login));
    auto error = error_of([&] { session.post("http://one.example/", {.body = "x"}); });
    CHECK(error.phase() == ferry::Phase::proxy);
    CHECK(error.request_state() == ferry::RequestState::not_sent);
    CHECK(says(error, "proxy http://" + proxy.authority()));
    CHECK(session.stats().idle == 0);
    return error;
}

}  // namespace

TEST_CASE("a tunnel is asked for once, and kept for its target alone", "[session][H1][A10]") {
    Server proxy;
    proxy.accept().answers(established).answers(ok("a")).answers(ok("b"));
    proxy.accept().answers(established).answers(ok("c"));
    Session session(tunnelling(proxy, "u:p@"));
    ferry::Options with{.headers = {{"Cookie", "a=b"}, {"Proxy-Authorization", "Basic mine"}}};
    CHECK(session.get("http://one.example/x", with).body == "a");
    auto second = session.get("http://one.example/y");
    CHECK(second.body == "b");
    CHECK(second.connection.reused);
    CHECK(session.get("http://two.example:8080/").body == "c");

    auto asked = proxy.request(0);
    CHECK(asked.line() == "CONNECT one.example:80 HTTP/1.1");
    CHECK(asked.field("Host") == "one.example:80");
    CHECK(asked.field("Proxy-Authorization") == "Basic " + ferry::detail::base64("u:p"));
    CHECK(asked.field("User-Agent").has_value());
    CHECK_FALSE(asked.field("Cookie"));
    auto within = proxy.request(1);
    CHECK(within.line() == "GET /x HTTP/1.1");
    CHECK(within.field("Host") == "one.example");
    CHECK_FALSE(within.field("Proxy-Authorization"));
    CHECK(within.field("Cookie") == "a=b");
    CHECK(proxy.request(3).line() == "CONNECT two.example:8080 HTTP/1.1");
    CHECK(session.stats().hosts.size() == 2);
}

TEST_CASE("a dropped tunnel is asked for anew, and never taken for a direct connection", "[session][H2][A2]") {
    Server proxy;
    proxy.accept().answers(established).answers(ok("one")).closes();
    proxy.accept().answers(established).answers(ok("two"));
    Session session(tunnelling(proxy));
    CHECK(session.get("http://one.example/").body == "one");
    CHECK(session.get("http://one.example/").body == "two");
    CHECK(proxy.request(2).method() == "CONNECT");
    CHECK(proxy.request(3).method() == "GET");
}

TEST_CASE("a 407 is answered on the connection that stays open", "[session][H2]") {
    Server proxy;
    proxy.accept().answers(tunnel_challenge({}, "Counting 7")).answers(established).answers(ok("in"));
    struct Counting : ferry::AuthScheme {
        std::string authorize(const ferry::AuthRequest& q) override {
            CHECK(q.proxy);
            CHECK(q.method == "CONNECT");
            CHECK(q.target == "one.example:80");
            return q.answered ? "Counting 7" : "";
        }
        bool challenged(const std::vector<ferry::Challenge>&, const ferry::AuthRequest& q, std::string_view) override {
            return q.answered == 0;
        }
    };
    auto options = tunnelling(proxy);
    options.proxy = Proxy("http://" + proxy.authority(), std::make_shared<Counting>());
    Session session(std::move(options));
    CHECK(session.get("http://one.example/").body == "in");
    CHECK_FALSE(proxy.request(0).field("Proxy-Authorization"));
    CHECK(proxy.request(1).field("Proxy-Authorization") == "Counting 7");
    CHECK(session.stats().opened == 1);
}

#if FERRY_HAS_TLS
TEST_CASE("a 407 is answered on another connection where the proxy closes", "[session][H2]") {
    auto close = GENERATE("Connection: close\r\n", "Proxy-Connection: close\r\nConnection: close\r\n");
    Server proxy;
    proxy.accept().answers(tunnel_challenge(close, "Digest realm=\"p\", nonce=\"n\", qop=\"auth\"")).closes();
    proxy.accept().answers(established).answers(ok("in"));
    auto options = tunnelling(proxy);
    options.proxy = Proxy("http://" + proxy.authority(), ferry::digest("u", "p"));
    options.pool.max_per_host = 1;
    Session session(std::move(options));
    CHECK(session.get("http://one.example/").body == "in");
    auto sent = std::string(proxy.request(1).field("Proxy-Authorization").value_or(""));
    CHECK(sent.find("uri=\"one.example:80\"") != sent.npos);
    CHECK(session.stats().discarded[ferry::DiscardReason::close_header] == 1);
}

TEST_CASE("a proxy that asks for Digest for ever is given up", "[session][H2]") {
    Server proxy;
    auto& script = proxy.accept();
    for (int i = 0; i < 9; ++i)
        script.answers(
            tunnel_challenge({}, "Digest realm=\"p\", nonce=\"n" + std::to_string(i) + "\", qop=\"auth\", stale=true"));
    script.ignores_the_rest();
    auto options = tunnelling(proxy);
    options.proxy = Proxy("http://" + proxy.authority(), ferry::digest("u", "p"));
    Session session(std::move(options));
    auto error = error_of([&] { session.get("http://one.example/"); });
    CHECK(error.code() == errc::proxy_auth_refused);
    CHECK(proxy.requests().size() <= 6);
    proxy.stop(true);
}
#endif

TEST_CASE("what a proxy says in place of a tunnel is an error that holds its response", "[session][H2]") {
    auto error = refused_with(reply("403 Forbidden", "not there", "X-Why: rules\r\n"));
    CHECK(error.code() == errc::proxy_refused);
    CHECK(says(error, "403 Forbidden"));
    CHECK(says(error, "one.example:80"));
    REQUIRE(error.partial());
    CHECK(error.partial()->status == 403);
    CHECK(error.partial()->body == "not there");
    CHECK(error.partial()->headers["X-Why"] == "rules");

    auto required = refused_with(tunnel_challenge());
    CHECK(required.code() == errc::proxy_auth_required);
    auto wrong = refused_with(tunnel_challenge(), "u:secret@");
    CHECK(wrong.code() == errc::proxy_auth_refused);
    CHECK_FALSE(says(wrong, "secret"));
}

TEST_CASE("a bad proxy gets a clear error", "[session][H2]") {
    auto garbage = refused_with("SSH-2.0-OpenSSH_9.2\r\n\r\n");
    CHECK(garbage.code() == errc::proxy_malformed);
    auto silent = refused_with("");
    CHECK(silent.code() == errc::proxy_closed);
    auto half = refused_with("HTTP/1.1 200 Conn");
    CHECK(half.code() == errc::proxy_closed);
    auto chatty = refused_with(established + "220 hello\r\n");
    CHECK(chatty.code() == errc::proxy_malformed);
    CHECK(says(chatty, "behind the head"));
    auto endless = refused_with("HTTP/1.1 200 OK\r\n" + std::string(300, 'a') + ": " + std::string(70000, 'b') +
                                "\r\n\r\n");
    CHECK(endless.code() == errc::proxy_malformed);
    auto body = refused_with("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    CHECK(body.code() == errc::proxy_malformed);
}

TEST_CASE("a proxy that never answers is left when connecting has lasted too long", "[session][K2][H2]") {
    Server proxy;
    proxy.accept().reads_request().reads_to_the_end();
    auto options = tunnelling(proxy);
    options.connect_timeout = 150ms;
    Session session(std::move(options));
    auto error = prompt_error_of([&] { session.get("http://one.example/"); });
    CHECK(error.code() == errc::connect_timeout);
    CHECK(error.phase() == ferry::Phase::proxy);
    CHECK(says(error, "proxy http://"));
}

TEST_CASE("a retry policy tries a refused tunnel again", "[session][H2][F1]") {
    Server proxy;
    proxy.accept().answers(reply("503 Service Unavailable")).closes();
    proxy.accept().answers(established).answers(ok("in"));
    auto options = tunnelling(proxy);
    options.retry = ferry::Retry{.backoff_factor = 1ms};
    Session session(std::move(options));
    CHECK(session.post("http://one.example/", {.body = "x"}).body == "in");
}

TEST_CASE("the wire's log shows the tunnel, and no secret", "[session][H1]") {
    Server proxy;
    proxy.accept().answers(established).answers(ok());
    std::string log;
    auto options = tunnelling(proxy, "u:p@");
    options.hooks.log = [&log](std::string_view line) { log.append(line).append("\n"); };
    Session session(std::move(options));
    session.get("http://one.example/");
    CHECK(log.find("> CONNECT one.example:80 HTTP/1.1\n") != log.npos);
    CHECK(log.find("> Proxy-Authorization: [hidden]\n") != log.npos);
    CHECK(log.find("< HTTP/1.1 200 Connection established\n") != log.npos);
}
