// What a parser remembers of a server's last head spares it work and changes nothing: each reading is the same as that
// of a parser that has seen nothing before.

#include "catch.hpp"
#include "feed.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

using namespace ferry;
using namespace ferry::testing;

namespace {

using lines = std::vector<std::string>;

const lines samples[] = {
    {"HTTP/1.1 200 OK\r\n", "Server: nginx\r\n", "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\n",
     "Content-Type: text/plain\r\n", "Content-Length: 5\r\n", "Connection: keep-alive\r\n", "Vary: Accept\r\n", "\r\n"},
    {"HTTP/1.1 200 OK\r\n", "Server: a\r\n", "Transfer-Encoding: chunked\r\n", "Content-Encoding: gzip\r\n",
     "Keep-Alive: timeout=5\r\n", "\r\n"},
    {"HTTP/1.0 203 Fine\r\n", "Connection: keep-alive\r\n", "X: 1\r\n", "Content-Length: 0\r\n", "X: 2\r\n", "\r\n"},
    {"HTTP/1.1 304 Not Modified\r\n", "ETag: \"abc\"\r\n", "Upgrade: h2c\r\n", "Proxy-Connection: close\r\n", "\r\n"},
    {"HTTP/1.1 200 OK\r\n", "Empty:\r\n", "Server: b\r\n", "Spaces:  x \t\r\n", "Server: b\r\n", "No:gap\r\n", "\r\n"},
    {"HTTP/1.1 200 OK\r\n", "\r\n"},
};

std::string joined(const lines& all) {
    std::string s;
    for (auto& line : all) s += line;
    return s;
}

// With a body of some kind behind it, so that chunks are read, too.
std::string with_body(const std::string& head) {
    return head + "5\r\nServe\r\n0\r\nServer: nginx\r\n\r\nServer: nginx\r\n\r\n";
}

void forget() { detail::known_heads<llhttp_t>::forget(); }

// Reads `bytes` after `before`, and after nothing. Faults are told alike, too.
std::string differs(std::string_view before, std::string_view bytes, const Feed& how = {}, const Feed& earlier = {}) {
    forget();
    const auto expected = parse(bytes, how);
    forget();
    parse(before, earlier);
    const auto got = parse(bytes, how);
    if (expected.fault != got.fault) return "fault: " + expected.fault + " / " + got.fault;
    return difference(expected, got);
}

void check_both_ways(const lines& head, const lines& other) {
    const auto a = with_body(joined(head)), b = with_body(joined(other));
    INFO(a);
    INFO(b);
    CHECK(differs(a, b).empty());
    CHECK(differs(b, a).empty());
}

// Every head that is one change away: a line gone, doubled, moved to another place, or some other line instead or
// beside.
template <class Check> void neighbours(const lines& head, Check check) {
    const lines others{"Content-Length: 5\r\n",
                       "Content-Length: 6\r\n",
                       "Transfer-Encoding: chunked\r\n",
                       "Connection: close\r\n",
                       "Server: other\r\n",
                       "X-Request-Id: 42\r\n",
                       " folded\r\n",
                       "\tfolded\r\n",
                       "no colon\r\n",
                       ": no name\r\n",
                       "Empty:\r\n",
                       "Bare: LF\n",
                       "Bad name: x\r\n",
                       "Nul: \x01\r\n",
                       "Stray: \r x\r\n",
                       "\r\n",
                       "HTTP/1.1 500 Oh\r\n",
                       "Set-Cookie: a=b\r\n"};
    for (std::size_t i = 0; i + 1 < head.size(); ++i) {
        lines less = head;
        less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
        check(less);
        for (std::size_t to = 0; to <= less.size(); ++to) {
            lines moved = less;
            moved.insert(moved.begin() + static_cast<std::ptrdiff_t>(to), head[i]);
            check(moved);
        }
        for (auto& other : others) {
            lines changed = head;
            changed[i] = other;
            check(changed);
            changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(i), head[i]);
            check(changed);
        }
    }
}

}  // namespace

TEST_CASE("the same head once more says the same", "[http]") {
    for (auto& head : samples)
        for (bool to_head : {false, true}) {
            const Feed how{.head_request = to_head};
            const auto bytes = with_body(joined(head));
            INFO(bytes);
            CHECK(differs(bytes, bytes, how, how).empty());
            CHECK(differs(bytes, bytes, how, {.head_request = !to_head}).empty());
        }
}

TEST_CASE("a head that is not quite the last one is read as if there had been none", "[http][C4][C9]") {
    for (auto& head : samples) neighbours(head, [&](const lines& other) { check_both_ways(head, other); });
    for (auto& head : samples)
        for (auto& other : samples) check_both_ways(head, other);
}

TEST_CASE("a head with any other byte in it is read as if there had been none", "[http][C9]") {
    for (auto& head : samples) {
        const auto bytes = with_body(joined(head));
        for (std::size_t at = 0; at < joined(head).size(); ++at)
            for (char c : std::string_view("\0\t\n\r :;a1\x7f\x80", 11)) {
                auto other = bytes;
                other[at] = c;
                INFO(at << ' ' << static_cast<int>(c) << '\n' << bytes);
                CHECK(differs(bytes, other).empty());
                CHECK(differs(other, bytes).empty());
            }
    }
}

TEST_CASE("a known head that comes in pieces, or with less than itself, is read all the same", "[http]") {
    for (auto& head : samples) {
        const auto bytes = with_body(joined(head));
        forget();
        const auto expected = parse(bytes);
        for (std::size_t at = 1; at < bytes.size(); ++at) {
            INFO(at << '\n' << bytes);
            parse(bytes);
            CHECK(difference(expected, parse_split(bytes, at)).empty());
            CHECK(differs(bytes, bytes.substr(0, at)).empty());
        }
    }
}

TEST_CASE("limits hold for a known head, and what was read leniently is not known to the strict", "[http][C9]") {
    const auto bytes = joined(samples[0]);
    for (std::size_t most = 1; most < 10; ++most) CHECK(differs(bytes, bytes, {.limits = {.fields = most}}).empty());
    for (auto most : {std::size_t{20}, bytes.size() - 1, bytes.size()})
        CHECK(differs(bytes, bytes, {.limits = {.bytes = most}}).empty());

    neighbours(samples[0], [&](const lines& other) {
        const auto b = joined(other);
        INFO(b);
        CHECK(differs(b, b, {}, {.lenient = true}).empty());
        CHECK(differs(b, b, {.lenient = true}, {}).empty());
        CHECK(differs(bytes, b, {.lenient = true}, {}).empty());
    });
}

TEST_CASE("what is known of one server is not what is known of another", "[http]") {
    using heads = detail::known_heads<llhttp_t>;
    forget();
    const auto read = [](const lines& head, std::size_t server) {
        detail::response_parser parser;
        Response r;
        parser.start(r, false, {}, false, server);
        CHECK_FALSE(parser.feed_head(joined(head)).ec);
    };
    read(samples[0], 1);
    read(samples[3], 2);
    CHECK(heads::of(1)->begins(joined(samples[0]), false));
    CHECK(heads::of(2)->begins(joined(samples[3]), false));
    CHECK(heads::of(3)->empty());
}

TEST_CASE("what may be a secret is not remembered, and neither is a long, an interim or a bad head", "[http]") {
    using heads = detail::known_heads<llhttp_t>;
    for (const std::string& bytes :
         {std::string("HTTP/1.1 200 OK\r\nSet-Cookie: secret=1\r\nContent-Length: 0\r\n\r\n"),
          std::string("HTTP/1.1 201 Created\r\nlocation: /?key=1\r\nContent-Length: 0\r\n\r\n"),
          std::string("HTTP/1.1 200 OK\r\nAuthentication-Info: nextnonce=x\r\nContent-Length: 0\r\n\r\n"),
          std::string("HTTP/1.1 302 Found\r\nX: y\r\nContent-Length: 0\r\n\r\n"),
          std::string("HTTP/1.1 401 No\r\nWWW-Authenticate: Digest nonce=x\r\nContent-Length: 0\r\n\r\n"),
          "HTTP/1.1 200 OK\r\nLong: " + std::string(5000, 'x') + "\r\n\r\n",
          std::string("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
          std::string("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")}) {
        INFO(bytes);
        forget();
        parse(bytes);
        CHECK(heads::of(0)->empty());
    }
    parse(joined(samples[0]));
    CHECK_FALSE(heads::of(0)->empty());
}

TEST_CASE("one parser reads one response after the other, whatever it remembers, and interim ones before them",
          "[http][C2]") {
    const auto read = [](detail::response_parser& parser, Response& r, const std::string& head, int kind) {
        auto bytes = (kind == 1 ? "HTTP/1.1 103 Early\r\nServer: nginx\r\n\r\n" : "") + with_body(head);
        if (kind == 3) parser.start_tunnel(r, {});
        else parser.start(r, kind == 2, {}, false);
        auto f = parser.feed_head(bytes);
        auto used = f.used;
        if (parser.interim()) {
            parser.next_head(r);
            f = parser.feed_head(std::string_view(bytes).substr(used));
            used += f.used;
        }
        std::string told = std::to_string(used) + f.ec.message() + (f.ec ? parser.fault() : "");
        if (f.ec) return told;
        told += std::to_string(r.status) + r.reason + r.headers.block().data() + std::to_string(parser.keep_alive()) +
                std::to_string(parser.content_length()) + std::string(to_string(parser.body_framing()));
        if (parser.body_framing() != detail::framing::chunked) return told;
        f = parser.feed_chunks(bytes.data() + used, bytes.size() - used);
        return told + std::to_string(f.used) + f.ec.message() + bytes.substr(used, f.body) +
               std::string(r.trailers.block()) + std::to_string(parser.complete());
    };
    const std::size_t count = std::size(samples) * 4;
    const auto head_of = [](std::size_t i) { return joined(samples[i / 4]); };
    for (std::size_t i = 0; i < count * count * count; ++i) {
        const std::size_t order[] = {i / count / count, i / count % count, i % count, i % count};
        forget();
        detail::response_parser alone;
        Response first, r;
        const auto expected = read(alone, first, head_of(order[2]), static_cast<int>(order[2] % 4));
        forget();
        detail::response_parser parser;
        std::string got;
        for (auto one : order) {
            r.clear();
            got = read(parser, r, head_of(one), static_cast<int>(one % 4));
        }
        if (got != expected) FAIL(got << "\nand not\n" << expected << "\nafter " << order[0] << ' ' << order[1]);
    }
}

TEST_CASE("lines that are known and say nothing of framing are found, whatever changes around them", "[http]") {
    using heads = detail::known_heads<llhttp_t>;
    forget();
    parse(joined(samples[0]));
    const auto found = [&](const lines& head) {
        const auto bytes = with_body(joined(head));
        std::string names;
        for (detail::known_lines lines(*heads::of(0), bytes); lines.find();) {
            CHECK(std::string_view(lines.begin(), lines.end()).ends_with("\r\n"));
            names.append(lines.field().name).append(" ");
        }
        return names;
    };
    auto head = samples[0];
    CHECK(found(head) == "Server Date Content-Type Vary ");
    head[2] = "Date: Thu, 01 Jan 2026 00:00:01 GMT\r\n";
    head[4] = "Content-Length: 12345\r\n";
    CHECK(found(head) == "Server Content-Type Vary ");
    head.erase(head.begin() + 2);
    CHECK(found(head) == "Server Content-Type Vary ");
    head.insert(head.begin() + 2, {"X-Request-Id: 1\r\n", "ETag: \"x\"\r\n"});
    CHECK(found(head) == "Server Content-Type Vary ");
    head.erase(head.begin() + 1);
    CHECK(found(head) == "Content-Type Vary ");
    head[0] = "HTTP/1.1 404 Not Found\r\n";
    CHECK(found(head) == "Content-Type Vary ");
    CHECK(found({"HTTP/1.1 200 OK\r\n", "\r\n"}).empty());
    head = samples[0];
    head.insert(head.begin() + 1, 1000, "X: y\r\n");
    CHECK(found(head).empty());  // given up
    head = samples[0];
    head.insert(head.begin() + 2, "bare\n");
    CHECK(found(head) == "Server ");
}

TEST_CASE("heads that are mostly different are seldom compared", "[http]") {
    using heads = detail::known_heads<llhttp_t>;
    forget();
    CHECK_FALSE(heads::of(0)->compare_now());
    parse(joined(samples[0]));
    auto& known = *heads::of(0);
    int compared = 0;
    for (int i = 0; i < 64; ++i) compared += known.compare_now();
    CHECK(compared == 7);
    known.compared(1);  // of seven lines
    CHECK_FALSE(known.compare_now());
    known.compared(4);
    CHECK(known.compare_now());
    for (int i = 0; i < 64; ++i) known.compare_now();
    parse(joined(samples[0]));
    for (int i = 0; i < 20; ++i) {
        auto head = samples[0];
        head[6] = "Vary: " + std::to_string(i) + "\r\n";
        parse(joined(head));
    }
    CHECK(known.compare_now());
}

TEST_CASE("a head that comes again and again is known soon, also after many that were all different", "[http]") {
    using heads = detail::known_heads<llhttp_t>;
    forget();
    const auto numbered = [](int i) {
        return "HTTP/1.1 200 OK\r\nX-Request-Id: " + std::to_string(1000 + i) + "\r\nContent-Length: 0\r\n\r\n";
    };
    for (int i = 0; i < 4; ++i) {
        parse(numbered(i));
        CHECK(heads::of(0)->begins(numbered(i), false));
    }
    int replaced = 0;
    for (int i = 4; i < 104; ++i) {
        parse(numbered(i));
        replaced += heads::of(0)->begins(numbered(i), false);
    }
    CHECK(replaced == 6);
    int until_known = 0;
    for (; !heads::of(0)->begins(numbered(0), false); ++until_known) parse(numbered(0));
    CHECK(until_known <= 16);
    for (int i = 0; i < 16; ++i) parse(numbered(0));
    parse(numbered(1));
    CHECK(heads::of(0)->begins(numbered(1), false));
}

TEST_CASE("of two heads that come by turns, one stays known", "[http]") {
    using heads = detail::known_heads<llhttp_t>;
    forget();
    int known = 0;
    for (int i = 0; i < 100; ++i) {
        const auto bytes = joined(samples[i % 2 == 0 ? 0 : 3]);
        known += heads::of(0)->begins(bytes, false);
        parse(bytes);
    }
    CHECK(known >= 40);
}
