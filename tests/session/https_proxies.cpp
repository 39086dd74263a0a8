// Proxies that are spoken to over TLS: forwarding, and tunnels with the server's TLS inside the proxy's.

#include "tls_loopback.hpp"

#include <string>
#include <string_view>

using ferry::errc;

namespace {

ferry::SessionOptions by_secure_proxy(const TlsLoopback& proxy, std::string_view login = {}) {
    auto o = trusting();
    o.proxy = "https://" + std::string(login) + "127.0.0.1:" + std::to_string(proxy.port());
    return o;
}

// The server at the end of a tunnel: TLS on what the proxy's connection carries.
class ServerInTunnel {
public:
    ServerInTunnel(TlsConnection& outer, const TlsServer& server) : peer(server), outer_(outer) {
        while (!SSL_is_init_finished(peer.native())) receive();
    }
    void answers(std::string_view text) {
        auto rest = [this] { return std::string_view(peer.heard()).substr(answered_); };
        while (!request_end(rest())) receive();
        answered_ += *request_end(rest());
        peer.say(text);
        flush();
    }
    void sends_ticket() {
        peer.send_ticket();
        flush();
    }
    void closes() {
        peer.close_notify();
        flush();
        outer_.closes();
    }
    TlsPeer peer;

private:
    void receive() {
        peer.feed(outer_.body(1).bytes);
        flush();
    }
    void flush() { outer_.sends(peer.take()); }

    TlsConnection& outer_;
    std::size_t answered_ = 0;
};

const std::string_view tunnel_is_open = "HTTP/1.1 200 Connection established\r\n\r\n";

}  // namespace

TEST_CASE("a proxy over TLS forwards http", "[session][H1][K1]") {
    TlsLoopback proxy;
    proxy.accept([](TlsConnection& c) {
        auto first = c.answers(ok("a"));
        CHECK(first.target() == "http://one.example/x");
        CHECK(first.field("Proxy-Authorization").has_value());
        CHECK(c.answers(ok("b")).target() == "http://two.example/");
    });
    Session session(by_secure_proxy(proxy, "u:p@"));
    CHECK(session.get("http://one.example/x").body == "a");
    CHECK(session.get("http://two.example/").body == "b");
    CHECK(session.stats().tls_full == 1);
}

TEST_CASE("TLS to the server inside TLS to the proxy", "[session][H1][A3][K1]") {
    TlsLoopback proxy;
    const auto leaf = make_certificate({.name = "inside", .hosts = "DNS:one.example", .issuer = &test_root()});
    TlsServer inside({.certificate = &leaf});
    proxy.accept([&](TlsConnection& c) {
        auto asked = c.answers(tunnel_is_open);
        CHECK(asked.line() == "CONNECT one.example:443 HTTP/1.1");
        ServerInTunnel server(c, inside);
        CHECK(server.peer.server_name() == "one.example");
        server.answers(ok("one"));
        server.sends_ticket();
        c.ticket();
        server.answers(ok(std::string(200000, 'x')));
        server.closes();
    });
    proxy.accept([&](TlsConnection& c) {
        c.answers(tunnel_is_open);
        ServerInTunnel(c, inside).answers(ok("two"));
    });
    Session session(by_secure_proxy(proxy));
    CHECK(session.get("https://one.example/").body == "one");
    auto second = session.get("https://one.example/");
    CHECK(second.body.size() == 200000);
    CHECK(second.connection.reused);
    CHECK(eventually([&] {
        session.prune();
        return session.stats().idle == 0;
    }));
    auto anew = session.get("https://one.example/");
    CHECK(anew.body == "two");
    CHECK_FALSE(anew.connection.reused);
    CHECK(session.stats().tls_full + session.stats().tls_resumed == 4);
    CHECK(session.stats().tls_resumed >= 1);
}

TEST_CASE("a proxy over TLS whose certificate does not hold is named, and hears nothing", "[session][H2][K1]") {
    const auto leaf = make_certificate(
        {.name = "the wrong one", .hosts = "DNS:elsewhere.example", .issuer = &test_root()});
    TlsLoopback proxy({.certificate = &leaf});
    proxy.accept_refused();
    auto options = by_secure_proxy(proxy, "u:secret@");
    options.tls.dangerously_skip_verification = true;  // of servers, not of a proxy
    Session session(std::move(options));
    auto error = error_of([&] { session.get("http://one.example/"); });
    CHECK(error.code() == errc::certificate_wrong_host);
    CHECK(error.phase() == ferry::Phase::proxy);
    CHECK(says(error, "proxy https://127.0.0.1:" + std::to_string(proxy.port())));
    CHECK(says(error, "the wrong one"));
    CHECK_FALSE(says(error, "secret"));
}

TEST_CASE("the proxy's TLS options are not the server's", "[session][A10][K1]") {
    TlsLoopback proxy;
    proxy.accept([](TlsConnection& c) { c.answers(ok("in")); });
    auto options = by_secure_proxy(proxy);
    options.proxy_tls = options.tls;
    options.tls = {};
    options.tls.pins = {"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="};
    Session session(std::move(options));
    CHECK(session.get("http://one.example/").body == "in");
}
