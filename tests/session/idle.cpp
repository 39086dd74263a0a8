// What can befall a connection while it is idle, and what the next request makes of it.
// Over TLS and through a tunnel, too.

#include "loopback.hpp"

using ferry::DiscardReason;

namespace {

// One request, trouble while idle, and a second request that must not notice.
struct Idle {
    Server server;
    Session session;
    Script& first = server.accept().answers(ok("one"));
    Script& second = server.accept();

    Idle() { CHECK(session.get(server.url("/one")).body == "one"); }

    void next_request_dials_anew() {
        REQUIRE(first.delivered());
        second.answers(ok("two"));
        auto r = session.get(server.url("/two"));
        CHECK(r.body == "two");
        CHECK_FALSE(r.connection.reused);
        CHECK(r.connection.id == 2);
        CHECK(server.requests().size() == 2);
        CHECK(session.stats().discarded.total() == 1);
    }
};

}  // namespace

TEST_CASE("a connection that the server closed while idle is noticed, discarded and replaced", "[session][A2]") {
    Idle idle;
    SECTION("and said so") { idle.first.closes(); }
    SECTION("without a word, also to TLS") { idle.first.drops(); }
    idle.next_request_dials_anew();
    CHECK(idle.session.stats().discarded[DiscardReason::peer_closed] == 1);
}

TEST_CASE("a POST, too, never goes out on a connection that was closed while idle", "[session][A2][B2]") {
    Idle idle;
    idle.first.closes();
    REQUIRE(idle.first.delivered());
    idle.second.answers(ok("two"));
    CHECK(idle.session.post(idle.server.url(), {.body = "once"}).body == "two");
    REQUIRE(idle.server.requests().size() == 2);
    CHECK(idle.server.request(1).connection == 2);
}

TEST_CASE("a half-closed connection is not used", "[session][A2]") {
    Idle idle;
    idle.first.half_closes();
    idle.next_request_dials_anew();
    CHECK(idle.session.stats().discarded[DiscardReason::peer_closed] == 1);
}

TEST_CASE("a connection that was reset while idle is replaced", "[session][A2]") {
    Idle idle;
    idle.first.resets();
    idle.next_request_dials_anew();
    CHECK(idle.session.stats().discarded[DiscardReason::reset] == 1);
}

TEST_CASE("bytes that come while idle are never a response", "[session][A1]") {
    std::string stray = GENERATE(as<std::string>(), "x", "\r\n", ok("stray"));
    Idle idle;
    idle.first.sends(stray);
    idle.next_request_dials_anew();
    CHECK(idle.session.stats().discarded[DiscardReason::unsolicited_data] == 1);
}

TEST_CASE("a 408 with close while idle is an idle close and no error", "[session][A12]") {
    Idle idle;
    idle.first.sends(reply("408 Request Timeout", "too slow", "Connection: close\r\n")).closes();
    idle.next_request_dials_anew();
}

TEST_CASE("bytes right behind a response make its connection unfit, and the response remains right", "[session][A4]") {
    Server server;
    auto behind = GENERATE(as<std::string>(), "x", "\r\n", ok("not asked for"));
    auto body = GENERATE(ok("one"), chunked({"o", "ne"}));
    server.accept().answers(body + behind);
    server.accept().answers(ok("two"));
    Session session;
    CHECK(session.get(server.url()).body == "one");
    CHECK(session.stats().discarded[DiscardReason::leftover_bytes] == 1);
    CHECK(session.stats().idle == 0);
    auto r = session.get(server.url());
    CHECK(r.body == "two");
    CHECK_FALSE(r.connection.reused);
}

TEST_CASE("a large body with bytes behind it is taken to its last byte and no further", "[session][A4]") {
    Server server;
    std::string large(300'000, 'a');
    server.accept().answers(ok(large) + "behind").ignores_the_rest();
    server.accept().answers(ok("two"));
    Session session;
    CHECK(session.get(server.url()).body == large);
    // The bytes may come after the body was received; then it is the probe that finds them.
    CHECK(session.get(server.url()).body == "two");
    auto discarded = session.stats().discarded;
    CHECK(discarded[DiscardReason::leftover_bytes] + discarded[DiscardReason::unsolicited_data] == 1);
}

TEST_CASE("the connection used last is handed out first", "[session]") {
    Server server;
    auto& first = server.accept().answers(ok("one"));
    auto& second = server.accept().answers(ok("two"));
    Session session;
    {
        auto a = session.stream(server.url()), b = session.stream(server.url());
        CHECK(a.read() == "one");
        CHECK(b.read() == "two");
    }
    REQUIRE(session.stats().idle == 2);

    SECTION("if it lives") {
        second.answers(ok("again"));
        CHECK(session.get(server.url()).connection.id == 2);
    }
    SECTION("else the next one") {
        second.closes();
        REQUIRE(second.delivered());
        first.answers(ok("again"));
        auto r = session.get(server.url());
        CHECK(r.connection.id == 1);
        CHECK(r.connection.reused);
        CHECK(session.stats().discarded[DiscardReason::peer_closed] == 1);
    }
}
