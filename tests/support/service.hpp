// A loopback server for load: it answers every request on every connection with what a function returns.
#pragma once

#include "request.hpp"
#include "sockets.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace ferry::testing {

class Service {
public:
    // Called on the connections' threads, several at a time.
    using Handler = std::function<std::string(const Request&)>;

    explicit Service(Handler handler)
        : handler_(std::move(handler)), listener_(listen_on_loopback()), port_(local_port(listener_.get())),
          thread_([this] { serve(); }) {}
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    ~Service() {
        stop_.wake();
        thread_.join();
        for (auto& thread : threads_) thread.join();
    }

    std::uint16_t port() const { return port_; }
    std::string url(std::string_view target = "/") const {
        return "http://127.0.0.1:" + std::to_string(port_) + std::string(target);
    }
    std::size_t connections() const { return connections_; }
    std::size_t requests() const { return requests_; }

private:
    void serve() {
        pollfd wanted[] = {{listener_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
        while (::poll(wanted, 2, -1) > 0 && !wanted[1].revents) {
            Descriptor client(::accept(listener_.get(), nullptr, nullptr));
            if (!client) continue;
            ::fcntl(client.get(), F_SETFD, FD_CLOEXEC);
            set_option(client.get(), IPPROTO_TCP, TCP_NODELAY, 1);
            auto number = ++connections_;
            threads_.emplace_back([this, number, fd = std::move(client)] { converse(fd.get(), number); });
        }
    }

    void converse(int fd, std::size_t number) {
        std::string bytes;
        while (receive(fd, bytes)) {
            while (auto size = request_end(bytes)) {
                auto reply = handler_({number, bytes.substr(0, *size)});
                bytes.erase(0, *size);
                ++requests_;
                if (!send_all(fd, reply)) return;
            }
        }
    }

    bool receive(int fd, std::string& bytes) {
        pollfd wanted[] = {{fd, POLLIN, 0}, {stop_.get(), POLLIN, 0}};
        if (::poll(wanted, 2, -1) <= 0 || wanted[1].revents) return false;
        char piece[65536];
        auto n = ::recv(fd, piece, sizeof piece, 0);
        if (n > 0) bytes.append(piece, static_cast<std::size_t>(n));
        return n > 0;
    }

    static bool send_all(int fd, std::string_view bytes) {
        while (!bytes.empty()) {
            auto n = send_some(fd, bytes.data(), bytes.size());
            if (n < 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }

    Handler handler_;
    Descriptor listener_;
    const std::uint16_t port_;
    WakePipe stop_;
    std::atomic<std::size_t> connections_{0}, requests_{0};
    std::vector<std::thread> threads_;  // of the listener's thread, until it is joined
    std::thread thread_;
};

}  // namespace ferry::testing
