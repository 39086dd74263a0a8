// Bodies taken piece by piece, and what becomes of the rest when nobody wants it.

#include "catch.hpp"
#include "script_world.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

using namespace ferry;
using namespace ferry::testing;
using namespace std::chrono_literals;

namespace {

std::string start(std::string_view fields) { return "HTTP/1.1 200 OK\r\n" + std::string(fields) + "\r\n"; }

// One response that is being streamed on a kept connection.
struct Streaming {
    explicit Streaming(World& w, Options with = {}) : world(w), asked("GET", "http://h/", std::move(with)) {
        REQUIRE_FALSE(play(world, detail::fetch_head(transfer)));
    }
    std::string next() {
        std::string_view piece;
        ec = play(world, detail::next_piece(transfer, piece));
        return std::string(piece);
    }
    std::string read_some(std::size_t room) {
        std::string into(room, '?');
        std::size_t n = 0;
        ec = play(world, detail::read_some(transfer, into, n));
        into.resize(n);
        return into;
    }
    void close() {
        play(world, detail::drain(transfer));
        play(world, detail::finish(transfer, {}));
        CHECK(world.finished());
    }
    World& world;
    Asked asked;
    Response response;
    detail::transfer transfer{asked.request, response};
    std::error_code ec;
};

}  // namespace

TEST_CASE("a body comes in pieces as they arrive", "[engine]") {
    World world;
    world.hands_out_kept()
        .takes()
        .sends(start("Content-Length: 8\r\n") + "abc")
        .sends("de")
        .sends("fgh")
        .is_given_back();
    Streaming stream(world);
    CHECK(stream.next() == "abc");
    CHECK(stream.next() == "de");
    CHECK(stream.next() == "fgh");
    CHECK(stream.next().empty());
    CHECK_FALSE(stream.ec);
    stream.close();
}

TEST_CASE("chunks come as they arrive, and a fault only behind what came before it", "[engine][C10]") {
    World world;
    world.hands_out_kept()
        .takes()
        .sends(start("Transfer-Encoding: chunked\r\n") + "3\r\nabc\r\n2\r\nde")
        .sends("\r\n1\r\nf\r\nxx\r\n");
    world.is_discarded(DiscardReason::not_drained);
    Streaming stream(world);
    CHECK(stream.next() == "abcde");
    CHECK(stream.next() == "f");
    CHECK_FALSE(stream.ec);
    CHECK(stream.next().empty());
    CHECK(stream.ec == errc::malformed_chunk);
    stream.close();
}

TEST_CASE("some bytes at a time, whatever the framing", "[engine]") {
    for (auto bytes : {start("Content-Length: 8\r\n") + "abcdefgh",
                       start("Transfer-Encoding: chunked\r\n") + "8\r\nabcdefgh\r\n0\r\n\r\n"}) {
        for (std::size_t piece : {1u, 5u, 1000u}) {
            for (std::size_t room : {1u, 3u, 100u}) {
                World world;
                world.piece = piece;
                world.hands_out_kept().takes().sends(bytes).is_given_back();
                Streaming stream(world);
                std::string body;
                for (auto some = stream.read_some(room); !some.empty(); some = stream.read_some(room)) {
                    CHECK(some.size() <= room);
                    body += some;
                }
                CHECK_FALSE(stream.ec);
                CHECK(body == "abcdefgh");
                stream.close();
            }
        }
    }
}

TEST_CASE("a stream until close ends there, and one that is cut short says so", "[engine][C6][C7]") {
    World close;
    close.hands_out_kept().takes().sends(start("") + "abc").closes().is_discarded(DiscardReason::close_header);
    Streaming until_close(close);
    CHECK(until_close.next() == "abc");
    CHECK(until_close.next().empty());
    CHECK_FALSE(until_close.ec);
    until_close.close();

    World cut;
    cut.hands_out_kept()
        .takes()
        .sends(start("Content-Length: 5\r\n") + "abc")
        .closes()
        .closes()
        .is_discarded(DiscardReason::not_drained);
    Streaming stream(cut);
    CHECK(stream.next() == "abc");
    CHECK(stream.next().empty());
    CHECK(stream.ec == errc::incomplete_body);
    stream.close();
}

TEST_CASE("a short rest is dropped, and the connection lives", "[engine]") {
    World world;
    world.hands_out_kept()
        .takes()
        .sends(start("Content-Length: 100000\r\n") + "abc")
        .sends_to_be_dropped(99'997)
        .is_given_back();
    Streaming stream(world);
    stream.close();

    World chunked;
    chunked.hands_out_kept()
        .takes()
        .sends(start("Transfer-Encoding: chunked\r\n") + "3\r\nabc\r\n")
        .sends("2\r\nde\r\n0\r\n\r\n");
    chunked.is_given_back();
    Streaming chunks(chunked);
    CHECK(chunks.read_some(1) == "a");
    chunks.close();

    World none;
    none.hands_out_kept().takes().sends(start("Content-Length: 0\r\n")).is_given_back();
    Streaming(none).close();
}

TEST_CASE("a long rest costs the connection", "[engine]") {
    World world;
    world.hands_out_kept()
        .takes()
        .sends(start("Content-Length: 262148\r\n") + "abc")
        .is_discarded(DiscardReason::not_drained);
    Streaming length(world);
    CHECK(length.next() == "abc");
    CHECK(length.transfer.remaining == 256 * 1024 + 1);
    length.close();

    World close;
    close.hands_out_kept().takes().sends(start("") + "abc").is_discarded(DiscardReason::close_header);
    Streaming(close).close();

    World chunked;
    chunked.hands_out_kept().takes().sends(start("Transfer-Encoding: chunked\r\n"));
    for (int i = 0; i < 5; ++i) chunked.sends("10000\r\n" + std::string(65536, 'x') + "\r\n");
    chunked.is_discarded(DiscardReason::not_drained);
    Streaming chunks(chunked);
    play(chunked, detail::drain(chunks.transfer));
    CHECK(chunks.transfer.body_bytes <= 256 * 1024 + detail::large_buffer);
    play(chunked, detail::finish(chunks.transfer, {}));
}

TEST_CASE("a rest that does not come in 50 ms costs the connection", "[engine]") {
    for (auto fields : {"Content-Length: 100\r\n", "Transfer-Encoding: chunked\r\n"}) {
        World world;
        world.hands_out_kept().takes().sends(start(fields)).says_nothing().is_discarded(DiscardReason::not_drained);
        Streaming(world).close();
        CHECK(world.now == beginning + 50ms);
    }
    World total;  // a nearer deadline has the say
    total.hands_out_kept()
        .takes()
        .sends(start("Content-Length: 100\r\n"))
        .says_nothing()
        .is_discarded(DiscardReason::not_drained);
    Streaming(total, {.timeout = 20ms}).close();
    CHECK(total.now == beginning + 20ms);
}
