// Where proxies are at their worst: fields that must not pass, answers that linger, ways that end too early.

#include "loopback.hpp"

#include <chrono>
#include <string>
#include <string_view>

using ferry::errc;

namespace {

const std::string way_is_open = "HTTP/1.1 200 Connection established\r\n\r\n";

ferry::SessionOptions by_tunnel(const Server& proxy) {
    ferry::SessionOptions o;
    o.proxy = "http://" + proxy.authority();
    o.proxy_tunnel = true;
    return o;
}

}  // namespace

TEST_CASE("a Proxy-Authorization field of the caller's goes to no server", "[session][H1]") {
    Server server;
    server.accept().answers(ok()).answers(ok());
    Session session({.headers = {{"Proxy-Authorization", "Basic c2VjcmV0"}, {"X-Other", "1"}}});
    session.get(server.url());
    session.get(server.url(), {.headers = {{"Proxy-Authorization", "Basic c2VjcmV0"}}});
    for (auto& request : server.requests()) {
        CHECK_FALSE(request.field("Proxy-Authorization"));
        CHECK(request.field("X-Other") == "1");
    }
}

TEST_CASE("a Proxy-Authorization field of the caller's is for the proxy, by a tunnel and without", "[session][H1]") {
    Server proxy;
    proxy.accept().answers(way_is_open).answers(ok());
    proxy.accept().answers(ok());
    Session session(by_tunnel(proxy));
    ferry::Options own{.headers = {{"Proxy-Authorization", "Basic bWluZQ=="}}};
    session.get("http://one.example/", own);
    own.proxy_tunnel = false;
    session.get("http://one.example/", own);
    CHECK(proxy.request(0).field("Proxy-Authorization") == "Basic bWluZQ==");
    CHECK_FALSE(proxy.request(1).field("Proxy-Authorization"));
    CHECK(proxy.request(2).field("Proxy-Authorization") == "Basic bWluZQ==");
}

TEST_CASE("a Proxy-Authorization field of the caller's opens no tunnel to where a redirect leads",
          "[session][E4][H1]") {
    Server proxy;
    const auto moved = [](std::string_view to) {
        return reply("302 Found", "", "Connection: close\r\nLocation: " + std::string(to) + "\r\n");
    };
    proxy.accept().answers(way_is_open).answers(moved("http://one.example/again")).closes();
    proxy.accept().answers(way_is_open).answers(moved("http://two.example/")).closes();
    proxy.accept().answers(way_is_open).answers(moved("http://one.example/")).closes();
    proxy.accept().answers(way_is_open).answers(ok());
    Session session(by_tunnel(proxy));
    session.get("http://one.example/", {.headers = {{"Proxy-Authorization", "Basic bWluZQ=="}}});
    CHECK(proxy.request(0).field("Proxy-Authorization") == "Basic bWluZQ==");
    CHECK(proxy.request(2).field("Proxy-Authorization") == "Basic bWluZQ==");  // the same origin
    CHECK_FALSE(proxy.request(4).field("Proxy-Authorization"));
    CHECK_FALSE(proxy.request(6).field("Proxy-Authorization"));  // it does not come back
}

TEST_CASE("what came before a refused CONNECT is not taken for a part of it", "[session][H2][I1]") {
    Server proxy;
    const auto packed = head("Content-Encoding: gzip\r\nContent-Length: 20\r\nLocation: http://two.example/\r\n",
                             "302 Found");
    proxy.accept().answers(way_is_open).answers(packed + std::string(20, 'z'));
    proxy.accept().answers(reply("403 Forbidden", "not to two.example"));
    auto options = by_tunnel(proxy);
    Session session(std::move(options));
    std::uint64_t most = 0;
    auto note = [&](const ferry::Progress& p) { most = std::max(most, p.received); };
    auto error = error_of([&] { session.get("http://one.example/", {.on_progress = note}); });
    CHECK(error.code() == errc::proxy_refused);
    REQUIRE(error.partial());
    CHECK(error.partial()->body == "not to two.example");
    CHECK(error.partial()->history.size() == 1);
    CHECK(most <= 20);
}

TEST_CASE("a refusal whose body stalls is over with the time to connect", "[session][H2][K2]") {
    Server proxy;
    proxy.accept().answers(head("Content-Length: 9\r\n", "403 Forbidden") + "half").reads_to_the_end();
    auto options = by_tunnel(proxy);
    options.connect_timeout = 200ms;
    Session session(std::move(options));
    const auto begun = std::chrono::steady_clock::now();
    auto error = error_of([&] { session.get("http://one.example/"); });
    CHECK(error.code() == errc::proxy_refused);
    CHECK(std::chrono::steady_clock::now() - begun < 900ms);
}

TEST_CASE("a call that begins anew with its proxy does not stand in line for that", "[session][H2][A13]") {
    Server proxy;
    struct OnceMore : ferry::AuthScheme {
        std::string authorize(const ferry::AuthRequest& q) override { return q.answered ? "Once more" : ""; }
        bool challenged(const std::vector<ferry::Challenge>&, const ferry::AuthRequest& q, std::string_view) override {
            return q.answered == 0;
        }
    };
    const auto refused = reply("407 Proxy Authentication Required", "",
                               "Proxy-Authenticate: Once\r\nConnection: close\r\n");
    proxy.accept().answers(refused).closes();
    proxy.accept().answers(way_is_open).answers(ok("in"));
    auto options = by_tunnel(proxy);
    options.proxy = ferry::Proxy("http://" + proxy.authority(), std::make_shared<OnceMore>());
    options.pool.max_total = 1;
    options.pool.wait = false;
    Session session(std::move(options));
    CHECK(session.get("http://one.example/").body == "in");
    auto stats = session.stats();
    CHECK(stats.opened == 2);
    CHECK(stats.reused == 0);
    CHECK(stats.discarded.total() == 1);
}

TEST_CASE("an address on which a SOCKS5 proxy stays silent has its share of the time", "[session][H3][K2]") {
    using namespace std::string_literals;
    const auto chosen = "\x05\x00"s, granted = "\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50"s;
    Server proxy;
    proxy.accept().reads(3).sends(chosen).reads(4 + 16 + 2).ignores_the_rest();
    proxy.accept().reads(3).sends(chosen).reads(4 + 4 + 2).sends(granted).answers(ok("in"));
    ferry::SessionOptions options;
    options.proxy = "socks5://" + proxy.authority();
    options.connect_timeout = 1s;
    Session session(std::move(options));
    CHECK(session.get("http://localhost/").body == "in");
}

#if FERRY_HAS_TLS
TEST_CASE("a tunnel that ends before the server was reached names the proxy, and is tried again", "[session][H2][F1]") {
    Server proxy;
    proxy.accept().answers(way_is_open).ignores_the_rest().closes();
    proxy.accept().answers(way_is_open).ignores_the_rest().closes();
    auto options = by_tunnel(proxy);
    options.retry = ferry::Retry{.total = 1, .backoff_factor = 1ms};
    Session session(std::move(options));
    auto error = error_of([&] { session.get("https://one.example/"); });
    CHECK(says(error, "proxy http://" + proxy.authority()));
    CHECK(error.request_state() == ferry::RequestState::not_sent);
    CHECK(proxy.connections() == 2);
}
#endif

TEST_CASE("what is connected to in place of hosts is not meant for proxies", "[session][K2][H1]") {
    Server proxy;
    proxy.accept().answers(ok("by the proxy"));
    ferry::SessionOptions options;
    options.proxy = "http://" + proxy.authority();
    options.resolve = {{"*", "127.0.0.1:9"}};
    Session session(std::move(options));
    CHECK(session.get("http://one.example/").body == "by the proxy");
}
