// A scripted https server on loopback: OpenSSL's own server, each connection played by a function on a thread of its
// own.
//
//     TlsLoopback server;
//     server.accept([](TlsConnection& c) { c.answers(ok("one")); });   // the first connection, once its handshake is
//     done Session session(trusting()); session.get(server.url());
//
// A script that throws, a connection too many or too few, bytes that no script reads: each fails the test at the end of
// the server's life.
#pragma once

#include "loopback.hpp"
#include "tls_server.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace ferry::testing {

// Options of a session that trusts the tests' root, and it alone.
inline ferry::SessionOptions trusting(ferry::TlsOptions tls = {}) {
    tls.system_roots = false;
    tls.roots_pem = test_root().pem();
    ferry::SessionOptions o;
    o.tls = std::move(tls);
    return o;
}

// What a script can do with its connection. Whatever cannot be done throws.
class TlsConnection {
public:
    TlsConnection(const TlsServer& server, Descriptor fd, int stop) : peer(server), fd_(std::move(fd)), stop_(stop) {
        set_option(fd_.get(), IPPROTO_TCP, TCP_NODELAY, 1);
        make_nonblocking(fd_.get());
    }

    // False: the client gave up.
    bool handshake() {
        while (!SSL_is_init_finished(peer.native())) {
            if (!receive()) return false;
            flush();
        }
        return true;
    }

    Request request() { return take(request_end); }
    Request request_head() { return take(head_end); }
    Request body(std::size_t size) {
        return take(
            [size](std::string_view bytes) { return bytes.size() < size ? std::nullopt : std::optional(size); });
    }
    void sends(std::string_view text) {
        for (; !text.empty(); text.remove_prefix(std::min(text.size(), piece))) {
            peer.say(text.substr(0, piece));
            flush();
        }
    }
    Request answers(std::string_view text) {
        auto r = request();
        sends(text);
        return r;
    }
    void ticket() {
        peer.send_ticket();
        flush();
    }
    void ticket_if_possible() {
        if (SSL_version(peer.native()) == TLS1_3_VERSION) ticket();
    }
    void update_key(bool both) {
        peer.update_key(both);
        flush();
    }
    void flush() { sends_raw(peer.take()); }
    void sends_raw(std::string_view bytes) {
        while (!bytes.empty()) {
            auto n = send_some(fd_.get(), bytes.data(), bytes.size());
            if (n >= 0) bytes.remove_prefix(static_cast<std::size_t>(n));
            else if (errno != EAGAIN && errno != EINTR) throw std::runtime_error("the client no longer takes it");
            else wait(POLLOUT);
        }
    }

    void close_notify() {
        peer.close_notify();
        flush();
    }
    // FIN, and the client's kernel has it.
    void fin() {
        ::shutdown(fd_.get(), SHUT_RDWR);
        delivered();
        fd_.reset();
    }
    void closes() {
        close_notify();
        fin();
    }
    void resets() {
        auto client = peer_port(fd_.get()), here = local_port(fd_.get());
        linger hard{1, 0};
        ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        fd_.reset();
        eventually([=] { return kernel_state(client, here) == 0; });
    }
    void delivered() {
        if (!eventually([this] { return unacknowledged(fd_.get()) == 0; })) throw std::runtime_error("not delivered");
    }
    void waits_for(Signal& signal) {
        if (!signal.wait()) throw std::runtime_error("the signal was not raised");
    }
    void pauses(std::chrono::milliseconds time) {
        pollfd wanted{stop_, POLLIN, 0};
        ::poll(&wanted, 1, static_cast<int>(time.count()));
    }
    // Its greeting is on the way, and stays unread by TLS.
    void awaits_bytes() {
        char bytes[4096];
        wait(POLLIN);
        ::recv(fd_.get(), bytes, sizeof bytes, 0);
    }
    // Never says a word.
    void stays_silent() {
        char bytes[4096];
        do wait(POLLIN);
        while (::recv(fd_.get(), bytes, sizeof bytes, 0) > 0);
    }
    // Reads on until the client ends it; whether it said so in TLS.
    bool told_of_close() {
        while (receive()) {
        }
        return peer.told_of_close();
    }
    void ignores_the_rest() { ignores_rest_ = true; }

    bool all_read() const { return ignores_rest_ || unread_ == peer.heard().size(); }
    std::vector<Request> requests;
    TlsPeer peer;

private:
    static constexpr std::size_t piece = 64 * 1024;

    template <class End> Request take(End end) {
        for (;;) {
            const auto rest = std::string_view(peer.heard()).substr(unread_);
            if (const auto size = end(rest)) {
                requests.push_back({0, std::string(rest.substr(0, *size))});
                unread_ += *size;
                return requests.back();
            }
            if (!receive()) throw std::runtime_error("the client closed after " + as_shown(rest));
        }
    }
    // False at the end of the connection.
    bool receive() {
        char bytes[65536];
        for (;;) {
            const auto n = ::recv(fd_.get(), bytes, sizeof bytes, 0);
            if (n > 0) peer.feed({bytes, static_cast<std::size_t>(n)});
            if (n > 0) flush_answers();
            if (n >= 0) return n > 0;
            if (errno != EAGAIN && errno != EINTR) return false;
            wait(POLLIN);
        }
    }
    // What OpenSSL has to say by itself; a client that has closed need not hear it.
    void flush_answers() {
        const auto bytes = peer.take();
        if (!bytes.empty() && send_some(fd_.get(), bytes.data(), bytes.size()) < 0 && errno != EAGAIN) return;
    }
    void wait(short events) {
        pollfd wanted[] = {{fd_.get(), events, 0}, {stop_, POLLIN, 0}};
        const auto n = ::poll(wanted, 2, static_cast<int>(std::chrono::milliseconds(patience).count()));
        if (n <= 0 || wanted[1].revents) throw std::runtime_error("nothing more came from the client");
    }

    Descriptor fd_;
    int stop_;
    bool ignores_rest_ = false;
    std::size_t unread_ = 0;  // where it begins in what was heard
};

class TlsLoopback {
public:
    using Play = std::function<void(TlsConnection&)>;

    explicit TlsLoopback(TlsServerOptions options = {}, int receive_buffer = 0)
        : tls_(with_leaf(std::move(options))),
          acceptor_([this](Descriptor client) { welcome(std::move(client)); }, {.receive_buffer = receive_buffer}) {}
    ~TlsLoopback() {
        const bool drop = std::uncaught_exceptions() > exceptions_;
        acceptor_.stop();
        if (drop) stop_.wake();
        for (auto& c : connections_)
            if (c.thread.joinable()) c.thread.join();
        if (drop) return;
        for (auto& failure : failures_) FAIL_CHECK(failure);
        if (accepted_ < connections_.size()) FAIL_CHECK("only " << accepted_ << " connections were made");
    }

    // What the next connection does once its handshake is done.
    void accept(Play play) {
        accept_raw([play = std::move(play)](TlsConnection& c) {
            if (!c.handshake()) throw std::runtime_error("the handshake failed");
            play(c);
        });
    }
    // The next connection, before its handshake.
    void accept_raw(Play play) {
        std::lock_guard lock(mutex_);
        connections_.push_back({std::move(play), {}});
    }
    // The client gives up in the handshake.
    void accept_refused() {
        accept_raw([](TlsConnection& c) {
            if (c.handshake() && !c.told_of_close() && !c.peer.heard().empty())
                throw std::runtime_error("the client spoke to " + c.peer.server_name());
        });
    }

    std::uint16_t port() const { return acceptor_.port(); }
    std::string url(std::string_view target = "/", std::string_view host = "127.0.0.1") const {
        return "https://" + std::string(host) + ':' + std::to_string(port()) + std::string(target);
    }
    std::size_t connections() {
        std::lock_guard lock(mutex_);
        return accepted_;
    }

private:
    struct Connection {
        Play play;
        std::thread thread;
    };

    static TlsServerOptions with_leaf(TlsServerOptions o) {
        if (!o.certificate) o.certificate = &loopback_leaf();
        return o;
    }
    void welcome(Descriptor client) {
        std::lock_guard lock(mutex_);
        if (++accepted_ > connections_.size()) {
            failures_.push_back("connection " + std::to_string(accepted_) + " was not expected");
            return;
        }
        auto& c = connections_[accepted_ - 1];
        auto fd = std::make_shared<Descriptor>(std::move(client));
        c.thread = std::thread([this, &c, fd, n = accepted_] { play(c.play, std::move(*fd), n); });
    }
    void play(const Play& script, Descriptor fd, std::size_t number) {
        const auto fail = [&](std::string_view text) {
            std::lock_guard lock(mutex_);
            failures_.push_back("connection " + std::to_string(number) + ": " + std::string(text));
        };
        try {
            TlsConnection c(tls_, std::move(fd), stop_.get());
            script(c);
            if (!c.all_read()) fail("the client also sent something");
        } catch (const std::exception& e) {
            fail(e.what());
        }
    }

    const int exceptions_ = std::uncaught_exceptions();
    TlsServer tls_;
    WakePipe stop_;
    std::mutex mutex_;
    std::deque<Connection> connections_;
    std::size_t accepted_ = 0;
    std::vector<std::string> failures_;
    Acceptor acceptor_;  // last: whom it takes in finds the rest
};

}  // namespace ferry::testing
