// The log of the wire: what stands in it, and that no secret does.

#include "loopback.hpp"

#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace {

using LogLines = std::vector<std::string>;

class WireLog {
public:
    ferry::Hooks hooks(std::vector<std::string> secret_headers = {}) {
        ferry::Hooks h;
        h.secret_headers = std::move(secret_headers);
        h.log = [this](std::string_view line) {
            std::lock_guard lock(mutex_);
            lines_.emplace_back(line);
        };
        return h;
    }
    LogLines lines() {
        std::lock_guard lock(mutex_);
        return lines_;
    }
    bool holds(std::string_view text) {
        for (auto& line : lines())
            if (line.find(text) != line.npos) return true;
        return false;
    }
    bool has_line(std::string_view text) {
        for (auto& line : lines())
            if (line == text) return true;
        return false;
    }

private:
    std::mutex mutex_;
    LogLines lines_;
};

}  // namespace

TEST_CASE("the log has a line for each thing on the wire", "[session][log]") {
    WireLog log;
    Server server;
    server.accept().answers(ok("body", "X-A: b\r\nConnection: close\r\n"));
    Session session({.headers = {{"Accept-Encoding", ""}, {"User-Agent", "u"}}, .hooks = log.hooks()});
    session.post(server.url("/a?b"), {.headers = {{"X-Mine", "1"}}, .body = "secret body"});
    CHECK(log.lines() == LogLines{"* connected to " + server.authority() + ", connection 1", "> POST /a?b HTTP/1.1",
                                  "> Host: " + server.authority(), "> Accept: */*",
                                  "> Accept-Encoding: ", "> User-Agent: u", "> X-Mine: 1", "> Content-Length: 11",
                                  "< HTTP/1.1 200 OK", "< X-A: b", "< Connection: close", "< Content-Length: 4",
                                  "* closing connection 1: close_header"});
}

TEST_CASE("the log tells of reuse, redirects and retries", "[session][log]") {
    WireLog log;
    Server server;
    server.accept()
        .answers(reply("302 Found", "", "Location: /b\r\n"))
        .answers(reply("503 Unavailable"))
        .reads_request()
        .closes();
    server.accept().answers("HTTP/1.0 200\r\nContent-Length: 0\r\n\r\n");
    ferry::Retry retry{.status_forcelist = {503}, .backoff_factor = 0ms};
    Session session({.retry = retry, .hooks = log.hooks()});
    session.get(server.url("/a"));
    LogLines remarks;
    for (auto& line : log.lines())
        if (line[0] == '*' || line.starts_with("< HTTP")) remarks.push_back(line);
    CHECK(remarks ==
          LogLines{"* connected to " + server.authority() + ", connection 1", "< HTTP/1.1 302 Found",
                   "* next: GET " + server.url("/b"), "* again on connection 1", "< HTTP/1.1 503 Unavailable",
                   "* trying again: status 503", "* again on connection 1", "* closing connection 1: peer_closed",
                   "* the connection had been dropped: " + make_error_code(ferry::errc::connection_closed).message(),
                   "* connected to " + server.authority() + ", connection 2", "< HTTP/1.0 200",
                   "* closing connection 2: close_header"});
}

TEST_CASE("the log hides the values of secret fields in both directions", "[session][log]") {
    WireLog log;
    Server server;
    server.accept().answers(
        ok("", "Set-Cookie:sid=hush1\r\nset-cookie: other=hush2\r\nX-Session-Key:\thush3\r\nX-Auth-Token: hush9\r\n"));
    Session session({.headers = {{"X-Api-Key", "hush4"}}, .hooks = log.hooks({"x-session-key", "X-Listed"})});
    session.cookies()->store(ferry::Url(server.url()), "jar=hush5");
    session.get(server.url(),
                {.headers = {{"X-LISTED", "hush7"}}, .cookies = {{"own", "hush8"}}, .auth = ferry::bearer("hush0")});
    CHECK(server.request().bytes.find("hush8") != std::string::npos);
    CHECK(server.request().bytes.find("hush0") != std::string::npos);
    CHECK_FALSE(log.holds("hush"));
    for (auto* line :
         {"> Authorization: [hidden]", "> Cookie: [hidden]", "> X-Api-Key: [hidden]", "> X-LISTED: [hidden]",
          "< Set-Cookie: [hidden]", "< X-Session-Key: [hidden]", "< X-Auth-Token: [hidden]"}) {
        INFO(line);
        CHECK(log.has_line(line));
    }
}

TEST_CASE("the log hides passwords, in whatever URL they come", "[session][log]") {
    WireLog log;
    Server server;
    auto with_password = "http://user:hush@" + server.authority();
    server.accept()
        .answers(reply("302 Found", "", "Location: " + with_password + "/b\r\n"))
        .answers(reply("303 See Other", "", "Location: //me:hush@" + server.authority() + "/c\r\n"))
        .answers(ok("", "Link: <" + with_password + "/d>; rel=\"next\"\r\nContent-Location: " + with_password +
                            "/e\r\nX-Note: see http://a/, or " + with_password + "\r\n"));
    Session session({.hooks = log.hooks()});
    auto r = session.get(server.url_of("first:hush@127.0.0.1", "/a"),
                         {.headers = {{"Referer", with_password + "/before"}}});
    CHECK(r.status == 200);
    CHECK(r.headers["content-location"] == with_password + "/e");
    CHECK_FALSE(log.holds("hush"));
    CHECK(log.has_line("< Location: http://user:***@" + server.authority() + "/b"));
    CHECK(log.has_line("* next: GET http://user:***@" + server.authority() + "/b"));
}

TEST_CASE("the log of a lenient session keeps folded and bare lines apart", "[session][log][C9]") {
    WireLog log;
    Server server;
    server.accept().answers("HTTP/1.1 200 OK\nX-A: b\nSet-Cookie: a=hush;\n path=/hush\nContent-Length: 0\n\n");
    Session session({.lenient = true, .hooks = log.hooks()});
    session.get(server.url());
    CHECK_FALSE(log.holds("hush"));
    CHECK(log.has_line("< X-A: b"));
    CHECK(log.has_line("< Set-Cookie: [hidden]"));
    CHECK(log.has_line("< Content-Length: 0"));
}

TEST_CASE("the log of a digest login shows neither password nor answer", "[session][log][G1]") {
    WireLog log;
    Server server;
    server.accept()
        .answers(reply("401 Unauthorized", "", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n"))
        .answers(ok());
    Session session({.hooks = log.hooks()});
    session.get(server.url(), {.auth = ferry::digest("u", "hush")});
    CHECK(server.request(1).field("Authorization"));
    CHECK_FALSE(log.holds("response=\""));
    CHECK_FALSE(log.holds("hush"));
}
