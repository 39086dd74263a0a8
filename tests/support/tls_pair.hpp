// A channel and OpenSSL's server with a wire between them that carries as many bytes at a time as a test says.
#pragma once

#include "tls_server.hpp"

#include <ferry/tls/channel.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

namespace ferry::testing {

using Step = detail::tls_channel::step;

inline std::string_view name_of(Step s) {
    constexpr std::string_view names[] = {"done", "wants input", "closed", "failed"};
    return names[static_cast<int>(s)];
}

// A context that trusts the tests' root and nothing else, unless it is told otherwise.
inline std::shared_ptr<detail::tls_context> make_context(TlsOptions options = {}) {
    options.system_roots = false;
    if (options.roots_pem.empty()) options.roots_pem = test_root().pem();
    detail::tls_fault fault;
    auto context = detail::tls_context::make(options, fault);
    if (!context) throw std::runtime_error(fault.text);
    return context;
}

class TlsPair {
public:
    TlsPair(std::shared_ptr<detail::tls_context> context, const TlsServer& peer, std::string_view host = "example.com",
            std::size_t piece = static_cast<std::size_t>(-1))
        : client(std::move(context), host, std::string(host)), server(peer), piece_(piece) {}

    // As the engine does it: send, then receive, in pieces, until there is an end to it.
    Step shake_hands() {
        for (;;) {
            const auto s = client.handshake();
            to_server();
            if (s != Step::wants_input || !to_client()) {
                if (s == Step::done) to_server();
                return s;
            }
        }
    }
    void to_server() {
        while (!client.to_send().empty()) {
            const auto some = client.to_send().substr(0, piece_);
            server.feed(some);
            client.sent(some.size());
        }
        wire_ += server.take();
    }
    // One piece of what the server has sent; false if there is nothing.
    bool to_client() {
        wire_ += server.take();
        if (wire_.empty()) return false;
        const auto room = client.input_room();
        const auto n = std::min({room.size(), wire_.size(), piece_});
        std::memcpy(room.data(), wire_.data(), n);
        client.received(n);
        wire_.erase(0, n);
        return true;
    }
    // Everything, and what the probe makes of it.
    detail::verdict probe() {
        while (to_client()) {
        }
        return client.probe();
    }
    // Reads until nothing more comes.
    std::string hear(std::size_t room = 4096) {
        std::string text, some(room, '\0');
        for (;;) {
            std::size_t n = 0;
            last = client.read({some.data(), some.size()}, n);
            text.append(some, 0, n);
            if (last == Step::wants_input && to_client()) continue;
            if (last != Step::done) return text;
        }
    }
    void say(std::string_view text) {
        while (!text.empty()) {
            std::size_t n = 0;
            last = client.write(text, n);
            if (last != Step::done) return;
            text.remove_prefix(n);
            to_server();
        }
    }
    // Puts bytes on the wire to the client that the server did not send.
    void forge(std::string_view bytes) { wire_ += bytes; }
    std::string& wire() {
        wire_ += server.take();
        return wire_;
    }

    detail::tls_channel client;
    TlsPeer server;
    Step last = Step::done;

private:
    std::string wire_;
    std::size_t piece_;
};

}  // namespace ferry::testing
