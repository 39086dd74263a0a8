// Calls without a session: a connection for each, which the server is asked to close.

#include "tls_loopback.hpp"

TEST_CASE("a call without a session says close and leaves nothing open", "[session][D8]") {
    Server server;
    for (int i = 0; i < 2; ++i) server.accept().answers(ok("hello")).sees_the_end();
    CHECK(ferry::get(server.url()).body == "hello");
    CHECK(ferry::get(server.url()).body == "hello");
    CHECK(server.connections() == 2);
    CHECK(server.request().field("Connection") == "close");
    CHECK(descriptor_connected_to(server.port()) == -1);
}

TEST_CASE("the server, not the client, is left with the TIME_WAIT", "[session][D8]") {
    if (!has_kernel_table()) SKIP("this system has no table of its sockets");
    constexpr int time_wait = 6;  // as Linux numbers the states
    Server server;
    auto left_to_server = [&] {
        server.accept().answers(ok("hello")).pauses(5ms).closes();
        auto client = ferry::get(server.url()).connection.local.port;
        return kernel_state(server.port(), client) == time_wait && kernel_state(client, server.port()) == 0;
    };
    // The client does not wait for long; on a busy machine the server may be late once.
    CHECK((left_to_server() || left_to_server() || left_to_server()));
}

TEST_CASE("a server that does not close is not waited for", "[session][D8]") {
    Server server;
    server.accept().answers(ok("hello")).sees_the_end();
    auto begin = std::chrono::steady_clock::now();
    CHECK(ferry::get(server.url()).body == "hello");
    CHECK(std::chrono::steady_clock::now() - begin < 8s);
}

TEST_CASE("every verb can be called without a session", "[session][D8]") {
    Server server;
    for (int i = 0; i < 7; ++i) server.accept().answers(head("Content-Length: 0\r\n")).closes();
    auto url = server.url();
    ferry::get(url);
    ferry::head(url);
    ferry::post(url, {.body = "a"});
    ferry::put(url, {.body = "b"});
    ferry::patch(url, {.body = "c"});
    ferry::del(url);
    ferry::options(url);
    std::string methods;
    for (auto& request : server.requests()) methods += std::string(request.method()) + " ";
    CHECK(methods == "GET HEAD POST PUT PATCH DELETE OPTIONS ");
    CHECK(server.request(2).body() == "a");
}

TEST_CASE("options count without a session, too", "[session][D8]") {
    Server server;
    server.accept().reads_request().sees_the_end();
    auto error = error_of([&] { ferry::get(server.url(), {.params = {{"a", 1}}, .read_timeout = 30ms}); });
    CHECK(error.code() == ferry::errc::read_timeout);
    CHECK(server.request().target() == "/?a=1");
}

TEST_CASE("a call without a session verifies certificates too", "[session][D8][K1]") {
    TlsLoopback server;
    server.accept_refused();
    auto error = error_of([&] { ferry::get(server.url()); });
    CHECK(error.code() == ferry::condition::tls);
    CHECK(error.phase() == ferry::Phase::tls);
    CHECK(error.request_state() == ferry::RequestState::not_sent);
}
