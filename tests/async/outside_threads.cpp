// What threads that do not run the context do for it: its `run` returns when the handler has been called, not before.
// Over TLS and through a tunnel, too.

#include "loopback.hpp"
#include "pieces.hpp"
#include "service.hpp"
#include "signal.hpp"

#include <asio/bind_executor.hpp>
#include <asio/io_context.hpp>

#include <atomic>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

using ferry::Response;

TEST_CASE("a source that answers on a thread of its own does not let the context run out of work",
          "[async][body][threads]") {
    Service service([](const Request& request) { return ok(unchunked(request.body())); });
    asio::io_context io;
    AsyncSession http(io);
    std::vector<std::thread> answering;
    std::string left = "abc";
    auto body = ferry::async_source([&](std::span<char> into, auto done) {
        answering.emplace_back([&left, into, done] {
            std::this_thread::sleep_for(5ms);  // until the context has nothing else to do
            const bool over = left.empty();
            if (!over) into[0] = left.front(), left.erase(0, 1);
            done({}, over ? 0 : 1);
        });
    });
    std::string came;
    http.post(service.url(), {.body = body}, [&](std::error_code ec, Response r) {
        CHECK_FALSE(ec);
        came = r.body;
    });
    io.run();
    CHECK(came == "abc");
    for (auto& t : answering) t.join();
}

TEST_CASE("a request that another thread starts does not let the context run out of work", "[async][threads][plain]") {
    Server server;
    Signal checked_out, returned;
    auto& first = server.accept().answers(ok()).waits_for(checked_out).closes();
    server.accept().answers(ok("new"));
    asio::io_context io;
    std::atomic<bool> second_time{false};
    ferry::SessionOptions options;
    options.hooks.on_request = [&](const ferry::SentRequest&) {
        if (!second_time.exchange(false)) return;
        checked_out.raise();  // the read that the probe has begun on the kept connection ends now
        CHECK_FALSE(returned.wait(100ms));
    };
    AsyncSession http(io, options);
    http.get(server.url(), [](std::error_code ec, Response) { CHECK_FALSE(ec); });
    io.run();
    io.restart();
    std::string came;
    std::thread runner([&] {
        checked_out.wait();
        io.run();
        returned.raise();
    });
    second_time = true;
    http.get(server.url(), [&](std::error_code ec, Response r) {
        CHECK_FALSE(ec);
        came = r.body;
    });
    runner.join();
    CHECK(came == "new");
    CHECK(first.played());
}

TEST_CASE("a request that is refused does not stop a context that has not run yet", "[async]") {
    Service service([](const Request&) { return ok("well"); });
    asio::io_context io, elsewhere;
    AsyncSession http(io);
    std::error_code refused;
    http.get("nonsense:", asio::bind_executor(elsewhere, [&](std::error_code ec, Response) { refused = ec; }));
    std::string came;
    http.get(service.url(), [&](std::error_code, Response r) { came = r.body; });
    io.run();
    elsewhere.run();
    CHECK(refused);
    CHECK(came == "well");
}
