// Files of cookies in Netscape's format: what is written, what is read, and what is wrong with a file.

#include "catch.hpp"
#include "errors.hpp"
#include "temp_folder.hpp"

#include <ferry/cookies.hpp>

#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

using namespace ferry;
using namespace std::chrono_literals;
using namespace std::string_literals;
using ferry::testing::error_of;
using ferry::testing::says;
using ferry::testing::TempFolder;

namespace {

const CookieJar::time_point now(std::chrono::seconds(1'700'000'000));
constexpr std::string_view first_lines = "# Netscape HTTP Cookie File\n";

/// The cookies that a file of this text holds.
std::vector<Cookie> loaded(std::string_view text) {
    const TempFolder folder;
    CookieJar jar;
    jar.load(folder.write("c.txt", text).string(), now);
    return jar.all(now);
}

Error refused(std::string_view text) {
    const TempFolder folder;
    CookieJar jar;
    const auto error = error_of([&] { jar.load(folder.write("c.txt", text).string(), now); });
    CHECK(jar.empty());
    return error;
}

/// One of each kind that a jar can hold, but for SameSite, for which the format has no place.
void fill(CookieJar& jar) {
    jar.store(Url("https://www.example.com/"), "secure=\"q uoted\"; Secure; HttpOnly; Max-Age=100; Domain=example.com",
              now);
    jar.store(Url("http://www.example.com/a/b"), "host=only; Max-Age=200", now);
    jar.store(Url("http://www.example.com/"), "session=1", now);
    jar.store(Url("http://www.example.com/"), "=nameless; HttpOnly; Max-Age=300", now);
    jar.store(Url("http://127.0.0.1/"), "empty=; Max-Age=400", now);
    jar.store(Url("http://[::1]/"), "tab=a\tb\t; Max-Age=500", now);
    jar.store(Url("http://[::1]/"), "#c=d; Path=/#; Max-Age=999999999", now);
}

}  // namespace

TEST_CASE("a jar is written as curl and wget write theirs", "[cookies][F2]") {
    const TempFolder folder;
    CookieJar jar;
    fill(jar);
    jar.save((folder / "c.txt").string(), {.session_cookies = true}, now);
    const auto text = folder.read("c.txt");
    CHECK(text.starts_with(first_lines));
    CHECK(text.find("\n\n#HttpOnly_.example.com\tTRUE\t/\tTRUE\t1700000100\tsecure\t\"q uoted\"\n") !=
          std::string::npos);
    CHECK(text.find("\nwww.example.com\tFALSE\t/a\tFALSE\t1700000200\thost\tonly\n") != std::string::npos);
    CHECK(text.find("\nwww.example.com\tFALSE\t/\tFALSE\t0\tsession\t1\n") != std::string::npos);
    CHECK(text.find("\n127.0.0.1\tFALSE\t/\tFALSE\t1700000400\tempty\t\n") != std::string::npos);
    CHECK(text.find("\n::1\tFALSE\t/\tFALSE\t1700000500\ttab\ta\tb\n") != std::string::npos);
}

TEST_CASE("what was saved is loaded again", "[cookies][F2]") {
    const TempFolder folder;
    const auto path = (folder / "c.txt").string();
    CookieJar jar, again, lasting;
    fill(jar);
    jar.save(path, {.session_cookies = true}, now);
    again.load(path, now);
    CHECK(again.all(now) == jar.all(now));
    CHECK(again.size() == 7);
    jar.save(path, {}, now);
    lasting.load(path, now);
    CHECK(lasting.size() == 6);
    jar.clear_session_cookies();
    CHECK(lasting.all(now) == jar.all(now));
    jar.save(path, {}, now + 250s);
    CookieJar later;
    later.load(path, now + 250s);
    CHECK(later.size() == 4);
}

TEST_CASE("cookies out of other programs' files are read", "[cookies][F2]") {
    CHECK(loaded("# Netscape HTTP Cookie File\r\n\r\n  \n# a comment\n#\n"
                 ".Example.com\tTRUE\t/\tFALSE\t1700000010\ta\t1\r\n"
                 "example.com\tTRUE\t/\ttrue\t0\tb\t2\n"
                 ".example.com\tFALSE\t/\tFALSE\t99999999999999999999999\tc\t3\n"
                 "#HttpOnly_localhost:8080\tFALSE\t/x\tFALSE\t0\td\t4\n"
                 "fe80::1\tFALSE\t/\tFALSE\t0\te\t\n"
                 "127.0.0.1\tTRUE\t/\tFALSE\t0\tf\n"
                 ".com\tTRUE\t/\tFALSE\t0\tg\t7\n"
                 "old.test\tFALSE\t/\tFALSE\t1700000000\th\t8") ==
          std::vector<Cookie>{
              {.name = "a", .value = "1", .domain = "example.com", .expires = now + 10s, .host_only = false},
              {.name = "b", .value = "2", .domain = "example.com", .host_only = false, .secure = true},
              {.name = "c", .value = "3", .domain = "example.com", .expires = now + 400 * 24h},
              {.name = "d", .value = "4", .domain = "localhost", .path = "/x", .http_only = true},
              {.name = "e", .domain = "[fe80::1]"},
              {.name = "f", .domain = "127.0.0.1"},
              {.name = "g", .value = "7", .domain = "com"},
          });
    CHECK(loaded("").empty());
    CHECK(loaded("a.test\tFALSE\t/\tFALSE\t0\tname\tvalue").size() == 1);
}

TEST_CASE("loading adds to what is there", "[cookies][F2]") {
    const TempFolder folder;
    const auto path = folder.write("c.txt",
                                   "a.test\tFALSE\t/\tFALSE\t0\ta\tnew\na.test\tFALSE\t/\tFALSE\t1\tb\tdead\n"s);
    CookieJar jar;
    const Url url("http://a.test/");
    for (auto field : {"x=1", "a=old", "b=2"}) jar.store(url, field, now);
    jar.load(path.string(), now);
    std::string out;
    jar.append_header(url, out, now);
    CHECK(out == "x=1; a=new; b=2");
}

TEST_CASE("a malformed line is named, and nothing of the file is loaded", "[cookies][F2]") {
    const auto bad = [](std::string_view line) {
        const auto error = refused(std::string(first_lines) + "a.test\tFALSE\t/\tFALSE\t0\ta\t1\n" + std::string(line) +
                                   "\n#\n");
        INFO(error.what());
        CHECK(error.code() == errc::malformed_cookie_file);
        CHECK(error.code() == condition::input);
        CHECK(says(error, "c.txt, line 3: "));
        CHECK_FALSE(says(error, "s3cret"));
    };
    bad("s3cret");
    bad("a.test FALSE / FALSE 0 a s3cret");
    bad("a.test\tFALSE\t/\tFALSE\t0");
    bad("a.test\tmaybe\t/\tFALSE\t0\ta\ts3cret");
    bad("a.test\tFALSE\t/\t\t0\ta\ts3cret");
    bad("a.test\tFALSE\t/\tFALSE\t\ta\ts3cret");
    bad("a.test\tFALSE\t/\tFALSE\t-1\ta\ts3cret");
    bad("a.test\tFALSE\t/\tFALSE\t1.5\ta\ts3cret");
    bad("a.test\tFALSE\tx\tFALSE\t0\ta\ts3cret");
    bad("\tFALSE\t/\tFALSE\t0\ta\ts3cret");
    bad("s3cret@a.test\tFALSE\t/\tFALSE\t0\ta\ts3cret");
    bad("#HttpOnly_\tFALSE\t/\tFALSE\t0\ta\ts3cret");
    bad("#HttpOnly_ and so on");
    bad("a.test\tFALSE\t/\tFALSE\t0\t\t");
    bad("a.test\tFALSE\t/\tFALSE\t0\ta\ts3cret\rs3cret");
    bad("a.test\tFALSE\t/\tFALSE\t0\ta\ts3cret\0"s);
    bad("a.test\tFALSE\t/\tFALSE\t0\ta\ts3cret; b=c");
    bad("a.test\tFALSE\t/\tFALSE\t0\ta\t" + std::string(4096, 'x'));
    bad("a.test\tFALSE\t/\tFALSE\t0\t__Host-a\ts3cret");
}

TEST_CASE("a file's limit holds", "[cookies][F2]") {
    std::string text(32 * 1024 * 1024, '\n');
    CHECK(loaded(text).empty());
    text += '\n';
    CHECK(refused(text).code() == std::errc::file_too_large);
}

TEST_CASE("a cookie file is its owner's alone, and replaced in one step", "[cookies][F2]") {
    const TempFolder folder;
    const auto path = folder.write("c.txt", "old");
    std::filesystem::permissions(path, std::filesystem::perms(0644));
    const auto old_umask = ::umask(0);
    CookieJar jar;
    jar.set("a", "1", Url("http://a.test/"), now);
    jar.save(path.string(), {.session_cookies = true}, now);
    ::umask(old_umask);
    CHECK(std::filesystem::status(path).permissions() == std::filesystem::perms(0600));
    CHECK(folder.read("c.txt").ends_with("a\t1\n"));
    CHECK(folder.files() == 1);
}

TEST_CASE("faults of files have the system's codes", "[cookies][F2]") {
    const TempFolder folder;
    CookieJar jar;
    const auto missing = (folder / "none/c.txt").string();
    const auto load = error_of([&] { jar.load(missing, now); });
    CHECK(load.code() == std::errc::no_such_file_or_directory);
    CHECK(says(load, missing));
    CHECK(error_of([&] { jar.save(missing, {}, now); }).code() == std::errc::no_such_file_or_directory);
    CHECK(error_of([&] { jar.load(folder.path().string(), now); }).code() == std::errc::is_a_directory);
    std::filesystem::create_directory(folder / "taken");
    CHECK(error_of([&] { jar.save((folder / "taken").string(), {}, now); }).code() == std::errc::is_a_directory);
    CHECK(folder.files() == 1);
}
