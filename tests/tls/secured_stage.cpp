// The stage between engine and driver, with one layer of TLS and with two: whatever the driver does, bytes arrive
// whole.

#include "catch.hpp"
#include "pieces.hpp"
#include "tls_nest.hpp"

#include <cstddef>
#include <string>
#include <string_view>

using namespace ferry;
using namespace ferry::testing;

namespace {

constexpr std::string_view request = "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n";
constexpr std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

const auto broken_pipe = std::make_error_code(std::errc::broken_pipe);

// Proxy and server of some version, and a connection through the one to the other.
struct Way {
    TlsServer at_proxy, at_server;
    TlsNest nest;

    explicit Way(bool direct = false, int outer = TLS1_3_VERSION, int inner = TLS1_3_VERSION, std::size_t tickets = 2)
        : at_proxy({.certificate = &proxy_leaf(), .version = outer, .tickets = tickets}),
          at_server({.version = inner, .tickets = tickets}), nest(at_proxy, at_server, direct) {}
    TlsNest& open() {
        const auto a = nest.shake_hands();
        if (nest.c.tls) UNSCOPED_INFO(nest.c.tls->fault().text);
        REQUIRE_FALSE(a.ec);
        return nest;
    }
};

void exchange(TlsNest& nest) {
    const auto before = nest.server.heard().size();
    REQUIRE_FALSE(nest.say(request).ec);
    CHECK(nest.server.heard().substr(before) == request);
    nest.server_says(answer);
    CHECK(nest.hear() == answer);
    CHECK(nest.last.ec == errc::read_timeout);
}

}  // namespace

TEST_CASE("the stage makes one handshake inside the other, and carries an exchange", "[tls][H1]") {
    const int outer = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION), inner = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    Way way(false, outer, inner);
    auto& nest = way.open();
    CHECK(nest.proxy.server_name() == "proxy.example");
    CHECK(nest.server.server_name() == "example.com");
    CHECK(nest.inner().version() == (inner == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2"));
    CHECK(nest.carrier().version() == (outer == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2"));
    CHECK(&nest.inner().bottom() == &nest.carrier());
    CHECK(nest.carrier().carrier() == nullptr);
    CHECK(nest.proxy.heard().find("GET") == std::string::npos);
    exchange(nest);
    CHECK(nest.inner().probe() == detail::verdict::alive);
    exchange(nest);
}

TEST_CASE("the stage moves every byte whatever pieces the driver moves at a time", "[tls]") {
    const bool direct = GENERATE(true, false), waits = GENERATE(false, true);
    const std::size_t reads = GENERATE(1u, 5u, 100'000u), writes = GENERATE(1u, 7u, 100'000u);
    CAPTURE(direct, waits, reads, writes);
    Way way(direct);
    way.nest.habits = {.read_piece = reads, .write_piece = writes, .waits = waits};
    auto& nest = way.open();
    exchange(nest);
    nest.server.send_ticket();
    if (!direct) nest.proxy.send_ticket();
    exchange(nest);
    nest.server.update_key(true);
    if (!direct) nest.proxy.update_key(true);
    exchange(nest);
    exchange(nest);
}

TEST_CASE("bodies around the borders of records pass through both layers", "[tls]") {
    const int outer = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    const std::size_t room = GENERATE(1000u, 16'384u, 300'000u);
    Way way(false, outer);
    auto& nest = way.open();
    std::string all;
    for (const std::size_t size : {1u, 16'361u, 16'362u, 16'363u, 16'383u, 16'384u, 16'385u, 32'768u, 64'511u, 64'512u,
                                   64'513u, 65'536u, 65'537u, 300'000u}) {
        CAPTURE(size);
        const auto body = patterned(size);
        all += body;
        REQUIRE_FALSE(nest.say(body).ec);
        CHECK((nest.server.heard() == all));
        nest.server_says(body);
        CHECK((nest.hear(room) == body));
    }
}

TEST_CASE("64 KiB written through a carrier reach the driver in one piece and a rest", "[tls]") {
    Way way;
    auto& nest = way.open();
    nest.hear();
    nest.writes = 0;
    nest.first_part = 0;
    REQUIRE_FALSE(nest.say(patterned(65'536)).ec);
    CHECK(nest.writes == 2);
}

TEST_CASE("a write goes on when what has come are tickets and new keys of either layer", "[tls][A14]") {
    const bool direct = GENERATE(true, false), watch = GENERATE(true, false), waits = GENERATE(true, false);
    const std::size_t piece = GENERATE(1u, 100u, 100'000u);
    CAPTURE(direct, watch, waits, piece);
    Way way(direct, TLS1_3_VERSION, TLS1_3_VERSION, 0);
    auto& nest = way.open();
    nest.habits = {.read_piece = piece, .waits = waits};
    nest.server.send_ticket();
    nest.server.update_key(true);
    nest.wire();
    if (!direct) nest.proxy.send_ticket(), nest.proxy.update_key(true);
    REQUIRE_FALSE(nest.say(request, watch).ec);
    CHECK(nest.interruptions == 0);
    CHECK(nest.server.heard() == request);
    CHECK_FALSE(nest.c.withholds());
    nest.server_says(answer);
    CHECK(nest.hear() == answer);
    exchange(nest);
}

TEST_CASE("an answer that comes while a request is being written is told, and can be read", "[tls][A14]") {
    const bool direct = GENERATE(true, false), watch = GENERATE(true, false);
    const std::size_t size = GENERATE(1u, 4000u, 5000u, 16'384u, 100'000u), piece = GENERATE(13u, 100'000u);
    CAPTURE(direct, watch, size, piece);
    Way way(direct);
    auto& nest = way.open();
    nest.hear();
    const auto page = patterned(size);
    nest.habits = {.read_piece = piece, .full = !watch};
    nest.server_says(page);
    const auto told = nest.write(request, watch);
    CHECK_FALSE(told.ec);
    CHECK(told.readable);
    // To a server that takes nothing more: all that it has said is told before anybody waits for it.
    nest.habits.full = true;
    while (nest.heard.size() < size) {
        const auto before = nest.heard.size();
        const auto more = nest.read(1000);
        REQUIRE_FALSE(more.ec);
        REQUIRE(nest.heard.size() > before);
        const auto again = nest.write(nest.unsent, true);
        if (nest.heard.size() == size) break;
        REQUIRE_FALSE(again.ec);
        REQUIRE(again.readable);
    }
    CHECK((nest.heard == page));
}

TEST_CASE("what a read has left behind is told before a write that watches", "[tls][A14]") {
    const bool direct = GENERATE(true, false);
    const std::size_t size = GENERATE(2000u, 40'000u);
    CAPTURE(direct, size);
    Way way(direct);
    auto& nest = way.open();
    nest.hear();
    const auto page = patterned(size);
    nest.server_says(page);
    REQUIRE(nest.read(1000).n == 1000);
    nest.habits.full = true;
    CHECK(nest.write(request, true).readable);
    CHECK((nest.hear() == page));
}

TEST_CASE("an answer while a long body is being written loses no byte of either", "[tls][A14]") {
    const bool direct = GENERATE(true, false), watch = GENERATE(true, false);
    const std::size_t piece = GENERATE(1u, 700u, 20'000u, 100'000u);
    CAPTURE(direct, watch, piece);
    Way way(direct);
    auto& nest = way.open();
    nest.hear();
    nest.habits = {.read_piece = piece == 1 ? 50 : piece, .write_piece = piece, .waits = true};
    const auto body = patterned(piece == 1 ? 3'000 : 200'000), page = patterned(30'000);
    nest.server_says(page);
    REQUIRE_FALSE(nest.say(body, watch).ec);
    CHECK(nest.interruptions > 0);
    // What an interrupted write has taken leaves with the next action.
    CHECK((nest.hear() == page));
    CHECK((nest.server.heard() == body));
    exchange(nest);
}

TEST_CASE("a write that was interrupted is known to have left bytes behind, in either layer", "[tls]") {
    const bool direct = GENERATE(true, false);
    Way way(direct);
    auto& nest = way.open();
    nest.hear();
    nest.habits.full = true;
    nest.first_part = 0;
    nest.server_says("x");
    const auto a = nest.write(request);
    CHECK(a.readable);
    CHECK(a.n == request.size());
    CHECK(nest.c.withholds());
    CHECK(nest.server.heard().empty());
    CHECK(nest.write("").readable);
    CHECK(nest.read(10).n == 1);
    nest.habits.full = false;
    CHECK_FALSE(nest.write("").ec);  // nothing new, and the rest leaves
    CHECK_FALSE(nest.c.withholds());
    CHECK(nest.server.heard() == request);
}

TEST_CASE("an end while a request is being written is told, and read", "[tls][A14]") {
    const bool direct = GENERATE(true, false), watch = GENERATE(true, false);
    const int how = GENERATE(0, 1, 2, 3);
    CAPTURE(direct, watch, how);
    if (direct && how == 1) return;
    Way way(direct);
    auto& nest = way.open();
    nest.hear();
    nest.habits.full = !watch;
    if (how == 0) nest.server.close_notify();
    if (how == 1) nest.proxy.close_notify();
    if (how == 2) nest.ended = true;
    if (how == 3) nest.server.close_notify(), nest.wire(), nest.proxy.close_notify(), nest.ended = true;
    const auto told = nest.write(request, watch);
    CHECK_FALSE(told.ec);
    CHECK(told.readable);
    const auto end = nest.read(100);
    CHECK_FALSE(end.ec);
    CHECK(end.n == 0);
    CHECK(nest.c.truncated() == (how == 1 || how == 2));
}

TEST_CASE("a peer that takes nothing more may still have answered", "[tls][A15]") {
    const bool direct = GENERATE(true, false);
    Way way(direct);
    auto& nest = way.open();
    nest.hear();
    nest.server_says(answer);
    nest.ended = true;
    nest.habits.write_error = broken_pipe;
    CHECK(nest.write(request).ec == broken_pipe);
    CHECK(nest.hear() == answer);
    CHECK_FALSE(nest.last.ec);
    CHECK(nest.c.truncated());
}

TEST_CASE("a write that is given up says how much may have left", "[tls][B2]") {
    const bool direct = GENERATE(true, false);
    Way way(direct);
    auto& nest = way.open();
    nest.hear();
    nest.habits.full = true;
    nest.first_part = 0;
    const auto body = patterned(500'000);
    const auto a = nest.write(body);
    CHECK(a.ec == errc::write_timeout);
    CHECK(a.n == (direct ? 65'536 : 64'512));
    // What was taken is not taken again.
    nest.habits.full = false;
    REQUIRE_FALSE(nest.say(nest.unsent).ec);
    CHECK((nest.server.heard() == body));
}

TEST_CASE("an end in either handshake is told apart from others, and ends it", "[tls]") {
    const bool early = GENERATE(true, false), full = GENERATE(true, false), told = GENERATE(true, false);
    CAPTURE(early, full, told);
    if (early && told) return;  // nobody can say so yet
    Way way;
    auto& nest = way.nest;
    if (!early) REQUIRE_FALSE(nest.shake_with_proxy().ec);
    nest.wire().clear();
    nest.ended = true;
    nest.habits.full = full;
    if (told) nest.proxy.close_notify();
    // The hello goes out and is not answered; or it cannot even go out.
    nest.habits.read_piece = 0;
    const auto a = early ? nest.shake_with_proxy() : nest.shake_with_server();
    CHECK(a.ec == errc::tls_handshake_closed);
    CHECK(nest.c.tls->fault().ec == errc::tls_handshake_closed);
}

TEST_CASE("a fault of either layer is the answer, and its text can be had", "[tls]") {
    const bool of_proxy = GENERATE(true, false), writes = GENERATE(true, false), watch = GENERATE(true, false);
    CAPTURE(of_proxy, writes, watch);
    Way way;
    auto& nest = way.open();
    nest.hear();
    if (of_proxy) {
        nest.wire() += "HTTP/1.1 502 Bad Gateway\r\n\r\n";
    } else {
        nest.proxy.say("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    }
    nest.habits.full = !watch;
    if (writes) {
        const auto told = nest.write(request, watch);
        CHECK((told.readable || told.ec == errc::tls_protocol_error));
    }
    nest.habits.full = false;
    const auto a = nest.read(100);
    CHECK(a.ec == errc::tls_protocol_error);
    REQUIRE(nest.c.tls->fault().ec == a.ec);
    CHECK_THAT(nest.c.tls->fault().text,
               Catch::Matchers::ContainsSubstring(of_proxy ? "host proxy.example: " : "host example.com: "));
    CHECK(nest.write(request).ec == errc::tls_protocol_error);
    CHECK(nest.c.tls->probe() == detail::verdict::error);
}

TEST_CASE("a server behind the proxy that cannot be trusted is refused by name, and told", "[tls]") {
    const auto wrong = make_certificate({.hosts = "DNS:example.org", .issuer = &test_root()});
    TlsServer at_proxy({.certificate = &proxy_leaf()}), at_server({.certificate = &wrong});
    TlsNest nest(at_proxy, at_server);
    CHECK(nest.shake_hands().ec == errc::certificate_wrong_host);
    CHECK_THAT(nest.c.tls->fault().text, Catch::Matchers::ContainsSubstring("example.org"));
    // The alert is still here: it leaves when the connection is dropped.
    nest.c.tls->close_notify();
    nest.proxy.feed(nest.c.tls->bottom().to_send());
    nest.wire();
    CHECK_THAT(nest.server.trouble(), Catch::Matchers::ContainsSubstring("alert"));
    CHECK(nest.proxy.told_of_close());
}

TEST_CASE("a peer that asks for new keys without end and takes none is given up", "[tls]") {
    const int who = GENERATE(0, 1, 2);  // a server; a server behind a proxy; a proxy
    CAPTURE(who);
    Way way(who == 0);
    auto& nest = way.open();
    nest.hear();
    nest.habits.full = true;
    detail::answer a;
    std::size_t rounds = 0;
    do {
        for (int i = 0; i < 20; ++i) (who == 2 ? nest.proxy : nest.server).update_key(true);
        a = nest.read(100);
    } while (a.ec == errc::write_timeout && ++rounds < 1000);
    CHECK(a.ec == errc::tls_protocol_error);
    CHECK(nest.inner().to_send().size() < 300'000);
    CHECK(nest.inner().bottom().to_send().size() < 300'000);
}
