// A listener that never accepts and whose queue is full: connecting to it neither succeeds nor fails. Behind a tunnel
// it is the proxy that keeps its client waiting.
#pragma once

#include "tunnel_entrance.hpp"

#include <ferry/error.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace ferry::testing {

class FullBacklog {
public:
    explicit FullBacklog(bool ipv6 = false, std::uint16_t port = 0)
        : ipv6_(ipv6), listener_(listen_on_loopback(0, 0, ipv6, port)) {
        do {
            waiting_.push_back(begin_to_connect());
        } while (connected(waiting_.back()));
        if (way() == Way::tunnel) tunnel_entrance().never_answer_for(this->port());
    }
    FullBacklog(const FullBacklog&) = delete;
    FullBacklog& operator=(const FullBacklog&) = delete;
    ~FullBacklog() {
        if (way() == Way::tunnel) tunnel_entrance().forget(port());
    }

    // Where a call to it gets stuck.
    Phase phase() const { return way() == Way::tunnel ? Phase::proxy : Phase::connect; }
    std::uint16_t port() const { return local_port(listener_.get()); }
    std::string url() const { return scheme() + "127.0.0.1:" + std::to_string(port()) + "/"; }

private:
    Descriptor begin_to_connect() const {
        auto fd = loopback_socket(ipv6_);
        make_nonblocking(fd.get());
        LoopbackAddress address(ipv6_, port());
        ::connect(fd.get(), generic(address.storage), address.size);
        return fd;
    }

    // On loopback it would have happened at once; the wait is for a busy machine.
    static bool connected(const Descriptor& fd) {
        pollfd wanted{fd.get(), POLLOUT, 0};
        return ::poll(&wanted, 1, 50) > 0;
    }

    const bool ipv6_;
    Descriptor listener_;
    std::vector<Descriptor> waiting_;
};

}  // namespace ferry::testing
