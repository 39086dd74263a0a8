// A network that has changed: by the caller's word, or because the machine has slept. And connections opened ahead of
// need. This program has a clock_gettime of its own in front of the system's, so that its clock on the wall can jump.

#include "background.hpp"
#include "loopback.hpp"
#include "service.hpp"

#include <atomic>
#include <cstdint>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

using ferry::DiscardReason;
using ferry::errc;

#ifdef __linux__
namespace {

std::atomic<std::time_t> seconds_slept{0};

// The machine sleeps for a while: the monotonic clock stands still.
class Sleep {
public:
    explicit Sleep(std::time_t seconds) : seconds_(seconds) { seconds_slept += seconds; }
    ~Sleep() { seconds_slept -= seconds_; }

private:
    std::time_t seconds_;
};

}  // namespace

extern "C" int clock_gettime(clockid_t id, timespec* t) noexcept {
    const auto failed = ::syscall(SYS_clock_gettime, id, t);
    if (failed == 0 && id == CLOCK_REALTIME_COARSE) t->tv_sec += seconds_slept;
    return static_cast<int>(failed);
}

TEST_CASE("a machine that has slept does not use the connections of before", "[session][network]") {
    Server one, other;
    one.accept().answers(ok("before")).answers(ok("still")).sees_the_end().closes();
    one.accept().answers(ok("after")).answers(ok("on")).sees_the_end().closes();
    other.accept().answers(ok()).sees_the_end().closes();
    Session session;
    session.get(one.url());
    session.get(other.url());
    {
        Sleep nap(3);
        CHECK(session.get(one.url()).connection.reused);
    }
    Sleep night(8 * 3600);
    const auto r = session.post(one.url(), {.body = "not repeatable"});
    CHECK(r.body == "after");
    CHECK_FALSE(r.connection.reused);
    CHECK(session.stats().discarded[DiscardReason::network_changed] == 2);
    CHECK(session.get(one.url()).connection.reused);
    CHECK(session.stats().discarded.total() == 2);
}

TEST_CASE("a clock that is set back makes nothing suspect", "[session][network]") {
    Server server;
    server.accept().answers(ok()).answers(ok()).answers(ok());
    Session session;
    {
        Sleep before_the_first(3600);
        session.get(server.url());
        CHECK(session.get(server.url()).connection.reused);
    }
    CHECK(session.get(server.url()).connection.reused);
}

TEST_CASE("a machine that has slept is noticed once by many threads", "[session][network][threads]") {
    Service service([](const Request&) { return ok(); });
    Session session;
    session.preconnect(service.url(), 8);
    session.get(service.url());
    Sleep night(3600);
    std::vector<std::future<bool>> calls;
    for (int i = 0; i < 4; ++i) calls.push_back(in_background([&] { return session.get(service.url()).ok(); }));
    for (auto& call : calls) CHECK(call.get());
    CHECK(session.stats().discarded[DiscardReason::network_changed] >= 8);
    CHECK(session.get(service.url()).connection.reused);
}
#endif

TEST_CASE("prune(all) closes idle connections in good order too", "[session][network][A7]") {
    Server one, other;
    one.accept().answers(ok()).sees_the_end().closes();
    one.accept().answers(ok("again"));
    other.accept().answers(ok()).sees_the_end().closes();
    Session session;
    CHECK(session.prune(ferry::all) == 0);
    session.get(one.url());
    session.get(other.url());
    CHECK(session.prune() == 0);
    CHECK(session.prune(ferry::all) == 2);
    CHECK(session.stats().idle == 0);
    CHECK(session.stats().discarded[DiscardReason::network_changed] == 2);
    CHECK_FALSE(session.get(one.url()).connection.reused);
}

TEST_CASE("prune(all) leaves connections in use alone", "[session][network]") {
    Server server;
    Signal pruned;
    server.accept().reads_request().sends(head("Content-Length: 4\r\n")).waits_for(pruned).sends("body").answers(ok());
    Session session;
    auto stream = session.stream(server.url());
    CHECK(session.prune(ferry::all) == 0);
    pruned.raise();
    CHECK(stream.read() == "body");
    CHECK(session.get(server.url()).connection.reused);
}

TEST_CASE("prune(all) forgets which addresses have failed", "[session][network][K2]") {
    std::vector<ferry::Endpoint> closed(3, *ferry::detail::parse_address("127.0.0.1"));
    for (auto& e : closed) e.port = local_port(listen_on_loopback().get());
    std::vector<ferry::Endpoint> found;
    Session session({.resolver = [&](const std::string&, std::uint16_t) { return found; }});
    auto first_of = [&](std::vector<ferry::Endpoint> addresses) {
        found = std::move(addresses);
        const auto error = error_of([&] { session.get("http://two.test/"); });
        for (auto& e : closed)
            if (says(error, to_string(e))) return e;
        return ferry::Endpoint();
    };
    CHECK(first_of({closed[0]}) == closed[0]);
    CHECK(first_of({closed[0], closed[1]}) == closed[1]);  // the one that has failed comes last
    session.prune(ferry::all);
    CHECK(first_of({closed[0], closed[2]}) == closed[0]);
}

TEST_CASE("connections are opened ahead of need", "[session][preconnect]") {
    Service service([](const Request&) { return ok(); });
    Session session;
    session.preconnect(service.url());
    CHECK(session.stats().idle == 1);
    session.preconnect(service.url("/any/path"), 3);
    CHECK(session.stats().idle == 4);
    CHECK(session.stats().opened == 4);
    CHECK(session.stats().in_use == 0);
    const auto r = session.get(service.url());
    CHECK(r.connection.reused);
    CHECK(r.connection.requests == 1);
    CHECK(session.stats().opened == 4);
    session.preconnect(service.url(), 0);
    CHECK(session.stats().opened == 4);
}

TEST_CASE("at a limit no more are opened ahead of need, and none closed for it", "[session][preconnect][A13]") {
    Service service([](const Request&) { return ok(); });
    auto check_most = [&](ferry::PoolLimits limits, std::size_t most) {
        Session session({.pool = limits});
        std::error_code ec = errc::cancelled;
        session.preconnect(service.url(), 5, ec);
        CHECK_FALSE(ec);
        CHECK(session.stats().idle == most);
        CHECK(session.stats().opened == most);
        session.preconnect(service.url(), 2);
        CHECK(session.stats().opened == most);
    };
    check_most({.max_idle_per_host = 2}, 2);
    check_most({.max_idle = 3}, 3);
    check_most({.max_per_host = 4}, 4);
    check_most({.max_total = 1}, 1);
    check_most({.max_idle_per_host = 0}, 0);
}

TEST_CASE("what is in use counts when connections are opened ahead of need", "[session][preconnect]") {
    Server server;
    Signal done;
    server.accept().reads_request().sends(head("Content-Length: 4\r\n")).waits_for(done).sends("body");
    server.accept();
    Session session({.pool = {.max_per_host = 2}});
    auto stream = session.stream(server.url());
    session.preconnect(server.url(), 5);
    CHECK(session.stats().opened == 2);
    done.raise();
    CHECK(stream.read() == "body");
}

TEST_CASE("what cannot be opened ahead of need is an error", "[session][preconnect]") {
    const auto closed = "http://127.0.0.1:" + std::to_string(local_port(listen_on_loopback().get()));
    Session session;
    CHECK(error_of([&] { session.preconnect(closed, 3); }).code() == std::errc::connection_refused);
    std::error_code ec;
    session.preconnect("no url", 1, ec);
    CHECK(ec == ferry::condition::input);
    CHECK(session.stats().in_use == 0);
    session.close();
    session.preconnect(closed, 1, ec);
    CHECK(ec == errc::pool_closed);
}
