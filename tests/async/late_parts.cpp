// Functions that answer later, as parts of a larger body.
// Over TLS and through a tunnel, too.

#include "loopback.hpp"
#include "pieces.hpp"
#include "temp_folder.hpp"

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>

using ferry::Body;
using ferry::errc;

namespace {

// Gives out a text byte by byte: at once, or after a while.
auto late_bytes(asio::io_context& io, std::string text) {
    auto timer = std::make_shared<asio::steady_timer>(io);
    return [timer, text = std::move(text), at = std::size_t{0}](std::span<char> into, auto done) mutable {
        if (at == text.size()) return done({}, 0);
        into[0] = text[at++];
        if (at % 2) return done({}, 1);
        timer->expires_after(1ms);
        timer->async_wait([done](std::error_code) { done({}, 1); });
    };
}

std::error_code outcome_of(asio::io_context& io, Server& server, Body body) {
    AsyncSession http(io);
    std::error_code outcome = errc::cancelled;
    http.post(server.url(), {.body = std::move(body)}, [&](std::error_code ec, ferry::Response) { outcome = ec; });
    io.run();
    CHECK(http.stats().in_use == 0);
    return outcome;
}

}  // namespace

TEST_CASE("functions that answer later are parts among others", "[async][body][J1]") {
    TempFolder folder;
    ferry::File file{folder.write("f", "<file>")}, empty{folder.write("e", "")};
    Server server;
    server.accept().answers(ok());
    asio::io_context io;
    SECTION("of known sizes") {
        auto body = Body::join({empty, ferry::async_source(late_bytes(io, "abc"), 3), "-", file,
                                ferry::async_source(late_bytes(io, "defg"), 4),
                                ferry::async_source(late_bytes(io, ""), 0), ferry::source(pieces_of("now", 2), 3),
                                ferry::async_source(late_bytes(io, "h"), 1)});
        CHECK_FALSE(outcome_of(io, server, body));
        CHECK(server.request().field("Content-Length") == "18");
        CHECK(server.request().body() == "abc-<file>defgnowh");
    }
    SECTION("of unknown sizes") {
        auto body = Body::join({empty, ferry::async_source(late_bytes(io, "")),
                                ferry::async_source(late_bytes(io, "ab")), empty,
                                ferry::async_source(late_bytes(io, "cd")), file, ferry::source(pieces_of("e", 1)),
                                ferry::async_source(late_bytes(io, "")), empty});
        CHECK_FALSE(outcome_of(io, server, body));
        CHECK(unchunked(server.request().body()) == "abcd<file>e");
    }
    SECTION("in a form") {
        auto form = ferry::Multipart{{"s", ferry::async_source(late_bytes(io, "xyz"))}}.with_boundary("B");
        CHECK_FALSE(outcome_of(io, server, form));
        CHECK(unchunked(server.request().body()) ==
              "--B\r\nContent-Disposition: form-data; name=\"s\"\r\n\r\nxyz\r\n--B--\r\n");
    }
}

TEST_CASE("a part that answers later must give what it announced", "[async][body][J1]") {
    auto announced = GENERATE(std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{4});
    Server server;
    server.accept().reads_head().reads_to_the_end();
    asio::io_context io;
    auto source = [&io, n = 0](std::span<char> into, auto done) mutable {
        into[0] = into[1] = into[2] = 'x';
        asio::post(io, [done, first = n++ == 0] { done({}, first ? 3 : 0); });
    };
    auto body = Body::join({"a", ferry::async_source(source, announced), "b"});
    CHECK(outcome_of(io, server, body) == errc::body_size_changed);
}

TEST_CASE("a part that answers with an error ends the request", "[async][body]") {
    Server server;
    server.accept().reads_head().reads_to_the_end();
    asio::io_context io;
    auto source = [&io](std::span<char>, auto done) {
        asio::post(io, [done] { done(std::make_error_code(std::errc::io_error), 0); });
    };
    CHECK(outcome_of(io, server, Body::join({"a", ferry::async_source(source), "b"})) == errc::body_not_readable);
}

TEST_CASE("a source with both functions answers later in an AsyncSession", "[async][body]") {
    Server server;
    server.accept().answers(ok());
    asio::io_context io;
    ferry::Source source{.read = [](std::span<char>) -> std::size_t { throw std::logic_error("not to be called"); },
                         .size = 2,
                         .rewind = {},
                         .read_async = late_bytes(io, "ab")};
    CHECK_FALSE(outcome_of(io, server, Body::join({"1", source, "2"})));
    CHECK(server.request().body() == "1ab2");
}
