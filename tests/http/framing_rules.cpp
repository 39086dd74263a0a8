// Where a body ends and how long a connection is kept, as the fields of a head say it.

#include "catch.hpp"

#include <ferry/http/framing.hpp>

#include <chrono>
#include <optional>
#include <sstream>
#include <string>

using namespace ferry;
using namespace std::chrono_literals;
using detail::framing;
using detail::transfer_framing;

namespace {

std::optional<framing> of(std::string_view value) { return transfer_framing({{"Transfer-Encoding", value}}); }

}  // namespace

TEST_CASE("some responses never have a body", "[http][C1]") {
    for (int status : {100, 101, 102, 103, 199, 204, 304}) CHECK(detail::never_has_body(status, false));
    for (int status : {200, 201, 203, 205, 206, 301, 400, 404, 500, 999})
        CHECK_FALSE(detail::never_has_body(status, false));
    for (int status : {200, 204, 404, 500}) CHECK(detail::never_has_body(status, true));
}

TEST_CASE("chunked counts as the one and last coding", "[http][C5]") {
    CHECK(of("chunked") == framing::chunked);
    CHECK(of("Chunked") == framing::chunked);
    CHECK(of(" chunked ,") == framing::chunked);
    CHECK(of("identity, chunked") == framing::chunked);
    CHECK(of("chunked, chunked") == std::nullopt);
    CHECK(transfer_framing({{"transfer-encoding", "identity"}, {"TRANSFER-ENCODING", "chunked"}}) == framing::chunked);
    CHECK(transfer_framing({{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}}) == std::nullopt);
}

TEST_CASE("no coding at all means until the end of the connection", "[http][C5][C6]") {
    CHECK(of("identity") == framing::until_close);
    CHECK(of("") == framing::until_close);
    CHECK(transfer_framing({}) == framing::until_close);
    CHECK(transfer_framing({{"Content-Encoding", "chunked"}}) == framing::until_close);
}

TEST_CASE("a coding that is not known here is no framing", "[http][C5]") {
    for (auto coding :
         {"gzip", "gzip, chunked", "chunked, gzip", "xchunked", "chunkedx", "chunked;q=1", "\"chunked\""}) {
        INFO(coding);
        CHECK(of(coding) == std::nullopt);
    }
}

TEST_CASE("framings have names", "[http]") {
    std::ostringstream os;
    os << framing::none << ", " << framing::length << ", " << framing::chunked << ", " << framing::until_close;
    CHECK(os.str() == "none, length, chunked, until close");
}

TEST_CASE("Keep-Alive hints are read wherever they stand", "[http][A8]") {
    struct Case {
        const char* field;
        std::optional<std::chrono::milliseconds> timeout;
        std::optional<std::uint64_t> max;
    };
    for (auto& c : {
             Case{"", {}, {}},
             Case{"timeout=5", 5s, {}},
             Case{"timeout=5, max=100", 5s, 100},
             Case{"max=0,timeout=15", 15s, 0},
             Case{"TimeOut = 7 , MAX = 3", 7s, 3},
             Case{"timeout=0", 0s, {}},
             Case{"foo, bar=1, timeout=2", 2s, {}},
             Case{"timeout", {}, {}},
             Case{"timeout=", {}, {}},
             Case{"timeout=-5", {}, {}},
             Case{"timeout=+5", {}, {}},
             Case{"timeout=5s, max=1", {}, 1},
             Case{"timeout=1.5", {}, {}},
             Case{"timeout=99999999999999999999, max=2", {}, 2},
             Case{"timeout=18446744073709551615", 1'000'000s, {}},
             Case{"max=18446744073709551615", {}, 18446744073709551615u},
             Case{",,=5,,", {}, {}},
         }) {
        INFO(c.field);
        auto hint = detail::parse_keep_alive(c.field);
        CHECK(hint.timeout == c.timeout);
        CHECK(hint.max == c.max);
    }
}

TEST_CASE("the margin of a hint is a second, and at most half of it", "[http][A8]") {
    CHECK(detail::with_margin(60s) == 59s);
    CHECK(detail::with_margin(5s) == 4s);
    CHECK(detail::with_margin(2s) == 1s);
    CHECK(detail::with_margin(1s) == 500ms);
    CHECK(detail::with_margin(0s) == 0s);
}
