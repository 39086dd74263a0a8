// A connection under TLS, perhaps inside TLS with a proxy, with the stage between engine and driver at work on it; the
// driver is a list of bytes with a will of its own, and proxy and server are OpenSSL's, in memory.
#pragma once

#include "tls_pair.hpp"

#include <ferry/engine/secured.hpp>
#include <ferry/http/connection.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace ferry::testing {

inline const Certificate& proxy_leaf() {
    static const Certificate leaf = make_certificate({.hosts = "DNS:proxy.example", .issuer = &test_root()});
    return leaf;
}

// What the driver does, changed at any time.
struct DriverHabits {
    std::size_t read_piece = static_cast<std::size_t>(-1), write_piece = static_cast<std::size_t>(-1);
    bool full = false;   // no write gets through; one ends only when something can be read
    bool waits = false;  // every other write has to wait, and hears the peer meanwhile
    std::error_code write_error{};
};

class TlsNest {
public:
    using Kind = detail::action::kind;

    // `inner_only`: no proxy.
    explicit TlsNest(const TlsServer& at_proxy, const TlsServer& at_server, bool inner_only = false,
                     std::shared_ptr<detail::tls_context> context = make_context())
        : proxy(at_proxy), server(at_server), context_(std::move(context)), direct_(inner_only) {}

    // Both handshakes, as far as they go.
    detail::answer shake_hands() {
        if (!direct_) {
            if (const auto a = shake_with_proxy(); a.ec) return a;
        }
        return shake_with_server();
    }
    detail::answer shake_with_proxy() {
        c.tls = std::make_unique<detail::tls_channel>(context_, "proxy.example", "proxy.example");
        return act({.what = Kind::handshake});
    }
    detail::answer shake_with_server() {
        c.tls = std::make_unique<detail::tls_channel>(context_, "example.com", "example.com", std::move(c.tls));
        tunnel_ = true;
        return act({.what = Kind::handshake});
    }
    detail::tls_channel& inner() { return *c.tls; }
    detail::tls_channel& carrier() { return *c.tls->carrier(); }

    // One action of the engine's.
    detail::answer act(const detail::action& a) {
        for (const auto* raw = stage_.begin(a, c); raw;) {
            if (++actions > 1'000'000) throw std::runtime_error("no end");
            raw = stage_.next(perform(*raw));
        }
        if (stage_.active()) throw std::runtime_error("still at it");
        return stage_.result();
    }
    // One write; what it has not taken is `unsent`.
    detail::answer write(std::string_view text, bool watch = false) {
        const auto first = std::min(first_part, text.size());
        const detail::action a{
            .what = Kind::write, .watch = watch, .from = {text.substr(0, first), text.substr(first)}};
        const auto done = act(a);
        unsent = text.substr(done.n);
        return done;
    }
    // Writes it all, and on when something can be read, which is read: into `heard`.
    detail::answer say(std::string_view text, bool watch = false) {
        for (;;) {
            auto a = write(text, watch);
            if (a.ec) return a;
            text = unsent;
            if (a.readable) {
                ++interruptions;
                a = read(4096);
                if (a.ec || a.n == 0) return a;
            } else if (text.empty()) {
                return a;
            }
            if (text.empty()) return a;
        }
    }
    detail::answer read(std::size_t room) {
        std::string some(room, '\0');
        const auto a = act({.what = Kind::read, .into = {some.data(), some.size()}});
        heard.append(some, 0, a.n);
        return a;
    }
    // Reads until nothing more comes; what ended it is `last`.
    std::string hear(std::size_t room = 4096) {
        do last = read(room);
        while (!last.ec && last.n > 0);
        return std::exchange(heard, {});
    }

    // The end at the other side.

    void server_says(std::string_view text) {
        server.say(text);
        relay();
    }
    // What the server and the proxy have said, on its way.
    std::string& wire() {
        relay();
        return wire_;
    }
    // All that is on its way is received, as by the probe of a socket; then the probe.
    detail::verdict probe() {
        while (!wire().empty()) {
            auto& bottom = c.tls->bottom();
            const auto room = bottom.input_room();
            const auto n = std::min({room.size(), wire_.size(), habits.read_piece});
            std::memcpy(room.data(), wire_.data(), n);
            bottom.received(n);
            wire_.erase(0, n);
            const auto v = c.tls->probe();
            if (v != detail::verdict::alive && (v != detail::verdict::unsolicited_data || wire().empty())) return v;
        }
        return c.tls->probe();
    }

    detail::connection c;
    TlsPeer proxy, server;
    DriverHabits habits;
    bool ended = false;          // nothing comes behind what is on the wire
    std::size_t first_part = 3;  // of what is written in two
    std::string_view unsent;
    std::string heard;
    detail::answer last;
    std::size_t actions = 0, writes = 0, interruptions = 0;

private:
    TlsPeer& outer() { return direct_ ? server : proxy; }

    // Between the proxy and the server.
    void relay() {
        if (!direct_ && tunnel_) {
            server.feed(std::string_view(proxy.heard()).substr(relayed_));
            relayed_ = proxy.heard().size();
            const auto bytes = server.take();
            const bool closed = (SSL_get_shutdown(proxy.native()) & SSL_SENT_SHUTDOWN) != 0;
            if (!bytes.empty() && !closed) proxy.say(bytes);
        }
        wire_ += outer().take();
    }
    bool comes() { return !wire().empty() || ended; }

    detail::answer perform(const detail::action& a) { return a.what == Kind::read ? receive(a) : send(a); }
    detail::answer receive(const detail::action& a) {
        if (a.into.empty()) throw std::runtime_error("no room to receive");
        if (wire().empty()) return {.ec = ended ? std::error_code() : make_error_code(errc::read_timeout)};
        const auto n = std::min({a.into.size(), wire_.size(), habits.read_piece});
        std::memcpy(a.into.data(), wire_.data(), n);
        wire_.erase(0, n);
        return {.n = n};
    }
    detail::answer send(const detail::action& a) {
        if (a.from[0].empty() && a.from[1].empty()) throw std::runtime_error("nothing to send");
        if (habits.write_error) return {.ec = habits.write_error};
        if (a.watch && comes()) return {.readable = true};
        if (habits.full || (habits.waits && (waited_ = !waited_))) {
            if (comes()) return {.readable = true};
            if (habits.full) return {.ec = errc::write_timeout};
        }
        ++writes;
        const auto bytes = (std::string(a.from[0]) + std::string(a.from[1])).substr(0, habits.write_piece);
        outer().feed(bytes);
        relay();
        return {.n = bytes.size()};
    }

    std::shared_ptr<detail::tls_context> context_;
    const bool direct_;
    bool tunnel_ = false, waited_ = false;
    std::size_t relayed_ = 0;
    std::string wire_;
    detail::secured stage_;
};

}  // namespace ferry::testing
