// Responses that come before the request has been sent: read, returned, and the connection given up.
// Over TLS and through a tunnel, too.

#include "loopback.hpp"

#include <algorithm>
#include <span>

using ferry::DiscardReason;

namespace {

const std::string large_upload(16'000'000, 'x');  // more than the kernel's buffers on both sides hold

const std::string refusal = reply("413 Content Too Large", "too much", "Connection: close\r\n");

const ServerOptions small_window{.receive_buffer = 4096};

}  // namespace

// A server that reads no further: the client cannot have sent everything before it looks at the response.
TEST_CASE("a response that comes while the body is being sent ends the sending", "[session][A14]") {
    Server server(small_window);
    server.accept().reads_head().sends(refusal).ignores_the_rest();
    Session session({.write_timeout = 5s});
    auto r = session.post(server.url(), {.body = large_upload});
    CHECK(r.status == 413);
    CHECK(r.body == "too much");
    CHECK(session.stats().idle == 0);
    check_that_it_lives(session, server);
}

TEST_CASE("so does one that comes while a source is being sent", "[session][A14]") {
    Server server(small_window);
    server.accept().reads_head().sends(refusal).reads_to_the_end();
    Session session;
    auto endless = [](std::span<char> into) {
        std::fill(into.begin(), into.end(), 'x');
        return into.size();
    };
    auto r = session.post(server.url(), {.body = ferry::source(endless)});
    CHECK(r.status == 413);
    CHECK(session.stats().idle == 0);
}

TEST_CASE("without a full request the connection is not kept, even if the server would", "[session][A5][A14]") {
    Server server(small_window);
    server.accept().reads_head().sends(reply("401 Unauthorized", "who?")).ignores_the_rest();
    Session session;
    CHECK(session.put(server.url(), {.body = large_upload}).status == 401);
    CHECK(session.stats().idle == 0);
    CHECK(session.stats().discarded[DiscardReason::not_drained] == 1);
}

TEST_CASE("a write error does not hide the response that was already sent", "[session][A15]") {
    Server server(small_window);
    // The rest of the body is unread when it closes, so the client's kernel is told by a reset.
    server.accept().reads_head().sends(refusal).closes();
    Session session;
    auto r = session.post(server.url(), {.body = large_upload});
    CHECK(r.status == 413);
    CHECK(r.body == "too much");
    check_that_it_lives(session, server);
}

TEST_CASE("a write error with no response is an error, and the request may have arrived", "[session][A15][B5]") {
    Server server(small_window);
    server.accept().reads_head().closes();
    Session session;
    auto error = error_of([&] { session.post(server.url(), {.body = large_upload}); });
    CHECK(error.code() == ferry::condition::network);
    CHECK(error.request_state() == ferry::RequestState::maybe_sent);
    check_that_it_lives(session, server);
}

TEST_CASE("a refusal of a small body is read after the server has closed", "[session][A15]") {
    Server server;
    server.accept().reads_head().sends(refusal).closes();
    Session session;
    CHECK(session.post(server.url(), {.body = "small"}).status == 413);
}
