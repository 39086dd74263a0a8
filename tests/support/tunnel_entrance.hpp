// The proxy of all tests that go through a tunnel. It reads a CONNECT byte by byte to its blank line, answers, and
// hands the connection itself to the server that was asked for: what that plays meets the client's socket, nothing
// relays it.
#pragma once

#include "request.hpp"
#include "sockets.hpp"
#include "way.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace ferry::testing {

class TunnelEntrance {
public:
    using Welcome = std::function<void(Descriptor)>;

    TunnelEntrance() : listener_(listen_on_loopback()), port_(local_port(listener_.get())) {
        thread_ = std::thread([this] { serve(); });
    }
    TunnelEntrance(const TunnelEntrance&) = delete;
    TunnelEntrance& operator=(const TunnelEntrance&) = delete;
    ~TunnelEntrance() {
        quit_.wake();
        thread_.join();
    }

    std::uint16_t port() const { return port_; }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

    // Who asks for that port, on whatever host, comes there. Others are told 502.
    void lead_to(std::uint16_t port, Welcome welcome) {
        std::lock_guard lock(mutex_);
        exits_[port] = {std::move(welcome), {}};
    }
    // Who asks for that port gets no answer, as if nobody accepted there.
    void never_answer_for(std::uint16_t port) {
        std::lock_guard lock(mutex_);
        exits_[port] = {};
    }
    void forget(std::uint16_t port) {
        std::lock_guard lock(mutex_);
        exits_.erase(port);
    }

private:
    struct Exit {
        Welcome welcome;
        std::vector<Descriptor> unanswered;
    };
    struct Caller {
        Descriptor fd;
        std::string head = {};
    };

    void serve() {
        for (;;) {
            std::vector<pollfd> wanted{{quit_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
            for (auto& c : callers_) wanted.push_back({c.fd.get(), POLLIN, 0});
            ::poll(wanted.data(), static_cast<nfds_t>(wanted.size()), -1);
            if (wanted[0].revents) return;
            auto event = wanted.begin() + 2;
            for (auto c = callers_.begin(); c != callers_.end();) {
                const bool done = (event++)->revents && !wants_more(*c);
                c = done ? callers_.erase(c) : std::next(c);
            }
            while (auto client = Descriptor(::accept(listener_.get(), nullptr, nullptr))) take_in(std::move(client));
        }
    }
    void take_in(Descriptor client) {
        ::fcntl(client.get(), F_SETFD, FD_CLOEXEC);
        set_option(client.get(), IPPROTO_TCP, TCP_NODELAY, 1);
        make_nonblocking(client.get());
        callers_.push_back({std::move(client)});
    }

    // One byte at a time: what stands behind the head is for the server.
    bool wants_more(Caller& caller) {
        for (char byte = 0;;) {
            const auto n = ::recv(caller.fd.get(), &byte, 1, 0);
            if (n < 0 && (errno == EAGAIN || errno == EINTR)) return true;
            if (n <= 0) return false;
            caller.head += byte;
            if (!head_end(caller.head)) continue;
            answer(caller);
            return false;
        }
    }
    void answer(Caller& caller) {
        const auto port = port_asked_for({0, caller.head});
        std::lock_guard lock(mutex_);
        const auto found = port ? exits_.find(*port) : exits_.end();
        if (!port) return say(caller, "HTTP/1.1 400 Not a CONNECT\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        if (found == exits_.end())
            return say(caller, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        auto& exit = found->second;
        if (!exit.welcome) return exit.unanswered.push_back(std::move(caller.fd));
        say(caller, "HTTP/1.1 200 Connection established\r\n\r\n");
        exit.welcome(std::move(caller.fd));
    }
    static void say(const Caller& caller, std::string_view text) {
        send_some(caller.fd.get(), text.data(), text.size());  // so little always fits
    }

    // None unless it is a CONNECT to a host and port, which the Host field repeats (RFC 9110 9.3.6, RFC 9112 3.2.3).
    static std::optional<std::uint16_t> port_asked_for(const Request& r) {
        const auto target = r.target();
        const auto colon = target.rfind(':');
        if (r.line() != "CONNECT " + std::string(target) + " HTTP/1.1" || colon == target.npos) return std::nullopt;
        if (r.field("Host") != target) return std::nullopt;
        std::uint16_t port = 0;
        const auto* end = target.data() + target.size();
        const bool all = std::from_chars(target.data() + colon + 1, end, port).ptr == end;
        return all ? std::optional(port) : std::nullopt;
    }

    Descriptor listener_;
    const std::uint16_t port_;
    WakePipe quit_;
    std::list<Caller> callers_;  // of the thread alone
    std::mutex mutex_;
    std::map<std::uint16_t, Exit> exits_;
    std::thread thread_;
};

inline TunnelEntrance& tunnel_entrance() {
#if FERRY_HAS_TLS
    test_root();  // OpenSSL begins before the entrance's thread, and so ends after it
#endif
    static TunnelEntrance entrance;
    return entrance;
}

// Options of a session as the program's way demands.
inline ferry::SessionOptions in_this_way(ferry::SessionOptions options) {
    const auto through_the_tunnel = [](auto o) {
        if constexpr (requires { o.proxy; }) o.proxy = tunnel_entrance().url();
        else throw std::runtime_error("sessions know nothing of proxies");
        return o;
    };
    options = trusting_root(std::move(options));
    return way() == Way::tunnel ? through_the_tunnel(std::move(options)) : options;
}

}  // namespace ferry::testing
