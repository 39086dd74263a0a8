// A loopback server for load: it answers every request on every connection with what a function returns.
#pragma once

#include "acceptor.hpp"
#include "line.hpp"
#include "request.hpp"

#include <atomic>
#include <cstdint>
#include <exception>
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
        : handler_(std::move(handler)), acceptor_([this](Descriptor client) { welcome(std::move(client)); }) {}
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    ~Service() {
        acceptor_.stop();
        stop_.wake();
        for (auto& thread : threads_) thread.join();
    }

    std::uint16_t port() const { return acceptor_.port(); }
    std::string url(std::string_view target = "/") const {
        return scheme() + "127.0.0.1:" + std::to_string(port()) + std::string(target);
    }
    std::size_t connections() const { return connections_; }
    std::size_t requests() const { return requests_; }

private:
    void welcome(Descriptor client) {
        threads_.emplace_back([this, number = ++connections_, fd = client.release()] {
            Line line{Descriptor(fd)};
            try {
                converse(line, number);
            } catch (const std::exception&) {  // its client has broken TLS off
            }
        });
    }

    void converse(Line& line, std::size_t number) {
        std::string bytes;
        while (receive(line, bytes)) {
            while (auto size = request_end(bytes)) {
                auto reply = handler_({number, bytes.substr(0, *size)});
                bytes.erase(0, *size);
                ++requests_;
                if (!send_all(line, reply)) return;
            }
        }
    }

    // False at the end of the connection, or of the service.
    bool receive(Line& line, std::string& bytes) {
        for (;;) {
            const auto came = line.receive(bytes);
            if (came != Line::Came::nothing) return came == Line::Came::something;
            if (!ready(line, POLLIN)) return false;
        }
    }

    bool send_all(Line& line, std::string_view text) {
        while (!text.empty()) {
            for (auto bytes = line.sealed(text); !bytes.empty();) {
                const auto n = send_some(line.fd(), bytes.data(), bytes.size());
                if (n >= 0) bytes.remove_prefix(static_cast<std::size_t>(n));
                else if ((errno != EAGAIN && errno != EINTR) || !ready(line, POLLOUT)) return false;
            }
        }
        return true;
    }

    bool ready(const Line& line, short events) {
        pollfd wanted[] = {{line.fd(), events, 0}, {stop_.get(), POLLIN, 0}};
        return ::poll(wanted, 2, -1) > 0 && !wanted[1].revents;
    }

    Handler handler_;
    WakePipe stop_;
    std::atomic<std::size_t> connections_{0}, requests_{0};
    std::vector<std::thread> threads_;  // of the acceptor's thread, until it has stopped
    Acceptor acceptor_;                 // last: whom it takes in finds the rest
};

}  // namespace ferry::testing
