// httpbin: what a session can say, said to a server that others wrote, which answers with what it understood.

#include "httpbin.hpp"
#include "errors.hpp"

#include <ferry/ferry.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

using namespace ferry::testing;
using namespace std::chrono_literals;

namespace {

// httpbin's JSON is compact and sorted, so that a member is a piece of text.
bool shows(const ferry::Response& r, std::string_view member) {
    INFO(r.body);
    CHECK(r.status == 200);
    return r.body.find(member) != r.body.npos;
}

std::string escaped(std::string_view url) {
    std::string out;
    for (const char c : url) {
        if (ferry::detail::is(ferry::detail::CharSet::unreserved, c)) out.push_back(c);
        else ferry::detail::append_escape(out, c);
    }
    return out;
}

}  // namespace

TEST_CASE("httpbin: each method arrives as it is", "[httpbin][D4]") {
    FERRY_NEEDS_HTTPBIN();
    auto& bin = Httpbin::shared();
    ferry::Session session;
    for (auto* method : {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"}) {
        INFO(method);
        CHECK(shows(session.request(method, bin.url("/anything")), std::string("\"method\":\"") + method + "\""));
    }
    CHECK(session.get(bin.url("/get")).status == 200);
    CHECK(session.post(bin.url("/post")).status == 200);
    CHECK(session.put(bin.url("/put")).status == 200);
    CHECK(session.patch(bin.url("/patch")).status == 200);
    CHECK(session.del(bin.url("/delete")).status == 200);
    CHECK(session.post(bin.url("/get")).status == 405);
    auto head = session.head(bin.url("/get"));
    CHECK(head.body.empty());
    CHECK(head.headers.contains("content-length"));
    CHECK(session.options(bin.url("/get")).headers["allow"].find("GET") != std::string::npos);
}

TEST_CASE("httpbin: parameters and fields arrive as they were meant", "[httpbin][D7]") {
    FERRY_NEEDS_HTTPBIN();
    auto& bin = Httpbin::shared();
    ferry::Session session({.params = {{"key", "k"}}, .headers = {{"X-Session", "s"}}});
    auto r = session.get(bin.url("/get?a=1"), {.params = {{"b", "c++ & d"}, {"e", "\u00e4"}, {"b", "twice"}},
                                               .headers = {{"X-Mine", "m, n"}}});
    CHECK(shows(r, R"("args":{"a":"1","b":["c++ & d","twice"],"e":"\u00e4","key":"k"})"));
    CHECK(shows(r, R"("X-Mine":"m, n")"));
    CHECK(shows(r, R"("X-Session":"s")"));
    CHECK(shows(r, R"("User-Agent":"ferry/)"));
}

TEST_CASE("httpbin: bodies of each kind arrive", "[httpbin][J1]") {
    FERRY_NEEDS_HTTPBIN();
    auto& bin = Httpbin::shared();
    ferry::Session session;
    TempFolder folder;
    auto file = folder.write("note.txt", "from a file\n").string();
    auto post = [&](ferry::Options with) { return session.post(bin.url("/post"), with); };

    CHECK(shows(post({.body = "plain text"}), R"("data":"plain text")"));
    CHECK(shows(post({.body = ferry::Form{{"a", "1 & 2"}, {"a", "3"}, {"\u00f6", "\u00e4"}}}),
                R"("form":{"a":["1 & 2","3"],"\u00f6":"\u00e4"})"));
    struct Raw {
        std::string dump() const { return R"({"n":[1,null,"x"]})"; }
    };
    CHECK(shows(post({.body = ferry::json(Raw{})}), R"("json":{"n":[1,null,"x"]})"));
    CHECK(shows(post({.body = ferry::File{file}}), R"("data":"from a file\n")"));
    // With its size: httpbin's own server takes no chunks.
    auto sourced = ferry::source(
        [left = std::string_view("by pieces")](std::span<char> into) mutable {
            auto n = left.copy(into.data(), std::min<std::size_t>(into.size(), 4));
            left.remove_prefix(n);
            return n;
        },
        9);
    CHECK(shows(post({.body = sourced}), R"("data":"by pieces")"));
    auto multipart = post({.body = ferry::Multipart{{.name = "field", .value = "va\"lue\r\n"},
                                                    {.name = "up\"load", .value = ferry::File{file}}}});
    CHECK(shows(multipart, R"("files":{"up%22load":"from a file\n"})"));
    CHECK(shows(multipart, R"("form":{"field":"va\"lue\r\n"})"));
}

TEST_CASE("httpbin: redirects of all kinds lead where they should", "[httpbin][E1][E3]") {
    FERRY_NEEDS_HTTPBIN();
    auto& bin = Httpbin::shared();
    ferry::Session session;
    for (auto* path : {"/redirect/3", "/relative-redirect/3", "/absolute-redirect/3"}) {
        auto r = session.get(bin.url(path));
        CHECK(r.status == 200);
        CHECK(r.history.size() == 3);
        CHECK(r.url.target() == "/get");
    }
    for (auto [status, method] : {std::pair(301, "GET"), {302, "GET"}, {303, "GET"}, {307, "POST"}, {308, "POST"}}) {
        INFO(status);
        auto to = "/redirect-to?status_code=" + std::to_string(status) + "&url=" + escaped("/anything?x=y");
        auto r = session.post(bin.url(to), {.body = "payload"});
        CHECK(shows(r, std::string("\"method\":\"") + method + "\""));
        CHECK(shows(r, std::string("\"data\":\"") + (status < 304 ? "" : "payload") + "\""));
        CHECK(shows(r, R"("args":{"x":"y"})"));
    }
    auto stopped = session.get(bin.url("/redirect/2"), {.redirects = ferry::RedirectOptions{.follow = false}});
    CHECK(stopped.status == 302);
    auto error = error_of(
        [&] { session.get(bin.url("/redirect/6"), {.redirects = ferry::RedirectOptions{.max = 5}}); });
    CHECK(error.code() == ferry::errc::too_many_redirects);
}

TEST_CASE("httpbin: cookies are kept, sent and deleted", "[httpbin][F1]") {
    FERRY_NEEDS_HTTPBIN();
    auto& bin = Httpbin::shared();
    ferry::Session session;
    CHECK(shows(session.get(bin.url("/cookies/set?a=1&b=two")), R"({"cookies":{"a":"1","b":"two"}})"));
    CHECK(shows(session.get(bin.url("/cookies"), {.cookies = {{"c", "3"}}}), R"({"a":"1","b":"two","c":"3"})"));
    CHECK(shows(session.get(bin.url("/cookies/delete?a")), R"({"cookies":{"b":"two"}})"));
    ferry::Session without({.cookies = nullptr});
    CHECK(shows(without.get(bin.url("/cookies/set/a/1")), R"({"cookies":{}})"));
}

TEST_CASE("httpbin: Basic and Bearer open their doors", "[httpbin][G1]") {
    FERRY_NEEDS_HTTPBIN();
    auto& bin = Httpbin::shared();
    ferry::Session session;
    CHECK(session.get(bin.url("/basic-auth/me/secret")).status == 401);
    CHECK(session.get(bin.url("/basic-auth/me/secret"), {.auth = ferry::basic("me", "wrong")}).status == 401);
    CHECK(shows(session.get(bin.url("/basic-auth/me/secret"), {.auth = ferry::basic("me", "secret")}),
                R"("authenticated":true)"));
    CHECK(session.get(bin.url("/hidden-basic-auth/me/secret"), {.auth = ferry::basic("me", "secret")}).status == 200);
    auto in_url = "http://me:secret@127.0.0.1:" + std::to_string(bin.port()) + "/basic-auth/me/secret";
    CHECK(session.get(in_url).status == 200);
    CHECK(shows(session.get(bin.url("/bearer"), {.auth = ferry::bearer("t0ken")}), R"("token":"t0ken")"));
}

#if FERRY_HAS_TLS
TEST_CASE("httpbin: Digest with each of its algorithms", "[httpbin][G1]") {
    FERRY_NEEDS_HTTPBIN();
    auto& bin = Httpbin::shared();
    auto algorithm = GENERATE("", "/MD5", "/SHA-256");
    auto path = std::string("/digest-auth/auth/me/secret") + algorithm;
    INFO(path);
    ferry::Session session;
    auto r = session.get(bin.url(path), {.auth = ferry::digest("me", "secret")});
    CHECK(shows(r, R"("authenticated":true)"));
    REQUIRE(r.history.size() == 1);
    CHECK(r.history[0].status == 401);
    CHECK(session.get(bin.url(path), {.auth = ferry::digest("me", "wrong")}).status == 401);
    auto shared = ferry::digest("me", "secret");
    CHECK(session.get(bin.url(path), {.auth = shared}).history.size() == 1);
    CHECK(session.get(bin.url(path), {.auth = shared}).history.empty());  // with the first one's challenge
}
#endif
