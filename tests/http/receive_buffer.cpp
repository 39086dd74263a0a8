// The bytes that a connection has received and not yet read.

#include "catch.hpp"

#include <ferry/http/connection.hpp>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

using namespace ferry;

namespace {

void receive(detail::connection& c, std::string_view bytes) {
    auto room = c.room(false);
    REQUIRE(room.size() >= bytes.size());
    std::memcpy(room.data(), bytes.data(), bytes.size());
    c.received(bytes.size());
}

}  // namespace

TEST_CASE("a connection holds no buffer until it receives", "[http]") {
    detail::connection c;
    CHECK(c.unread().empty());
    c.rest();
    CHECK(c.room(false).size() == detail::small_buffer);
    c.rest();
    CHECK(c.room(true).size() == detail::large_buffer);
    CHECK(c.room(false).size() == detail::large_buffer);  // it is there, so it is used
}

TEST_CASE("what was received is read piece by piece, in order", "[http]") {
    detail::connection c;
    receive(c, "hello");
    CHECK(c.unread() == "hello");
    c.consume(2);
    CHECK(c.unread() == "llo");
    receive(c, ", world");
    CHECK(c.unread() == "llo, world");
    c.consume(10);
    CHECK(c.unread().empty());
}

TEST_CASE("what is unread moves to the front when there is no room behind it", "[http]") {
    detail::connection c;
    std::string full(detail::small_buffer, 'x');
    full.back() = 'y';
    receive(c, full);
    c.consume(full.size() - 3);
    auto room = c.room(true);  // no larger buffer while something is unread
    CHECK(c.unread() == "xxy");
    CHECK(room.size() == detail::small_buffer - 3);
    receive(c, "z");
    CHECK(c.unread() == "xxyz");
}

TEST_CASE("an idle connection keeps no large buffers", "[http]") {
    detail::connection c;
    receive(c, "left over");
    c.out.assign(100'000, 'x');
    c.rest();
    CHECK(c.unread().empty());
    CHECK(c.out.capacity() <= 4096);
}

TEST_CASE("only a connection that was idle for a short time is expected to be wanted again soon", "[http]") {
    detail::connection c;
    CHECK_FALSE(c.in_quick_succession());
    c.info.reused = true;
    CHECK(c.in_quick_succession());
    c.info.idle_age = detail::quick_succession;
    CHECK_FALSE(c.in_quick_succession());
}
