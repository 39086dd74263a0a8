// Calls without a session: a connection for each, which the server is asked to close.

#include "loopback.hpp"
#include "temp_folder.hpp"

TEST_CASE("a call without a session says close and leaves nothing open", "[session][D8]") {
    Server server;
    for (int i = 0; i < 2; ++i) server.accept().answers(ok("hello")).sees_the_end();
    CHECK(ferry::get(server.url()).body == "hello");
    CHECK(ferry::get(server.url()).body == "hello");
    CHECK(server.connections() == 2);
    CHECK(server.request().field("Connection") == "close");
    CHECK(descriptor_connected_to(server.port()) == -1);
}

TEST_CASE("when the server closes first the client has nothing to wait for", "[session][D8]") {
    Server server;
    server.accept().answers(ok("hello", "Connection: close\r\n")).closes();
    CHECK(ferry::get(server.url()).body == "hello");
}

TEST_CASE("every verb can be called without a session", "[session][D8]") {
    Server server;
    for (int i = 0; i < 7; ++i) server.accept().answers(head("Content-Length: 0\r\n"));
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
