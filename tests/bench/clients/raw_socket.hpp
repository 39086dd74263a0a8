// What the raw clients share: the least that can still be called HTTP.
#pragma once

#include "harness.hpp"

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bench {

class RawSocket {
public:
    RawSocket(const Run& run, const std::string& host)
        : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
          request_("GET " + run.path + " HTTP/1.1\r\nHost: " + host + ":" + run.port +
                   "\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n") {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(std::uint16_t(std::stoul(run.port)));
        expect(::inet_pton(AF_INET, host.c_str(), &to.sin_addr) == 1, "the host must be an IPv4 address");
        expect(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0, "cannot connect");
        int one = 1;
        ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    }

    RawSocket(const RawSocket&) = delete;
    ~RawSocket() { ::close(fd_); }

    int fd() const { return fd_; }
    const std::string& request() const { return request_; }

    void send() {
        expect(::send(fd_, request_.data(), request_.size(), MSG_NOSIGNAL) == ssize_t(request_.size()), "cannot send");
    }

    std::size_t receive(char* into, std::size_t size) {
        auto n = ::recv(fd_, into, size, 0);
        expect(n > 0, "the server closed the connection");
        return std::size_t(n);
    }

private:
    int fd_;
    std::string request_;
};

// What a head says, once it is there; body bytes may follow it.
struct RawHead {
    int status;
    std::size_t length;
    std::string_view rest;

    static std::optional<RawHead> in(std::string_view text) {
        auto end = text.find("\r\n\r\n");
        if (end == text.npos) return std::nullopt;
        auto field = text.find("Content-Length: ");
        expect(text.starts_with("HTTP/1.1 ") && field < end, "not the expected response");
        return RawHead{std::atoi(text.data() + 9), std::strtoull(text.data() + field + 16, nullptr, 10),
                       text.substr(end + 4)};
    }
};

}  // namespace bench
