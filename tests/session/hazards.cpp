// What callers and their surroundings do at the worst moment: signals, odd files, sources that lie, objects used twice.
// Over TLS and through a tunnel, too.

#include "descriptor_limit.hpp"
#include "loopback.hpp"
#include "temp_folder.hpp"

#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <csignal>

using namespace std::chrono_literals;
using ferry::errc;

namespace {

// A signal every so often, and a handler that does nothing: system calls return with EINTR.
class Interruptions {
public:
    Interruptions() {
        struct sigaction action = {};
        action.sa_handler = [](int) {};
        ::sigaction(SIGALRM, &action, &before_);
        set(20'000);
    }
    Interruptions(const Interruptions&) = delete;
    Interruptions& operator=(const Interruptions&) = delete;
    ~Interruptions() {
        set(0);
        ::sigaction(SIGALRM, &before_, nullptr);
    }

private:
    static void set(suseconds_t microseconds) {
        itimerval every{{0, microseconds}, {0, microseconds}};
        ::setitimer(ITIMER_REAL, &every, nullptr);
    }
    struct sigaction before_ = {};
};

}  // namespace

TEST_CASE("signals do not prolong a read without end", "[session][K3]") {
    Server server;
    server.accept().reads_request().ignores_the_rest();
    Session session;
    Interruptions often;
    auto error = prompt_error_of([&] { session.get(server.url(), {.read_timeout = 200ms}); });
    CHECK(error.code() == errc::read_timeout);
}

TEST_CASE("at the descriptor limit an idle connection gives way to the resolver", "[session][direct]") {
    Server one;
    one.accept().answers(ok()).sees_the_end().closes();
    Session session;
    session.get(one.url());
    DescriptorLimit none(0);
    error_of([&] { session.get("http://no-such-host.invalid/", {.connect_timeout = 5s}); });
    CHECK(session.stats().discarded[ferry::DiscardReason::pool_full] == 1);
}

TEST_CASE("localhost is this machine without asking anybody", "[session][K2]") {
    Server server;
    server.accept().answers(ok("here")).answers(ok("here"));
    Session session;
    for (auto* name : {"localhost", "LOCALHOST"}) CHECK(session.get(server.url_of(name, "")).body == "here");
}

TEST_CASE("a source that claims more than it was given room for is stopped", "[session][body]") {
    Server server;
    server.accept().reads_head().reads_to_the_end();
    Session session;
    auto lie = [](std::span<char> into) { return into.size() + 1; };
    auto error = error_of([&] { session.post(server.url(), {.body = ferry::source(lie)}); });
    CHECK(error.code() == errc::body_not_readable);
}

TEST_CASE("a source of known size is not asked again after its last byte", "[session][body]") {
    Server server;
    server.accept().answers(ok());
    Session session;
    int calls = 0;
    auto once = [&](std::span<char> into) {
        ++calls;
        into[0] = 'x';
        return std::size_t{1};
    };
    session.post(server.url(), {.body = ferry::source(once, 1)});
    CHECK(calls == 1);
}

TEST_CASE("a pipe is no file to send, and is not waited for", "[session][body]") {
    TempFolder folder;
    const std::string path = folder / "pipe";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    Server server;
    Session session;
    auto error = prompt_error_of([&] { session.post(server.url(), {.body = ferry::File{path}}); });
    CHECK(error.code() == errc::body_not_readable);
    CHECK(server.connections() == 0);
}

TEST_CASE("a download to the name of a folder leaves no part file and closes nothing twice", "[session][download]") {
    TempFolder folder;
    const std::string path = folder / "taken";
    REQUIRE(::mkdir(path.c_str(), 0700) == 0);
    Server server;
    server.accept().answers(ok("content"));
    Session session;
    auto error = error_of([&] { session.download(server.url(), path); });
    CHECK(says(error, "taken"));
    CHECK(folder.files() == 1);
}

TEST_CASE("a URL out of the response that is used again", "[session]") {
    Server server;
    server.accept().answers(ok(server.url())).answers(ok("second")).answers(ok("third"));
    Session session;
    ferry::Response response;
    std::error_code ec;
    session.request("GET", server.url(), {}, response, ec);
    session.request("GET", response.text(), {}, response, ec);
    CHECK(response.text() == "second");
    session.request("GET", response.url.str(), {}, response, ec);
    CHECK(response.text() == "third");
}

TEST_CASE("a method out of the response that is used again", "[session]") {
    Server server;
    server.accept()
        .answers("HTTP/1.1 405 Not Allowed\r\nContent-Length: 0\r\nAllow: BASELINE-CONTROL\r\n\r\n")
        .answers("HTTP/1.1 307 Elsewhere\r\nContent-Length: 0\r\nLocation: /which-is-another-place\r\n\r\n")
        .answers(ok("second"));
    Session session;
    ferry::Response response;
    std::error_code ec;
    session.request("GET", server.url(), {}, response, ec);
    session.request(response.headers["Allow"], server.url(), {}, response, ec);
    CHECK(response.text() == "second");
    CHECK(server.request(1).method() == "BASELINE-CONTROL");
    CHECK(server.request(2).method() == "BASELINE-CONTROL");
}

TEST_CASE("a stream that failed says so at every further read", "[session][stream]") {
    Server server;
    server.accept().reads_request().sends(head("Content-Length: 5\r\n") + "ab").closes();
    Session session;
    auto stream = session.stream(server.url());
    std::error_code ec;
    while (!ec) stream.next(ec);
    CHECK(ec == errc::incomplete_body);
    CHECK(stream.next(ec).empty());
    CHECK(ec == errc::incomplete_body);
    char byte[1];
    CHECK(stream.read_some(byte, ec) == 0);
    CHECK(ec == errc::incomplete_body);
}

TEST_CASE("a session that was moved from refuses requests and may be closed", "[session]") {
    Session one;
    auto two = std::move(one);
    one.close();
    CHECK(error_of([&] { one.get("http://127.0.0.1/"); }).code() == errc::pool_closed);
}

TEST_CASE("a child that drops its copy of a stream leaves the parent's bytes alone", "[session][blocking][A11]") {
    Server server;
    server.accept().answers(ok(std::string(1000, 'x')));
    Session session;
    auto stream = session.stream(server.url());
    if (auto child = ::fork(); child == 0) {
        stream.close();
        ::_exit(0);
    } else {
        int status = -1;
        REQUIRE(::waitpid(child, &status, 0) == child);
    }
    CHECK(stream.read().size() == 1000);
}
