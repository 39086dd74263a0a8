// The least program that does a GET with Boost.Beast; measured for its compile time.
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <cstdio>

namespace http = boost::beast::http;

int main(int, char** argv) {
    boost::asio::io_context context;
    boost::asio::ip::tcp::resolver resolver(context);
    boost::beast::tcp_stream stream(context);
    stream.connect(resolver.resolve(argv[1], argv[2]));
    http::request<http::empty_body> request{http::verb::get, argv[3], 11};
    request.set(http::field::host, argv[1]);
    http::write(stream, request);
    boost::beast::flat_buffer buffer;
    http::response<http::string_body> response;
    http::read(stream, buffer, response);
    std::printf("%u\n", response.result_int());
}
