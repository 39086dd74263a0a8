// Fields behind a request's body: which may stand there, and how they are written.

#include "catch.hpp"

#include <ferry/http/trailers.hpp>

#include <string>
#include <string_view>

using namespace ferry;
using namespace ferry::detail;

TEST_CASE("what decides how a message is taken may not come behind it", "[http][trailers]") {
    for (auto name : {"Content-Length", "transfer-encoding", "HOST", "Authorization", "Cookie", "Content-Type",
                      "Content-Encoding", "Expect", "Range", "If-Match", "Trailer", "TE", "Connection"})
        CHECK_FALSE(may_trail(name));
    for (auto name : {"Digest", "X-Checksum", "Server-Timing", "Host2", "ETag"}) CHECK(may_trail(name));
    CHECK_FALSE(untrailable({}));
    CHECK_FALSE(untrailable(Headers{{"Digest", "1"}}));
    const Headers mixed{{"Digest", "1"}, {"host", "h"}, {"cookie", "c"}};
    CHECK(untrailable(mixed) == "host");
}

TEST_CASE("trailers are announced by name, each once", "[http][trailers]") {
    CHECK(announced({}) == "");
    CHECK(announced({{"Digest", "1"}}) == "Digest");
    CHECK(announced({{"Digest", "1"}, {"X-Sum", "2"}, {"digest", "3"}}) == "Digest, X-Sum");
}

TEST_CASE("the last chunk ends with the trailers", "[http][trailers]") {
    CHECK(last_chunk_with({}) == "0\r\n\r\n");
    CHECK(last_chunk_with({{"Digest", "1"}, {"X", ""}}) == "0\r\nDigest: 1\r\nX: \r\n\r\n");
}
