// Reading bodies of several parts: every byte in order, whatever the size of a piece; and parts that change.

#include "catch.hpp"
#include "descriptor_limit.hpp"
#include "pieces.hpp"
#include "temp_folder.hpp"

#include <ferry/io/body_reader.hpp>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <system_error>
#include <vector>

using namespace ferry::testing;
using ferry::Body;
using ferry::errc;
using ferry::File;
using ferry::detail::body_reader;

namespace {

struct WhatWasRead {
    std::error_code ec;
    std::size_t part = 0;  // at fault
    std::string bytes;
};

// To the end, in pieces of at most so many bytes.
WhatWasRead read_out(body_reader& reader, std::size_t piece = 1000) {
    WhatWasRead all;
    std::string memory(piece, '\0');
    for (;;) {
        auto got = reader.read(memory);
        if (got.ec) return {got.ec, got.n, all.bytes};
        if (got.n == 0) return all;
        all.bytes.append(memory, 0, got.n);
    }
}

}  // namespace

TEST_CASE("parts are read one after the other, in pieces of any size", "[io][body][J1]") {
    TempFolder folder;
    auto large = patterned(50'000);
    auto body = Body::join({"head", File{folder.write("a", "first file")}, File{folder.write("empty", "")}, large,
                            ferry::source(pieces_of("source", 4), 6), ferry::source(pieces_of("", 1), 0), "between",
                            File{folder.write("b", large)}, "tail"});
    auto piece = GENERATE(std::size_t{1}, std::size_t{7}, std::size_t{4096}, std::size_t{1'000'000});
    body_reader reader;
    auto opened = reader.open(body);
    CHECK_FALSE(opened.ec);
    CHECK(opened.n == 4 + 10 + 50'000 + 6 + 7 + 50'000 + 4);
    auto all = read_out(reader, piece);
    CHECK_FALSE(all.ec);
    CHECK((all.bytes == "headfirst file" + large + "sourcebetween" + large + "tail"));
}

TEST_CASE("one part of unknown size makes the whole unknown", "[io][body][D4]") {
    TempFolder folder;
    auto body = Body::join(
        {"a", ferry::source(pieces_of("bcd", 2)), File{folder.write("f", "e")}, ferry::source(pieces_of("", 1))});
    body_reader reader;
    CHECK(reader.open(body).n == ferry::detail::unknown_size);
    CHECK(read_out(reader).bytes == "abcde");
}

TEST_CASE("small parts are read together, but none waits for a function", "[io][body]") {
    TempFolder folder;
    auto body = Body::join({"a", File{folder.write("f", "b")}, "c", ferry::source(pieces_of("de", 1), 2), "f"});
    body_reader reader;
    REQUIRE_FALSE(reader.open(body).ec);
    std::string memory(100, '\0');
    std::vector<std::string> pieces;
    while (auto n = reader.read(memory).n) pieces.push_back(memory.substr(0, n));
    CHECK(pieces == std::vector<std::string>{"abc", "d", "ef"});
}

TEST_CASE("a function is not asked again after its last byte", "[io][body]") {
    int asked = 0;
    auto counting = [&](std::span<char> into) { return ++asked, into[0] = 'x', std::size_t{1}; };
    auto body = Body::join({ferry::source(counting, 0), "a", ferry::source(counting, 1), ferry::source(counting, 0)});
    body_reader reader;
    REQUIRE(reader.open(body).n == 2);
    CHECK(read_out(reader).bytes == "ax");
    CHECK(asked == 1);
}

TEST_CASE("a body is read again from its beginning", "[io][body][B3]") {
    TempFolder folder;
    int rewound = 0;
    std::size_t at = 0;
    ferry::Source source{.read = [&](std::span<char> into) { return std::string("xyz").copy(into.data(), 1, at++); },
                         .size = 3,
                         .rewind = [&] { ++rewound, at = 0; }};
    auto body = Body::join({"a", File{folder.write("f", "bc")}, source, File{folder.write("g", "d")}});
    auto bytes_before = GENERATE(0, 1, 2, 4, 7);
    CAPTURE(bytes_before);
    body_reader reader;
    REQUIRE_FALSE(reader.open(body).ec);
    char one;
    for (int i = 0; i < bytes_before; ++i) reader.read({&one, 1});
    CHECK(reader.open(body).n == 7);
    CHECK(read_out(reader).bytes == "abcxyzd");
    CHECK(rewound == 1);
}

TEST_CASE("a file that is longer or shorter than it was ends the body", "[io][body][J1]") {
    TempFolder folder;
    auto first = folder.write("first", "0123"), second = folder.write("second", "4567");
    auto changed = GENERATE(1, 2);
    auto size = GENERATE(std::uintmax_t{0}, std::uintmax_t{3}, std::uintmax_t{5}, std::uintmax_t{100'000});
    auto behind = GENERATE(0, 1, 2);
    Body last[] = {"", "z", ferry::source(pieces_of("z", 1))};
    auto body = Body::join({File{first}, File{second}, last[behind]});
    body_reader reader;
    REQUIRE_FALSE(reader.open(body).ec);
    std::filesystem::resize_file(changed == 1 ? first : second, size);
    auto all = read_out(reader, 1);
    CHECK(all.ec == errc::body_size_changed);
    CHECK(all.part == static_cast<std::size_t>(changed - 1));
    CHECK(all.bytes == (changed == 1 ? std::string("0123").substr(0, size) : "0123"));  // the second one is not begun
}

TEST_CASE("a function that gives more or less than it said ends the body", "[io][body][J1]") {
    auto announced = GENERATE(std::uint64_t{1}, std::uint64_t{4}, std::uint64_t{6}, std::uint64_t{1'000'000});
    auto body = Body::join({"a", ferry::source(pieces_of("01234", 99), announced), "b"});
    body_reader reader;
    CHECK(reader.open(body).n == announced + 2);
    auto all = read_out(reader);
    CHECK(all.ec == errc::body_size_changed);
    CHECK(all.part == 1);
}

TEST_CASE("what cannot be opened is found before anything is read, by its number", "[io][body]") {
    TempFolder folder;
    auto there = folder.write("there", "x");
    body_reader reader;
    auto missing = reader.open(Body::join({"a", File{there}, File{folder / "missing"}}));
    CHECK(missing.ec == std::errc::no_such_file_or_directory);
    CHECK(missing.n == 2);
    auto directory = reader.open(Body::join({File{there}, File{folder.path()}}));
    CHECK(directory.ec == std::errc::is_a_directory);
    CHECK(directory.n == 1);
}

TEST_CASE("a file that is gone when its turn comes ends the body", "[io][body]") {
    TempFolder folder;
    auto second = folder.write("second", "x");
    auto body = Body::join({File{folder.write("first", "y")}, File{second}});
    body_reader reader;
    REQUIRE_FALSE(reader.open(body).ec);
    std::filesystem::remove(second);
    auto all = read_out(reader);
    CHECK(all.ec == std::errc::no_such_file_or_directory);
    CHECK(all.part == 1);
}

TEST_CASE("sizes that no number holds are refused", "[io][body]") {
    const auto most = std::numeric_limits<std::uint64_t>::max();
    auto none = [](std::span<char>) { return std::size_t{0}; };
    body_reader reader;
    CHECK(reader.open(Body::join({ferry::source(none, most - 1), ferry::source(none, 1)})).ec ==
          std::errc::value_too_large);
    CHECK(reader.open(Body::join({ferry::source(none, most - 1), ferry::source(none, most - 1)})).ec ==
          std::errc::value_too_large);
    CHECK(reader.open(Body::join({ferry::source(none, most - 2), ferry::source(none, 1)})).n == most - 1);
}

TEST_CASE("a function that claims to have filled more than there was is an error", "[io][body]") {
    Body body = ferry::source([](std::span<char> into) { return into.size() + 1; });
    body_reader reader;
    REQUIRE_FALSE(reader.open(body).ec);
    CHECK(read_out(reader).ec == std::errc::value_too_large);
}

TEST_CASE("a function that answers later is not for a reader that cannot wait", "[io][body]") {
    auto body = Body::join({"a", ferry::async_source([](std::span<char>, auto) {})});
    body_reader blocking, asynchronous(true);
    CHECK(blocking.open(body).ec == errc::invalid_option);
    REQUIRE_FALSE(asynchronous.open(body).ec);
    CHECK_FALSE(asynchronous.later());
    CHECK(read_out(asynchronous).bytes == "a");
    CHECK(asynchronous.later() == body.parts()[1].source());
    CHECK(asynchronous.take({.n = 5}).n == 5);
    CHECK(asynchronous.later());
    CHECK(asynchronous.take({}).n == 0);
    CHECK_FALSE(asynchronous.later());
    CHECK(read_out(asynchronous).bytes.empty());
}

TEST_CASE("a body of many files needs two descriptors", "[io][body]") {
    TempFolder folder;
    std::vector<Body> row;
    for (char c = 'a'; c <= 'z'; ++c) row.push_back(File{folder.write(std::string(1, c), std::string(1, c))});
    auto body = Body::join(std::move(row));
    body_reader reader;
    std::size_t size = 0;
    WhatWasRead all;
    {
        DescriptorLimit two(2);
        size = reader.open(body).n;
        all = read_out(reader);
    }
    CHECK(size == 26);
    CHECK_FALSE(all.ec);
    CHECK(all.bytes == "abcdefghijklmnopqrstuvwxyz");
}
