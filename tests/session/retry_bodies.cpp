// Retries by policy and bodies: those of responses that break off, those of requests that are sent again.
// Over TLS and through a tunnel, too.

#include "loopback.hpp"
#include "pieces.hpp"
#include "temp_folder.hpp"

#include <span>
#include <string>
#include <string_view>

using ferry::errc;

namespace {

const ferry::Retry fetch_again{.total = 2, .status_forcelist = {503}, .backoff_factor = std::chrono::milliseconds(1)};

}  // namespace

TEST_CASE("a body that breaks off is fetched again whole", "[session][B6]") {
    auto cut = GENERATE(head("Content-Length: 10\r\nX: y\r\n") + "01234",
                        head("Transfer-Encoding: chunked\r\n") + chunk("01234"));
    auto whole = GENERATE(ok("56789"), chunked({"567", "89"}), head("") + "56789");
    Server server;
    server.accept().answers(cut).closes();
    server.accept().answers(whole).closes();
    std::error_code why;
    Session session({.hooks = {.on_retry = [&](const ferry::Retried& r) { why = r.why; }}});
    auto r = session.get(server.url(), {.retry = fetch_again});
    CHECK(r.body == "56789");
    CHECK_FALSE(r.headers.contains("x"));
    CHECK(why == errc::incomplete_body);
    CHECK(r.error == nullptr);
}

TEST_CASE("a body that breaks off each time ends with what came last", "[session][B6]") {
    Server server;
    for (auto part : {"01", "012", "01234"}) server.accept().answers(head("Content-Length: 10\r\n") + part).closes();
    Session session;
    auto error = error_of([&] { session.get(server.url(), {.retry = fetch_again}); });
    CHECK(error.code() == errc::incomplete_body);
    REQUIRE(error.partial());
    CHECK(error.partial()->body == "01234");
    check_that_it_lives(session, server);
}

TEST_CASE("a stream is the caller's once its head is there", "[session][B6][stream]") {
    Server server;
    server.accept().reads_request().closes();
    server.accept().answers(head("Content-Length: 10\r\n") + "01234").closes();
    Session session({.retry = fetch_again});
    auto stream = session.stream(server.url());
    CHECK(error_of([&] { stream.read(); }).code() == errc::incomplete_body);
    CHECK(server.connections() == 2);
}

TEST_CASE("a body is sent again from its beginning, or the response stands", "[session][B6][B3]") {
    TempFolder folder;
    Server server;
    auto& script = server.accept().answers(reply("503 Busy", "wait"));
    Session session({.retry = fetch_again});
    SECTION("a file") {
        script.answers(ok("done"));
        CHECK(session.put(server.url(), {.body = ferry::File{folder.write("f", "01234")}}).body == "done");
        CHECK(server.request(1).body() == "01234");
    }
    SECTION("a source that can be rewound") {
        script.answers(ok("done"));
        std::size_t at = 0;
        ferry::Source source{.read =
                                 [&](std::span<char> into) {
                                     auto n = std::string_view("01234").substr(at).copy(into.data(), into.size());
                                     at += n;
                                     return n;
                                 },
                             .size = 5,
                             .rewind = [&] { at = 0; }};
        CHECK(session.put(server.url(), {.body = source}).body == "done");
        CHECK(server.request(1).body() == "01234");
    }
    SECTION("a source that cannot") {
        auto r = session.put(server.url(), {.body = ferry::source(pieces_of("01234", 9))});
        CHECK(r.status == 503);
        CHECK(r.body == "wait");
    }
}

TEST_CASE("a source that cannot be rewound turns a failure into one of its own", "[session][B6][B3]") {
    Server server;
    server.accept().reads_request().closes();
    Session session({.retry = fetch_again});
    auto error = error_of([&] { session.put(server.url(), {.body = ferry::source(pieces_of("01234", 9))}); });
    CHECK(error.code() == errc::body_not_rewindable);
    CHECK(error.request_state() == ferry::RequestState::maybe_sent);
    CHECK(says(error, make_error_code(errc::connection_closed).message()));
    check_that_it_lives(session, server);
}
