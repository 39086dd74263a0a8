// Connections that are kept: which exchanges leave one behind that can be used again.
// Over TLS and through a tunnel, too.

#include "loopback.hpp"
#include "service.hpp"

TEST_CASE("five gets share one TCP connection", "[session][A5]") {
    Server server;
    auto& script = server.accept();
    for (int i = 0; i < 5; ++i) script.answers(ok("hello"));
    Session session;
    for (unsigned i = 0; i < 5; ++i) {
        auto r = session.get(server.url());
        CHECK(r.status == 200);
        CHECK(r.body == "hello");
        CHECK(r.connection.reused == (i > 0));
        CHECK(r.connection.requests == i + 1);
        CHECK(r.connection.id == 1);
    }
    auto stats = session.stats();
    CHECK(stats.opened == 1);
    CHECK(stats.reused == 4);
    CHECK(stats.idle == 1);
    CHECK(stats.in_use == 0);
    CHECK(stats.discarded.total() == 0);
}

TEST_CASE("every method shares the connection", "[session][A5]") {
    Server server;
    server.accept()
        .answers(ok("1"))
        .answers(head("Content-Length: 1\r\n"))
        .answers(ok("3"))
        .answers(ok("4"))
        .answers(ok("5"))
        .answers(ok("6"))
        .answers(ok("7"))
        .answers(ok("8"));
    Session session;
    auto url = server.url();
    CHECK(session.get(url).body == "1");
    CHECK(session.head(url).body.empty());
    CHECK(session.post(url, {.body = "a"}).body == "3");
    CHECK(session.put(url, {.body = "b"}).body == "4");
    CHECK(session.patch(url, {.body = "c"}).body == "5");
    CHECK(session.del(url).body == "6");
    CHECK(session.options(url).body == "7");
    CHECK(session.request("PROPFIND", url).body == "8");
    std::string methods;
    for (auto& request : server.requests()) methods += std::string(request.method()) + " ";
    CHECK(methods == "GET HEAD POST PUT PATCH DELETE OPTIONS PROPFIND ");
}

TEST_CASE("the status plays no part in keeping a connection", "[session][A5]") {
    Server server;
    auto& script = server.accept();
    Session session;
    for (std::string status :
         {"200 OK", "299 ", "400 Bad Request", "404 Not Found", "500 Internal Server Error", "999 X"}) {
        script.answers(reply(status, "body"));
        auto r = session.get(server.url());
        CHECK(r.status == std::stoi(status));
        CHECK(r.body == "body");
    }
    CHECK(session.stats().reused == 5);
}

TEST_CASE("a response in any number of pieces leaves the connection as good as one in a single piece",
          "[session][A5]") {
    Server server;
    server.accept()
        .reads_request()
        .sends_bytewise(ok("in bytes"))
        .reads_request()
        .sends_bytewise(chunked({"in ", "chunks"}, "After: all\r\n"))
        .answers(ok("whole"));
    Session session;
    CHECK(session.get(server.url()).body == "in bytes");
    CHECK(session.get(server.url()).body == "in chunks");
    auto r = session.get(server.url());
    CHECK(r.body == "whole");
    CHECK(r.connection.requests == 3);
}

TEST_CASE("the host's case and the path are no reason for another connection", "[session][A10]") {
    Server server;
    server.accept().answers(ok()).answers(ok());
    Session session;
    session.get(server.url_of("localhost", "/a"));
    CHECK(session.get(server.url_of("LocalHost", "/b?c#d")).connection.reused);
}

TEST_CASE("another host, or the same by another name, has connections of its own", "[session][A10]") {
    Server one, other;
    one.accept().answers(ok());
    one.accept().answers(ok());
    other.accept().answers(ok());
    Session session;
    session.get(one.url());
    session.get(one.url_of("localhost"));
    session.get(other.url());
    CHECK(session.stats().opened == 3);
    CHECK(session.stats().idle == 3);
    CHECK(session.stats().hosts.size() == 3);
}

TEST_CASE("ten thousand requests use one connection", "[session][A5]") {
    Service service([](const Request&) { return ok("hello"); });
    Session session;
    ferry::Response r;
    std::error_code ec;
    std::size_t right = 0;
    for (int i = 0; i < 10'000; ++i) {
        session.request("GET", service.url(), {}, r, ec);
        right += !ec && r.status == 200 && r.body == "hello";
    }
    CHECK(right == 10'000);
    CHECK(r.connection.requests == 10'000);
    CHECK(service.connections() == 1);
}
