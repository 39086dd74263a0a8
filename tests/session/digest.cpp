// Digest authentication against a server that checks each answer and each count.

#include "background.hpp"
#include "loopback.hpp"
#include "service.hpp"

#include <ferry/hash.hpp>

#include <algorithm>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#if FERRY_HAS_TLS

namespace {

using ferry::detail::hex_hash;

std::string md5_of(std::string_view text) { return hex_hash(ferry::detail::Hash::md5, text); }

// Knows the user u with the password p, and gives out nonces that are good for so many requests.
class DigestServer {
public:
    explicit DigestServer(std::size_t uses = 1'000'000) : uses_(uses) {}

    std::string operator()(const Request& q) {
        std::lock_guard lock(mutex_);
        auto all = ferry::detail::parse_challenges({q.field("Authorization").value_or("")});
        if (all.empty() || !all[0].is("digest")) return refuses("");
        auto part = [&](std::string_view name) { return std::string(all[0].find(name).value_or("")); };
        auto a1 = md5_of("u:r:p"), a2 = md5_of(std::string(q.method()) + ":" + part("uri"));
        auto expected = md5_of(a1 + ":" + part("nonce") + ":" + part("nc") + ":" + part("cnonce") + ":auth:" + a2);
        if (part("username") != "u" || part("uri") != q.target() || part("response") != expected) return refuses("");
        auto& seen = seen_[part("nonce")];
        if (!seen.insert(part("nc")).second) ++doubles;
        if (part("nonce") != nonce() || seen.size() > uses_) {
            if (part("nonce") == nonce()) ++nonces_;
            return refuses(", stale=true");
        }
        return ok("in");
    }

    std::size_t refused = 0, doubles = 0;

private:
    std::string nonce() const { return "n" + std::to_string(nonces_); }
    std::string refuses(std::string_view more) {
        ++refused;
        return reply("401 Unauthorized", "who?",
                     "WWW-Authenticate: Digest realm=\"r\", qop=\"auth\", nonce=\"" + nonce() + "\"" +
                         std::string(more) + "\r\n");
    }

    const std::size_t uses_;
    std::mutex mutex_;
    std::size_t nonces_ = 1;
    std::map<std::string, std::set<std::string>> seen_;
};

// The same behind a Service.
struct DigestService {
    explicit DigestService(std::size_t uses = 1'000'000) : checks(uses) {}
    DigestServer checks;
    Service service{[this](const Request& q) { return checks(q); }};
};

}  // namespace

TEST_CASE("one digest challenge serves all later requests of a session", "[session][auth][digest][G1]") {
    DigestService world;
    Session session({.auth = ferry::digest("u", "p")});
    auto r = session.get(world.service.url("/a?b=c"));
    CHECK(r.status == 200);
    REQUIRE(r.history.size() == 1);
    CHECK(r.history[0].status == 401);
    CHECK(r.history[0].body == "who?");
    CHECK(session.post(world.service.url("/d"), {.body = "state"}).history.empty());
    CHECK(session.with({.timeout = 20s}).put(world.service.url("/e"), {.body = "state"}).history.empty());
    CHECK(world.checks.refused == 1);
    CHECK(world.service.connections() == 1);
}

TEST_CASE("requests that share a digest share its challenge", "[session][auth][digest][G1]") {
    DigestService world;
    Session session, other;
    const auto auth = ferry::digest("u", "p");
    CHECK(session.get(world.service.url(), {.auth = auth}).history.size() == 1);
    CHECK(session.get(world.service.url(), {.auth = auth}).history.empty());
    CHECK(other.get(world.service.url(), {.auth = auth}).history.empty());
    CHECK(other.get(world.service.url(), {.auth = ferry::digest("u", "p")}).history.size() == 1);
    CHECK(world.checks.refused == 2);
}

TEST_CASE("a nonce that the server calls stale is replaced on the way", "[session][auth][digest][G1]") {
    DigestService world(3);
    Session session({.auth = ferry::digest("u", "p")});
    std::vector<std::size_t> answers;
    for (int i = 0; i < 8; ++i) {
        auto r = session.get(world.service.url());
        CHECK(r.status == 200);
        answers.push_back(r.history.size());
    }
    CHECK(answers == std::vector<std::size_t>{1, 0, 0, 1, 0, 0, 1, 0});
    CHECK(world.checks.doubles == 0);
    CHECK(world.service.connections() == 1);
}

TEST_CASE("a wrong password ends with the second 401", "[session][auth][digest][G3]") {
    DigestService world;
    Session session({.auth = ferry::digest("u", "wrong")});
    auto r = session.get(world.service.url());
    CHECK(r.status == 401);
    CHECK(r.history.size() == 1);
    CHECK(session.get(world.service.url()).status == 401);
    CHECK(world.service.requests() == 4);
}

TEST_CASE("threads of a session share a digest, and never a count", "[session][auth][digest][threads][G1]") {
    DigestService world(20);
    Session session({.auth = ferry::digest("u", "p")});
    std::vector<std::future<bool>> threads;
    for (int i = 0; i < 4; ++i)
        threads.push_back(in_background([&] {
            bool all = true;
            for (int n = 0; n < 25; ++n) all = session.get(world.service.url()).status == 200 && all;
            return all;
        }));
    for (auto& t : threads) CHECK(t.get());
    CHECK(world.checks.doubles == 0);
    CHECK(world.checks.refused < 60);
}

TEST_CASE("a digest is answered for the target that is sent", "[session][auth][digest][G1]") {
    DigestService world;
    Session session({.auth = ferry::digest("u", "p")});
    CHECK(session.request("OPTIONS", world.service.url(), {.target = "*"}).status == 200);
    CHECK(session.get(world.service.url(), {.target = "//x/../y"}).status == 200);
    CHECK(world.checks.refused == 1);
}

TEST_CASE("a digest goes along a redirect on its server, and is answered anew there", "[session][auth][digest][E4]") {
    DigestServer checks;
    Service service([&](const Request& q) {
        auto r = checks(q);
        return r.find(" 200 ") != r.npos && q.target() != "/end" ? moved("/end") : r;
    });
    Session session;
    auto r = session.post(service.url("/start"), {.body = "state", .auth = ferry::digest("u", "p")});
    CHECK(r.status == 200);
    CHECK(to_string(r.url) == service.url("/end"));
    CHECK(r.history.size() == 2);
    CHECK(checks.refused == 1);
}

TEST_CASE("a digest does not go along to another server, nor answer it", "[session][auth][digest][E4]") {
    DigestService world;
    Server server;
    server.accept().answers(moved(world.service.url("/x")));
    Session session;
    ferry::Response r;
    SECTION("the request's") { r = session.get(server.url(), {.auth = ferry::digest("u", "p")}); }
    SECTION("the session's") {
        session = Session({.auth = ferry::digest("u", "p")});
        r = session.get(server.url());
    }
    CHECK(r.status == 401);
    CHECK(r.history.size() == 1);
    CHECK(world.service.requests() == 1);
}

TEST_CASE("a digest challenge behind others, and in lists, is found", "[session][auth][digest][G2]") {
    Server server;
    server.accept()
        .answers(reply("401 U", "",
                       "WWW-Authenticate: Negotiate, Basic realm=\"Digest realm=x, nonce=y\"\r\n"
                       "www-authenticate: , digest nonce=n1 , realm=\"r, \\\"1\\\"\",algorithm=SHA-256, "
                       "qop=\"auth,auth-int\"\r\n"))
        .answers(ok("in"));
    Session session;
    CHECK(session.get(server.url(), {.auth = ferry::digest("u", "p")}).body == "in");
    auto field = std::string(server.request(1).field("Authorization").value_or(""));
    CHECK(field.find("nonce=\"n1\"") != field.npos);
    CHECK(field.find("realm=\"r, \\\"1\\\"\"") != field.npos);
    CHECK(field.find("algorithm=SHA-256") != field.npos);
}

TEST_CASE("a digest is answered again after a kept connection was dropped", "[session][auth][digest][B2]") {
    DigestServer checks;
    Server server;
    server.accept()
        .answers(reply("401 U", "", "WWW-Authenticate: Digest realm=r, qop=auth, nonce=n1\r\n"))
        .reads_request()
        .closes();
    server.accept().answers(ok("in"));
    Session session;
    CHECK(session.get(server.url(), {.auth = ferry::digest("u", "p")}).body == "in");
    CHECK(checks(server.request(2)).find(" 200 ") != std::string::npos);
}

#endif
