// 1xx responses: passed by, counted, offered; and the go-ahead that a request may wait for.

#include "catch.hpp"
#include "script_world.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace ferry;
using namespace ferry::testing;
using namespace std::chrono_literals;

namespace {

const std::string go_ahead = "HTTP/1.1 100 Continue\r\n\r\n";
const std::string head_alone = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";

Options expecting(Body body = "hello") { return {.body = std::move(body), .expect_continue = true}; }

}  // namespace

TEST_CASE("interim responses are passed by, in whatever pieces they come", "[engine][C2]") {
    auto early = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 9\r\n\r\n";
    for (bool together : {false, true}) {
        World world;
        world.hands_out_kept().takes();
        auto final = response("200 OK", "hello", "A: 1\r\n");
        if (together) world.sends(go_ahead + early + final);
        else world.sends(go_ahead).sends(early).sends("HTTP/1.1 102 Processing\r\n\r\n").sends(final);
        world.is_given_back();
        auto came = fetch(world, Asked());
        CHECK_FALSE(came.ec);
        CHECK(came.response.status == 200);
        CHECK(came.response.headers == Headers{{"A", "1"}, {"Content-Length", "5"}});
        CHECK(came.response.body == "hello");
    }
}

TEST_CASE("interim responses are offered to the caller", "[engine][C2]") {
    std::vector<std::pair<int, std::string>> heard;
    Options options{.on_interim = [&](int status, const Headers& h) { heard.emplace_back(status, h["link"]); }};
    World world;
    world.hands_out_kept()
        .takes()
        .sends(go_ahead + "HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n" + response("200 OK"))
        .is_given_back();
    CHECK_FALSE(fetch(world, Asked("GET", "http://h/", options)).ec);
    CHECK(heard == std::vector<std::pair<int, std::string>>{{100, ""}, {103, "</a>"}});
}

TEST_CASE("interim responses have a limit", "[engine][C2]") {
    for (int count : {2, 3}) {
        World world;
        world.hands_out_kept().takes();
        for (int i = 0; i < count; ++i) world.sends(go_ahead);
        if (count == 2) world.sends(response("200 OK")).is_given_back();
        else world.is_discarded(DiscardReason::aborted);
        auto came = fetch(world, Asked("GET", "http://h/", {}, {.max_interim = 2}));
        CHECK(came.ec == (count == 2 ? std::error_code{} : errc::too_many_interim_responses));
    }
}

TEST_CASE("101 was not asked for", "[engine][C2]") {
    World world;
    world.hands_out_kept().takes().sends("HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
    world.is_discarded(DiscardReason::aborted);
    CHECK(fetch(world, Asked()).ec == errc::unexpected_upgrade);
}

TEST_CASE("the time between two interim responses is the read timeout", "[engine][C2][K3]") {
    World world;
    world.hands_out_kept().takes().after(900ms).sends(go_ahead).says_nothing().is_discarded(DiscardReason::aborted);
    CHECK(fetch(world, Asked("GET", "http://h/", {.read_timeout = 1s})).ec == errc::read_timeout);
    CHECK(world.now == beginning + 1900ms);
}

TEST_CASE("a body that waits for the go-ahead is sent after it", "[engine][D5]") {
    World world;
    world.hands_out_kept().takes_exactly(head_alone).sends(go_ahead).takes_exactly("hello").sends(response("200 OK"));
    world.is_given_back();
    CHECK_FALSE(fetch(world, Asked("POST", "http://h/", expecting())).ec);
}

TEST_CASE("any interim response is a go-ahead, also one that comes in pieces", "[engine][D5]") {
    World world;
    world.piece = 1;
    world.hands_out_kept().takes_exactly(head_alone).sends(go_ahead).takes_exactly("hello").sends(response("200 OK"));
    world.is_given_back();
    CHECK_FALSE(fetch(world, Asked("POST", "http://h/", expecting())).ec);
}

TEST_CASE("after a second of silence the body is sent anyway", "[engine][D5]") {
    World world;
    world.hands_out_kept().takes_exactly(head_alone).says_nothing().takes_exactly("hello").sends(response("200 OK"));
    world.is_given_back();
    CHECK_FALSE(fetch(world, Asked("POST", "http://h/", expecting())).ec);
    CHECK(world.now == beginning + 1s);
}

TEST_CASE("the wait for a go-ahead does not outlast the deadline", "[engine][D5][K3]") {
    World world;
    world.hands_out_kept().takes().says_nothing().is_discarded(DiscardReason::aborted);
    auto options = expecting();
    options.timeout = 400ms;
    CHECK(fetch(world, Asked("POST", "http://h/", options)).ec == errc::total_timeout);
    CHECK(world.now == beginning + 400ms);
}

TEST_CASE("a final answer instead of a go-ahead spares the body", "[engine][D5][A14]") {
    for (auto status : {"401 Unauthorized", "413 Too Large", "200 OK"}) {
        World world;
        world.hands_out_kept()
            .takes_exactly(head_alone)
            .sends(response(status, "no"))
            .is_discarded(DiscardReason::not_drained);
        auto came = fetch(world, Asked("POST", "http://h/", expecting()));
        CHECK_FALSE(came.ec);
        CHECK(came.response.body == "no");
        CHECK(world.sent == head_alone);
    }
}

TEST_CASE("a final answer right behind the go-ahead spares the body as well", "[engine][D5][A14]") {
    World world;
    world.hands_out_kept().takes_exactly(head_alone).sends(go_ahead + response("401 No"));
    world.is_discarded(DiscardReason::not_drained);
    CHECK(fetch(world, Asked("POST", "http://h/", expecting())).response.status == 401);
    CHECK(world.sent == head_alone);
}

TEST_CASE("417 sends the request again without the expectation", "[engine][D5]") {
    World world;
    world.hands_out_kept().takes_exactly(head_alone).sends(response("417 Expectation Failed", "no"));
    world.is_discarded(DiscardReason::not_drained);
    world.dials()
        .takes_exactly("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello")
        .sends(response("200 OK", "yes"));
    world.is_given_back();
    auto came = fetch(world, Asked("POST", "http://h/", expecting()));
    CHECK_FALSE(came.ec);
    CHECK(came.response.body == "yes");
}

TEST_CASE("417 to a request without an expectation is the answer", "[engine][D5]") {
    World world;
    world.hands_out_kept().takes().sends(response("417 Expectation Failed")).is_given_back();
    CHECK(fetch(world, Asked("POST", "http://h/", {.body = "hello"})).response.status == 417);
}

TEST_CASE("a second 417 is the answer", "[engine][D5]") {
    World world;
    world.dials().takes().sends(response("417 Expectation Failed")).is_discarded(DiscardReason::not_drained);
    world.dials().takes().sends(response("417 Expectation Failed")).is_given_back();
    CHECK(fetch(world, Asked("POST", "http://h/", expecting())).response.status == 417);
}

TEST_CASE("a stale connection found while waiting for the go-ahead is replaced", "[engine][D5][B2]") {
    World world;
    world.hands_out_kept().takes().closes().closes().is_discarded(DiscardReason::peer_closed);
    world.dials_fresh()
        .takes_exactly(head_alone)
        .sends(go_ahead)
        .takes_exactly("hello")
        .sends(response("200 OK"))
        .is_given_back();
    auto options = expecting();
    options.idempotent = true;
    CHECK_FALSE(fetch(world, Asked("POST", "http://h/", options)).ec);
}

TEST_CASE("a body that is pulled waits for the go-ahead too", "[engine][D5]") {
    World world;
    world.opens_body(5)
        .hands_out_kept()
        .takes_exactly(head_alone)
        .sends(go_ahead)
        .yields("hello")
        .takes_exactly("hello");
    world.sends(response("200 OK")).is_given_back();
    auto body = source([](std::span<char>) { return std::size_t{0}; }, 5);
    CHECK_FALSE(fetch(world, Asked("POST", "http://h/", expecting(body))).ec);
}

TEST_CASE("nothing is expected for a request without content", "[engine][D5]") {
    World none;
    none.hands_out_kept()
        .takes_exactly("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
        .sends(response("200 OK"));
    none.is_given_back();
    CHECK_FALSE(fetch(none, Asked("POST", "http://h/", expecting(Body()))).ec);

    World empty;  // RFC 9110 10.1.1
    empty.hands_out_kept()
        .takes_exactly("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
        .sends(response("200 OK"));
    empty.is_given_back();
    CHECK_FALSE(fetch(empty, Asked("POST", "http://h/", expecting(""))).ec);
}

TEST_CASE("a failure at any step of an exchange with a go-ahead surfaces", "[engine][A6][D5]") {
    fails_everywhere(
        [](World& w) {
            w.dials().takes().sends(go_ahead).takes().sends(go_ahead).sends(response("200 OK", "b")).is_given_back();
        },
        Asked("POST", "http://h/", expecting()));
    fails_everywhere(
        [](World& w) {
            w.hands_out_kept().takes().sends(response("417 No")).is_discarded(DiscardReason::not_drained);
            w.dials().takes().sends(response("200 OK", "b")).is_given_back();
        },
        Asked("POST", "http://h/", expecting()));
}
