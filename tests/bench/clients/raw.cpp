// The floor: send and recv on one socket, with the least that can still be called HTTP. Ratios are taken to this.
#include "harness.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

class Connection {
public:
    explicit Connection(const bench::Run& run)
        : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
          request_("GET " + run.path + " HTTP/1.1\r\nHost: " + run.host + ":" + run.port +
                   "\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n") {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(std::uint16_t(std::stoul(run.port)));
        bench::expect(::inet_pton(AF_INET, run.host.c_str(), &to.sin_addr) == 1, "the host must be an IPv4 address");
        bench::expect(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0, "cannot connect");
        int one = 1;
        ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    }

    Connection(const Connection&) = delete;
    ~Connection() { ::close(fd_); }

    void send() {
        bench::expect(::send(fd_, request_.data(), request_.size(), MSG_NOSIGNAL) == ssize_t(request_.size()),
                      "cannot send");
    }

    std::size_t receive(char* into, std::size_t size) {
        auto n = ::recv(fd_, into, size, 0);
        bench::expect(n > 0, "the server closed the connection");
        return std::size_t(n);
    }

    void wait() {
        pollfd one{fd_, POLLIN, 0};
        bench::expect(::poll(&one, 1, 30'000) == 1, "the server does not answer");
    }

    // Receives up to the end of the head and says what it held; body bytes may follow it in the buffer.
    struct Head {
        int status;
        std::size_t length;
        std::string_view rest;
    };
    Head head(char* into, std::size_t size) {
        std::size_t held = 0, end = std::string_view::npos;
        std::string_view text;
        while (end == text.npos) {
            bench::expect(held < size, "the head is too long");
            held += receive(into + held, size - held);
            text = {into, held};
            end = text.find("\r\n\r\n");
        }
        auto field = text.find("Content-Length: ");
        bench::expect(text.starts_with("HTTP/1.1 ") && field < end, "not the expected response");
        return {std::atoi(into + 9), std::strtoull(into + field + 16, nullptr, 10), text.substr(end + 4)};
    }

private:
    int fd_;
    std::string request_;
};

constexpr std::size_t head_room = 16 * 1024;

void get(bench::Run& run) {
    Connection connection(run);
    char buffer[head_room];
    run.repeat([&] {
        connection.send();
        auto head = connection.head(buffer, sizeof buffer);
        auto* body = buffer + (head.rest.data() - buffer);
        auto held = head.rest.size();
        while (held < head.length) held += connection.receive(body + held, head.length - held);
        run.small(head.status, {body, held});
    });
}

void body8(bench::Run& run) {
    Connection connection(run);
    char buffer[head_room];
    run.repeat([&] {
        connection.send();
        auto head = connection.head(buffer, sizeof buffer);
        std::unique_ptr<char[]> body(new char[head.length]);
        auto held = head.rest.copy(body.get(), head.rest.size());
        while (held < head.length) held += connection.receive(body.get() + held, head.length - held);
        run.large(head.status, {body.get(), held});
    });
}

void stream256(bench::Run& run) {
    Connection connection(run);
    std::vector<char> buffer(256 * 1024);
    run.repeat([&] {
        connection.send();
        auto head = connection.head(buffer.data(), buffer.size());
        run.chunk(head.rest.data(), head.rest.size());
        for (auto left = head.length - head.rest.size(); left > 0;) {
            connection.wait();
            auto n = connection.receive(buffer.data(), std::min(left, buffer.size()));
            run.chunk(buffer.data(), n);
            left -= n;
        }
        run.streamed(head.status);
    });
}

void idle(bench::Run& run) {
    std::vector<std::unique_ptr<Connection>> connections(run.count);
    char buffer[head_room];
    run.hold([&] {
        for (auto& connection : connections) {
            connection = std::make_unique<Connection>(run);
            connection->send();
            auto head = connection->head(buffer, sizeof buffer);
            run.small(head.status, head.rest);
        }
    });
}

}  // namespace

int main(int argc, char** argv) {
    return bench::main(argc, argv, {{"get", get}, {"body8", body8}, {"stream256", stream256}, {"idle", idle}});
}
