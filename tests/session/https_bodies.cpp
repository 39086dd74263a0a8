// Bodies over https: large ones, early answers, and ends that are what they seem to be or not.

#include "temp_folder.hpp"
#include "tls_loopback.hpp"

#include <algorithm>
#include <span>

using ferry::DiscardReason;
using ferry::errc;

namespace {

const auto https_versions = {TLS1_2_VERSION, TLS1_3_VERSION};

std::string varied(std::size_t size) {
    std::string all(size, '\0');
    for (std::size_t i = 0; i < size; ++i) all[i] = static_cast<char>(i * i % 251);
    return all;
}

const std::string five_mebibytes = varied(5 * 1024 * 1024);
const std::string too_much_at_once(16'000'000, 'x');  // for the kernel's buffers

}  // namespace

TEST_CASE("large bodies go both ways over https", "[session][A3]") {
    auto version = GENERATE(values<int>(https_versions));
    TlsLoopback server({.version = version});
    server.accept([](TlsConnection& c) {
        for (int i = 0; i < 2; ++i) {
            c.request();
            c.sends(ok(c.requests.back().body()));
        }
        c.request();
        c.sends(head("Transfer-Encoding: chunked\r\n") + "500000\r\n" + five_mebibytes + "\r\n0\r\n\r\n");
        CHECK((c.requests[1].body() == five_mebibytes));
    });
    Session session(trusting());
    CHECK((session.post(server.url(), {.body = five_mebibytes}).body == five_mebibytes));
    auto from = std::string_view(five_mebibytes);
    auto pull = [&from](std::span<char> into) {
        auto n = from.copy(into.data(), into.size());
        from.remove_prefix(n);
        return n;
    };
    CHECK((session.put(server.url(), {.body = ferry::source(pull, five_mebibytes.size())}).body == five_mebibytes));
    CHECK((session.get(server.url()).body == five_mebibytes));
    CHECK(session.stats().opened == 1);
}

TEST_CASE("streams and downloads come over https", "[session][stream]") {
    TlsLoopback server({.version = GENERATE(values<int>(https_versions))});
    server.accept([](TlsConnection& c) {
        c.answers(ok(five_mebibytes));
        c.answers(ok(five_mebibytes));
        c.answers(chunked({"a\nb", "c\r\nd"}));
        c.answers(ok(std::string(100'000, 'x')));
        c.answers(ok("after"));
    });
    Session session(trusting());
    TempFolder folder;
    std::string all;
    {
        auto stream = session.stream(server.url());
        for (std::string_view piece : stream) all += piece;
    }
    CHECK((all == five_mebibytes));
    session.download(server.url(), folder / "file");
    CHECK((folder.read("file") == five_mebibytes));
    auto lines = session.stream(server.url());
    CHECK(lines.read() == "a\nbc\r\nd");
    session.stream(server.url()).close();  // what is left of it is dropped, and the connection lives
    CHECK(session.get(server.url()).body == "after");
    CHECK(session.stats().opened == 1);
}

TEST_CASE("a response that comes during an upload over https ends the sending", "[session][A14]") {
    auto version = GENERATE(values<int>(https_versions));
    auto closes = GENERATE(false, true);
    TlsLoopback server({.version = version}, 4096);
    Signal done;
    server.accept([&](TlsConnection& c) {
        c.request_head();
        c.ignores_the_rest();
        c.sends(reply("413 Content Too Large", "too much"));
        closes ? c.closes() : c.waits_for(done);
    });
    Session session(trusting());
    auto r = session.post(server.url(), {.body = too_much_at_once});
    done.raise();
    CHECK(r.status == 413);
    CHECK(r.body == "too much");
    CHECK(session.stats().idle == 0);
}

TEST_CASE("an interim response during an upload over https does not disturb it", "[session][C2]") {
    TlsLoopback server({.version = GENERATE(values<int>(https_versions))}, 4096);
    server.accept([](TlsConnection& c) {
        c.request_head();
        c.sends(head("", "102 Processing"));
        c.delivered();
        c.pauses(50ms);
        c.sends("HTTP/1.1 103 Early ");
        c.delivered();
        c.pauses(20ms);
        c.sends("Hints\r\n\r\n");
        c.ticket_if_possible();
        c.body(too_much_at_once.size());
        CHECK((c.requests.back().bytes == too_much_at_once));
        c.sends(ok("all of it"));
        c.answers(ok("next"));
    });
    Session session(trusting());
    int interim = 0;
    ferry::Options with{.body = too_much_at_once, .on_interim = [&](int, const ferry::Headers&) { ++interim; }};
    CHECK(session.post(server.url(), with).body == "all of it");
    CHECK(interim == 2);
    CHECK(session.get(server.url()).connection.reused);
}

TEST_CASE("a body waits for its go-ahead over https", "[session][D5]") {
    TlsLoopback server({.version = GENERATE(values<int>(https_versions))});
    server.accept([](TlsConnection& c) {
        c.request_head();
        CHECK(c.peer.heard().ends_with("\r\n\r\n"));
        c.sends(head("", "100 Continue"));
        c.body(4);
        c.sends(ok("thanks"));
    });
    Session session(trusting());
    CHECK(session.put(server.url(), {.body = "body", .expect_continue = true}).body == "thanks");
}

TEST_CASE("a body until the end of the connection is whole if TLS says so", "[session][C6]") {
    auto version = GENERATE(values<int>(https_versions));
    auto whole = GENERATE(true, false);
    TlsLoopback server({.version = version});
    server.accept([whole](TlsConnection& c) {
        c.answers(head("") + "until the end");
        whole ? c.closes() : c.fin();
    });
    Session session(trusting());
    if (whole) {
        CHECK(session.get(server.url()).body == "until the end");
    } else {
        auto error = error_of([&] { session.get(server.url()); });
        CHECK(error.code() == errc::tls_truncated);
        CHECK(error.phase() == ferry::Phase::body);
        CHECK(error.request_state() == ferry::RequestState::response_started);
        REQUIRE(error.partial());
        CHECK(error.partial()->body == "until the end");
    }
    CHECK(session.stats().idle == 0);
}

TEST_CASE("a body of known length that is cut over https is incomplete", "[session][C7]") {
    auto how = GENERATE(&TlsConnection::closes, &TlsConnection::fin, &TlsConnection::resets);
    auto begin = GENERATE("Content-Length: 10\r\n\r\n01234", "Transfer-Encoding: chunked\r\n\r\na\r\n01234");
    TlsLoopback server({.version = GENERATE(values<int>(https_versions))});
    server.accept([=](TlsConnection& c) {
        c.answers(std::string("HTTP/1.1 200 OK\r\n") + begin);
        c.delivered();
        (c.*how)();
    });
    Session session(trusting());
    auto error = error_of([&] { session.get(server.url()); });
    CHECK(error.code() == errc::incomplete_body);
    REQUIRE(error.partial());
    CHECK(error.partial()->body == "01234");
    CHECK(session.stats().idle + session.stats().in_use == 0);
}

TEST_CASE("a body of known length is whole without close_notify", "[session][C6]") {
    TlsLoopback server;
    server.accept([](TlsConnection& c) {
        c.answers(ok("whole", "Connection: close\r\n"));
        c.fin();
    });
    CHECK(Session(trusting()).get(server.url()).body == "whole");
}
