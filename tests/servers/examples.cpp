// Every example runs, and does what its first line says: against nginx, or against a server of its own.

#include "nginx.hpp"

#include <ferry/ferry.hpp>

#include <cstdlib>
#include <string>
#include <string_view>

using namespace ferry::testing;

namespace {

// What an example printed, and whether it was content.
struct Ran {
    bool well;
    std::string said;
};

std::string example(std::string_view name) { return FERRY_EXAMPLES "/ferry_" + std::string(name); }

Ran run_example(std::string_view name, const std::string& arguments) {
    const TempFolder folder;
    const auto out = (folder / "out").string();
    const int status = std::system((example(name) + " " + arguments + " >" + out + " 2>&1").c_str());
    return {status == 0, folder.read("out")};
}

bool says(const Ran& ran, std::string_view what) { return ran.said.find(what) != std::string::npos; }

}  // namespace

TEST_CASE("examples: get prints a page, and says why it cannot", "[examples]") {
    FERRY_NEEDS_SERVER("nginx");
    Nginx nginx;
    auto ran = run_example("get", nginx.url("/hello"));
    INFO(ran.said);
    CHECK(ran.well);
    CHECK(says(ran, "hello from nginx"));
    CHECK_FALSE(run_example("get", "http://127.0.0.1:1/").well);
}

TEST_CASE("examples: download and fetch_many write files", "[examples]") {
    FERRY_NEEDS_SERVER("nginx");
    Nginx nginx;
    const TempFolder folder;
    nginx.folder().write("www/large", std::string(2'000'000, 'x'));
    auto one = run_example("download", nginx.url("/large") + " " + (folder / "one").string());
    INFO(one.said);
    CHECK(one.well);
    CHECK(folder.read("one").size() == 2'000'000);

    auto many = run_example("fetch_many",
                            folder.path().string() + " " + nginx.url("/hello") + " " + nginx.url("/large"));
    INFO(many.said);
    CHECK(many.well);
    CHECK(says(many, "[##############################] 1953 KiB  large"));
    CHECK(folder.read("hello") == "hello from nginx\n");
    CHECK_FALSE(run_example("fetch_many", folder.path().string() + " " + nginx.url("/no-such-file")).well);
}

TEST_CASE("examples: crawl follows the links of a site", "[examples]") {
    FERRY_NEEDS_SERVER("nginx");
    Nginx nginx;
    nginx.folder().write("www/index.html", "<a href=\"/one.html\">one</a> <a href='two.html'>two</a>");
    nginx.folder().write("www/one.html", "<a href=\"/\">back</a>");
    nginx.folder().write("www/two.html", "nothing");
    auto ran = run_example("crawl", nginx.url("/index.html") + " 10");
    INFO(ran.said);
    CHECK(ran.well);
    CHECK(says(ran, " pages, "));
}

TEST_CASE("examples: gateway passes on what its backend says", "[examples]") {
    FERRY_NEEDS_SERVER("nginx");
    Nginx nginx;
    const auto port = free_port();
    Process gateway({example("gateway"), std::to_string(port), nginx.url()});
    REQUIRE(eventually([port] { return listens(port); }));
    const auto at = "http://127.0.0.1:" + std::to_string(port);
    ferry::Session session({.base_url = at});
    CHECK(session.get("/hello").body == "hello from nginx\n");
    CHECK(session.get("/hello").status == 200);
}

TEST_CASE("examples: mock needs no network, and events says why it cannot", "[examples]") {
    auto mock = run_example("mock", "");
    CHECK(mock.well);
    CHECK(says(mock, "the answers are right"));
    auto events = run_example("events", "http://127.0.0.1:1/");
    CHECK_FALSE(events.well);
    CHECK(says(events, "ferry: connecting for http://127.0.0.1:1/"));
}
