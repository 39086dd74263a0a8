// Forms with files: their bytes, and what is refused.

#include "catch.hpp"
#include "errors.hpp"

#include <ferry/form.hpp>
#include <ferry/multipart.hpp>
#include <ferry/options.hpp>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

using namespace ferry;
using ferry::testing::error_of;
using namespace std::string_view_literals;

namespace {

std::size_t nothing(std::span<char>) { return 0; }

// All of it, with files and sources as their names in angle brackets.
std::string shown(const Body& body) {
    std::string text;
    for (auto& part : body.parts()) {
        if (auto bytes = part.bytes()) text += *bytes;
        else text += part.file() ? "<" + part.file()->path + ">" : "<source>";
    }
    return text;
}
std::string shown(Multipart form) { return shown(Body(std::move(form).with_boundary("B"))); }
// One part without the boundaries around it.
std::string shown(Multipart::Part part) {
    auto text = shown(Multipart().add(std::move(part)));
    REQUIRE(text.starts_with("--B\r\n"));
    REQUIRE(text.ends_with("\r\n--B--\r\n"));
    return text.substr(5, text.size() - 5 - 9);
}

const std::string field = "Content-Disposition: form-data; ";

}  // namespace

TEST_CASE("fields and files are written between boundaries", "[multipart][J1]") {
    CHECK(shown(Multipart{{.name = "title", .value = "x"},
                          {.name = "photo", .value = File{"dir/a.jpg"}, .type = "image/jpeg"}}) ==
          "--B\r\n" + field + "name=\"title\"\r\n\r\nx\r\n--B\r\n" + field +
              "name=\"photo\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n<dir/a.jpg>\r\n--B--\r\n");
}

TEST_CASE("a part can be given by position, as in requests' tuples", "[multipart]") {
    CHECK(shown(Multipart{{"a", "1"}, {"b", 2}, {"f", File{"x"}, "text/plain", "y"}}) ==
          "--B\r\n" + field + "name=\"a\"\r\n\r\n1\r\n--B\r\n" + field + "name=\"b\"\r\n\r\n2\r\n--B\r\n" + field +
              "name=\"f\"; filename=\"y\"\r\nContent-Type: text/plain\r\n\r\n<x>\r\n--B--\r\n");
}

TEST_CASE("a form of no parts is its last boundary", "[multipart]") { CHECK(shown(Multipart()) == "--B--\r\n"); }

TEST_CASE("values are numbers or whatever a body is made from", "[multipart]") {
    const std::string head = field + "name=\"n\"\r\n\r\n";
    CHECK(shown({.name = "n", .value = -7}) == head + "-7");
    CHECK(shown({.name = "n", .value = std::uint64_t{1} << 63}) == head + "9223372036854775808");
    CHECK(shown({.name = "n", .value = 0.5}) == head + "0.5");
    CHECK(shown({.name = "n", .value = true}) == head + "true");
    CHECK(shown({.name = "n", .value = std::string("text")}) == head + "text");
    CHECK(shown({.name = "n", .value = "view"sv}) == head + "view");
    CHECK(shown({.name = "n", .value = std::as_bytes(std::span("ab", 2))}) == head + "ab");
    CHECK(shown({.name = "n", .value = Body::borrow("lent")}) == head + "lent");
    CHECK(shown({.name = "n", .value = source(nothing)}) == head + "<source>");
    CHECK(shown({.name = "n"}) == head);
}

TEST_CASE("what has a file name is a file, and has a type", "[multipart]") {
    const std::string octets = "\r\nContent-Type: application/octet-stream\r\n\r\n";
    CHECK(shown({.name = "n", .value = "data", .file_name = "a.bin"}) ==
          field + "name=\"n\"; filename=\"a.bin\"" + octets + "data");
    CHECK(shown({.name = "n", .value = source(nothing), .file_name = "a.bin"}) ==
          field + "name=\"n\"; filename=\"a.bin\"" + octets + "<source>");
    CHECK(shown({.name = "n", .value = File{"/long/path/to/a b.bin"}}) ==
          field + "name=\"n\"; filename=\"a b.bin\"" + octets + "</long/path/to/a b.bin>");
    CHECK(shown({.name = "n", .value = File{"secret/a"}, .file_name = "b"}) ==
          field + "name=\"n\"; filename=\"b\"" + octets + "<secret/a>");
}

TEST_CASE("a part's type is the one that is given, else its value's", "[multipart]") {
    auto json = Body("{}").with_type("application/json");
    CHECK(shown({.name = "n", .value = json}) == field + "name=\"n\"\r\nContent-Type: application/json\r\n\r\n{}");
    CHECK(shown({.name = "n", .value = json, .type = "a/b"}) == field + "name=\"n\"\r\nContent-Type: a/b\r\n\r\n{}");
    CHECK(shown({.name = "n", .value = Body(Form{{"a", 1}})}) ==
          field + "name=\"n\"\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\na=1");
    CHECK(shown({.name = "n", .value = Body(File{"f"}).with_type("a/b")}) ==
          field + "name=\"n\"; filename=\"f\"\r\nContent-Type: a/b\r\n\r\n<f>");
}

TEST_CASE("names escape quotes and line ends, and nothing else", "[multipart][J1]") {
    CHECK(shown({.name = "a\"b\r\nc", .value = "x", .type = "t/t", .file_name = "\"\r\".\n"}) ==
          field + "name=\"a%22b%0D%0Ac\"; filename=\"%22%0D%22.%0A\"\r\nContent-Type: t/t\r\n\r\nx");
    CHECK(shown({.name = "grün \\ %22 ;'", .value = "x"}) == field + "name=\"grün \\ %22 ;'\"\r\n\r\nx");
    CHECK(shown({.name = "n", .value = File{"/tmp/日本\"語\n.txt"}})
              .starts_with(field + "name=\"n\"; filename=\"日本%22語%0A.txt\"\r\n"));
}

TEST_CASE("control characters in names and types are refused", "[multipart][D3]") {
    const std::string nul("a\0b", 3);
    for (auto& part :
         {Multipart::Part{.name = nul}, Multipart::Part{.name = "\x7f"}, Multipart::Part{.name = "\x1b["},
          Multipart::Part{.name = "n", .file_name = nul}, Multipart::Part{.name = "n", .type = nul},
          Multipart::Part{.name = "n", .type = "a/b\r\nX: y"}, Multipart::Part{.name = "n", .value = File{"a\x01"}},
          Multipart::Part{.name = "n", .headers = {{"X", "a\r\nb"}}}}) {
        auto error = error_of([&] { Multipart().add(part); });
        CHECK(error.code() == errc::invalid_header_value);
        CHECK(error.phase() == Phase::input);
    }
    CHECK_THROWS_AS((Multipart{{.name = nul}}), Error);
}

TEST_CASE("a part has further headers, checked like others", "[multipart][D3]") {
    CHECK(shown({.name = "n", .value = "x", .headers = {{"X-Digest", "1"}, {"X-Two", ""}}}) ==
          field + "name=\"n\"\r\nX-Digest: 1\r\nX-Two: \r\n\r\nx");
    for (auto name : {"a b", "", "a:", "a\r\n"})
        CHECK(error_of([&] {
                  Multipart().add({.name = "n", .headers = {{name, "x"}}});
              }).code() == errc::invalid_header_name);
    for (auto name : {"content-disposition", "Content-Type"})
        CHECK(error_of([&] {
                  Multipart().add({.name = "n", .headers = {{name, "x"}}});
              }).code() == errc::invalid_option);
}

TEST_CASE("what is refused leaves the form as it was", "[multipart]") {
    Multipart form{{"a", "1"}};
    CHECK_THROWS_AS(form.add({.name = "\x01"}), Error);
    CHECK(shown(form) == shown(Multipart{{"a", "1"}}));
}

TEST_CASE("a boundary is 128 random bits", "[multipart][J1]") {
    Multipart a, b;
    CHECK(a.boundary() != b.boundary());
    CHECK(Multipart(a).boundary() == a.boundary());
    CHECK(a.boundary().starts_with("ferry-"));
    auto digits = a.boundary().substr(6);
    CHECK(digits.size() == 32);
    CHECK(digits.find_first_not_of("0123456789abcdef") == digits.npos);
    CHECK(digits != std::string(32, digits[0]));
}

TEST_CASE("a boundary can be chosen as RFC 2046 allows, and is quoted where it must be", "[multipart]") {
    CHECK(Body(Multipart().with_boundary("B")).type() == "multipart/form-data; boundary=B");
    CHECK(Body(Multipart().with_boundary("a:b")).type() == "multipart/form-data; boundary=\"a:b\"");
    CHECK(Multipart().with_boundary(std::string(70, 'x')).boundary().size() == 70);
    for (auto& bad : {std::string(), std::string(71, 'x'), std::string("a b"), std::string("a\"b"),
                      std::string("a\r\n"), std::string("a~"), std::string("\xc3\xa4"), std::string(1, '\0')})
        CHECK(error_of([&] { (void)Multipart().with_boundary(bad); }).code() == errc::invalid_option);
}

TEST_CASE("a form of small values is a body in memory, one with files is read while it is sent", "[multipart][body]") {
    Options options{.body = Multipart{{"a", "1"}, {.name = "b", .value = 2}}};
    CHECK(options.body.bytes());
    CHECK(options.body.type().starts_with("multipart/form-data; boundary=ferry-"));
    Body with_file = Multipart{{"a", "1"}, {"f", File{"x"}}, {"b", "2"}};
    CHECK(with_file.parts().size() == 3);
    CHECK(with_file.rewindable());
    Body with_source = Multipart{{"s", source(nothing)}};
    CHECK_FALSE(with_source.rewindable());
}

TEST_CASE("a form can be sent twice, and large values are moved when it can be moved from", "[multipart]") {
    std::string large(100'000, 'x');
    const auto* memory = large.data();
    Multipart form;
    form.add({.name = "n", .value = std::move(large)});
    Body first = form, second = form;
    CHECK(shown(first) == shown(second));
    Body last = std::move(form);
    CHECK(shown(last) == shown(first));
    CHECK(last.parts()[1].bytes()->data() == memory);
    CHECK(first.parts()[1].bytes()->data() != memory);
}
