// ferry_gateway PORT BACKEND: a server of Asio's that asks a backend with co_await, on connections that it keeps. It
// serves GET on loopback until it is interrupted: `ferry_gateway 8080 http://127.0.0.1:9000`.
#include <ferry/async.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read_until.hpp>
#include <asio/signal_set.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>

using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;

namespace {

// What the backend says, or that it says nothing.
awaitable<std::string> ask(ferry::AsyncSession& backend, std::string target) {
    std::string status = "502 Bad Gateway", body;
    try {
        ferry::Response r = co_await backend.get(target, use_awaitable);
        status = std::to_string(r.status) + " " + r.reason;
        body = std::move(r.body);
    } catch (const std::system_error& e) {
        body = e.what();
    }
    co_return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

awaitable<void> serve(tcp::socket client, ferry::AsyncSession& backend) {
    try {
        for (std::string bytes;;) {
            auto size = co_await asio::async_read_until(client, asio::dynamic_buffer(bytes, 16 * 1024), "\r\n\r\n",
                                                        use_awaitable);
            auto line = bytes.substr(0, bytes.find('\r'));
            bytes.erase(0, size);
            if (!line.starts_with("GET ")) co_return;
            auto target = line.substr(4, line.find(' ', 4) - 4);
            auto answer = co_await ask(backend, std::move(target));
            co_await asio::async_write(client, asio::buffer(answer), use_awaitable);
        }
    } catch (const std::system_error&) {  // the client has gone
    }
}

awaitable<void> listen(tcp::acceptor acceptor, ferry::AsyncSession& backend) {
    for (;;) {
        auto client = co_await acceptor.async_accept(use_awaitable);
        asio::co_spawn(acceptor.get_executor(), serve(std::move(client), backend), asio::detached);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return std::fprintf(stderr, "usage: %s PORT BACKEND\n", argv[0]), 2;
    try {
        asio::io_context io;
        ferry::AsyncSession backend(io, {.base_url = argv[2], .timeout = std::chrono::seconds(5)});
        tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), static_cast<unsigned short>(std::atoi(argv[1]))});
        std::printf("listening on port %d\n", acceptor.local_endpoint().port());
        std::fflush(stdout);
        asio::signal_set signals(io, SIGINT, SIGTERM);
        signals.async_wait([&](std::error_code, int) { io.stop(); });
        asio::co_spawn(io, listen(std::move(acceptor), backend), asio::detached);
        io.run();
    } catch (const std::exception& e) {
        return std::fprintf(stderr, "%s\n", e.what()), 1;
    }
}
