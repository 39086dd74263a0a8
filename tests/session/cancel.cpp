// Cancellation by a stop token, in every phase of a call.
// Over TLS and through a tunnel, too.

#include "background.hpp"
#include "full_backlog.hpp"
#include "loopback.hpp"

#include <optional>
#include <thread>

using ferry::Phase;
using ferry::RequestState;

namespace {

void check(const ferry::Error& error, Phase phase, RequestState state) {
    CHECK(error.code() == ferry::errc::cancelled);
    CHECK(error.code() == std::errc::operation_canceled);
    CHECK(error.code() != ferry::condition::timeout);
    CHECK(error.phase() == phase);
    CHECK(error.request_state() == state);
}

// Asks for the stop once the server's script has come to its point.
auto stop_after(Script& script, std::stop_source& stop) {
    return in_background([&] {
        script.delivered();
        stop.request_stop();
    });
}

}  // namespace

TEST_CASE("a call that is cancelled before it begins sends nothing", "[session][K4]") {
    Server server;
    Session session;
    std::stop_source stop;
    stop.request_stop();
    auto error = prompt_error_of([&] { session.get(server.url(), {.stop = stop.get_token()}); });
    CHECK(error.code() == ferry::errc::cancelled);
    CHECK(error.request_state() == RequestState::not_sent);
    CHECK(server.connections() == 0);
    CHECK(session.stats().in_use == 0);
}

TEST_CASE("cancelled while connecting", "[session][K4]") {
    FullBacklog never;
    Session session;
    std::stop_source stop;
    auto stopping = in_background([&] {
        eventually([&] { return session.stats().in_use == 1; });
        std::this_thread::sleep_for(20ms);  // nothing tells from outside that connecting has begun
        stop.request_stop();
    });
    auto error = prompt_error_of([&] { session.get(never.url(), {.stop = stop.get_token()}); });
    check(error, never.phase(), RequestState::not_sent);
    CHECK(session.stats().in_use == 0);
}

TEST_CASE("cancelled while sending", "[session][K4]") {
    Server server({.receive_buffer = 4096});
    auto& script = server.accept().reads_head().ignores_the_rest();
    Session session;
    std::stop_source stop;
    auto stopping = stop_after(script, stop);
    auto error = prompt_error_of(
        [&] { session.post(server.url(), {.body = std::string(16'000'000, 'x'), .stop = stop.get_token()}); });
    check(error, Phase::send, RequestState::maybe_sent);
    CHECK(session.stats().in_use == 0);
}

TEST_CASE("cancelled while waiting for the head", "[session][K4]") {
    Server server;
    auto& script = server.accept().reads_request();
    Session session;
    std::stop_source stop;
    auto stopping = stop_after(script, stop);
    auto error = prompt_error_of([&] { session.get(server.url(), {.stop = stop.get_token()}); });
    check(error, Phase::head, RequestState::maybe_sent);
    script.sees_the_end();
    check_that_it_lives(session, server);
}

TEST_CASE("cancelled in the middle of the head", "[session][K4]") {
    Server server;
    auto& script = server.accept().answers("HTTP/1.1 200 OK\r\n");
    Session session;
    std::stop_source stop;
    auto stopping = stop_after(script, stop);
    auto error = prompt_error_of([&] { session.get(server.url(), {.stop = stop.get_token()}); });
    CHECK(error.code() == ferry::errc::cancelled);
    CHECK(error.phase() == Phase::head);
    script.sees_the_end();
}

TEST_CASE("cancelled in the body", "[session][K4]") {
    Server server;
    auto& script = server.accept().answers(head("Content-Length: 5\r\n"));
    Session session;
    std::stop_source stop;
    auto options = ferry::Options{.stop = stop.get_token()};
    auto stream = session.stream(server.url(), options);
    script.sends("hel");
    char piece[16];
    std::error_code ec;
    CHECK(stream.read_some(piece, ec) == 3);
    SECTION("while it is being waited for") {
        auto stopping = in_background([&] {
            std::this_thread::sleep_for(20ms);
            stop.request_stop();
        });
        CHECK(stream.read_some(piece, ec) == 0);
    }
    SECTION("before it is waited for") {
        stop.request_stop();
        CHECK(stream.read_some(piece, ec) == 0);
    }
    CHECK(ec == ferry::errc::cancelled);
    script.sees_the_end();
    CHECK(session.stats().in_use == 0);
}

TEST_CASE("cancelled in a body that goes into memory, with what arrived", "[session][K4]") {
    Server server;
    auto& script = server.accept().answers(head("Content-Length: 5\r\n") + "hel");
    Session session;
    std::stop_source stop;
    auto stopping = in_background([&] {
        // The client has read the three bytes once they are gone from its kernel's queue.
        eventually(
            [&] { return script.delivered() && unread_bytes(descriptor_connected_to(server.dialled_port())) == 0; });
        std::this_thread::sleep_for(5ms);
        stop.request_stop();
    });
    auto error = prompt_error_of([&] { session.get(server.url(), {.stop = stop.get_token()}); });
    check(error, Phase::body, RequestState::response_started);
    REQUIRE(error.partial());
    CHECK(error.partial()->body == "hel");
}

TEST_CASE("a stop after the call is without effect", "[session][K4]") {
    Server server;
    server.accept().answers(ok()).answers(ok());
    Session session;
    std::stop_source stop;
    session.get(server.url(), {.stop = stop.get_token()});
    stop.request_stop();
    CHECK(session.get(server.url()).connection.reused);
}

TEST_CASE("a stream that was opened by another thread is cancelled as promptly", "[session][K4][threads]") {
    Server server;
    server.accept().reads_request().sends(head("Content-Length: 100\r\n") + "abc").ignores_the_rest();
    Session session;
    std::stop_source stop;
    std::optional<Stream> stream;
    std::thread([&] { stream.emplace(session.stream(server.url(), {.stop = stop.get_token()})); }).join();
    auto stopping = in_background([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        stop.request_stop();
    });
    auto error = prompt_error_of([&] { stream->read(); });
    check(error, Phase::body, RequestState::response_started);
    stopping.get();
}

TEST_CASE("a call that was cancelled still tells how long it took", "[session][K4]") {
    Server server;
    auto& script = server.accept().reads_request().sends(head("Content-Length: 100\r\n") + "abc").ignores_the_rest();
    Session session;
    std::stop_source stop;
    auto stopping = stop_after(script, stop);
    std::error_code ec;
    auto response = session.get(server.url(), {.stop = stop.get_token()}, ec);
    CHECK(ec == ferry::errc::cancelled);
    CHECK(response.elapsed.count() >= 0);
    stopping.get();
}
