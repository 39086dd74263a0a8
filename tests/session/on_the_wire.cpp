// Requests as the server sees them: request line, Host, the fields that ferry adds, in exact bytes.

#include "loopback.hpp"

#include <string>

namespace {

// What the server received for one call.
template <class Call> Request sent(Call call, ServerOptions options = {}) {
    Server server(options);
    server.accept().answers(head("Content-Length: 0\r\n"));
    Session session;
    call(session, server);
    return server.request();
}

Request sent_to(std::string_view target) {
    return sent([&](auto& session, auto& server) { session.get(server.url(target)); });
}

}  // namespace

TEST_CASE("a plain GET is these bytes", "[session][D1]") {
    std::string authority;
    auto request = sent([&](auto& session, auto& server) {
        authority = server.authority();
        session.get(server.url("/path?q=1"));
    });
    CHECK(request.line() == "GET /path?q=1 HTTP/1.1");
    CHECK(request.bytes.find("\r\nHost: " + authority + "\r\n") == request.line().size());
    CHECK(request.count("Host") == 1);
    CHECK(request.field("User-Agent").value_or("").substr(0, 6) == "ferry/");
    CHECK(request.field("Accept") == "*/*");
    CHECK_FALSE(request.field("Connection"));
    CHECK_FALSE(request.field("Content-Length"));
    CHECK_FALSE(request.field("Transfer-Encoding"));
    CHECK(request.body().empty());
}

TEST_CASE("Host is the authority without userinfo", "[session][D1]") {
    std::string authority;
    auto request = sent([&](auto& session, auto& server) {
        authority = server.authority();
        session.get(server.url_of("user:secret@127.0.0.1"));
    });
    CHECK(request.field("Host") == authority);
    CHECK(request.bytes.find("secret") == std::string::npos);
}

TEST_CASE("Host has a name in lower case and with its port", "[session][D1]") {
    std::string port;
    auto request = sent([&](auto& session, auto& server) {
        port = std::to_string(server.port());
        session.get(server.url_of("LocalHost"));
    });
    CHECK(request.field("Host") == "localhost:" + port);
}

TEST_CASE("Host has an IPv6 address in brackets", "[session][D1]") {
    if (!has_ipv6()) SKIP("this machine has no IPv6");
    std::string authority;
    auto request = sent(
        [&](auto& session, auto& server) {
            authority = server.authority();
            session.get(server.url());
        },
        {.ipv6 = true});
    CHECK(authority.substr(0, 5) == "[::1]");
    CHECK(request.field("Host") == authority);
}

TEST_CASE("a caller's Host is the only one, and still the first", "[session][D1]") {
    auto request = sent([](auto& session, auto& server) {
        session.get(server.url(), {.headers = {{"Accept", "text/plain"}, {"host", "virtual.example"}}});
    });
    CHECK(request.count("Host") == 1);
    CHECK(request.field("Host") == "virtual.example");
    CHECK(same_name(request.bytes.substr(request.line().size() + 2, 5), "host:"));
}

TEST_CASE("the target is in origin form and without the fragment", "[session][D2]") {
    CHECK(sent_to("").target() == "/");
    CHECK(sent_to("?q").target() == "/?q");
    CHECK(sent_to("#part").target() == "/");
    CHECK(sent_to("/a/b?c=d#e").target() == "/a/b?c=d");
    CHECK(sent_to("//a").target() == "//a");
    CHECK(sent_to("/a/../b/./c").target() == "/b/c");
}

TEST_CASE("what is encoded in a URL is not encoded twice", "[session][D7]") {
    CHECK(sent_to("/a%20b%2Fc?d=%26").target() == "/a%20b%2Fc?d=%26");
    CHECK(sent_to("/\xc3\xa9").target() == "/%C3%A9");
    CHECK(sent_to("/a b").target() == "/a%20b");
}

TEST_CASE("OPTIONS can ask about the server as a whole", "[session][D2]") {
    auto request = sent([](auto& session, auto& server) { session.options(server.url(), {.target = "*"}); });
    CHECK(request.line() == "OPTIONS * HTTP/1.1");
}

TEST_CASE("a target of the caller's own goes out as it is", "[session][D2]") {
    auto request = sent(
        [](auto& session, auto& server) { session.get(server.url("/other"), {.target = "/a/../%zz"}); });
    CHECK(request.line() == "GET /a/../%zz HTTP/1.1");
}

TEST_CASE("POST, PUT and PATCH without a body say so, the others do not", "[session][D4]") {
    std::string method = GENERATE("POST", "PUT", "PATCH", "GET", "HEAD", "DELETE", "OPTIONS", "PROPFIND");
    CAPTURE(method);
    auto request = sent([&](auto& session, auto& server) { session.request(method, server.url()); });
    if (method[0] == 'P' && method != "PROPFIND") CHECK(request.field("Content-Length") == "0");
    else CHECK_FALSE(request.field("Content-Length"));
    CHECK_FALSE(request.field("Transfer-Encoding"));
}

TEST_CASE("even a GET may carry a body, with its length", "[session][D4]") {
    auto request = sent([](auto& session, auto& server) { session.get(server.url(), {.body = "query"}); });
    CHECK(request.field("Content-Length") == "5");
    CHECK(request.body() == "query");
}

TEST_CASE("methods are case-sensitive and not changed", "[session]") {
    auto request = sent([](auto& session, auto& server) { session.request("get", server.url()); });
    CHECK(request.method() == "get");
}

TEST_CASE("a caller replaces what ferry would say of itself", "[session]") {
    auto request = sent([](auto& session, auto& server) {
        session.get(server.url(), {.headers = {{"user-agent", "mine/1"}, {"ACCEPT", "text/html"}}});
    });
    CHECK(request.count("User-Agent") == 1);
    CHECK(request.field("User-Agent") == "mine/1");
    CHECK(request.count("Accept") == 1);
    CHECK(request.field("Accept") == "text/html");
}
