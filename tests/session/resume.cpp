// Downloads that go on: what a failure leaves, what the next call asks for, and when it begins anew.
// Over TLS and through a tunnel, too.

#include "coded.hpp"
#include "loopback.hpp"
#include "temp_folder.hpp"

#include <filesystem>
#include <string>
#include <vector>

using ferry::errc;

namespace {

const std::string tag_a = "ETag: \"a\"\r\n", tag_b = "ETag: \"b\"\r\n";

// Ten bytes are announced, five come.
std::string half_of_ten(std::string_view fields = tag_a) {
    return head("Content-Length: 10\r\n" + std::string(fields)) + "01234";
}

std::string rest_of_ten(std::string_view range = "bytes 5-9/10", std::string_view fields = tag_a) {
    return reply("206 Partial Content", "56789", std::string(fields) + "Content-Range: " + std::string(range) + "\r\n");
}

// A server of one file, and a download of it that failed half way.
struct HalfDownloaded {
    TempFolder folder;
    Server server;
    Session session;

    explicit HalfDownloaded(std::string_view fields = tag_a) {
        server.accept().answers(half_of_ten(fields)).closes();
        auto error = error_of([&] { resume(); });
        CHECK(error.code() == errc::incomplete_body);
    }
    ferry::Response resume(ferry::Options with = {}) {
        with.resume = true;
        return session.download(server.url("/file"), folder / "file", with);
    }
    Request last_request() { return server.requests().back(); }
    bool exists(std::string_view name) const { return std::filesystem::exists(folder / name); }
};

}  // namespace

TEST_CASE("a download that may be resumed leaves no more than the file when all goes well", "[session][resume]") {
    TempFolder folder;
    folder.write("file", "old");
    Server server;
    server.accept().answers(ok("0123456789", tag_a)).answers(ok("next"));
    Session session;
    auto r = session.download(server.url(), folder / "file", {.resume = true});
    CHECK(r.status == 200);
    CHECK(r.body.empty());
    CHECK(folder.read("file") == "0123456789");
    CHECK(folder.files() == 1);
    CHECK_FALSE(server.request().field("Range"));
    CHECK_FALSE(server.request().field("If-Range"));
    CHECK(server.request().field("Accept-Encoding") == "identity");
    CHECK(server.request().count("Accept-Encoding") == 1);
    CHECK(session.get(server.url()).connection.reused);
}

TEST_CASE("what has come stays after a failure, and the next call asks for the rest", "[session][resume]") {
    HalfDownloaded half;
    CHECK(half.folder.read("file.part") == "01234");
    CHECK(half.folder.read("file.part.etag") == "\"a\"");
    CHECK_FALSE(half.exists("file"));
    half.server.accept().answers(rest_of_ten()).answers(ok("next"));
    auto r = half.resume();
    CHECK(r.status == 206);
    CHECK(half.last_request().field("Range") == "bytes=5-");
    CHECK(half.last_request().field("If-Range") == "\"a\"");
    CHECK(half.folder.read("file") == "0123456789");
    CHECK(half.folder.files() == 1);
    CHECK(half.session.get(half.server.url()).connection.reused);
}

TEST_CASE("a rest may come without a tag, in chunks, or of a length that the server does not tell",
          "[session][resume]") {
    HalfDownloaded half;
    half.server.accept().answers(
        GENERATE(rest_of_ten("bytes 5-9/10", ""), rest_of_ten("BYTES 5-9/*"),
                 head("Content-Range: bytes 5-9/10\r\nTransfer-Encoding: chunked\r\n", "206 Partial Content") +
                     chunk("567") + chunk("89") + "0\r\n\r\n"));
    half.resume();
    CHECK(half.folder.read("file") == "0123456789");
    CHECK(half.folder.files() == 1);
}

TEST_CASE("a download may take as many calls as it likes", "[session][resume]") {
    HalfDownloaded half;
    half.server.accept()
        .answers(head("Content-Length: 5\r\nContent-Range: bytes 5-9/10\r\n" + tag_a, "206 Partial Content") + "56")
        .closes();
    CHECK(error_of([&] { half.resume(); }).code() == errc::incomplete_body);
    CHECK(half.folder.read("file.part") == "0123456");
    half.server.accept().reads_request().closes();
    CHECK(error_of([&] { half.resume(); }).code() == errc::connection_closed);
    half.server.accept().answers(reply("206 Partial Content", "789", "Content-Range: bytes 7-9/10\r\n" + tag_a));
    half.resume();
    CHECK(half.last_request().field("Range") == "bytes=7-");
    CHECK(half.folder.read("file") == "0123456789");
    CHECK(half.folder.files() == 1);
}

TEST_CASE("a file that has changed begins anew", "[session][resume]") {
    HalfDownloaded half;
    auto& script = half.server.accept();
    SECTION("as the server says with a 200") { script.answers(ok("other bytes", tag_b)); }
    SECTION("and has no tag any more") { script.answers(ok("other bytes")); }
    SECTION("which a server that ignores If-Range shows by its tag alone") {
        script.answers(rest_of_ten("bytes 5-9/10", tag_b)).answers(ok("other bytes", tag_b));
    }
    SECTION("and is shorter now") {
        script.answers(reply("416 Range Not Satisfiable", "no", "Content-Range: bytes */3\r\n"))
            .answers(ok("other bytes", tag_b));
    }
    SECTION("and breaks off again") {
        script.answers(head("Content-Length: 11\r\n" + tag_b) + "oth").closes();
        CHECK(error_of([&] { half.resume(); }).code() == errc::incomplete_body);
        CHECK(half.folder.read("file.part") == "oth");
        half.server.accept().answers(
            reply("206 Partial Content", "er bytes", "Content-Range: bytes 3-10/11\r\n" + tag_b));
    }
    half.resume();
    CHECK(half.folder.read("file") == "other bytes");
    CHECK(half.folder.files() == 1);
}

TEST_CASE("a request that follows a 416 has as much time as any", "[session][resume][K3]") {
    HalfDownloaded half;
    Signal late;
    half.server.accept()
        .answers(reply("416 Range Not Satisfiable", "no such range"))
        .reads_request()
        .pauses(120ms)  // longer than the rest of a body that nobody wants may take
        .sends(ok("other bytes"));
    half.resume();
    CHECK(half.folder.read("file") == "other bytes");
}

TEST_CASE("without a strong tag nothing is kept", "[session][resume]") {
    HalfDownloaded half(GENERATE("", "ETag: W/\"a\"\r\n", "ETag: a\r\n", "ETag: \"a\"\r\nETag: \"b\"\r\n"));
    CHECK(half.folder.files() == 0);
    half.server.accept().answers(ok("0123456789"));
    half.resume();
    CHECK_FALSE(half.last_request().field("Range"));
    CHECK_FALSE(half.last_request().field("If-Range"));
    CHECK(half.folder.read("file") == "0123456789");
    CHECK(half.folder.files() == 1);
}

TEST_CASE("a part without its tag, or with one that nobody could send, is no beginning", "[session][resume]") {
    TempFolder folder;
    folder.write("file.part", "garbage");
    SECTION("none") {}
    SECTION("empty") { folder.write("file.part.etag", ""); }
    SECTION("with a line end") { folder.write("file.part.etag", "\"a\"\r\nX: y"); }
    SECTION("weak") { folder.write("file.part.etag", "W/\"a\""); }
    Server server;
    server.accept().answers(ok("0123456789"));
    Session session;
    session.download(server.url(), folder / "file", {.resume = true});
    CHECK_FALSE(server.request().field("Range"));
    CHECK_FALSE(server.request().field("X"));
    CHECK(folder.read("file") == "0123456789");
    CHECK(folder.files() == 1);
}

TEST_CASE("a rest that is not the one that was asked for is refused, and what has come stays", "[session][resume]") {
    HalfDownloaded half;
    auto& script = half.server.accept().ignores_the_rest();
    SECTION("from elsewhere") { script.answers(rest_of_ten("bytes 4-8/10")); }
    SECTION("not to the end") { script.answers(rest_of_ten("bytes 5-9/20")); }
    SECTION("malformed") { script.answers(rest_of_ten("bytes 5-")); }
    SECTION("not at all") { script.answers(reply("206 Partial Content", "56789", tag_a)); }
    SECTION("coded") {
        script.answers(reply("206 Partial Content", zlib_coded("56789"),
                             tag_a + "Content-Range: bytes 5-9/10\r\nContent-Encoding: gzip\r\n"));
    }
    auto error = error_of([&] { half.resume(); });
    CHECK(error.code() == errc::invalid_content_range);
    CHECK(says(error, "Content-Range"));
    CHECK(half.folder.read("file.part") == "01234");
    CHECK_FALSE(half.exists("file"));
    half.server.accept().answers(rest_of_ten());
    half.resume();
    CHECK(half.folder.read("file") == "0123456789");
}

TEST_CASE("a rest with fewer bytes than its range promises is not taken for the whole", "[session][resume]") {
    HalfDownloaded half;
    half.server.accept().answers(reply("206 Partial Content", "56", tag_a + "Content-Range: bytes 5-9/10\r\n"));
    CHECK(error_of([&] { half.resume(); }).code() == errc::invalid_content_range);
    CHECK_FALSE(half.exists("file"));
    CHECK(half.folder.read("file.part") == "0123456");
}

TEST_CASE("an error status is the response, and leaves part and file as they were", "[session][resume]") {
    HalfDownloaded half;
    half.folder.write("file", "old");
    half.server.accept().answers(reply("404 Not Found", "gone"));
    std::vector<std::uint64_t> received;
    auto r = half.resume({.on_progress = [&](const ferry::Progress& p) { received.push_back(p.received); }});
    CHECK(r.status == 404);
    CHECK(r.body == "gone");
    CHECK(received.back() == 4);
    CHECK(half.folder.read("file") == "old");
    CHECK(half.folder.read("file.part") == "01234");
    CHECK(half.folder.read("file.part.etag") == "\"a\"");
}

TEST_CASE("an error status at the first call leaves nothing", "[session][resume]") {
    TempFolder folder;
    Server server;
    server.accept().answers(reply("404 Not Found", "gone", tag_a));
    Session session;
    CHECK(session.download(server.url(), folder / "file", {.resume = true}).body == "gone");
    CHECK(folder.files() == 0);
}

TEST_CASE("a coded file is not resumed", "[session][resume]") {
    TempFolder folder;
    auto coded = zlib_coded(small_text);
    Server server;
    server.accept()
        .answers(head("Content-Length: 500\r\nContent-Encoding: gzip\r\n" + tag_a) + coded.substr(0, 30))
        .closes();
    server.accept().answers(ok(coded, "Content-Encoding: gzip\r\n" + tag_a));
    Session session;
    CHECK(error_of([&] { session.download(server.url(), folder / "file", {.resume = true}); }).code() ==
          errc::incomplete_body);
    CHECK(folder.files() == 0);
    session.download(server.url(), folder / "file", {.resume = true});
    CHECK_FALSE(server.request(1).field("Range"));
    CHECK(folder.read("file") == small_text);
}
