// Server-sent events out of pieces, wherever the pieces end.

#include "catch.hpp"

#include <ferry/http/events.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

using namespace ferry;
using namespace std::chrono_literals;
using namespace std::string_literals;
using detail::event_parser;

namespace {

struct Seen {
    std::vector<Event> events;
    std::string last_id;
    std::optional<std::chrono::milliseconds> retry;
    std::error_code ec;
    bool operator==(const Seen&) const = default;
};

constexpr std::size_t enough = 10'000;

Seen read(event_parser& parser, const std::vector<std::string_view>& pieces) {
    Seen seen;
    Event e;
    for (auto piece : pieces) {
        const std::string own(piece);  // so that what is kept beyond the piece is found out
        parser.feed(own);
        while (parser.take(e)) seen.events.push_back(e);
    }
    seen.last_id = parser.last_event_id();
    seen.retry = parser.retry();
    seen.ec = parser.error();
    return seen;
}

Seen read(const std::vector<std::string_view>& pieces, std::size_t max = enough) {
    event_parser parser(max);
    return read(parser, pieces);
}

// All of it, after every way to cut it in two or three, and into single bytes, has led to the same.
Seen everyhow(std::string_view text, std::size_t max = enough) {
    const auto whole = read({text}, max);
    int different = 0;
    for (std::size_t i = 0; i <= text.size(); ++i)
        for (std::size_t j = i; j <= text.size(); ++j)
            different += !(read({text.substr(0, i), text.substr(i, j - i), text.substr(j)}, max) == whole);
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < text.size(); ++i) bytes.push_back(text.substr(i, 1));
    different += !(read(bytes, max) == whole);
    CHECK(different == 0);
    return whole;
}

std::vector<Event> events(std::string_view text) {
    auto seen = everyhow(text);
    CHECK_FALSE(seen.ec);
    return seen.events;
}

using List = std::vector<Event>;

}  // namespace

TEST_CASE("an event is its lines up to an empty one", "[http][events]") {
    CHECK(events("data: a\n\n") == List{{"message", "a", ""}});
    CHECK(events("data: a\ndata: b\n\ndata:c\n\n") == List{{"message", "a\nb", ""}, {"message", "c", ""}});
    CHECK(events("event: add\ndata: 1\n\nevent: remove\ndata: 2\n\ndata: 3\n\n") ==
          List{{"add", "1", ""}, {"remove", "2", ""}, {"message", "3", ""}});
    CHECK(events("event: a\nevent: b\ndata: 1\n\n") == List{{"b", "1", ""}});
    CHECK(events("event: a\nevent\ndata: 1\n\n") == List{{"message", "1", ""}});
    CHECK(events("").empty());
    CHECK(events("\n\n\n").empty());
}

TEST_CASE("the examples of the standard are read as it says", "[http][events]") {
    CHECK(events(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n") ==
          List{{"message", "first event", "1"}, {"message", "second event", ""}});
    CHECK(events("data\n\ndata\ndata\n\ndata:") == List{{"message", "", ""}, {"message", "\n", ""}});
    CHECK(events("data:test\n\ndata: test\n\n") == List{{"message", "test", ""}, {"message", "test", ""}});
}

TEST_CASE("lines end with LF, CR or CRLF, in any mixture", "[http][events]") {
    const List two{{"message", "a\nb", "7"}, {"message", "c", "7"}};
    for (std::string_view end : {"\n", "\r", "\r\n"}) {
        std::string text;
        for (auto line : {"id: 7", "data: a", "data: b", "", "data: c", ""}) text.append(line).append(end);
        CHECK(events(text) == two);
    }
    CHECK(events("id: 7\rdata: a\r\ndata: b\n\r\ndata: c\r\r") == two);
    CHECK(events("data: a\r\n\rdata: b\n\r") == List{{"message", "a", ""}, {"message", "b", ""}});
}

TEST_CASE("a CR ends an event without waiting for what comes behind", "[http][events]") {
    event_parser parser(enough);
    Event e;
    parser.feed("data: a\r\n\r");
    REQUIRE(parser.take(e));
    CHECK(e.data == "a");
    parser.feed("\n");
    CHECK_FALSE(parser.take(e));
    parser.feed("data: b\n\n");
    REQUIRE(parser.take(e));
    CHECK(e.data == "b");
}

TEST_CASE("only one space, and only behind the colon, is taken away", "[http][events]") {
    CHECK(events("data:  a \n\n") == List{{"message", " a ", ""}});
    CHECK(events("data:\ta\n\n") == List{{"message", "\ta", ""}});
    CHECK(events("data: a: b\n\n") == List{{"message", "a: b", ""}});
    CHECK(events("data : a\n data: b\n\n").empty());
}

TEST_CASE("comments and fields of other names say nothing", "[http][events]") {
    CHECK(events(":\n: c\n:data: x\n\n").empty());
    CHECK(events("Data: a\nDATA: b\ndat: c\ndataa: d\nfoo\n: x\ndata: e\n\n") == List{{"message", "e", ""}});
}

TEST_CASE("an event without data is none, and takes its type along", "[http][events]") {
    CHECK(events("event: a\n\ndata: 1\n\n") == List{{"message", "1", ""}});
}

TEST_CASE("an id lasts until the next one", "[http][events]") {
    auto seen = everyhow("id: 1\ndata: a\n\ndata: b\n\nid: 2\n\ndata: c\n\nid:\ndata: d\n\n");
    CHECK(seen.events ==
          List{{"message", "a", "1"}, {"message", "b", "1"}, {"message", "c", "2"}, {"message", "d", ""}});
    CHECK(seen.last_id.empty());
    CHECK(everyhow("id: 1\n\n").last_id == "1");
    CHECK(everyhow("id: 1\n\nid: 2\ndata: cut").last_id == "1");
    CHECK(everyhow("id: 1\n\nid: 2\0\n\n"s).last_id == "1");
    CHECK(everyhow("id: 1\n\nid: \0\ndata: \0\n\n"s).events == List{{"message", "\0"s, "1"}});
}

TEST_CASE("an event that the end cuts is dropped, and the id stays for the next connection", "[http][events]") {
    for (std::string_view cut : {"data: b", "data: b\n", "id: 2\ndata: b\nevent: x\r\n", "\xEF\xBB"}) {
        INFO(cut);
        event_parser parser(enough);
        CHECK(read(parser, {"retry: 5\nid: 1\ndata: a\n\n", cut}).events == List{{"message", "a", "1"}});
        parser.restart();
        CHECK(parser.last_event_id() == "1");
        CHECK(parser.retry() == 5ms);
        CHECK(read(parser, {"\n\xEF\xBB", "data: no\n\n"}).events.empty());
        parser.restart();
        CHECK(read(parser, {"\xEF\xBB",
                            "\xBF"
                            "data: c\n\n"})
                  .events == List{{"message", "c", "1"}});
    }
}

TEST_CASE("a time to wait is digits only", "[http][events]") {
    auto retry = [](std::string_view line) { return everyhow(std::string(line).append("\n")).retry; };
    CHECK(retry("retry: 10000") == 10s);
    CHECK(retry("retry:0") == 0ms);
    for (auto line : {"retry", "retry:", "retry: ", "retry: -1", "retry: +1", "retry: 1.5", "retry:  1", "retry: 1 ",
                      "retry: 1s", "retry: 99999999999999999999"}) {
        INFO(line);
        CHECK_FALSE(retry(line));
    }
    CHECK(retry("retry: 18446744073709551615") == std::chrono::milliseconds::max());
    CHECK(everyhow("retry: 7\nretry: x\n").retry == 7ms);
}

TEST_CASE("one byte order mark is skipped, at the beginning only", "[http][events]") {
    CHECK(events("\xEF\xBB\xBF"
                 "data: a\n\n") == List{{"message", "a", ""}});
    CHECK(events("\xEF\xBB\xBF\n\ndata: a\n\n") == List{{"message", "a", ""}});
    CHECK(events("\xEF\xBB\xBF\xEF\xBB\xBF"
                 "data: a\n\n")
              .empty());
    CHECK(events("\n\xEF\xBB\xBF"
                 "data: a\n\n")
              .empty());
    CHECK(events("data: \xEF\xBB\xBF\n\n") == List{{"message", "\xEF\xBB\xBF", ""}});
}

TEST_CASE("an event larger than the limit is an error, at every split", "[http][events]") {
    auto ended = [](std::string_view text) { return everyhow(text, 10).ec; };
    CHECK_FALSE(ended("data: 1234\n\n"));
    CHECK(ended("data: 12345\n\n") == errc::line_too_long);
    CHECK(ended("data: 12345") == errc::line_too_long);
    CHECK(ended(":2345678901") == errc::line_too_long);
    CHECK_FALSE(ended(":234567890\n:234567890\n:234567890\n"));
    CHECK_FALSE(ended("data:123\ndata\n\n"));
    CHECK(ended("data:123\ndata:45\n\n") == errc::line_too_long);
    CHECK(ended("data\ndata\ndata\ndata\ndata\ndata\ndata\ndata\n") == errc::line_too_long);
    CHECK(ended("event:123\ndata:1234\n\n") == errc::line_too_long);
    CHECK_FALSE(ended("data:1234\n\ndata:1234\n\nid:1234567\n\nid:1234567\n\ndata:1234\n\n"));
    CHECK(everyhow("data: a\n\ndata: 12345\n\ndata: b\n\n", 10).events == List{{"message", "a", ""}});
    CHECK(everyhow("data: b\n\n", 0).ec == errc::line_too_long);
}

TEST_CASE("any bytes are read to their end", "[http][events]") {
    const std::vector<std::string> bits{"data", "id",   "event", "retry",        ":",    " ", "7", "x", "\n", "\r",
                                        "\r\n", "\n\n", "\0"s,   "\xEF\xBB\xBF", "\xEF", ": "};
    std::string text;
    unsigned state = 1;
    for (int i = 0; i < 50'000; ++i) {
        state = state * 1664525u + 1013904223u;
        text.append(bits[state >> 28]);
    }
    const auto whole = read({text}, text.size());
    CHECK_FALSE(whole.ec);
    CHECK(whole.events.size() > 100);
    for (std::size_t size : {1u, 2u, 3u, 7u, 1000u}) {
        std::vector<std::string_view> pieces;
        for (std::size_t i = 0; i < text.size(); i += size) pieces.push_back(std::string_view(text).substr(i, size));
        CHECK(read(pieces, text.size()) == whole);
    }
}
