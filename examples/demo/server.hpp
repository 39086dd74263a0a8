// A small HTTP/1.1 server on loopback, for the demo: it answers every request with the same text, and closes a
// connection that has been idle for its keep-alive time. One thread, plain sockets.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace demo {

/// A descriptor that is closed when nobody needs it.
class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {
        if (fd < 0) throw std::system_error(errno, std::system_category(), "the demo's server");
        ::fcntl(fd, F_SETFD, FD_CLOEXEC);
        ::fcntl(fd, F_SETFL, O_NONBLOCK);
    }
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    int number() const noexcept { return fd_; }

private:
    int fd_;
};

class Server {
public:
    explicit Server(std::chrono::milliseconds keep_alive)
        : keep_alive_(keep_alive), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        auto fd = listener_.number();
        if (::bind(fd, generic, size) != 0 || ::listen(fd, 16) != 0 || ::getsockname(fd, generic, &size) != 0)
            throw std::system_error(errno, std::system_category(), "the demo's server");
        port_ = ntohs(address.sin_port);
        thread_ = std::jthread([this](std::stop_token stop) { serve(stop); });
    }

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

private:
    using clock = std::chrono::steady_clock;

    struct Connection {
        Descriptor socket;
        std::string received{};
        clock::time_point last = clock::now();
        bool done = false;
    };

    void serve(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            std::vector<pollfd> fds{{listener_.number(), POLLIN, 0}};
            for (auto& c : connections_) fds.push_back({c.socket.number(), POLLIN, 0});
            ::poll(fds.data(), static_cast<nfds_t>(fds.size()), 10);
            for (std::size_t i = 1; i < fds.size(); ++i)
                if (fds[i].revents != 0) receive(connections_[i - 1]);
            if (fds[0].revents != 0) accept();
            std::erase_if(connections_, [&](auto& c) { return c.done || clock::now() - c.last >= keep_alive_; });
        }
    }

    void accept() {
        auto fd = ::accept(listener_.number(), nullptr, nullptr);
        if (fd < 0) return;
#ifdef SO_NOSIGPIPE
        int on = 1;
        ::setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
        connections_.push_back({Descriptor(fd)});
    }

    void receive(Connection& c) {
        char buffer[4096];
        auto n = ::recv(c.socket.number(), buffer, sizeof buffer, 0);
        if (n <= 0) {
            c.done = n == 0 || (errno != EAGAIN && errno != EINTR);
            return;
        }
        c.last = clock::now();
        c.received.append(buffer, static_cast<std::size_t>(n));
        for (auto end = c.received.find("\r\n\r\n"); end != std::string::npos; end = c.received.find("\r\n\r\n")) {
            answer(c, std::string_view(c.received).substr(0, end));
            c.received.erase(0, end + 4);
        }
        if (c.received.size() > 64 * 1024) c.done = true;
    }

    void answer(Connection& c, std::string_view head) {
        if (c.done) return;
        c.done = says_close(head);
        std::string_view body = "Hello from the far side.\n";
        auto text = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) +
                    (c.done ? "\r\nConnection: close" : "") + "\r\n\r\n" + std::string(body);
        int flags = 0;
#ifdef MSG_NOSIGNAL
        flags |= MSG_NOSIGNAL;
#endif
#ifdef MSG_MORE
        if (c.done) flags |= MSG_MORE;  // the FIN leaves with the answer, so the server is the first to close
#endif
        ::send(c.socket.number(), text.data(), text.size(), flags);
    }

    static bool says_close(std::string_view head) {
        std::string lower(head);
        std::transform(lower.begin(), lower.end(), lower.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        return lower.find("\r\nconnection: close") != std::string::npos;
    }

    const std::chrono::milliseconds keep_alive_;
    Descriptor listener_;
    std::uint16_t port_ = 0;
    std::vector<Connection> connections_;
    std::jthread thread_;  // last: it stops before what it works with goes
};

}  // namespace demo
