// What tests of real proxies share: sessions of both kinds that go through one, and a body too large to pass by luck.
#pragma once

#include "async_session.hpp"
#include "certificates.hpp"
#include "nginx_tls.hpp"

#include <ferry/ferry.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

// For TEMPLATE_TEST_CASE: what blocks, and what does not, behind the same face.
#define FERRY_BOTH_SESSIONS ferry::Session, ferry::testing::Session

// A proxy, or what else stands in front, and nginx behind it.
#define FERRY_NEEDS_BEFORE_NGINX(program) \
    FERRY_NEEDS_SERVER(program);          \
    FERRY_NEEDS_SERVER("nginx")

namespace ferry::testing {

// Options that trust the tests' root alone.
inline ferry::SessionOptions through(ferry::Proxy proxy) {
    ferry::SessionOptions o;
    o.proxy = std::move(proxy);
    o.tls.system_roots = false;
    o.tls.roots_pem = test_root().pem();
    return o;
}

// The same, by CONNECT to http URLs too.
inline ferry::SessionOptions tunnelling(ferry::Proxy proxy) {
    auto o = through(std::move(proxy));
    o.proxy_tunnel = true;
    return o;
}

// 64 MiB, no two lines of it alike.
inline const std::string& large_body() {
    static const std::string body = [] {
        constexpr std::size_t size = 64 * 1024 * 1024, line = 1024;
        std::string text;
        text.reserve(size);
        while (text.size() < size)
            text.append(std::to_string(text.size())).resize(text.size() / line * line + line, '.');
        return text;
    }();
    return body;
}

// Whether the other side has sent its last on the session's connection to that port. Of TLS 1.3 the tickets may be
// waiting to be read too, so that it can be read from tells nothing.
inline bool ended_by_peer(std::uint16_t port) {
    constexpr int close_wait = 8;
    const auto fd = descriptor_connected_to(port);
    return fd >= 0 && kernel_state(local_port(fd), port) == close_wait;
}

// True once it has, and the session has not looked yet, or has watched and given its connection up.
template <class Session> bool dropped_while_idle(const Session& session, std::uint16_t port) {
    return eventually([&] { return session.stats().idle == 0 || ended_by_peer(port); });
}

template <class Session> void fetches_large_body(Session& session, const NginxTls& nginx, const std::string& url) {
    nginx.folder().write("files/large", large_body());
    CHECK((session.get(url).body == large_body()));
    TempFolder folder;
    session.download(url, (folder / "file").string());
    CHECK((folder.read("file") == large_body()));
}

// Up to nginx and down again.
template <class Session> void moves_large_body(Session& session, const NginxTls& nginx, const std::string& url) {
    CHECK(session.put(url, {.body = large_body()}).status == 201);
    CHECK((nginx.folder().read("files/large") == large_body()));
    fetches_large_body(session, nginx, url);
}

// How many connections nginx has taken so far, the one that asks among them.
inline std::size_t connections_to(const NginxTls& nginx) {
    ferry::Session direct({.trust_env = false});
    return std::stoul(direct.get(nginx.url("/connection")).body);
}

}  // namespace ferry::testing
