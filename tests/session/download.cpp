// Downloads: the file is there whole, or it is as it was before.
// Over TLS and through a tunnel, too.

#include "loopback.hpp"
#include "temp_folder.hpp"

#include <filesystem>
#include <string>

TEST_CASE("a download writes the body to the file", "[session][download]") {
    std::string large(1'000'000, 'x');
    auto [bytes, body] = GENERATE_COPY(table<std::string, std::string>({
        {ok("hello"), "hello"},
        {ok(""), ""},
        {chunked({"he", "llo"}), "hello"},
        {ok(large), large},
    }));
    TempFolder folder;
    Server server;
    server.accept().answers(bytes).answers(ok("next"));
    Session session;
    auto r = session.download(server.url(), folder / "file");
    CHECK(r.status == 200);
    CHECK(r.body.empty());
    CHECK((folder.read("file") == body));
    CHECK(folder.files() == 1);
    CHECK(session.get(server.url()).connection.reused);
}

TEST_CASE("a download replaces the file that was there", "[session][download]") {
    TempFolder folder;
    folder.write("file", "old and longer than the new one");
    Server server;
    server.accept().answers(ok("new"));
    Session session;
    session.download(server.url(), folder / "file");
    CHECK(folder.read("file") == "new");
    CHECK(folder.files() == 1);
}

TEST_CASE("a download that fails leaves no half file, and the old one as it was", "[session][download]") {
    auto cut = GENERATE(head("Content-Length: 10\r\n") + "01234",
                        head("Transfer-Encoding: chunked\r\n") + chunk("01234"));
    auto existed = GENERATE(false, true);
    TempFolder folder;
    if (existed) folder.write("file", "old");
    Server server;
    server.accept().answers(cut).closes();
    Session session;
    auto error = error_of([&] { session.download(server.url(), folder / "file"); });
    CHECK(error.code() == ferry::errc::incomplete_body);
    CHECK(folder.files() == (existed ? 1 : 0));
    if (existed) CHECK(folder.read("file") == "old");
    check_that_it_lives(session, server);
}

TEST_CASE("a download that is refused or never answered touches no file", "[session][download]") {
    TempFolder folder;
    folder.write("file", "old");
    Server server;
    server.accept().reads_request().closes();
    Session session;
    error_of([&] { session.download(server.url(), folder / "file"); });
    CHECK(folder.read("file") == "old");
    CHECK(folder.files() == 1);
}

TEST_CASE("the body of an error status is no download", "[session][download]") {
    TempFolder folder;
    folder.write("file", "old");
    Server server;
    server.accept().answers(reply("404 Not Found", "no such page")).answers(ok("next"));
    Session session;
    auto r = session.download(server.url(), folder / "file");
    CHECK(r.status == 404);
    CHECK(r.body == "no such page");
    CHECK(folder.read("file") == "old");
    CHECK(folder.files() == 1);
    CHECK(session.get(server.url()).connection.reused);
}

TEST_CASE("a download onto a folder is an error and leaves nothing beside it", "[session][download]") {
    TempFolder folder;
    std::filesystem::create_directories(folder / "file/inner");
    Server server;
    server.accept().answers(ok("hello"));
    Session session;
    auto error = error_of([&] { session.download(server.url(), folder / "file"); });
    CHECK(error.code().category() != ferry::category());
    CHECK(folder.files() == 1);
}

TEST_CASE("a download into a folder that does not exist is an error of the system", "[session][download]") {
    TempFolder folder;
    Server server;
    server.accept().answers(ok("hello"));
    Session session;
    auto error = error_of([&] { session.download(server.url(), folder / "no-such-folder/file"); });
    CHECK(error.code() == std::errc::no_such_file_or_directory);
    CHECK(session.stats().in_use == 0);
}

TEST_CASE("a download has no limit on its body", "[session][download]") {
    TempFolder folder;
    Server server;
    server.accept().answers(ok("0123456789"));
    Session session({.max_body = 5});
    session.download(server.url(), folder / "file");
    CHECK(folder.read("file") == "0123456789");
}
