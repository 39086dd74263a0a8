// Boost.Beast: a tcp_stream for each lane on one thread, with callbacks, written as its examples are.
#include "lanes.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <memory>
#include <optional>
#include <vector>

namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace net = boost::asio;

class Client final : public bench::Lanes {
public:
    explicit Client(bench::Run& run) : Lanes(run) {
        for (std::size_t lane = 0; lane < run.concurrency; ++lane)
            connections_.push_back(std::make_unique<Connection>(context_, run.host_of(lane)));
    }

private:
    struct Connection {
        Connection(net::io_context& context, std::string to) : stream(context), host(std::move(to)) {}
        beast::tcp_stream stream;
        beast::flat_buffer buffer;
        std::string host;
        std::optional<http::request<http::empty_body>> request;
        std::optional<http::response<http::string_body>> response;
        bool open = false;
    };

    void work() override {
        context_.restart();
        context_.run();
    }

    void begin(std::size_t lane) override {
        auto& c = *connections_[lane];
        if (c.open) return send(lane);
        net::ip::tcp::endpoint to(net::ip::make_address(c.host), std::uint16_t(std::stoul(run_.port)));
        c.stream.async_connect(to, [this, lane](beast::error_code ec) {
            check(ec);
            connections_[lane]->open = true;
            send(lane);
        });
    }

    void send(std::size_t lane) {
        auto& c = *connections_[lane];
        c.request.emplace(http::verb::get, run_.path, 11);
        c.request->set(http::field::host, c.host);
        c.request->set(http::field::user_agent, "bench");
        http::async_write(c.stream, *c.request, [this, lane](beast::error_code ec, std::size_t) {
            check(ec);
            receive(lane);
        });
    }

    void receive(std::size_t lane) {
        auto& c = *connections_[lane];
        c.response.emplace();
        http::async_read(c.stream, c.buffer, *c.response, [this, lane](beast::error_code ec, std::size_t) {
            check(ec);
            auto response = std::move(*connections_[lane]->response);
            connections_[lane]->response.reset();
            connections_[lane]->request.reset();
            done(lane, int(response.result_int()), response.body());
        });
    }

    static void check(beast::error_code ec) {
        if (ec) bench::fail(ec.message());
    }

    net::io_context context_{1};
    std::vector<std::unique_ptr<Connection>> connections_;
};

}  // namespace

int main(int argc, char** argv) {
    return bench::main(argc, argv, {{"get", bench::get<Client>}, {"idle", bench::idle<Client>}});
}
