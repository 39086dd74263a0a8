// What the asynchronous clients share: so many lanes beside each other, on each of which one exchange follows another.
#pragma once

#include "harness.hpp"

#include <cstddef>
#include <memory>
#include <string_view>

namespace bench {

class Lanes {
public:
    explicit Lanes(Run& run) : run_(run) {}
    Lanes(const Lanes&) = delete;
    virtual ~Lanes() = default;

    // So many exchanges, as many at once as there are lanes.
    void exchange(std::size_t number) {
        wanted_ = number;
        begun_ = finished_ = 0;
        for (std::size_t lane = 0; lane < run_.concurrency && begun_ < wanted_; ++lane) next(lane);
        work();
        expect(finished_ == wanted_, "not every exchange came to its end");
    }

protected:
    virtual void begin(std::size_t lane) = 0;  // starts an exchange, and does not wait
    virtual void work() = 0;                   // until nothing is under way

    bool under_way() const { return finished_ < begun_; }

    // The exchange on a lane was received.
    void done(std::size_t lane, int status, std::string_view body) {
        run_.small(status, body);
        ++finished_;
        if (begun_ < wanted_) next(lane);
    }

    Run& run_;

private:
    void next(std::size_t lane) {
        ++begun_;
        begin(lane);
    }

    std::size_t wanted_ = 0, begun_ = 0, finished_ = 0;
};

template <class Client> void get(Run& run) {
    Client client(run);
    run.in_two_parts([&](std::size_t number) { client.exchange(number); });
}

// As many connections as exchanges; all are idle in the end.
template <class Client> void idle(Run& run) {
    std::unique_ptr<Client> client;
    run.concurrency = run.count;
    run.hold([&] {
        client = std::make_unique<Client>(run);
        client->exchange(run.count);
    });
}

}  // namespace bench
