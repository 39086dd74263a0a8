// The floor: send and recv on one socket, with the least that can still be called HTTP. Ratios are taken to this.
#include "raw_parser.hpp"
#include "raw_socket.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include <poll.h>
#include <sys/time.h>

namespace {

class Connection : public bench::RawSocket {
public:
    explicit Connection(const bench::Run& run) : RawSocket(run, run.host) {}

    void wait() {
        pollfd one{fd(), POLLIN, 0};
        bench::expect(::poll(&one, 1, 30'000) == 1, "the server does not answer");
    }

    // A look at whether something can be read; nothing can.
    void probe() {
        pollfd one{fd(), POLLIN, 0};
        bench::expect(::poll(&one, 1, 0) == 0, "the server says something unasked");
    }
    void limit_receive() {
        timeval limit{30, 0};
        bench::expect(::setsockopt(fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0, "SO_RCVTIMEO");
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

// One exchange after another: `before()` comes first, and `head_in(memory, size)` receives the head.
template <class Before, class Head>
void get_with(bench::Run& run, Connection& connection, Before before, Head head_in) {
    char buffer[head_room];
    run.repeat([&] {
        before();
        connection.send();
        auto head = head_in(buffer, sizeof buffer);
        auto* body = buffer + (head.rest.data() - buffer);
        auto held = head.rest.size();
        while (held < head.length) held += connection.receive(body + held, head.length - held);
        run.small(head.status, {body, held});
    });
}

void get(bench::Run& run) {
    Connection connection(run);
    get_with(
        run, connection, [] {}, [&](char* into, std::size_t size) { return connection.head(into, size); });
}

// The same with what a client cannot do without that probes, has a time limit, and reads heads with llhttp.
void get_guarded(bench::Run& run) {
    Connection connection(run);
    connection.limit_receive();
    bench::RawParser parser;
    get_with(
        run, connection, [&] { connection.probe(); },
        [&](char* into, std::size_t size) {
            return parser.head({into, connection.receive(into, size)});
        });
}

// A connection for each request, of which the server closes its end first, as it said.
void once(bench::Run& run) {
    char buffer[head_room];
    run.repeat([&] {
        Connection connection(run);
        connection.send();
        auto head = connection.head(buffer, sizeof buffer);
        run.small(head.status, head.rest);
        bench::expect(::recv(connection.fd(), buffer, sizeof buffer, 0) == 0, "the server does not close");
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
    return bench::main(argc, argv,
                       {{"get", get},
                        {"get-guarded", get_guarded},
                        {"once", once},
                        {"body8", body8},
                        {"stream256", stream256},
                        {"idle", idle}});
}
