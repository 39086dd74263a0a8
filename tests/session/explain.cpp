// What a session says that it would do, against what it does.

#include "loopback.hpp"

#include <string>

using ferry::errc;

namespace {

std::string proxy_at(const Server& server) { return "http://u:secret@" + server.authority(); }

}  // namespace

TEST_CASE("a request is explained: way, connections, credentials, limits", "[session][H4][G3]") {
    Session plain({.base_url = "http://one.example/api/", .params = {{"v", "1"}}, .trust_env = false});
    auto e = plain.explain("things", {.auth = ferry::basic("a", "b"), .read_timeout = 5s});
    CHECK(e.url == "http://one.example/api/things?v=1");
    CHECK(e.way == "directly, as nobody names a proxy");
    CHECK_FALSE(e.proxy);
    CHECK(e.pool == "http://one.example");
    CHECK(e.auth == "the request's auth");
    CHECK(e.read_timeout == 5s);
    CHECK(e.connect_timeout == 10s);
    CHECK(e.of_request == std::vector<std::string>{"read_timeout"});
    auto text = to_string(e);
    CHECK(text.find("read_timeout 5000 ms (the request's)") != text.npos);
    CHECK(text.find("timeout none") != text.npos);
    CHECK(plain.stats().opened == 0);
}

TEST_CASE("the way that is explained is the way that is taken", "[session][H1][H4]") {
    Server proxy;
    proxy.accept().answers(ok());
    proxy.accept().answers("HTTP/1.1 200 OK\r\n\r\n").answers(ok());
    Session session({.proxy = proxy_at(proxy)});
    auto forwarded = session.explain("http://one.example/");
    CHECK(forwarded.way == "through http://" + proxy.authority() + ", as the session says");
    CHECK(forwarded.forwarded);
    CHECK(forwarded.proxy_auth == "the proxy's user and password");
    auto tunnel = session.explain("http://one.example/", {.proxy_tunnel = true});
    CHECK_FALSE(tunnel.forwarded);
    CHECK(tunnel.pool != forwarded.pool);
    CHECK(to_string(tunnel).find("secret") == std::string::npos);
    session.get("http://one.example/");
    session.get("http://one.example/", {.proxy_tunnel = true});
    std::vector<std::string> used;
    for (auto& host : session.stats().hosts) used.push_back(host.origin);
    CHECK(std::count(used.begin(), used.end(), forwarded.pool) == 1);
    CHECK(std::count(used.begin(), used.end(), tunnel.pool) == 1);
}

TEST_CASE("what cannot be sent cannot be explained", "[session][D7]") {
    Session session;
    CHECK(error_of([&] { session.explain("nowhere"); }).code() == errc::url_missing_scheme);
    ferry::Options unsound{.read_timeout = 0s};
    CHECK(error_of([&] { session.explain("http://one.example/", unsound); }).code() == errc::invalid_option);
}
