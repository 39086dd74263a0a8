// Connections to unix domain sockets, with all that connections to ports have.

#include "loopback.hpp"
#include "temp_folder.hpp"

#include <mutex>
#include <string>
#include <utility>
#include <vector>

using ferry::errc;
using ferry::Phase;
using ferry::RequestState;

TEST_CASE("a unix domain socket serves like any other, and is kept", "[session][unix]") {
    TempFolder folder;
    const auto path = (folder / "http.sock").string();
    Server server({.path = path});
    server.accept().answers(ok("one")).answers(ok(std::string(100000, 'x'))).answers(chunked({"three"}));
    Session session({.socket = {.keep_alive = {.on = true}, .unix_socket = path}});
    auto r = session.get("http://docker/info");
    CHECK(r.body == "one");
    CHECK_FALSE(r.connection.reused);
    CHECK(r.connection.remote == ferry::Endpoint());
    CHECK(r.connection.local == ferry::Endpoint());
    CHECK(session.get("http://docker/large").body.size() == 100000);
    r = session.post("http://docker/new", {.body = std::string(100000, 'y')});
    CHECK(r.body == "three");
    CHECK(r.connection.reused);
    CHECK(server.request(0).field("Host") == "docker");
    CHECK(server.request(0).target() == "/info");
    CHECK(server.request(2).body().size() == 100000);
    CHECK(session.stats().opened == 1);
}

TEST_CASE("hosts behind one unix domain socket do not share connections", "[session][unix][A10]") {
    TempFolder folder;
    const auto path = (folder / "http.sock").string();
    Server server({.path = path});
    server.accept().answers(ok("a")).answers(ok("a again"));
    server.accept().answers(ok("b"));
    Session session({.socket = {.unix_socket = path}});
    CHECK(session.get("http://a/").body == "a");
    CHECK(session.get("http://b/").body == "b");
    CHECK(session.get("http://a/").body == "a again");
    CHECK(session.stats().idle == 2);
    CHECK(session.stats().hosts.size() == 2);
}

TEST_CASE("a connection that a unix domain socket's server has closed is found out", "[session][unix][A2]") {
    TempFolder folder;
    const auto path = (folder / "http.sock").string();
    Server server({.path = path});
    auto& first = server.accept().answers(ok("one"));
    server.accept().answers(ok("two"));
    Session session({.socket = {.unix_socket = path}});
    session.get("http://h/");
    first.half_closes();
    REQUIRE(first.played());
    const auto r = session.post("http://h/", {.body = "not repeatable"});
    CHECK(r.body == "two");
    CHECK_FALSE(r.connection.reused);
}

TEST_CASE("a body that is not wanted is dropped on a unix domain socket too", "[session][unix]") {
    TempFolder folder;
    const auto path = (folder / "http.sock").string();
    Server server({.path = path});
    server.accept().answers(ok(std::string(50000, 'x'))).answers(ok("next"));
    Session session({.socket = {.unix_socket = path}});
    session.stream("http://h/").close();
    const auto r = session.get("http://h/");
    CHECK(r.body == "next");
    CHECK(r.connection.reused);
}

#ifdef __linux__
TEST_CASE("a unix domain socket may have an abstract name", "[session][unix]") {
    auto name = "xferry-test-" + std::to_string(::getpid());
    name.front() = '\0';
    Server server({.path = name});
    server.accept().answers(ok("abstract"));
    Session session({.socket = {.unix_socket = name}});
    CHECK(session.get("http://h/").body == "abstract");

    name.back() = 'x';
    Session nowhere({.socket = {.unix_socket = name}});
    const auto error = error_of([&] { nowhere.get("http://h/"); });
    CHECK(error.code() == std::errc::connection_refused);
    CHECK(says(error, "@ferry-test-"));
}

TEST_CASE("the full queue of a unix domain socket is waited for, within the limit", "[session][unix][K3]") {
    TempFolder folder;
    const auto path = (folder / "full.sock").string();
    auto listener = listen_at(path, 0);
    std::vector<Session> waiting;
    std::error_code ec;
    for (int i = 0; !ec && i < 10; ++i) {
        waiting.emplace_back(ferry::SessionOptions{.socket = {.unix_socket = path}});
        waiting.back().get("http://h/", {.connect_timeout = 50ms, .read_timeout = 1ms}, ec);
        if (ec == errc::read_timeout) ec = {};  // it had a place in the queue
    }
    CHECK(ec == errc::connect_timeout);
    const auto error = error_of([&] { waiting.back().get("http://h/", {.timeout = 30ms}); });
    CHECK(error.code() == errc::total_timeout);
    CHECK(error.phase() == Phase::connect);
    CHECK(says(error, path));
}
#endif

TEST_CASE("a path where there is no socket is named by the error", "[session][unix]") {
    TempFolder folder;
    const auto path = (folder / "missing.sock").string();
    Session session({.socket = {.unix_socket = path}});
    const auto error = error_of([&] { session.get("http://h/"); });
    CHECK(error.code() == std::errc::no_such_file_or_directory);
    CHECK(error.phase() == Phase::connect);
    CHECK(error.request_state() == RequestState::not_sent);
    CHECK(says(error, path));
    CHECK(session.stats().in_use == 0);
}

TEST_CASE("the log names the path of a unix domain socket", "[session][unix][log]") {
    TempFolder folder;
    const auto path = (folder / "http.sock").string();
    Server server({.path = path});
    server.accept().answers(ok());
    std::mutex mutex;
    std::vector<std::string> lines;
    ferry::Hooks hooks;
    hooks.log = [&](std::string_view line) {
        std::lock_guard lock(mutex);
        lines.emplace_back(line);
    };
    Session session({.socket = {.unix_socket = path}, .hooks = std::move(hooks)});
    session.get("http://h/");
    std::lock_guard lock(mutex);
    CHECK(lines.at(0) == "* connected to " + path + ", connection 1");
}
