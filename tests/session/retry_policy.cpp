// Retries by policy against a real server: what is sent again, what not, and what the caller sees of it. How long the
// waits are is told by tests in virtual time.
// Over TLS and through a tunnel, too.

#include "background.hpp"
#include "loopback.hpp"

#include <string>
#include <vector>

using ferry::errc;
using ferry::RequestState;
using ferry::Retry;

namespace {

Retry retry_soon(unsigned total = 3) { return {.total = total, .backoff_factor = 1ms, .backoff_max = 5ms}; }

Retry retry_status(int status) {
    auto rules = retry_soon();
    rules.status_forcelist = {status};
    return rules;
}

// Long enough for nobody to wait for it.
Retry retry_late() { return {.backoff_factor = 1h, .backoff_max = 1h, .jitter = false}; }

}  // namespace

TEST_CASE("a server that was not there yet is found by a later attempt", "[session][plain][B6]") {
    std::uint16_t port = local_port(listen_on_loopback().get());  // closed again
    Descriptor listener;
    Signal there;
    std::vector<std::error_code> told;
    auto listens = [&](const ferry::Retried& r) {
        told.push_back(r.why);
        if (r.count != 2) return;
        listener = listen_on_loopback(1, 0, false, port);
        there.raise();
    };
    auto method = GENERATE("GET", "POST");
    Session session({.hooks = {.on_retry = listens}});
    auto serving = in_background([&] {
        if (!there.wait()) return;
        Descriptor client;
        eventually([&] {
            client = Descriptor(::accept(listener.get(), nullptr, nullptr));
            return static_cast<bool>(client);
        });
        std::string bytes;
        char piece[4096];
        while (!request_end(bytes)) {
            auto n = ::recv(client.get(), piece, sizeof piece, 0);
            if (n <= 0) return;
            bytes.append(piece, static_cast<std::size_t>(n));
        }
        auto reply = ok("at last");
        send_some(client.get(), reply.data(), reply.size());
    });
    auto r = session.request(method, scheme() + "127.0.0.1:" + std::to_string(port),
                             {.body = "x", .retry = retry_soon()});
    CHECK(r.body == "at last");
    REQUIRE(told.size() == 2);
    CHECK(told[0] == std::errc::connection_refused);
}

TEST_CASE("a refused connection is tried as often as the policy says", "[session][direct][B6]") {
    auto port = local_port(listen_on_loopback().get());
    int told = 0;
    Session session({.retry = retry_soon(2), .hooks = {.on_retry = [&](const ferry::Retried& r) {
                                                 CHECK(r.count == static_cast<std::size_t>(++told));
                                                 CHECK_FALSE(r.stale);
                                             }}});
    auto error = error_of([&] { session.post(scheme() + "127.0.0.1:" + std::to_string(port), {.body = "x"}); });
    CHECK(error.code() == std::errc::connection_refused);
    CHECK(error.request_state() == RequestState::not_sent);
    CHECK(told == 2);
    told = 0;
    error_of([&] { session.get(scheme() + "127.0.0.1:" + std::to_string(port), {.retry = ferry::no_retry}); });
    CHECK(told == 0);
    CHECK(session.stats().in_use == 0);
}

TEST_CASE("a GET whose connection breaks is sent again, a POST is not", "[session][B6]") {
    auto reset = GENERATE(false, true);
    Server server;
    auto& first = server.accept().reads_request();
    reset ? first.resets() : first.closes();
    Session session({.retry = retry_soon()});
    SECTION("GET") {
        server.accept().answers(ok("again"));
        CHECK(session.get(server.url("/x")).body == "again");
        CHECK(server.request(0).bytes == server.request(1).bytes);
    }
    SECTION("POST") {
        auto error = error_of([&] { session.post(server.url(), {.body = "pay"}); });
        CHECK(error.code() == ferry::condition::network);
        CHECK(error.request_state() == RequestState::maybe_sent);
        CHECK(server.requests().size() == 1);
    }
    SECTION("POST by a policy that allows it") {
        server.accept().answers(ok("again"));
        auto rules = retry_soon();
        rules.allowed_methods = {"POST"};
        CHECK(session.post(server.url(), {.body = "pay", .retry = rules}).body == "again");
    }
    SECTION("POST with a key") {
        server.accept().answers(ok("again"));
        CHECK(session.post(server.url(), {.headers = {{"Idempotency-Key", "7"}}, .body = "pay"}).body == "again");
    }
    SECTION("GET by a policy that does not allow it") {
        auto rules = retry_soon();
        rules.allowed_methods = {};
        CHECK(error_of([&] { session.get(server.url(), {.retry = rules}); }).code() == ferry::condition::network);
    }
}

TEST_CASE("a status on the list is asked for again on the same connection", "[session][B6]") {
    Server server;
    server.accept()
        .answers(reply("503 Busy", "wait"))
        .answers(reply("503 Busy", "wait"))
        .answers(chunked({"do", "ne"}));
    std::vector<int> statuses;
    Session session({.hooks = {.on_retry = [&](const ferry::Retried& r) { statuses.push_back(r.status); }}});
    auto r = session.put(server.url(), {.body = "x", .retry = retry_status(503)});
    CHECK(r.status == 200);
    CHECK(r.body == "done");
    CHECK(r.history.empty());
    CHECK(r.connection.requests == 3);
    CHECK(statuses == std::vector{503, 503});
}

TEST_CASE("a POST is not repeated for its status unless it is marked", "[session][B6]") {
    Server server;
    auto& script = server.accept().answers(reply("503 Busy", "wait"));
    Session session({.retry = retry_status(503)});
    SECTION("not marked") { CHECK(session.post(server.url(), {.body = "x"}).status == 503); }
    SECTION("marked") {
        script.answers(ok("done"));
        CHECK(session.post(server.url(), {.body = "x", .idempotent = true}).body == "done");
    }
}

TEST_CASE("when the retries are used up the last response is the result", "[session][B6]") {
    Server server;
    auto& script = server.accept();
    for (auto body : {"1", "2", "3"}) script.answers(reply("503 Busy", body));
    auto rules = retry_status(503);
    SECTION("in all") { rules.total = 2; }
    SECTION("by status") { rules.status = 2; }
    Session session({.retry = rules});
    auto r = session.get(server.url());
    CHECK(r.status == 503);
    CHECK(r.body == "3");
}

TEST_CASE("a session's budget limits the retries of all its calls", "[session][B6]") {
    auto rules = retry_status(503);
    rules.total = 9;
    rules.budget = 0.5;
    rules.budget_reserve = 3;
    Server server;
    auto& script = server.accept();
    Session session({.retry = rules});
    for (int i = 0; i < 4; ++i) script.answers(reply("503 Busy"));
    CHECK(session.get(server.url()).status == 503);
    CHECK(server.requests().size() == 4);  // one request, and the reserve
    script.answers(reply("503 Busy"));
    CHECK(session.get(server.url()).status == 503);
    CHECK(server.requests().size() == 5);  // half a retry has been earned
    script.answers(reply("503 Busy")).answers(reply("503 Busy"));
    CHECK(session.get(server.url()).status == 503);
    CHECK(server.requests().size() == 7);
}

TEST_CASE("where there is no time to wait the failure comes at once", "[session][B6]") {
    Server server;
    server.accept().reads_request().closes();
    server.accept().answers(reply("503 Busy", "", "Retry-After: 100\r\n"));
    Session session({.retry = retry_late()});
    auto error = prompt_error_of([&] { session.get(server.url(), {.timeout = 60s}); });
    CHECK(error.code() == errc::connection_closed);
    CHECK(session.get(server.url(), {.timeout = 60s}).status == 503);
}

TEST_CASE("a call that waits to try again can be cancelled, and holds no connection", "[session][B6][K4]") {
    Server server;
    std::stop_source stop;
    Signal waiting;
    Session session({.retry = retry_late(), .hooks = {.on_retry = [&](const ferry::Retried&) { waiting.raise(); }}});
    auto& script = server.accept();
    SECTION("after a failure") { script.reads_request().closes(); }
    SECTION("after a status") { script.answers(reply("503 Busy", "", "Retry-After: 100\r\n")); }
    SECTION("after half a body") { script.answers(head("Content-Length: 10\r\n") + "01234").closes(); }
    std::size_t in_use = 9;
    auto stopping = in_background([&] {
        waiting.wait();
        in_use = session.stats().in_use;
        stop.request_stop();
    });
    auto error = prompt_error_of([&] { session.get(server.url(), {.stop = stop.get_token()}); });
    stopping.get();
    CHECK(error.code() == errc::cancelled);
    CHECK(in_use == 0);
}

TEST_CASE("a policy that makes no sense is refused", "[session][B6]") {
    Session session;
    auto error = error_of([&] { session.get("http://h/", {.retry = Retry{.backoff_factor = -1ms}}); });
    CHECK(error.code() == errc::invalid_option);
    CHECK(says(error, "retry.backoff_factor"));
    CHECK(error_of([] { Session({.retry = Retry{.budget = 2.0}}); }).code() == errc::invalid_option);
}

TEST_CASE("a redirect and a retry may follow each other", "[session][B6][E1]") {
    Server server;
    server.accept()
        .answers(reply("503 Busy"))
        .answers(reply("302 Found", "", "Location: /next\r\n"))
        .answers(reply("503 Busy"))
        .answers(ok("there"));
    Session session({.retry = retry_status(503)});
    auto r = session.get(server.url("/first"));
    CHECK(r.body == "there");
    REQUIRE(r.history.size() == 1);
    CHECK(r.history[0].status == 302);
    std::vector<std::string> targets;
    for (auto& request : server.requests()) targets.emplace_back(request.target());
    CHECK(targets == std::vector<std::string>{"/first", "/first", "/next", "/next"});
}
