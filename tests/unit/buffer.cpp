// The blocks that bytes are received into: lent again as large as they are.

#include "catch.hpp"

#include <ferry/core/buffer.hpp>

#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

using ferry::detail::buffer;
using ferry::detail::large_buffer;
using ferry::detail::small_buffer;

namespace {

// All of it can be written; a sanitizer watches.
void fill(const buffer& b) { std::memset(b.data(), 'x', b.size()); }

}  // namespace

TEST_CASE("a block of any size is lent again only as what it is", "[buffer]") {
    const std::size_t sizes[] = {1, 4096, small_buffer, 64 * 1024, large_buffer, large_buffer + 1};
    for (auto first : sizes)
        for (auto second : sizes) {
            { fill(buffer(first)); }
            buffer next(second);
            CHECK(next.size() == second);
            fill(next);
        }
}

TEST_CASE("a block that is given back is the next of its size", "[buffer]") {
    for (auto size : {small_buffer, large_buffer}) {
        const char* where = nullptr;
        {
            buffer b(size);
            where = b.data();
        }
        buffer again(size);
        CHECK(again.data() == where);
    }
}

TEST_CASE("a block that moves is given back once", "[buffer]") {
    buffer one(small_buffer), two(std::move(one));
    CHECK(one.size() == 0);  // NOLINT(bugprone-use-after-move)
    CHECK(one.data() == nullptr);
    one = std::move(two);
    fill(one);
    std::vector<buffer> many;
    for (int i = 0; i < 100; ++i) fill(many.emplace_back(small_buffer));
}
