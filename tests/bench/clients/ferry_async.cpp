// ferry: one AsyncSession on one thread, with callbacks.
#include "lanes.hpp"

#include <ferry/async.hpp>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;

class Client : public bench::Lanes {
public:
    explicit Client(bench::Run& run)
        : Lanes(run),
          session_(context_, {.pool = {.max_idle_per_host = run.concurrency, .max_idle = run.concurrency}}) {
        for (std::size_t lane = 0; lane < run.concurrency; ++lane) urls_.push_back(run.url_of(lane));
    }

protected:
    void begin(std::size_t lane) override {
        session_.get(urls_[lane], [this, lane](std::error_code ec, const ferry::Response& response) {
            if (ec) bench::fail(ec.message());
            done(lane, response.status, response.body);
        });
    }

    void work() override {
        context_.restart();
        context_.run();
    }

    asio::io_context context_{1};
    ferry::AsyncSession session_;
    std::vector<std::string> urls_;
};

class ClientWithDeadline : public Client {
    using Client::Client;

protected:
    void begin(std::size_t lane) override {
        session_.get(urls_[lane], {.timeout = 30s}, [this, lane](std::error_code ec, const ferry::Response& response) {
            if (ec) bench::fail(ec.message());
            done(lane, response.status, response.body);
        });
    }
};

// Once idle for long enough, connections are watched; what that takes counts.
class IdleClient : public Client {
    using Client::Client;

protected:
    void work() override {
        Client::work();
        bench::expect(session_.stats().idle == run_.count, "the connections did not all become idle");
        context_.restart();
        auto guard = asio::make_work_guard(context_);
        context_.run_for(200ms);
    }
};

// Opened one after another, and then used by fewer requests at once: what connections take by themselves, without the
// memory of calls that as many requests at once leave behind.
class PreconnectedClient : public IdleClient {
public:
    explicit PreconnectedClient(bench::Run& run) : IdleClient(run) {
        for (std::size_t left = run.count; left > 0; --left) {
            session_.async_preconnect(urls_[0], [](std::error_code ec) {
                if (ec) bench::fail(ec.message());
            });
            Client::work();
        }
        run.concurrency = 10;
    }
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main(argc, argv,
                       {{"get", bench::get<Client>},
                        {"get-timeout", bench::get<ClientWithDeadline>},
                        {"idle", bench::idle<IdleClient>},
                        {"idle-preconnected", bench::idle<PreconnectedClient>}});
}
