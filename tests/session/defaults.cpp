// What a session gives its requests, and how a request overrides it.

#include "loopback.hpp"

#include <string>

namespace {

std::string target_for(const std::string& base_path, const std::string& relative, ferry::Query params = {},
                       ferry::Query defaults = {}) {
    Server server;
    server.accept().answers(ok());
    Session session({.base_url = server.url(base_path), .params = defaults});
    session.get(relative, {.params = params});
    return std::string(server.request().target());
}

}  // namespace

TEST_CASE("a relative URL is resolved against base_url", "[session]") {
    CHECK(target_for("", "/search") == "/search");
    CHECK(target_for("/api/", "users") == "/api/users");
    CHECK(target_for("/api/", "/users") == "/users");
    CHECK(target_for("/api", "users") == "/users");
    CHECK(target_for("/api/", "../users?a=b") == "/users?a=b");
    CHECK(target_for("/api/v1", "?page=2") == "/api/v1?page=2");
    CHECK(target_for("/api/v1", "") == "/api/v1");
}

TEST_CASE("a whole URL goes before base_url", "[session]") {
    Server server;
    server.accept().answers(ok());
    Session session({.base_url = "http://base.invalid/"});
    session.get(server.url("/own"));
    CHECK(server.request().target() == "/own");
}

TEST_CASE("params go behind the URL's own query, the session's first", "[session][D7]") {
    CHECK(target_for("/", "/s", {{"q", "c++ & d"}, {"page", 2}}) == "/s?q=c%2B%2B%20%26%20d&page=2");
    CHECK(target_for("/", "/s?a=b", {{"c", "d"}}) == "/s?a=b&c=d");
    CHECK(target_for("/", "/s?a=b#f", {{"c", true}}, {{"key", "k"}}) == "/s?a=b&key=k&c=true");
    CHECK(target_for("/", "/s?", {{"c", 1}}) == "/s?c=1");
}

TEST_CASE("a request's header replaces the session's of the same name", "[session]") {
    Server server;
    server.accept().answers(ok()).answers(ok());
    Session session({.headers = {{"Accept", "text/html"}, {"X-Many", "1"}, {"X-Many", "2"}, {"X-Kept", "kept"}}});
    session.get(server.url(), {.headers = {{"accept", "application/json"}, {"x-many", "3"}, {"X-Own", "own"}}});
    session.get(server.url());

    auto with = server.request(0), without = server.request(1);
    CHECK(with.count("Accept") == 1);
    CHECK(with.field("Accept") == "application/json");
    CHECK(with.count("X-Many") == 1);
    CHECK(with.field("X-Many") == "3");
    CHECK(with.field("X-Kept") == "kept");
    CHECK(with.field("X-Own") == "own");
    CHECK(without.field("Accept") == "text/html");
    CHECK(without.count("X-Many") == 2);
    CHECK_FALSE(without.field("X-Own"));
}

TEST_CASE("the session's own Connection: close is kept to", "[session][A5]") {
    Server server;
    server.accept().answers(ok()).sees_the_end();
    Session session({.headers = {{"Connection", "close"}}});
    session.get(server.url());
    CHECK(server.request().count("Connection") == 1);
    CHECK(session.stats().idle == 0);
}
