// What an asynchronous client on Asio and llhttp cannot do without: a socket for each lane, a look for bytes before
// each request (the first try of the read that the response comes into), and the head read with llhttp. No pool, no
// deadlines, no response.
#include "lanes.hpp"
#include "raw_parser.hpp"

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <memory>
#include <system_error>
#include <vector>

namespace {

class Client final : public bench::Lanes {
public:
    explicit Client(bench::Run& run) : Lanes(run) {
        for (std::size_t lane = 0; lane < run.concurrency; ++lane)
            connections_.push_back(std::make_unique<Connection>(run, run.host_of(lane), context_));
    }

private:
    struct Connection {
        Connection(const bench::Run& run, const std::string& host, asio::io_context& context)
            : raw(run, host), socket(context, asio::ip::tcp::v4(), ::dup(raw.fd())) {
            socket.non_blocking(true);
        }
        bench::RawSocket raw;
        asio::ip::tcp::socket socket;
        bench::RawParser parser;
        char received[1024];
    };

    void work() override {
        context_.restart();
        context_.run();
    }

    void begin(std::size_t lane) override {
        auto& c = *connections_[lane];
        c.socket.async_read_some(asio::buffer(c.received), [this, lane](std::error_code ec, std::size_t n) {
            if (ec) bench::fail(ec.message());
            auto& held = *connections_[lane];
            auto head = held.parser.head({held.received, n});
            done(lane, head.status, head.rest);
        });
        c.raw.send();
    }

    asio::io_context context_{1};
    std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace

int main(int argc, char** argv) { return bench::main(argc, argv, {{"get", bench::get<Client>}}); }
