// Requests through SOCKS5 proxies, against one that is scripted byte by byte (RFC 1928, RFC 1929).

#include "loopback.hpp"

#include <cstdint>
#include <string>
#include <string_view>

using ferry::errc;

namespace {

using namespace std::string_literals;

const std::string chose_none = "\x05\x00"s, chose_login = "\x05\x02"s, let_in = "\x01\x00"s;

std::string socks_reply(char code) { return "\x05"s + code + "\x00\x01\x7f\x00\x00\x01\x00\x50"s; }

std::string socks_of(const Server& server, std::string_view scheme, std::string_view login = {}) {
    return std::string(scheme) + "://" + std::string(login) + server.authority();
}

// As many bytes as asking for a connection to a name takes.
std::size_t size_of_ask(std::string_view name) { return 4 + 1 + name.size() + 2; }

ferry::Error socks_error(std::string bytes, std::string_view login = {}) {
    Server proxy;
    proxy.accept().reads(login.empty() ? 3 : 4).sends(std::move(bytes)).ignores_the_rest().closes();
    Session session({.proxy = socks_of(proxy, "socks5h", login)});
    auto error = error_of([&] { session.get("http://one.example/"); });
    CHECK(error.phase() == ferry::Phase::proxy);
    CHECK(error.request_state() == ferry::RequestState::not_sent);
    CHECK(says(error, "proxy socks5h://" + proxy.authority()));
    return error;
}

}  // namespace

TEST_CASE("a SOCKS5 proxy resolves the name, and the connection is the server's", "[session][H3][A10]") {
    Server proxy;
    proxy.accept()
        .reads(3)
        .sends(chose_none)
        .reads(size_of_ask("one.example"))
        .sends(socks_reply(0))
        .answers(ok("a"))
        .answers(ok("b"));
    Session session({.proxy = socks_of(proxy, "socks5h")});
    CHECK(session.get("http://one.example/x").body == "a");
    auto r = session.get("http://one.example/y");
    CHECK(r.body == "b");
    CHECK(r.connection.reused);
    CHECK(proxy.request(0).target() == "/x");
    auto hosts = session.stats().hosts;
    REQUIRE(hosts.size() == 1);
    CHECK(hosts[0].origin == "http://one.example through " + socks_of(proxy, "socks5h"));
}

TEST_CASE("user and password for a SOCKS5 proxy", "[session][H3]") {
    Server proxy;
    proxy.accept()
        .reads(4)
        .sends(chose_login)
        .reads(3 + 1 + 2)
        .sends(let_in)
        .reads(size_of_ask("one.example"))
        .sends_bytewise(socks_reply(0))
        .answers(ok("in"));
    Session session({.proxy = socks_of(proxy, "socks5h", "u:pw@")});
    CHECK(session.get("http://one.example/").body == "in");
}

TEST_CASE("with socks5 the name is resolved here, and its other addresses are tried as well", "[session][H3]") {
    Server proxy;
    // localhost is ::1 first.
    proxy.accept().reads(3).sends(chose_none).reads(4 + 16 + 2).sends(socks_reply(5)).ignores_the_rest();
    proxy.accept().reads(3).sends(chose_none).reads(4 + 4 + 2).sends(socks_reply(0)).answers(ok("in"));
    ferry::SessionOptions options;
    options.proxy = socks_of(proxy, "socks5");
    options.pool.max_per_host = 1;
    Session session(std::move(options));
    CHECK(session.get("http://localhost/").body == "in");
}

TEST_CASE("what a SOCKS5 proxy refuses is told by its code and in words", "[session][H3]") {
    auto wrong = socks_error("\x05\xff"s);
    CHECK(wrong.code() == errc::proxy_auth_required);
    CHECK(socks_error("\x05\xff"s, "u:secret@").code() == errc::proxy_auth_refused);
    CHECK(socks_error("HTTP/1.1 400 Bad Request\r\n\r\n").code() == errc::proxy_malformed);
    CHECK(socks_error("").code() == errc::proxy_closed);
    CHECK(socks_error("\x05").code() == errc::proxy_closed);

    Server proxy;
    proxy.accept().reads(3).sends(chose_none).reads(size_of_ask("one.example")).sends(socks_reply(2)).sees_the_end();
    Session session({.proxy = socks_of(proxy, "socks5h")});
    auto refused = error_of([&] { session.get("http://one.example/"); });
    CHECK(refused.code() == errc::proxy_refused);
    CHECK(says(refused, "rules do not allow"));
    CHECK(session.stats().idle == 0);
}

TEST_CASE("a SOCKS5 reply that is cut short, or never comes", "[session][H3][K2]") {
    Server proxy;
    proxy.accept()
        .reads(3)
        .sends(chose_none)
        .reads(size_of_ask("one.example"))
        .sends(socks_reply(0).substr(0, 6))
        .closes();
    proxy.accept().reads(3).reads_to_the_end();
    Session session({.proxy = socks_of(proxy, "socks5h")});
    auto cut = error_of([&] { session.get("http://one.example/"); });
    CHECK(cut.code() == errc::proxy_closed);
    CHECK(says(cut, "in the middle of its answer"));
    auto silent = prompt_error_of([&] { session.get("http://one.example/", {.connect_timeout = 150ms}); });
    CHECK(silent.code() == errc::connect_timeout);
    CHECK(silent.phase() == ferry::Phase::proxy);
}
