// Progress of bodies in both directions, and where the time of a response went.
// Over TLS and through a tunnel, too.

#include "background.hpp"
#include "coded.hpp"
#include "loopback.hpp"
#include "pieces.hpp"
#include "temp_folder.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using ferry::Progress;

namespace {

// All that is told, and that it only ever grows.
struct Told {
    std::vector<Progress> all;
    std::function<void(const Progress&)> listener() {
        return [this](const Progress& p) {
            if (!all.empty()) CHECK((p.sent >= all.back().sent && p.received >= all.back().received));
            all.push_back(p);
        };
    }
    const Progress& last() const { return all.back(); }
};

}  // namespace

TEST_CASE("progress tells of the bytes that have been received, and of how many", "[session][progress]") {
    std::string large(1'000'000, 'x');
    auto [bytes, size, total] = GENERATE_COPY(table<std::string, std::uint64_t, std::optional<std::uint64_t>>({
        {ok("hello"), 5, 5},
        {ok(large), 1'000'000, 1'000'000},
        {chunked({"he", "llo"}), 5, std::nullopt},
        {head("") + large, 1'000'000, std::nullopt},
    }));
    auto way = GENERATE(0, 1, 2, 3);
    TempFolder folder;
    Told told;
    Server server;
    server.accept().answers(bytes).closes();
    Session session;
    ferry::Options with{.on_progress = told.listener()};
    if (way == 0) session.get(server.url(), with);
    if (way == 1) session.stream(server.url(), with).read();
    if (way == 2) session.download(server.url(), folder / "file", with);
    if (way == 3) {
        auto stream = session.stream(server.url(), with);
        char memory[1000];
        while (stream.read_some(memory)) {
        }
    }
    REQUIRE_FALSE(told.all.empty());
    CHECK(told.last().received == size);
    for (auto& p : told.all) {
        CHECK(p.to_receive == total);
        CHECK(p.sent == 0);
    }
    if (size > 100'000) CHECK(told.all.size() > 2);
}

TEST_CASE("progress counts bytes as they come, before they are decoded", "[session][progress][I1]") {
    auto coded = zlib_coded(small_text + small_text);
    Told told;
    Server server;
    server.accept().answers(ok(coded, "Content-Encoding: gzip\r\n"));
    Session session;
    session.get(server.url(), {.on_progress = told.listener()});
    CHECK(told.last().received == coded.size());
    CHECK(told.last().to_receive == coded.size());
}

TEST_CASE("progress tells of the bytes that have been sent, and of how many", "[session][progress]") {
    TempFolder folder;
    auto size = GENERATE(std::size_t{5}, std::size_t{2'000'000});
    auto text = patterned(size);
    bool known = true;
    ferry::Body body;
    SECTION("bytes") { body = text; }
    SECTION("a file") { body = ferry::File{folder.write("f", text)}; }
    SECTION("a source") { body = ferry::source(pieces_of(text, 99'999)), known = false; }
    Told told;
    Server server;
    server.accept().answers(ok("ok"));
    Session session;
    session.post(server.url(), {.body = body, .on_progress = told.listener()});
    std::uint64_t sent = 0;
    for (auto& p : told.all) {
        sent = std::max(sent, p.sent);
        CHECK(p.to_send.has_value() == known);
        if (known) CHECK(p.to_send == size);
    }
    CHECK(sent == server.request().body().size());
    CHECK(told.last().received == 2);
}

TEST_CASE("no body, no progress", "[session][progress]") {
    Told told;
    Server server;
    server.accept().answers(head("", "204 No Content")).answers(head("Content-Length: 9\r\n"));
    Session session;
    session.get(server.url(), {.on_progress = told.listener()});
    session.head(server.url(), {.on_progress = told.listener()});
    CHECK(told.all.empty());
}

TEST_CASE("a listener that throws ends the call", "[session][progress]") {
    auto sending = GENERATE(false, true);
    auto way = GENERATE(0, 1, 2);
    TempFolder folder;
    Server server;
    auto& script = server.accept().reads_head();
    if (sending) script.reads_to_the_end();
    else script.sends(head("Content-Length: 10\r\n") + "01234").ignores_the_rest();
    Session session;
    ferry::Options with{.on_progress = [](const Progress&) { throw std::runtime_error("enough"); }};
    if (sending) with.body = ferry::source(pieces_of(patterned(1000), 10), 1000);
    std::string said;
    try {
        if (way == 0) session.request("GET", server.url(), with);
        if (way == 1) session.stream(server.url(), with).read();
        if (way == 2) session.download(server.url(), folder / "file", with);
    } catch (const std::exception& e) {
        said = e.what();
    }
    CHECK(said.find("enough") != said.npos);
    CHECK(folder.files() == 0);
    CHECK(session.stats().in_use == 0);
    CHECK(session.stats().idle == 0);
    check_that_it_lives(session, server);
}

TEST_CASE("a resumed download whose listener throws keeps its part", "[session][progress][resume]") {
    TempFolder folder;
    Server server;
    auto& script = server.accept().answers(head("Content-Length: 10\r\nETag: \"a\"\r\n") + "01234");
    Session session;
    auto stop_at_seven = [&](const Progress& p) {
        if (p.received == 5) script.sends("56");
        if (p.received == 7) throw std::runtime_error("enough");
    };
    CHECK_THROWS(session.download(server.url(), folder / "file", {.resume = true, .on_progress = stop_at_seven}));
    CHECK(folder.read("file.part") == "01234");
    server.accept().answers(reply("206 Partial Content", "56789", "ETag: \"a\"\r\nContent-Range: bytes 5-9/10\r\n"));
    Told told;
    session.download(server.url(), folder / "file", {.resume = true, .on_progress = told.listener()});
    CHECK(folder.read("file") == "0123456789");
    CHECK(told.last().received == 10);
    CHECK(told.last().to_receive == 10);
}

TEST_CASE("connecting takes time once", "[session][timings]") {
    Server server;
    server.accept().answers(ok("one")).answers(chunked({"two"})).answers(ok("three"));
    Session session;
    auto fresh = session.get(server.url()), again = session.get(server.url());
    auto stream = session.stream(server.url());
    CHECK(fresh.timings.connect > 0ns);
    CHECK(again.timings.connect == 0ns);
    CHECK(again.timings.resolve == 0ns);
    CHECK(stream.response().timings.connect == 0ns);
    for (auto& r : {fresh, again, stream.response()}) {
        CHECK(r.timings.first_byte > 0ns);
        CHECK(r.timings.first_byte <= r.elapsed);
        CHECK(r.timings.wait + r.timings.resolve + r.timings.connect <= r.timings.first_byte);
        CHECK(r.timings.wait >= 0ns);
    }
}

TEST_CASE("the first byte's time ends with the head, and the last one's with the body", "[session][timings]") {
    Server server;
    server.accept().reads_request().pauses(30ms).sends(head("Content-Length: 2\r\n") + "0").pauses(30ms).sends("1");
    Session session;
    auto r = session.get(server.url());
    CHECK(r.timings.first_byte >= 30ms);
    CHECK(r.elapsed >= 60ms);
}

TEST_CASE("a wait for a connection is told", "[session][timings]") {
    Server server;
    auto& script = server.accept().answers(ok("one")).reads_request();
    Session session({.pool = {.max_per_host = 1}});
    auto stream = session.stream(server.url());
    auto closing = in_background([&] {
        eventually([&] { return session.stats().waiting == 1; });
        stream.close();
        script.sends(ok("two"));
    });
    auto r = session.get(server.url());
    CHECK(r.timings.wait > 0ns);
    CHECK(r.timings.wait <= r.timings.first_byte);
    CHECK(r.timings.connect == 0ns);
}

TEST_CASE("each response of a history has its own times", "[session][timings][E6]") {
    Server server;
    server.accept()
        .reads_request()
        .pauses(20ms)
        .sends(reply("302 Found", "moved", "Location: /next\r\n"))
        .reads_request()
        .pauses(20ms)
        .sends(ok("there"));
    Session session;
    auto r = session.get(server.url());
    REQUIRE(r.history.size() == 1);
    auto& first = r.history[0];
    CHECK(first.timings.connect > 0ns);
    CHECK(first.timings.first_byte >= 20ms);
    CHECK(first.timings.first_byte <= first.elapsed);
    CHECK(r.timings.connect == 0ns);
    CHECK(r.timings.first_byte >= 40ms);
    CHECK(r.timings.first_byte <= r.elapsed);
}
