// Bodies of every framing: whole, cut short, too large, and what the connection is worth afterwards.

#include "catch.hpp"
#include "script_world.hpp"

#include <string>
#include <string_view>

using namespace ferry;
using namespace ferry::testing;

namespace {

std::string start(std::string_view fields) { return "HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n"; }

// What comes of a response on a kept connection that then ends as told.
template <class Tell> Came get(Tell tell, Options options = {}, std::string_view method = "GET") {
    World world;
    world.hands_out_kept().takes();
    tell(world);
    return fetch(world, Asked(method, "http://h/", std::move(options)));
}

}  // namespace

TEST_CASE("a body of known length, in one piece or in many", "[engine]") {
    auto once = get([](World& w) { w.sends(start("Content-Length: 5\r\n") + "hello").is_given_back(); });
    CHECK(once.response.body == "hello");
    auto twice = get(
        [](World& w) { w.sends(start("Content-Length: 5\r\n")).sends("he").sends("llo").is_given_back(); });
    CHECK(twice.response.body == "hello");
    std::string large(1'000'000, 'x');
    auto many = get([&](World& w) { w.sends(start("Content-Length: 1000000\r\n") + large).is_given_back(); });
    CHECK(many.response.body == large);
}

TEST_CASE("a chunked body, with trailers", "[engine][C10]") {
    auto came = get([](World& w) {
        w.sends(start("Transfer-Encoding: chunked\r\n"))
            .sends("3\r\nhel\r")
            .sends("\n2\r\nlo\r\n0\r\nA: 1\r\n\r\n")
            .is_given_back();
    });
    CHECK_FALSE(came.ec);
    CHECK(came.response.body == "hello");
    CHECK(came.response.trailers["a"] == "1");
    CHECK_FALSE(came.response.headers.contains("a"));
}

TEST_CASE("a body until the end of the connection", "[engine][C6]") {
    auto came = get(
        [](World& w) { w.sends(start("") + "he").sends("llo").closes().is_discarded(DiscardReason::close_header); });
    CHECK_FALSE(came.ec);
    CHECK(came.response.body == "hello");
}

TEST_CASE("no body, whatever the fields say", "[engine][C1]") {
    auto head_request = get([](World& w) { w.sends(start("Content-Length: 5\r\n")).is_given_back(); }, {}, "HEAD");
    CHECK_FALSE(head_request.ec);
    CHECK(head_request.response.headers["content-length"] == "5");
    CHECK(head_request.response.body.empty());
    for (auto status : {"204 No Content", "304 Not Modified"})
        CHECK_FALSE(
            get([&](World& w) {
                w.sends("HTTP/1.1 " + std::string(status) + "\r\nTransfer-Encoding: chunked\r\n\r\n").is_given_back();
            }).ec);
    CHECK_FALSE(get([](World& w) { w.sends(start("Content-Length: 0\r\n")).is_given_back(); }).ec);
}

TEST_CASE("a body that is cut short is an error that carries what came", "[engine][C7]") {
    for (auto fields : {"Content-Length: 9\r\n", "Transfer-Encoding: chunked\r\n"}) {
        bool chunked = fields[0] == 'T';
        for (bool reset : {false, true}) {
            auto came = get([&](World& w) {
                w.sends(start(fields)).sends(chunked ? "5\r\nhello\r\n" : "hello");
                (reset ? w.resets() : w.closes()).is_discarded(DiscardReason::aborted);
            });
            CHECK(came.ec == errc::incomplete_body);
            CHECK(came.phase == Phase::body);
            CHECK(came.response.status == 200);
            CHECK(came.response.body == "hello");
        }
    }
    auto broken = get([](World& w) { w.sends(start("") + "hello").resets().is_discarded(DiscardReason::aborted); });
    CHECK(broken.ec == errc::incomplete_body);  // a reset is not the end
    CHECK(broken.response.body == "hello");
}

TEST_CASE("a chunked body without its last CRLF is cut short", "[engine][C7]") {
    for (auto end : {"", "0", "0\r\n", "0\r\nA: 1\r\n", "0\r\n\r"}) {
        auto came = get([&](World& w) {
            w.sends(start("Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n" + end)
                .closes()
                .is_discarded(DiscardReason::aborted);
        });
        CHECK(came.ec == errc::incomplete_body);
        CHECK(came.response.body == "hello");
    }
}

TEST_CASE("a malformed chunk is an error that names its place and carries what came", "[engine][C10]") {
    auto came = get([](World& w) {
        w.sends(start("Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\nxyz\r\n").is_discarded(DiscardReason::aborted);
    });
    CHECK(came.ec == errc::malformed_chunk);
    CHECK(came.response.body == "hello");
    CHECK(came.particulars.starts_with("in the chunked body"));
}

TEST_CASE("a body over max_body is refused, before it is read where its size is known", "[engine]") {
    Options options{.max_body = 5};
    CHECK_FALSE(get([](World& w) { w.sends(start("Content-Length: 5\r\n") + "hello").is_given_back(); }, options).ec);
    CHECK(get([](World& w) { w.sends(start("Content-Length: 6\r\n")).is_discarded(DiscardReason::aborted); }, options)
              .ec == errc::body_too_large);
    CHECK(get([](World& w) { w.sends(start("Content-Length: 6\r\n") + "hello!").is_discarded(DiscardReason::aborted); },
              options)
              .ec == errc::body_too_large);
    CHECK(get([](World& w) {
              w.sends(start("Content-Length: 18446744073709551615\r\n")).is_discarded(DiscardReason::aborted);
          }).ec == errc::body_too_large);
    auto chunked = get(
        [](World& w) {
            w.sends(start("Transfer-Encoding: chunked\r\n") + "3\r\nhel\r\n")
                .sends("3\r\nlo!\r\n")
                .is_discarded(DiscardReason::aborted);
        },
        options);
    CHECK(chunked.ec == errc::body_too_large);
    CHECK(chunked.response.body.size() <= 5);
    CHECK(get([](World& w) { w.sends(start("")).sends("hello!").is_discarded(DiscardReason::aborted); }, options).ec ==
          errc::body_too_large);
}

TEST_CASE("a malformed head is an error that names its place", "[engine]") {
    World world;
    world.hands_out_kept()
        .takes()
        .sends("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n")
        .is_discarded(DiscardReason::aborted);
    auto came = fetch(world, Asked());
    CHECK(came.ec == errc::invalid_content_length);
    CHECK(came.phase == Phase::head);
    CHECK(came.reached == RequestState::response_started);
    CHECK(came.particulars.starts_with("near byte "));
}

TEST_CASE("a head that is cut short is an error", "[engine][C7]") {
    for (auto bytes : {"H", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"}) {
        auto came = get([&](World& w) { w.sends(bytes).closes().is_discarded(DiscardReason::aborted); });
        CHECK(came.ec == errc::incomplete_head);
        CHECK(came.response.status == 0);
    }
}
