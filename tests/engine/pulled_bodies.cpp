// Request bodies that are pulled while they are sent, and answers that come before their end.

#include "catch.hpp"
#include "script_world.hpp"

#include <span>
#include <string>

using namespace ferry;
using namespace ferry::testing;

namespace {

Options with(Body body) { return {.body = std::move(body)}; }
Options from_source() {
    return with(source([](std::span<char>) { return std::size_t{0}; }));
}

const std::string start = "POST / HTTP/1.1\r\nHost: h\r\n";

}  // namespace

TEST_CASE("a body of known size goes out as it is", "[engine][D4]") {
    World world;
    world.opens_body(8).hands_out_kept().takes_exactly(start + "Content-Length: 8\r\n\r\n");
    world.yields("abc").takes_exactly("abc").yields("defgh").takes(2).takes_exactly("fgh");
    world.sends(response("200 OK")).is_given_back();
    CHECK_FALSE(fetch(world, Asked("POST", "http://h/", from_source())).ec);
    CHECK(world.watched);
}

TEST_CASE("a body of unknown size goes out chunked", "[engine][D4]") {
    World world;
    world.opens_body(detail::unknown_size).hands_out_kept().takes_exactly(start + "Transfer-Encoding: chunked\r\n\r\n");
    world.yields("abc").takes_exactly("3\r\nabc\r\n").yields(std::string(300, 'x')).takes(5);
    world.takes_exactly(std::string(300, 'x') + "\r\n").yields_no_more().takes_exactly("0\r\n\r\n");
    world.sends(response("200 OK")).is_given_back();
    CHECK_FALSE(fetch(world, Asked("POST", "http://h/", from_source())).ec);
}

TEST_CASE("a body that is empty after all is still framed", "[engine][D4]") {
    World sized;
    sized.opens_body(0).hands_out_kept().takes_exactly(start + "Content-Length: 0\r\n\r\n");
    sized.sends(response("200 OK")).is_given_back();
    CHECK_FALSE(fetch(sized, Asked("POST", "http://h/", from_source())).ec);

    World chunked;
    chunked.opens_body(detail::unknown_size).hands_out_kept().takes().yields_no_more().takes_exactly("0\r\n\r\n");
    chunked.sends(response("200 OK")).is_given_back();
    CHECK_FALSE(fetch(chunked, Asked("POST", "http://h/", from_source())).ec);
}

TEST_CASE("a body that is shorter or longer than announced ends the connection", "[engine][J1]") {
    World shorter;
    shorter.opens_body(8).hands_out_kept().takes().yields("abc").takes().yields_no_more().is_discarded(
        DiscardReason::aborted);
    auto came = fetch(shorter, Asked("POST", "http://h/", from_source()));
    CHECK(came.ec == errc::body_size_changed);
    CHECK(came.phase == Phase::send);
    CHECK(came.reached == RequestState::maybe_sent);

    World longer;
    longer.opens_body(3).hands_out_kept().takes().yields("abcd").is_discarded(DiscardReason::aborted);
    CHECK(fetch(longer, Asked("POST", "http://h/", from_source())).ec == errc::body_size_changed);
    CHECK(longer.sent.find("abc") == std::string::npos);
}

TEST_CASE("a caller's Content-Length must be the body's", "[engine][D4]") {
    for (auto length : {"3", "5"}) {
        auto options = with(File{"/no/such/file"});
        options.headers.add("Content-Length", length);
        World world;
        world.opens_body(3);
        if (*length == '3') {
            world.hands_out_kept()
                .takes_exactly(start + "Content-Length: 3\r\n\r\n")
                .yields("abc")
                .takes()
                .yields_no_more();
            world.sends(response("200 OK")).is_given_back();
        }
        auto came = fetch(world, Asked("POST", "http://h/", options));
        CHECK(came.ec == (*length == '3' ? std::error_code{} : errc::content_length_mismatch));
    }
    auto options = from_source();
    options.headers.add("Content-Length", "3");
    World unknown;
    unknown.opens_body(detail::unknown_size);
    CHECK(fetch(unknown, Asked("POST", "http://h/", options)).ec == errc::content_length_mismatch);
}

TEST_CASE("a body that cannot be opened is found before a connection is asked for", "[engine]") {
    World world;
    world.opens_no_body(std::make_error_code(std::errc::no_such_file_or_directory));
    auto came = fetch(world, Asked("POST", "http://h/", with(File{"/no/such/file"})));
    CHECK(came.ec == errc::body_not_readable);
    CHECK(came.phase == Phase::input);
    CHECK(came.reached == RequestState::not_sent);
    CHECK(came.particulars.starts_with("/no/such/file: "));
}

TEST_CASE("a body that cannot be read to its end ends the connection", "[engine][A6]") {
    World world;
    world.opens_body(8).hands_out_kept().takes().yields_nothing(std::make_error_code(std::errc::io_error));
    world.is_discarded(DiscardReason::aborted);
    CHECK(fetch(world, Asked("POST", "http://h/", with(File{"f"}))).ec == errc::body_not_readable);
}

TEST_CASE("an early answer stops the body, and the connection is not kept", "[engine][A14]") {
    World world;
    world.opens_body(8).hands_out_kept().takes().yields("abc").takes().yields("de").speaks_up();
    world.sends(response("401 Unauthorized", "no")).is_discarded(DiscardReason::not_drained);
    auto came = fetch(world, Asked("POST", "http://h/", from_source()));
    CHECK_FALSE(came.ec);
    CHECK(came.response.status == 401);
    CHECK(came.response.body == "no");
    CHECK(world.sent.ends_with("abc"));
}

TEST_CASE("an interim response while the body is sent does not stop it", "[engine][A14][C2]") {
    World world;
    world.opens_body(3).hands_out_kept().takes().yields("abc").speaks_up().sends("HTTP/1.1 100 Continue\r\n\r\n");
    world.takes_exactly("abc").sends(response("200 OK")).is_given_back();
    CHECK_FALSE(fetch(world, Asked("POST", "http://h/", from_source())).ec);
}

TEST_CASE("half an early answer does not stop the body either", "[engine][A14]") {
    World world;
    world.opens_body(3).hands_out_kept().takes().yields("abc").speaks_up().sends("HTTP/1.1 200 OK\r\nContent-");
    world.takes_exactly("abc").sends("Length: 2\r\n\r\nok").is_given_back();
    auto came = fetch(world, Asked("POST", "http://h/", from_source()));
    CHECK_FALSE(came.ec);
    CHECK(came.response.body == "ok");
}

TEST_CASE("an early answer to a large body in memory stops it as well", "[engine][A14]") {
    World world;
    world.hands_out_kept()
        .takes(50'000)
        .speaks_up()
        .sends(response("413 Too Large"))
        .is_discarded(DiscardReason::not_drained);
    auto came = fetch(world, Asked("POST", "http://h/", with(std::string(100'000, 'x'))));
    CHECK(came.response.status == 413);
    CHECK(world.sent.size() == 50'000);
}

TEST_CASE("a write that fails does not hide the answer that is there", "[engine][A15]") {
    for (auto how : {std::errc::broken_pipe, std::errc::connection_reset}) {
        World world;
        world.hands_out_kept().takes(50'000).breaks_on_write(how);
        world.sends(response("413 Too Large", "no", "Connection: close\r\n")).is_discarded(DiscardReason::close_header);
        auto came = fetch(world, Asked("POST", "http://h/", with(std::string(100'000, 'x'))));
        CHECK_FALSE(came.ec);
        CHECK(came.response.status == 413);
        CHECK(came.response.body == "no");
    }
}

TEST_CASE("a write that fails with no answer there is the error", "[engine][A15]") {
    World fresh;
    fresh.dials().takes(50'000).breaks_on_write().resets().is_discarded(DiscardReason::reset);
    auto came = fetch(fresh, Asked("POST", "http://h/", with(std::string(100'000, 'x'))));
    CHECK(came.ec == std::errc::broken_pipe);
    CHECK(came.phase == Phase::send);
    CHECK(came.reached == RequestState::maybe_sent);
}

TEST_CASE("an answer kept open after a broken write does not save the connection", "[engine][A5][A15]") {
    World world;
    world.dials()
        .takes(50'000)
        .breaks_on_write()
        .sends(response("413 Too Large"))
        .is_discarded(DiscardReason::not_drained);
    CHECK(fetch(world, Asked("POST", "http://h/", with(std::string(100'000, 'x')))).response.status == 413);
}

TEST_CASE("a failure at any step of a pulled body surfaces", "[engine][A6]") {
    auto tell = [](std::size_t size) {
        return [size](World& w) {
            w.opens_body(size).dials().takes().yields("abc").speaks_up().sends("HTTP/1.1 100 Continue\r\n\r\n").takes();
            if (size == detail::unknown_size) w.yields_no_more().takes();
            w.sends(response("200 OK", "b")).is_given_back();
        };
    };
    fails_everywhere(tell(3), Asked("POST", "http://h/", from_source()));
    fails_everywhere(tell(detail::unknown_size), Asked("POST", "http://h/", from_source()));
}
