// What every server of the tests begins with: a port of loopback, and a thread that takes in who comes there; or, where
// tests go through a tunnel, who comes out of it.
#pragma once

#include "tunnel_entrance.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <utility>

namespace ferry::testing {

struct AcceptorOptions {
    // Bytes; small to make the client's writes block early. Not through a tunnel: there the connection is open already,
    // and what is in flight would be dropped.
    int receive_buffer = 0;
    bool ipv6 = false;
    std::string path = {};  // of a unix domain socket, in place of a port
};

class Acceptor {
public:
    using Welcome = std::function<void(Descriptor)>;

    // `welcome` is called for one connection at a time, and no more once `stop` has returned.
    explicit Acceptor(Welcome welcome, AcceptorOptions options = {})
        : welcome_(std::move(welcome)),
          listener_(options.path.empty() ? listen_on_loopback(128, options.receive_buffer, options.ipv6)
                                         : listen_at(options.path)),
          port_(local_port(listener_.get())) {
        if (way() == Way::tunnel) tunnel_entrance().lead_to(port_, welcome_);
        thread_ = std::thread([this] { serve(); });
    }
    Acceptor(const Acceptor&) = delete;
    Acceptor& operator=(const Acceptor&) = delete;
    ~Acceptor() { stop(); }

    std::uint16_t port() const { return port_; }

    // First takes in those that wait for it.
    void stop() {
        if (!thread_.joinable()) return;
        if (way() == Way::tunnel) tunnel_entrance().forget(port_);
        quit_.wake();
        thread_.join();
    }

private:
    void serve() {
        pollfd wanted[] = {{listener_.get(), POLLIN, 0}, {quit_.get(), POLLIN, 0}};
        for (auto quit = false; !quit;) {
            ::poll(wanted, 2, -1);
            quit = wanted[1].revents != 0;
            while (auto client = Descriptor(::accept(listener_.get(), nullptr, nullptr))) take_in(std::move(client));
        }
    }
    void take_in(Descriptor client) {
        ::fcntl(client.get(), F_SETFD, FD_CLOEXEC);
        if (way() != Way::tunnel) welcome_(std::move(client));  // else it came past the proxy, which is a fault
    }

    const Welcome welcome_;
    Descriptor listener_;
    const std::uint16_t port_;
    WakePipe quit_;
    std::thread thread_;
};

}  // namespace ferry::testing
