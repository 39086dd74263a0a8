// Downloads that go on, in a world of retries, deadlines, full disks and rivals.
// Over TLS and through a tunnel, too.

#include "background.hpp"
#include "loopback.hpp"
#include "service.hpp"
#include "temp_folder.hpp"

#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

using ferry::errc;

namespace {

const std::string file_tag = "ETag: \"a\"\r\n";

std::string first_bytes(std::string_view some) { return head("Content-Length: 10\r\n" + file_tag) + std::string(some); }

std::string bytes_from(std::size_t at, std::string_view some, std::string_view fields = file_tag) {
    return head("Content-Length: " + std::to_string(10 - at) + "\r\nContent-Range: bytes " + std::to_string(at) +
                    "-9/10\r\n" + std::string(fields),
                "206 Partial Content") +
           std::string(some);
}

ferry::Retry go_on_soon(unsigned total = 3) { return {.total = total, .backoff_factor = 1ms, .backoff_max = 2ms}; }

// Files of this process grow no further than that.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t most) : ignored_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        rlimit now{most, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &now);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, ignored_);
    }

private:
    rlimit before_{};
    void (*ignored_)(int);
};

}  // namespace

TEST_CASE("with a retry policy a download goes on within one call", "[session][resume][B6]") {
    TempFolder folder;
    Server server;
    server.accept().answers(first_bytes("01234")).closes();
    server.accept().answers(bytes_from(5, "567")).resets();
    server.accept().reads_request().closes();
    server.accept().answers(bytes_from(8, "89"));
    std::vector<std::uint64_t> received;
    Session session;
    auto r = session.download(server.url(), folder / "file",
                              {.retry = go_on_soon(), .resume = true, .on_progress = [&](const ferry::Progress& p) {
                                   received.push_back(p.received);
                                   CHECK(p.to_receive == 10);
                               }});
    CHECK(r.status == 206);
    CHECK(folder.read("file") == "0123456789");
    CHECK(folder.files() == 1);
    CHECK(server.request(1).field("Range") == "bytes=5-");
    CHECK(server.request(3).count("Range") == 1);
    CHECK((std::is_sorted(received.begin(), received.end()) && received.back() == 10));
}

TEST_CASE("a download that begins anew within a call counts from nothing", "[session][resume][B6]") {
    TempFolder folder;
    Server server;
    server.accept().answers(first_bytes("01234")).closes();
    server.accept().answers(ok("other", "ETag: \"b\"\r\n"));
    std::uint64_t last = 0;
    Session session({.retry = go_on_soon()});
    session.download(server.url(), folder / "file",
                     {.resume = true, .on_progress = [&](const ferry::Progress& p) { last = p.received; }});
    CHECK(folder.read("file") == "other");
    CHECK(last == 5);
}

TEST_CASE("without a tag a retry begins the file anew", "[session][resume][B6]") {
    TempFolder folder;
    Server server;
    server.accept().answers(head("Content-Length: 10\r\n") + "01234").closes();
    server.accept().answers(ok("0123456789"));
    Session session({.retry = go_on_soon()});
    session.download(server.url(), folder / "file", {.resume = true});
    CHECK_FALSE(server.request(1).field("Range"));
    CHECK(folder.read("file") == "0123456789");
    CHECK(folder.files() == 1);
}

TEST_CASE("when a download's retries are used up its part stays", "[session][resume][B6]") {
    TempFolder folder;
    Server server;
    server.accept().answers(first_bytes("012")).closes();
    server.accept().answers(bytes_from(3, "34")).closes();
    Session session({.retry = go_on_soon(1)});
    auto error = error_of([&] { session.download(server.url(), folder / "file", {.resume = true}); });
    CHECK(error.code() == errc::incomplete_body);
    CHECK(folder.read("file.part") == "01234");
    CHECK(folder.files() == 2);
    check_that_it_lives(session, server);
}

TEST_CASE("one deadline covers all attempts at a download", "[session][resume][B6][K3]") {
    TempFolder folder;
    Server server;
    server.accept().answers(first_bytes("01234")).pauses(250ms).closes();
    server.accept().answers(bytes_from(5, "56")).pauses(250ms).sends_what_is_taken("789").ignores_the_rest();
    Session session({.retry = go_on_soon()});
    auto error = prompt_error_of(
        [&] { session.download(server.url(), folder / "file", {.timeout = 400ms, .resume = true}); });
    CHECK(error.code() == errc::total_timeout);
    CHECK(folder.read("file.part") == "0123456");
}

TEST_CASE("a download that waits to go on can be cancelled", "[session][resume][B6][K4]") {
    TempFolder folder;
    Server server;
    server.accept().answers(first_bytes("01234")).closes();
    std::stop_source stop;
    Session session({.retry = ferry::Retry{.backoff_factor = 1h, .backoff_max = 1h, .jitter = false},
                     .hooks = {.on_retry = [&](const ferry::Retried&) { stop.request_stop(); }}});
    auto error = prompt_error_of(
        [&] { session.download(server.url(), folder / "file", {.stop = stop.get_token(), .resume = true}); });
    CHECK(error.code() == errc::cancelled);
    CHECK(folder.read("file.part") == "01234");
    CHECK(session.stats().in_use == 0);
}

TEST_CASE("a disk that is full is an error of the system, and is not tried again", "[session][resume]") {
    TempFolder folder;
    auto resume = GENERATE(false, true);
    Server server;
    server.accept().answers(ok(std::string(100'000, 'x'), file_tag)).ignores_the_rest();
    Session session({.retry = go_on_soon()});
    {
        FileSizeLimit small(50'000);
        auto error = error_of([&] { session.download(server.url(), folder / "file", {.resume = resume}); });
        CHECK(error.code() == std::errc::file_too_large);
        CHECK(says(error, "writing"));
    }
    CHECK(session.stats().in_use == 0);
    CHECK(folder.files() == (resume ? 2 : 0));
    if (!resume) return;
    auto there = folder.read("file.part").size();
    server.accept().answers(reply("206 Partial Content", std::string(100'000 - there, 'x'),
                                  file_tag + "Content-Range: bytes " + std::to_string(there) + "-99999/100000\r\n"));
    session.download(server.url(), folder / "file", {.resume = true});
    CHECK(folder.read("file").size() == 100'000);
}

TEST_CASE("where no part can be written nothing is asked for", "[session][resume]") {
    TempFolder folder;
    Server server;
    Session session;
    SECTION("no folder") {
        auto error = error_of([&] { session.download(server.url(), folder / "none/file", {.resume = true}); });
        CHECK(error.code() == std::errc::no_such_file_or_directory);
    }
    SECTION("a folder in its place") {
        std::filesystem::create_directories(folder / "file.part/inner");
        auto error = error_of([&] { session.download(server.url(), folder / "file", {.resume = true}); });
        CHECK(error.code() == std::errc::is_a_directory);
        CHECK(folder.files() == 1);
    }
    CHECK(server.connections() == 0);
}

TEST_CASE("a resumed download onto a folder keeps what it has", "[session][resume]") {
    TempFolder folder;
    std::filesystem::create_directories(folder / "file/inner");
    Server server;
    server.accept().answers(ok("0123456789", file_tag));
    Session session;
    auto error = error_of([&] { session.download(server.url(), folder / "file", {.resume = true}); });
    CHECK(error.code().category() != ferry::category());
    CHECK(folder.read("file.part") == "0123456789");
}

TEST_CASE("two downloads to one file do not meet in it", "[session][resume]") {
    TempFolder folder;
    Server server;
    auto& first = server.accept().answers(first_bytes("01234"));
    Session session;
    auto one = in_background([&] { session.download(server.url(), folder / "file", {.resume = true}); });
    REQUIRE(first.delivered());
    REQUIRE(eventually([&] { return folder.read("file.part") == "01234"; }));
    auto error = error_of([&] { session.download(server.url(), folder / "file", {.resume = true}); });
    CHECK(error.code() == std::errc::resource_unavailable_try_again);
    CHECK(folder.read("file.part") == "01234");
    first.sends("56789");
    one.get();
    CHECK(folder.read("file") == "0123456789");
    CHECK(folder.files() == 1);
}

TEST_CASE("many downloads to one file leave it whole", "[session][resume]") {
    TempFolder folder;
    const std::string content(200'000, 'x');
    Service service([&](const Request& r) {
        if (r.field("Range")) return reply("416 Range Not Satisfiable");
        return ok(content, "ETag: \"" + std::to_string(r.connection) + "\"\r\n");
    });
    Session session;
    std::vector<std::future<int>> all;
    for (int i = 0; i < 4; ++i)
        all.push_back(in_background([&] {
            int done = 0;
            for (int n = 0; n < 25; ++n) {
                std::error_code ec;
                session.download(service.url(), folder / "file", {.resume = true}, ec);
                if (ec) CHECK(ec == std::errc::resource_unavailable_try_again);
                else ++done;
                if (std::filesystem::exists(folder / "file")) CHECK((folder.read("file") == content));
            }
            return done;
        }));
    int done = 0;
    for (auto& one : all) done += one.get();
    CHECK(done > 0);
    CHECK(folder.files() == 1);
}

TEST_CASE("a Range of the caller's and resume do not go together", "[session][resume]") {
    TempFolder folder;
    Session session;
    auto error = error_of([&] {
        session.download("http://h/", folder / "file", {.headers = {{"Range", "bytes=1-"}}, .resume = true});
    });
    CHECK(error.code() == errc::invalid_option);
    CHECK(folder.files() == 0);
}

TEST_CASE("a redirected download goes on where the redirect led", "[session][resume][E1]") {
    TempFolder folder;
    Server server;
    server.accept().answers(reply("302 Found", "", "Location: /real\r\n")).answers(first_bytes("01234")).closes();
    server.accept().answers(bytes_from(5, "56789"));
    Session session({.retry = go_on_soon()});
    auto r = session.download(server.url("/alias"), folder / "file", {.resume = true});
    CHECK(folder.read("file") == "0123456789");
    CHECK(server.request(1).target() == "/real");
    CHECK(server.request(2).target() == "/real");
    CHECK(server.request(2).field("Range") == "bytes=5-");
    CHECK(r.history.size() == 1);
}
