// Limits of the pool: who waits, for how long and in which order, and who gives way.
// Over TLS and through a tunnel, too.

#include "background.hpp"
#include "loopback.hpp"
#include "service.hpp"

#include <future>
#include <vector>

using ferry::DiscardReason;
using ferry::Phase;
using ferry::RequestState;

namespace {

const ferry::PoolLimits one_per_host{.max_per_host = 1};

// A session whose only connection is in use, by a stream that has not been read.
struct Busy {
    Server server;
    Script& script;
    Session session;
    Stream stream;

    explicit Busy(ferry::PoolLimits limits = one_per_host)
        : script(server.accept().answers(ok("stream"))), session({.pool = limits}),
          stream(session.stream(server.url())) {}

    bool waiting(std::size_t n) {
        return eventually([&] { return session.stats().waiting == n; });
    }
};

}  // namespace

TEST_CASE("without waiting a full pool says at once that it is empty", "[session][pool]") {
    Busy busy({.max_per_host = 1, .wait = false});
    auto error = error_of([&] { busy.session.get(busy.server.url()); });
    CHECK(error.code() == ferry::errc::pool_empty);
    CHECK(error.code() == ferry::condition::pool);
    CHECK(error.phase() == Phase::pool);
    CHECK(error.request_state() == RequestState::not_sent);
    CHECK(busy.stream.read() == "stream");
    busy.script.answers(ok("now"));
    CHECK(busy.session.get(busy.server.url()).body == "now");
}

TEST_CASE("who waits for too long is told so", "[session][pool][K3]") {
    Busy busy;
    ferry::Options options;
    auto expected = ferry::errc::pool_timeout;
    SECTION("by pool_timeout") { options.pool_timeout = 30ms; }
    SECTION("by connect_timeout, its default") { options.connect_timeout = 30ms; }
    SECTION("by the total limit") {
        options.timeout = 30ms;
        expected = ferry::errc::total_timeout;
    }
    auto error = prompt_error_of([&] { busy.session.get(busy.server.url(), options); });
    CHECK(error.code() == expected);
    CHECK(error.code() == ferry::condition::timeout);
    CHECK(error.phase() == Phase::pool);
    CHECK(error.request_state() == RequestState::not_sent);
    CHECK(busy.session.stats().waiting == 0);
}

TEST_CASE("those who wait are served in the order in which they came", "[session][pool][A13]") {
    Busy busy;
    for (int i = 0; i < 4; ++i) busy.script.answers(ok());
    std::vector<std::future<ferry::Response>> calls;
    for (unsigned i = 0; i < 4; ++i) {
        calls.push_back(in_background([&, i] { return busy.session.get(busy.server.url("/" + std::to_string(i))); }));
        REQUIRE(busy.waiting(i + 1));
    }
    busy.stream.read();
    for (auto& call : calls) CHECK(call.get().connection.reused);
    std::string order;
    for (auto& request : busy.server.requests()) order += request.target();
    CHECK(order == "//0/1/2/3");
}

TEST_CASE("who gives up waiting takes nobody's place", "[session][pool][A13][K4]") {
    Busy busy;
    std::stop_source stop;
    auto leaving = in_background(
        [&] { return error_of([&] { busy.session.get(busy.server.url("/a"), {.stop = stop.get_token()}); }); });
    REQUIRE(busy.waiting(1));
    auto staying = in_background([&] { return busy.session.get(busy.server.url("/b")); });
    REQUIRE(busy.waiting(2));
    stop.request_stop();
    auto error = leaving.get();
    CHECK(error.code() == ferry::errc::cancelled);
    CHECK(error.phase() == Phase::pool);
    CHECK(error.request_state() == RequestState::not_sent);
    CHECK(busy.session.stats().waiting == 1);
    busy.script.answers(ok("b"));
    busy.stream.read();
    CHECK(staying.get().body == "b");
}

TEST_CASE("a place that comes back without a connection lets the next one dial", "[session][pool][A13]") {
    Server server;
    Signal give_up;
    server.accept().reads_request().waits_for(give_up).closes();
    server.accept().answers(ok("next"));
    Session session({.pool = one_per_host});
    auto failing = in_background([&] { return error_of([&] { session.post(server.url()); }); });
    REQUIRE(eventually([&] { return !server.requests().empty(); }));
    auto waiting = in_background([&] { return session.get(server.url()); });
    REQUIRE(eventually([&] { return session.stats().waiting == 1; }));
    give_up.raise();
    CHECK(failing.get().code() == ferry::errc::connection_closed);
    CHECK(waiting.get().body == "next");
}

TEST_CASE("closing a session turns away those who wait, and all who come", "[session][pool]") {
    Busy busy;
    auto waiting = in_background([&] { return error_of([&] { busy.session.get(busy.server.url()); }); });
    REQUIRE(busy.waiting(1));
    busy.session.close();
    CHECK(waiting.get().code() == ferry::errc::pool_closed);
    auto error = error_of([&] { busy.session.get(busy.server.url()); });
    CHECK(error.code() == ferry::errc::pool_closed);
    CHECK(error.code() == ferry::condition::pool);
    CHECK(error.request_state() == RequestState::not_sent);
}

TEST_CASE("closing a session closes what is idle at once and what is in use when it comes back", "[session][pool]") {
    Server server;
    auto& idle = server.accept().answers(ok("stream"));
    auto& in_use = server.accept().answers(ok("stream"));
    Session session;
    auto b = session.stream(server.url());
    {
        auto a = session.stream(server.url());
        a.read();
    }
    in_use.sees_the_end(), idle.sees_the_end();
    session.close();
    CHECK(b.read() == "stream");
    CHECK(session.stats().idle == 0);
    CHECK(session.stats().in_use == 0);
    CHECK(session.stats().discarded[DiscardReason::pool_closed] == 2);
}

TEST_CASE("the end of a session closes its connections", "[session][pool]") {
    Server server;
    server.accept().answers(ok()).sees_the_end();
    Session(ferry::SessionOptions{}).get(server.url());
    CHECK(descriptor_connected_to(server.dialled_port()) == -1);
}

TEST_CASE("a session that moves takes its connections along", "[session][pool]") {
    Server server;
    server.accept().answers(ok()).answers(ok());
    Session first;
    first.get(server.url());
    Session second = std::move(first);
    CHECK(second.get(server.url()).connection.reused);
}

TEST_CASE("a session that was moved from says that it is closed", "[session][pool]") {
    Server server;
    Session first;
    Session second = std::move(first);
    auto error = error_of([&] { first.get(server.url()); });
    CHECK(error.code() == ferry::errc::pool_closed);
}

TEST_CASE("a session that is assigned to closes what it had", "[session][pool]") {
    Server server;
    server.accept().answers(ok()).sees_the_end();
    Session session;
    session.get(server.url());
    session = Session();
    CHECK(descriptor_connected_to(server.dialled_port()) == -1);
}

TEST_CASE("at the total limit an idle connection of another host gives way", "[session][pool]") {
    Server one_host, other;
    one_host.accept().answers(ok()).sees_the_end();
    other.accept().answers(ok("other"));
    Session session({.pool = {.max_total = 1}});
    session.get(one_host.url());
    CHECK(session.get(other.url()).body == "other");
    CHECK(session.stats().idle == 1);
    CHECK(session.stats().discarded[DiscardReason::pool_full] == 1);
}

TEST_CASE("at the total limit with all in use the next one waits", "[session][pool]") {
    Busy busy({.max_total = 1});
    Server other;
    other.accept().answers(ok("other"));
    auto waiting = in_background([&] { return busy.session.get(other.url()); });
    REQUIRE(busy.waiting(1));
    busy.script.sees_the_end();
    busy.stream.read();
    CHECK(waiting.get().body == "other");
    CHECK(busy.session.stats().discarded[DiscardReason::pool_full] == 1);
}

TEST_CASE("no more idle connections are kept than the limits say", "[session][pool]") {
    auto limits = GENERATE(ferry::PoolLimits{.max_idle_per_host = 1}, ferry::PoolLimits{.max_idle = 1});
    Server server;
    server.accept().answers(ok("a")).sees_the_end();
    server.accept().answers(ok("b"));
    Session session({.pool = limits});
    auto a = session.stream(server.url()), b = session.stream(server.url());
    a.read(), b.read();
    CHECK(session.stats().idle == 1);
    CHECK(session.stats().discarded[DiscardReason::pool_full] == 1);
    CHECK(session.stats().opened == 2);
}

TEST_CASE("a pool that keeps nothing closes after each request", "[session][pool]") {
    Server server;
    for (int i = 0; i < 2; ++i) server.accept().answers(ok()).sees_the_end();
    Session session({.pool = {.max_idle_per_host = 0}});
    session.get(server.url());
    session.get(server.url());
    CHECK(session.stats().discarded[DiscardReason::pool_full] == 2);
}
