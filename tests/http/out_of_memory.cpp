// Memory that runs out while a response is read: an exception that goes through no C code, and nothing else.

#include "catch.hpp"
#include "failing_allocations.hpp"
#include "feed.hpp"

#include <new>
#include <string>
#include <string_view>

using namespace ferry;
using namespace ferry::testing;

namespace {

bool lies_in_its_text(const Headers& headers) {
    const auto text = headers.block();
    for (auto f : headers)
        if (f.name.data() < text.data() || f.value.data() + f.value.size() > text.data() + text.size()) return false;
    return true;
}

// Reads the bytes again and again, with another allocation failing each time, until there are no more: how many there
// were, and the reading in which none failed.
int read_with_failures(std::string_view bytes, std::size_t piece, Parsed& last) {
    for (int failing = 0;; ++failing) {
        Feeder feeder{Feed{}};
        int left = failing;
        try {
            for (std::size_t at = 0; at < bytes.size(); at += piece) {
                FailingAllocations memory(left, FailingAllocations::Then::one_fails);
                feeder.feed(bytes.substr(at, piece));
                left = memory.remaining();
            }
        } catch (const std::bad_alloc&) {
            const auto broken = feeder.take();
            CHECK(lies_in_its_text(broken.response.headers));
            CHECK(lies_in_its_text(broken.response.trailers));
            continue;
        }
        last = feeder.take();
        return failing;
    }
}

std::string many_fields() {
    std::string fields;
    for (int i = 0; i < 40; ++i) fields += "Field-" + std::to_string(i) + ": " + std::string(30, 'x') + "\r\n";
    return fields;
}

}  // namespace

TEST_CASE("memory that runs out while a head or trailers are read is an exception", "[http]") {
    const auto bytes = "HTTP/1.1 200 A reason that is longer than what lies in a string itself\r\n" + many_fields() +
                       "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n" + many_fields() + "\r\n";
    const std::size_t piece = GENERATE(std::size_t(1), 7, 64, 100'000);
    CAPTURE(piece);
    Parsed whole;
    CHECK(read_with_failures(bytes, piece, whole) > 6);
    CHECK(whole.complete);
    CHECK(difference(whole, parse(bytes)) == "");
}

TEST_CASE("a field for which there is no memory is not added at all", "[headers]") {
    for (int failing = 0; failing < 4; ++failing) {
        Headers headers;
        int added = 0;
        for (int i = 0; i < 40; ++i) {
            try {
                FailingAllocations memory(i % 3 == 0 ? 0 : failing, FailingAllocations::Then::one_fails);
                headers.add("Name-" + std::to_string(i), std::string(static_cast<std::size_t>(5 * i), 'v'));
                ++added;
            } catch (const std::bad_alloc&) {
            }
        }
        CAPTURE(failing);
        CHECK(headers.size() == static_cast<std::size_t>(added));
        std::string block;
        for (auto f : headers) block.append(f.name).append(": ").append(f.value).append("\r\n");
        CHECK(headers.block() == block);
    }
}
