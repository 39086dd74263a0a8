// After fork(): the child has connections of its own.

#include "background.hpp"
#include "service.hpp"
#include "tls_loopback.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <thread>

namespace {

// Whether the question is answered with yes in a child process, which says not a word to the parent's server or report.
// The parent's other threads come to rest before: unlike the system's allocator, AddressSanitizer's of this age stays
// locked in a child if the fork catches one of them within it.
template <class Question> bool holds_in_child(Question question) {
    std::this_thread::sleep_for(50ms);
    auto child = ::fork();
    if (child == 0) {
        ::alarm(10);
        ::_exit(question() ? 0 : 1);
    }
    int status = -1;
    return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace

TEST_CASE("a child does not use its parent's idle connections", "[session][A11]") {
    Server server;
    auto& parents = server.accept().answers(ok("one"));
    auto& childs = server.accept().answers(ok("two"));
    Session session;
    session.get(server.url());

    CHECK(holds_in_child([&] {
        std::error_code ec;
        auto r = session.get(server.url("/child"), {}, ec);
        return !ec && r.body == "two" && !r.connection.reused && session.stats().idle == 1;
    }));
    CHECK(childs.played());

    // The child's end must not have harmed the parent's connection.
    parents.answers(ok("three"));
    auto r = session.get(server.url());
    CHECK(r.body == "three");
    CHECK(r.connection.reused);
    REQUIRE(server.requests().size() == 3);
    CHECK(server.request(2).target() == "/child");
}

TEST_CASE("a child does not keep the connection that its parent was using", "[session][A11]") {
    Server server;
    auto& parents = server.accept().answers(ok("stream"));
    server.accept().answers(ok("two"));
    Session session;
    auto stream = session.stream(server.url());

    CHECK(holds_in_child([&] {
        stream.close();
        std::error_code ec;
        auto r = session.get(server.url("/child"), {}, ec);
        return !ec && r.body == "two" && !r.connection.reused && session.stats().idle == 1;
    }));

    CHECK(stream.read() == "stream");
    parents.answers(ok("three"));
    CHECK(session.get(server.url()).body == "three");
}

TEST_CASE("a child does not say goodbye in TLS on its parent's connections", "[session][A11][A16]") {
    TlsLoopback server;
    server.accept([](TlsConnection& c) {
        c.answers(ok("one"));
        c.answers(ok("two"));  // a close_notify in between would end what can be read
        CHECK_FALSE(c.peer.told_of_close());
    });
    auto session = std::make_unique<Session>(trusting());
    session->get(server.url());
    CHECK(holds_in_child([&] {
        session.reset();
        return true;
    }));
    auto r = session->get(server.url());
    CHECK(r.body == "two");
    CHECK(r.connection.reused);
}

TEST_CASE("a child looks names up itself, whatever its parent is doing", "[session][resolver][A11]") {
    Service service([](const Request&) { return ok("found"); });
    struct State {
        Signal entered, let_go;
        std::atomic<int> calls{0};
    };
    auto state = std::make_shared<State>();
    Session session({.resolver = [state](const std::string&, std::uint16_t) -> ferry::Resolved {
        if (state->calls++ == 0) {
            state->entered.raise();
            state->let_go.wait();
        }
        return {"127.0.0.1"};
    }});
    const auto url = "http://api.test:" + std::to_string(service.port()) + "/";
    auto parents = in_background([&] { return session.get(url).body; });
    REQUIRE(state->entered.wait());
    CHECK(holds_in_child([&] {
        std::error_code ec;
        auto r = session.get(url, {.timeout = 5s}, ec);
        return !ec && r.body == "found";
    }));
    state->let_go.raise();
    CHECK(parents.get() == "found");
}
