// One session shared by many threads.
// Over TLS and through a tunnel, too.

#include "background.hpp"
#include "loopback.hpp"
#include "service.hpp"

#include <atomic>
#include <future>
#include <vector>

namespace {

// Runs the work on that many threads at once; the sum of what they return.
template <class Work> std::size_t on_threads(unsigned n, Work work) {
    std::vector<std::future<std::size_t>> all;
    for (unsigned i = 0; i < n; ++i) all.push_back(in_background([&work, i] { return work(i); }));
    std::size_t sum = 0;
    for (auto& each : all) sum += each.get();
    return sum;
}

std::string echo(const Request& request) { return ok(request.target()); }

}  // namespace

TEST_CASE("fifty threads share a session of at most five connections", "[session][threads][A13]") {
    Service service(echo);
    Session session({.pool = {.max_per_host = 5}});
    auto right = on_threads(50, [&](unsigned thread) {
        std::size_t n = 0;
        for (int i = 0; i < 20; ++i) {
            auto target = "/" + std::to_string(thread) + "/" + std::to_string(i);
            n += session.get(service.url(target)).body == target;
        }
        return n;
    });
    CHECK(right == 1000);
    CHECK(service.connections() <= 5);
    auto stats = session.stats();
    CHECK(stats.opened == service.connections());
    CHECK(stats.reused == 1000 - stats.opened);
    CHECK(stats.in_use == 0);
    CHECK(stats.waiting == 0);
}

TEST_CASE("threads share a session with servers that close as they please", "[session][threads][A2]") {
    std::atomic<unsigned> count{0};
    Service service(
        [&](const Request& request) { return ok(request.target(), ++count % 7 == 0 ? "Connection: close\r\n" : ""); });
    Session session({.pool = {.max_idle_per_host = 3, .max_per_host = 4}});
    auto right = on_threads(16, [&](unsigned thread) {
        std::size_t n = 0;
        auto target = "/" + std::to_string(thread);
        for (int i = 0; i < 50; ++i) n += session.get(service.url(target)).body == target;
        return n;
    });
    CHECK(right == 800);
    CHECK(session.stats().in_use == 0);
}

TEST_CASE("threads may time out, stop and close a session under each other", "[session][threads][A13]") {
    std::atomic<unsigned> count{0};
    Service service([&](const Request& request) {
        if (++count % 5 == 0) std::this_thread::sleep_for(5ms);
        return ok(request.target());
    });
    Session session({.read_timeout = 3ms, .pool = {.max_per_host = 3}});
    auto wrong = on_threads(12, [&](unsigned thread) {
        std::size_t n = 0;
        auto target = "/" + std::to_string(thread);
        for (int i = 0; i < 40; ++i) {
            std::stop_source stop;
            if (i % 8 == 0) stop.request_stop();
            std::error_code ec;
            auto r = session.get(service.url(target), {.stop = stop.get_token()}, ec);
            n += !ec && r.body != target;
            if (thread == 0 && i == 30) session.close();
            if (i % 10 == 0) session.prune(), session.stats();
        }
        return n;
    });
    CHECK(wrong == 0);
    auto stats = session.stats();
    CHECK(stats.idle == 0);
    CHECK(stats.in_use == 0);
    CHECK(stats.waiting == 0);
    CHECK(stats.discarded.total() == stats.opened);
}
