// The floor: send and recv on one socket, with the least that can still be called HTTP. Ratios are taken to this.
#include "raw_socket.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include <poll.h>

namespace {

class Connection : public bench::RawSocket {
public:
    explicit Connection(const bench::Run& run) : RawSocket(run, run.host) {}

    void wait() {
        pollfd one{fd(), POLLIN, 0};
        bench::expect(::poll(&one, 1, 30'000) == 1, "the server does not answer");
    }

    // Receives up to the end of the head.
    bench::RawHead head(char* into, std::size_t size) {
        for (std::size_t held = 0; held < size;) {
            held += receive(into + held, size - held);
            if (auto found = bench::RawHead::in({into, held})) return *found;
        }
        bench::fail("the head is too long");
    }
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
