// Interim responses: skipped, counted, and never taken for the final one.
// Over TLS and through a tunnel, too.

#include "loopback.hpp"

#include <stdexcept>
#include <string>
#include <vector>

namespace {

const std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
const std::string early_hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n";

}  // namespace

TEST_CASE("interim responses are skipped", "[session][C2]") {
    auto interim = GENERATE(as<std::string>(), go_on, early_hints, go_on + early_hints + early_hints,
                            "HTTP/1.1 102 Processing\r\n\r\n" + go_on,
                            "HTTP/1.1 199 \r\nContent-Length: 7\r\nConnection: close\r\n\r\n");
    CAPTURE(interim);
    auto bytewise = GENERATE(false, true);
    Server server;
    auto& script = server.accept().reads_request();
    bytewise ? script.sends_bytewise(interim + ok("final")) : script.sends(interim + ok("final"));
    script.answers(ok("next"));
    Session session;
    auto r = session.get(server.url());
    CHECK(r.status == 200);
    CHECK(r.body == "final");
    CHECK_FALSE(r.headers.contains("Link"));
    CHECK(r.headers.size() == 1);
    CHECK(session.get(server.url()).connection.reused);
}

TEST_CASE("interim responses that nobody asked for do not disturb a POST", "[session][C2]") {
    Server server;
    server.accept().reads_head().sends(go_on).reads(4).sends(ok("done"));
    Session session;
    CHECK(session.post(server.url(), {.body = "data"}).body == "done");
    CHECK(session.stats().idle == 1);
}

TEST_CASE("eight interim responses are allowed, a ninth is not", "[session][C2]") {
    std::string eight;
    for (int i = 0; i < 8; ++i) eight += early_hints;
    Server server;
    server.accept().answers(eight + ok("final")).answers(eight + early_hints + ok("final")).ignores_the_rest();
    Session session;
    CHECK(session.get(server.url()).body == "final");
    auto error = error_of([&] { session.get(server.url()); });
    CHECK(error.code() == ferry::errc::too_many_interim_responses);
    CHECK(error.code() == ferry::condition::protocol);
    check_that_it_lives(session, server);
}

TEST_CASE("interim responses are offered with their fields", "[session][C2]") {
    Server server;
    server.accept().answers(early_hints + "HTTP/1.1 102 Processing\r\n\r\n" + ok());
    Session session;
    std::vector<std::string> seen;
    auto note = [&](int status, const ferry::Headers& headers) {
        seen.push_back(std::to_string(status) + " " + std::string(headers["link"]));
    };
    session.get(server.url(), {.on_interim = note});
    CHECK(seen == std::vector<std::string>{"103 </a.css>; rel=preload", "102 "});
}

TEST_CASE("what a callback throws passes through the call, and its connection is closed", "[session][blocking][C2]") {
    Server server;
    server.accept().answers(early_hints + ok()).sees_the_end();
    Session session;
    auto refuse = [](int, const ferry::Headers&) { throw std::runtime_error("no hints"); };
    CHECK_THROWS_WITH(session.get(server.url(), {.on_interim = refuse}), "no hints");
    CHECK(session.stats().idle == 0);
    CHECK(session.stats().in_use == 0);
    check_that_it_lives(session, server);
}

TEST_CASE("a switch of protocols that was not asked for is an error", "[session][C2]") {
    Server server;
    server.accept().answers("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\nhello");
    Session session;
    auto error = error_of([&] { session.get(server.url()); });
    CHECK(error.code() == ferry::errc::unexpected_upgrade);
    CHECK(session.stats().idle == 0);
    check_that_it_lives(session, server);
}
