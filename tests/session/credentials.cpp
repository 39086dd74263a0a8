// Credentials that go out at once, whose they are, and schemes of one's own that answer challenges.

#include "loopback.hpp"
#include "pieces.hpp"
#include "temp_folder.hpp"

#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using ferry::errc;

namespace {

std::string basic_of(std::string_view user_and_password) {
    return "Basic " + ferry::detail::base64(std::string(user_and_password));
}

std::string challenged_with(std::string_view fields, std::string_view body = "who?") {
    return reply("401 Unauthorized", body, fields);
}

// A session with what a netrc file says.
Session session_with_netrc(std::string_view netrc, ferry::SessionOptions options = {}) {
    TempFolder folder;
    auto file = folder.write("netrc", netrc);
    options.netrc = true;
    ::setenv("NETRC", file.c_str(), 1);
    Session session(std::move(options));
    ::unsetenv("NETRC");
    return session;
}

// Answers so many challenges of its name with their token, and remembers what it was told.
struct CountingScheme : ferry::AuthScheme {
    explicit CountingScheme(unsigned n) : most(n) {}
    std::string authorize(const ferry::AuthRequest& q) override {
        asked.push_back(std::string(q.method) + " " + std::string(q.target) + " " + std::to_string(q.answered));
        return token.empty() ? token : "Counting " + token;
    }
    bool challenged(const std::vector<ferry::Challenge>& all, const ferry::AuthRequest& q,
                    std::string_view sent) override {
        sents.emplace_back(sent);
        for (auto& c : all)
            if (c.is("counting")) token = c.token68;
        return q.answered < most;
    }
    void accepted(std::string_view info, const ferry::AuthRequest&, std::string_view sent) override {
        ended = std::string(info) + " for " + std::string(sent);
    }
    const unsigned most;
    std::string token, ended;
    std::vector<std::string> asked, sents;
};

}  // namespace

TEST_CASE("Basic and Bearer go out at once, and a 401 to them is the result", "[session][auth][G1][G3]") {
    auto [auth, field] = GENERATE(table<ferry::Auth, std::string>({
        {ferry::basic("u", "p\xc3\xa4"), basic_of("u:p\xc3\xa4")},
        {ferry::bearer("a.b-c="), "Bearer a.b-c="},
    }));
    Server server;
    server.accept().answers(challenged_with("WWW-Authenticate: Basic realm=\"x\"\r\n")).answers(ok());
    Session session;
    auto r = session.get(server.url(), {.auth = auth});
    CHECK(r.status == 401);
    CHECK(r.body == "who?");
    CHECK(r.history.empty());
    CHECK(server.request().field("Authorization") == field);
    CHECK(server.requests().size() == 1);
    CHECK_FALSE(session.get(server.url()).history.size());
    CHECK_FALSE(server.request(1).field("Authorization"));
}

TEST_CASE("credentials of the session go out with each request", "[session][auth][G1]") {
    Server server;
    server.accept().answers(ok()).answers(ok()).answers(ok());
    Session session({.auth = ferry::basic("u", "p")});
    session.get(server.url());
    session.stream(server.url()).read();
    session.with({.auth = ferry::bearer("t")}).get(server.url());
    CHECK(server.request(0).field("Authorization") == basic_of("u:p"));
    CHECK(server.request(1).field("Authorization") == basic_of("u:p"));
    CHECK(server.request(2).field("Authorization") == "Bearer t");
}

TEST_CASE("userinfo in the URL is sent as Basic, and not in the request line", "[session][auth][G3]") {
    Server server;
    server.accept().answers(ok());
    Session session;
    auto r = session.get(server.url_of("us%40er:p%3Aw@127.0.0.1", "/x"));
    CHECK(server.request().field("Authorization") == basic_of("us@er:p:w"));
    CHECK(server.request().line() == "GET /x HTTP/1.1");
    CHECK(server.request().field("Host") == server.authority());
}

TEST_CASE("a closer word about credentials goes before a farther one", "[session][auth][G3][G4]") {
    Server server;
    server.accept().answers(ok());
    ferry::SessionOptions defaults{.headers = {{"Authorization", "Own session"}}, .auth = ferry::bearer("session")};
    ferry::Options with{.headers = {{"Authorization", "Own field"}}, .auth = ferry::bearer("request")};
    auto url = server.url_of("u:p@127.0.0.1");
    auto level = GENERATE(range(0, 6));
    CAPTURE(level);
    if (level > 0) with.headers.clear();
    if (level > 1) with.auth = {};
    if (level > 2) url = server.url();
    if (level > 3) defaults.headers.clear();
    if (level > 4) defaults.auth = {};
    auto session = session_with_netrc("machine 127.0.0.1 login n password r", defaults);
    session.get(url, with);
    const std::string expected[] = {"Own field",   "Bearer request", basic_of("u:p"),
                                    "Own session", "Bearer session", basic_of("n:r")};
    CHECK(server.request().count("Authorization") == 1);
    CHECK(server.request().field("Authorization") == expected[level]);
}

TEST_CASE("no_auth sends nothing, whatever there is", "[session][auth][G3]") {
    Server server;
    server.accept().answers(ok());
    auto session = session_with_netrc("default login n password r", {.headers = {{"Authorization", "Own session"}}});
    session.get(server.url_of("u:p@127.0.0.1"), {.auth = ferry::no_auth()});
    CHECK_FALSE(server.request().field("Authorization"));
}

TEST_CASE("a netrc file is not asked unless that is wanted, nor for other hosts", "[session][auth][G4]") {
    Server server;
    server.accept().answers(ok());
    session_with_netrc("machine 127.0.0.2 login n password r").get(server.url());
    CHECK_FALSE(server.request(0).field("Authorization"));
    server.accept().answers(ok());
    TempFolder folder;
    auto file = folder.write("netrc", "default login n password r");
    ::setenv("NETRC", file.c_str(), 1);
    Session session;
    ::unsetenv("NETRC");
    session.get(server.url());
    CHECK_FALSE(server.requests().back().field("Authorization"));
}

TEST_CASE("credentials that Basic cannot carry are refused before anything is sent", "[session][auth][G3][D3]") {
    Server server;
    Session session;
    SECTION("in the URL") {
        auto error = error_of([&] { session.get(server.url_of("a%3Ab:secret@127.0.0.1")); });
        CHECK(error.code() == errc::url_invalid_character);
        CHECK_FALSE(says(error, "secret"));
    }
    SECTION("in the netrc file") {
        auto other = session_with_netrc("default login a:b password secret");
        auto error = error_of([&] { other.get(server.url()); });
        CHECK(error.code() == errc::invalid_option);
        CHECK_FALSE(says(error, "secret"));
    }
    SECTION("of a scheme's own") {
        auto scheme = std::make_shared<CountingScheme>(0);
        scheme->token = "a\r\nX: y";
        auto error = error_of([&] { session.get(server.url(), {.auth = scheme}); });
        CHECK(error.code() == errc::invalid_header_value);
    }
    CHECK(server.connections() == 0);
}

TEST_CASE("a scheme of one's own answers a challenge on the connection that it came on", "[session][auth][G1][G2]") {
    Server server;
    server.accept()
        .answers(
            challenged_with("WWW-Authenticate: Basic realm=\"a, b\", Other x=y\r\nWWW-Authenticate: Counting abc=\r\n"))
        .answers(ok("in", "Authentication-Info: rspauth=\"1\"\r\n"));
    Session session;
    auto scheme = std::make_shared<CountingScheme>(1);
    auto r = session.post(server.url("/p?q"), {.body = "state", .auth = scheme});
    CHECK(r.body == "in");
    REQUIRE(r.history.size() == 1);
    CHECK(r.history[0].status == 401);
    CHECK(r.history[0].body == "who?");
    CHECK(r.connection.reused);
    CHECK_FALSE(server.request(0).field("Authorization"));
    CHECK(server.request(1).field("Authorization") == "Counting abc=");
    CHECK(server.request(1).line() == "POST /p?q HTTP/1.1");
    CHECK(server.request(1).body() == "state");
    CHECK(scheme->asked == std::vector<std::string>{"POST /p?q 0", "POST /p?q 1"});
    CHECK(scheme->sents == std::vector<std::string>{""});
    CHECK(scheme->ended == "rspauth=\"1\" for Counting abc=");
}

TEST_CASE("an endless 401 ends after four answers", "[session][auth][G3]") {
    Server server;
    auto& script = server.accept();
    for (int i = 0; i < 5; ++i) script.answers(challenged_with("WWW-Authenticate: Counting abc\r\n"));
    Session session;
    auto r = session.get(server.url(), {.auth = std::make_shared<CountingScheme>(100)});
    CHECK(r.status == 401);
    CHECK(r.history.size() == 4);
    CHECK(session.stats().idle == 1);
}

TEST_CASE("challenges and redirects in turns end at the redirects' limit", "[session][auth][E6][G3]") {
    Server server;
    auto& script = server.accept();
    for (int i = 0; i < 4; ++i)
        script.answers(challenged_with("WWW-Authenticate: Counting abc\r\n")).answers(moved("/" + std::to_string(i)));
    Session session;
    auto error = error_of(
        [&] { session.get(server.url(), {.auth = std::make_shared<CountingScheme>(100), .redirects = {{.max = 3}}}); });
    CHECK(error.code() == errc::too_many_redirects);
    CHECK(error.partial()->history.size() == 7);
}

TEST_CASE("a malformed challenge is no reason to fail", "[session][auth][G2]") {
    auto fields = GENERATE(
        "", "WWW-Authenticate:\r\n", "WWW-Authenticate: ,,=,\r\n", "WWW-Authenticate: Digest realm=\"x\r\n",
        "WWW-Authenticate: Digest nonce\r\n", "WWW-Authenticate: \"Digest\" realm=x, nonce=y\r\n",
        "WWW-Authenticate: Digest realm=x, nonce=y, algorithm=ROT13\r\n",
        "WWW-Authenticate: Digest realm=x, nonce=y, qop=auth-int\r\n", "Digest: realm=x, nonce=y\r\n");
    CAPTURE(fields);
    Server server;
    server.accept().answers(challenged_with(fields)).answers(ok());
    Session session;
    auto r = session.get(server.url(), {.auth = ferry::digest("u", "p")});
    CHECK(r.status == 401);
    CHECK(r.body == "who?");
    CHECK(r.history.empty());
    CHECK(session.get(server.url()).connection.reused);
}

TEST_CASE("the body of a challenge is not worth more than that of a redirect", "[session][auth][G3]") {
    Server server;
    auto& first = server.accept();
    SECTION("too large") {
        first.answers(head("WWW-Authenticate: Counting abc\r\nContent-Length: 300000\r\n", "401 U")).reads_to_the_end();
    }
    SECTION("with the connection's end") {
        first.answers(challenged_with("WWW-Authenticate: Counting abc\r\nConnection: close\r\n")).closes();
    }
    server.accept().answers(ok("in"));
    Session session;
    CHECK(session.get(server.url(), {.auth = std::make_shared<CountingScheme>(1)}).body == "in");
}

TEST_CASE("a 401 to a body that cannot be rewound is the result", "[session][auth][B3][G3]") {
    Server server;
    Session session;
    auto scheme = std::make_shared<CountingScheme>(1);
    ferry::Options with{.body = ferry::source(pieces_of("state", 9)), .auth = scheme};
    SECTION("when it has been sent") {
        server.accept().answers(challenged_with("WWW-Authenticate: Counting abc\r\n")).answers(ok());
        auto r = session.post(server.url(), with);
        CHECK(r.status == 401);
        CHECK(r.body == "who?");
        CHECK(scheme->sents.empty());
        CHECK(session.get(server.url()).connection.reused);
    }
    SECTION("but not when it was spared") {
        server.accept().reads_head().sends(challenged_with("WWW-Authenticate: Counting abc\r\n")).sees_the_end();
        server.accept().reads_head().sends("HTTP/1.1 100 Continue\r\n\r\n").reads(15).sends(ok("in"));
        with.expect_continue = true;
        CHECK(session.post(server.url(), with).body == "in");
    }
}

TEST_CASE("what a scheme throws passes through the call", "[session][blocking][auth][G1]") {
    struct Throwing : ferry::AuthScheme {
        std::string authorize(const ferry::AuthRequest&) override { throw std::runtime_error("no key"); }
    };
    Server server;
    Session session;
    CHECK_THROWS_WITH(session.get(server.url(), {.auth = std::make_shared<Throwing>()}), "no key");
    CHECK(server.connections() == 0);
}

TEST_CASE("a challenge is answered before a stream or a download begins", "[session][auth][G1]") {
    TempFolder folder;
    Server server;
    server.accept().answers(challenged_with("WWW-Authenticate: Counting abc\r\n")).answers(ok("in"));
    Session session;
    ferry::Options with{.auth = std::make_shared<CountingScheme>(1)};
    SECTION("a stream") { CHECK(session.stream(server.url(), with).read() == "in"); }
    SECTION("a download") {
        session.download(server.url(), folder / "file", with);
        CHECK(folder.read("file") == "in");
    }
}
