// Bodies of several parts on the wire: framed, sent again, and ended by what goes wrong with one of them.

#include "loopback.hpp"
#include "pieces.hpp"
#include "temp_folder.hpp"

#include <filesystem>
#include <span>
#include <string>

using ferry::Body;
using ferry::errc;
using ferry::File;
using ferry::Multipart;

namespace {

// The parts between boundaries named B.
std::string delimited(std::initializer_list<std::string> parts) {
    std::string text;
    for (auto& part : parts) text += "--B\r\nContent-Disposition: form-data; " + part + "\r\n";
    return text + "--B--\r\n";
}

Body with_boundary_b(Multipart form) { return std::move(form).with_boundary("B"); }

const std::string octets = "\r\nContent-Type: application/octet-stream\r\n\r\n";

}  // namespace

TEST_CASE("a form of fields leaves in one piece", "[session][body][J1]") {
    Server server;
    server.accept().answers(ok()).answers(ok());
    Session session;
    auto form = with_boundary_b({{.name = "a", .value = "1"}, {.name = "b", .value = 2}});
    session.post(server.url(), {.body = form});
    CHECK(session.post(server.url(), {.body = ferry::Form{{"a", "x y"}, {"b", 2}}}).connection.reused);
    CHECK(server.request(0).body() == delimited({"name=\"a\"\r\n\r\n1", "name=\"b\"\r\n\r\n2"}));
    CHECK(server.request(0).field("Content-Length") == std::to_string(server.request(0).body().size()));
    CHECK(server.request(1).body() == "a=x+y&b=2");
}

TEST_CASE("a form of known sizes has a length, whatever its parts are", "[session][body][J1]") {
    auto size = GENERATE(std::size_t{0}, std::size_t{5}, std::size_t{16'384}, std::size_t{262'144},
                         std::size_t{1'000'000});
    TempFolder folder;
    auto content = patterned(size);
    Server server;
    server.accept().answers(ok()).answers(ok());
    Session session;
    auto form = with_boundary_b({{.name = "title", .value = "x"},
                                 {.name = "file", .value = File{folder.write("a.bin", content)}},
                                 {.name = "text", .value = content},
                                 {.name = "log", .value = ferry::source(pieces_of(content, 9'999), size)},
                                 {.name = "again", .value = File{folder / "a.bin"}, .type = "a/b", .file_name = "b"}});
    session.post(server.url(), {.body = form});
    CHECK(session.get(server.url()).connection.reused);
    auto expected = delimited({"name=\"title\"\r\n\r\nx", "name=\"file\"; filename=\"a.bin\"" + octets + content,
                               "name=\"text\"\r\n\r\n" + content, "name=\"log\"\r\n\r\n" + content,
                               "name=\"again\"; filename=\"b\"\r\nContent-Type: a/b\r\n\r\n" + content});
    CHECK(server.request().field("Content-Length") == std::to_string(expected.size()));
    CHECK_FALSE(server.request().field("Transfer-Encoding"));
    CHECK((server.request().body() == expected));
}

TEST_CASE("a form with a part of unknown size goes out in chunks", "[session][body][J1]") {
    TempFolder folder;
    auto content = patterned(600'000);
    Server server;
    server.accept().answers(ok()).answers(ok());
    Session session;
    auto form = with_boundary_b({{.name = "s", .value = ferry::source(pieces_of(content, 50'000)), .file_name = "s"},
                                 {.name = "f", .value = File{folder.write("f", content)}}});
    session.post(server.url(), {.body = form});
    CHECK(session.get(server.url()).connection.reused);
    CHECK(server.request().field("Transfer-Encoding") == "chunked");
    CHECK_FALSE(server.request().field("Content-Length"));
    CHECK((unchunked(server.request().body()) == delimited({"name=\"s\"; filename=\"s\"" + octets + content,
                                                            "name=\"f\"; filename=\"f\"" + octets + content})));
}

TEST_CASE("a form is sent again from its beginning", "[session][body][B3]") {
    TempFolder folder;
    Server server;
    server.accept().answers(ok()).reads_request().closes();
    server.accept().answers(ok("done"));
    Session session;
    session.get(server.url());
    std::size_t at = 0;
    ferry::Source source{.read = [&](std::span<char> into) { return std::string("xyz").copy(into.data(), 1, at++); },
                         .size = 3,
                         .rewind = [&] { at = 0; }};
    auto form = with_boundary_b({{"a", "1"}, {"s", source}, {"f", File{folder.write("f", "in the file")}}});
    CHECK(session.put(server.url(), {.body = form}).body == "done");
    REQUIRE(server.requests().size() == 3);
    CHECK(server.request(2).body() == delimited({"name=\"a\"\r\n\r\n1", "name=\"s\"\r\n\r\nxyz",
                                                 "name=\"f\"; filename=\"f\"" + octets + "in the file"}));
    CHECK(server.request(1).body() == server.request(2).body());
}

TEST_CASE("a form with a source that cannot be rewound is not sent again", "[session][body][B3]") {
    Server server;
    server.accept().answers(ok()).reads_request().closes();
    Session session;
    session.get(server.url());
    auto error = error_of([&] {
        session.put(server.url(), {.body = Multipart{{"a", "1"}, {"s", ferry::source(pieces_of("01234", 9))}}});
    });
    CHECK(error.code() == errc::body_not_rewindable);
    check_that_it_lives(session, server);
}

TEST_CASE("a file that changes its size in mid-upload ends the request, and is named", "[session][body][J1]") {
    auto which = GENERATE(0, 1);
    auto size = GENERATE(std::uintmax_t{3}, std::uintmax_t{500'000});
    auto announced = GENERATE(std::optional<std::uint64_t>(1), std::optional<std::uint64_t>());
    TempFolder folder;
    std::filesystem::path files[] = {folder.write("first", patterned(300'000)),
                                     folder.write("second", patterned(300'000))};
    Server server;
    server.accept().reads_head().reads_to_the_end();
    Session session;
    auto changing = [&, n = 0](std::span<char> into) mutable -> std::size_t {
        std::filesystem::resize_file(files[which], size);
        into[0] = 'x';
        return n++ == 0 ? 1 : 0;
    };
    auto form = Multipart{{"s", ferry::source(changing, announced)}, {"f", File{files[0]}}, {"g", File{files[1]}}};
    auto error = error_of([&] { session.post(server.url(), {.body = form}); });
    CHECK(error.code() == errc::body_size_changed);
    CHECK(says(error, files[which].string()));
    CHECK(session.stats().idle == 0);
    check_that_it_lives(session, server);
}

TEST_CASE("a file of a form that is not there is named before anything is sent", "[session][body]") {
    TempFolder folder;
    Server server;
    Session session;
    auto form = Multipart{{"a", "1"}, {"f", File{folder.write("f", "x")}}, {"g", File{folder / "missing"}}};
    auto error = error_of([&] { session.post(server.url(), {.body = form}); });
    CHECK(error.code() == errc::body_not_readable);
    CHECK(error.request_state() == ferry::RequestState::not_sent);
    CHECK(says(error, (folder / "missing").string()));
    CHECK(says(error, "No such file"));
    CHECK(server.connections() == 0);
}

TEST_CASE("a form waits for a go-ahead like any body", "[session][body][D5]") {
    TempFolder folder;
    Server server;
    server.accept().reads_head().sends(reply("413 Content Too Large")).sees_the_end();
    Session session;
    auto form = Multipart{{"f", File{folder.write("f", "x")}}};
    CHECK(session.post(server.url(), {.body = form, .expect_continue = true}).status == 413);
}
