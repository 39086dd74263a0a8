// The floor of the asynchronous clients: one thread, epoll, a socket for each lane. Ratios are taken to this.
#include "lanes.hpp"
#include "raw_socket.hpp"

#include <memory>
#include <vector>

#include <sys/epoll.h>

namespace {

struct Connection : bench::RawSocket {
    using RawSocket::RawSocket;
    char received[1024];
    std::size_t held = 0;
};

class Client final : public bench::Lanes {
public:
    explicit Client(bench::Run& run) : Lanes(run), queue_(::epoll_create1(EPOLL_CLOEXEC)) {
        for (std::size_t lane = 0; lane < run.concurrency; ++lane) {
            connections_.push_back(std::make_unique<Connection>(run, run.host_of(lane)));
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.u64 = lane;
            bench::expect(::epoll_ctl(queue_, EPOLL_CTL_ADD, connections_.back()->fd(), &event) == 0, "epoll_ctl");
        }
    }
    ~Client() override { ::close(queue_); }

private:
    void begin(std::size_t lane) override { connections_[lane]->send(); }

    void work() override {
        epoll_event events[128];
        while (under_way()) {
            int ready = ::epoll_wait(queue_, events, 128, 30'000);
            bench::expect(ready > 0, "the server does not answer");
            for (int i = 0; i < ready; ++i) receive(events[i].data.u64);
        }
    }

    void receive(std::size_t lane) {
        auto& c = *connections_[lane];
        c.held += c.receive(c.received + c.held, sizeof c.received - c.held);
        auto head = bench::RawHead::in({c.received, c.held});
        if (!head || head->rest.size() < head->length) return bench::expect(c.held < sizeof c.received, "too much");
        c.held = 0;
        done(lane, head->status, head->rest);
    }

    int queue_;
    std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main(argc, argv, {{"get", bench::get<Client>}, {"idle", bench::idle<Client>}});
}
