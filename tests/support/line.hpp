// A test server's end of a connection: plain, or with TLS in between. Never blocks; whoever has it waits for the
// socket.
#pragma once

#include "sockets.hpp"
#include "way.hpp"

#if FERRY_HAS_TLS
#include "tls_server.hpp"
#endif

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace ferry::testing {

class Line {
public:
    enum class Came { something, nothing, end };

    Line() = default;
    explicit Line(Descriptor fd) : fd_(std::move(fd)) {
        set_option(fd_.get(), IPPROTO_TCP, TCP_NODELAY, 1);
        make_nonblocking(fd_.get());
        if (over_tls()) secure();
    }

    int fd() const { return fd_.get(); }
    explicit operator bool() const { return static_cast<bool>(fd_); }
    void close() { fd_.reset(); }

#if FERRY_HAS_TLS
    // False until the handshake is done, which `receive` does.
    bool open() const { return !tls_ || SSL_is_init_finished(tls_->native()); }
    // Why the handshake cannot be done.
    std::string trouble() const { return tls_ ? tls_->trouble() : ""; }

    // Appends what the client has sent. With TLS it may be something that is not for us: then nothing is appended.
    Came receive(std::string& into) {
        const auto before = into.size();
        const auto came = take(into);
        if (!tls_ || came != Came::something) return came;
        tls_->feed(std::string_view(into).substr(before));
        into.resize(before);
        into += tls_->take_heard();
        say(tls_->take());
        return came;
    }

    // The front of `text` as it goes on the wire; it is taken away from the text. Lives until the next one.
    std::string_view sealed(std::string_view& text) {
        const auto piece = text.substr(0, tls_ ? most_at_once : text.size());
        text.remove_prefix(piece.size());
        if (!tls_) return piece;
        tls_->say(piece);
        return sealed_ = tls_->take();
    }

    // What precedes a FIN where the end is meant (RFC 8446 6.1).
    void say_goodbye() {
        if (!tls_) return;
        tls_->close_notify();
        say(tls_->take());
    }
#else
    bool open() const { return true; }
    std::string trouble() const { return {}; }
    Came receive(std::string& into) { return take(into); }
    std::string_view sealed(std::string_view& text) { return std::exchange(text, {}); }
    void say_goodbye() {}
#endif

private:
    Came take(std::string& into) {
        char bytes[65536];
        for (;;) {
            const auto n = ::recv(fd_.get(), bytes, sizeof bytes, 0);
            if (n > 0) into.append(bytes, static_cast<std::size_t>(n));
            if (n >= 0) return n > 0 ? Came::something : Came::end;
            if (errno == EAGAIN) return Came::nothing;
            if (errno != EINTR) return Came::end;
        }
    }

#if FERRY_HAS_TLS
    static constexpr std::size_t most_at_once = 64 * 1024;

    // All servers have one context, so that sessions of one can be resumed with another: no test counts on either.
    void secure() {
        static const TlsServer server({.certificate = &loopback_leaf()});
        tls_ = std::make_unique<TlsPeer>(server);
    }
    // What OpenSSL has to say by itself: so little that it fits, and a client that has gone need not hear it.
    void say(std::string_view bytes) {
        if (!bytes.empty()) send_some(fd_.get(), bytes.data(), bytes.size());
    }

    std::unique_ptr<TlsPeer> tls_;
    std::string sealed_;
#else
    void secure() {}
#endif
    Descriptor fd_;
};

}  // namespace ferry::testing
