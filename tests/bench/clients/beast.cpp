// Boost.Beast: a synchronous tcp_stream kept open, written as its examples are.
#include "harness.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <limits>
#include <memory>
#include <vector>

namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace net = boost::asio;

constexpr auto unlimited = std::numeric_limits<std::uint64_t>::max();

class Connection {
public:
    Connection(net::io_context& context, const bench::Run& run) : stream_(context) {
        net::ip::tcp::resolver resolver(context);
        stream_.connect(resolver.resolve(run.host, run.port));
    }

    void send(const bench::Run& run) {
        http::request<http::empty_body> request{http::verb::get, run.path, 11};
        request.set(http::field::host, run.host);
        request.set(http::field::user_agent, "bench");
        http::write(stream_, request);
    }

    http::response<http::string_body> receive() {
        http::response<http::string_body> response;
        http::read(stream_, buffer_, response);
        return response;
    }

    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
};

void get(bench::Run& run) {
    net::io_context context;
    Connection connection(context, run);
    run.repeat([&] {
        connection.send(run);
        auto response = connection.receive();
        run.small(int(response.result_int()), response.body());
    });
}

// A stream for each request, which the server closes.
void once(bench::Run& run) {
    net::io_context context;
    run.repeat([&] {
        Connection connection(context, run);
        connection.send(run);
        auto response = connection.receive();
        run.small(int(response.result_int()), response.body());
    });
}

// A fresh flat_buffer makes Beast read 512 bytes at a time; one that was given room makes it read as much as fits.
constexpr std::size_t roomy = 64 * 1024;

void body8(bench::Run& run, std::size_t room) {
    net::io_context context;
    Connection connection(context, run);
    connection.buffer_.reserve(room);
    run.repeat([&] {
        connection.send(run);
        http::response_parser<http::string_body> parser;
        parser.body_limit(unlimited);
        http::read(connection.stream_, connection.buffer_, parser);
        run.large(int(parser.get().result_int()), parser.get().body());
    });
}

void stream256(bench::Run& run, std::size_t room) {
    net::io_context context;
    Connection connection(context, run);
    connection.buffer_.reserve(room);
    std::vector<char> chunk(roomy);
    run.repeat([&] {
        connection.send(run);
        http::response_parser<http::buffer_body> parser;
        parser.body_limit(unlimited);
        http::read_header(connection.stream_, connection.buffer_, parser);
        auto& body = parser.get().body();
        while (!parser.is_done()) {
            body.data = chunk.data();
            body.size = chunk.size();
            beast::error_code ec;
            http::read(connection.stream_, connection.buffer_, parser, ec);
            if (ec && ec != http::error::need_buffer) throw beast::system_error(ec);
            run.chunk(chunk.data(), chunk.size() - body.size);
        }
        run.streamed(int(parser.get().result_int()));
    });
}

// Beast has no pool: what a program keeps of an idle connection is its stream and its buffer.
void idle(bench::Run& run) {
    net::io_context context;
    std::vector<std::unique_ptr<Connection>> connections(run.count);
    run.hold([&] {
        for (auto& connection : connections) {
            connection = std::make_unique<Connection>(context, run);
            connection->send(run);
            auto response = connection->receive();
            run.small(int(response.result_int()), response.body());
        }
    });
}

}  // namespace

int main(int argc, char** argv) {
    return bench::main(argc, argv,
                       {{"get", get},
                        {"once", once},
                        {"body8", [](bench::Run& run) { body8(run, 0); }},
                        {"body8-roomy", [](bench::Run& run) { body8(run, roomy); }},
                        {"stream256", [](bench::Run& run) { stream256(run, 0); }},
                        {"stream256-roomy", [](bench::Run& run) { stream256(run, roomy); }},
                        {"idle", idle}});
}
