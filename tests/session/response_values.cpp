// What a response's body and fields mean to a program: JSON, its encoding, its links.

#include "loopback.hpp"

#include <string>
#include <vector>

#if __has_include(<nlohmann/json.hpp>)
#include <nlohmann/json.hpp>

TEST_CASE("JSON goes to the server and comes back as a value", "[session][json]") {
    Server server;
    server.accept()
        .answers(ok(R"({"name": "ferry", "sizes": [1, 2]})", "Content-Type: application/json\r\n"))
        .answers(ok("{\"open\":"));
    Session session;
    const nlohmann::json sent = {{"q", "\u00e4"}, {"n", 7}};
    auto r = session.post(server.url(), {.body = ferry::json(sent)});
    CHECK(server.request().field("Content-Type") == "application/json");
    CHECK(nlohmann::json::parse(server.request().body()) == sent);
    auto value = r.json<nlohmann::json>();
    CHECK(value["name"] == "ferry");
    CHECK(value["sizes"].size() == 2);
    auto broken = session.get(server.url());
    CHECK_THROWS_AS(broken.json<nlohmann::json>(), nlohmann::json::parse_error);
}
#endif

TEST_CASE("a caller's Content-Type stands over that of JSON", "[session][json]") {
    Server server;
    server.accept().answers(ok());
    Session session;
    struct Raw {
        std::string dump() const { return "{}"; }
    };
    session.post(server.url(), {.headers = {{"Content-Type", "application/vnd.x+json"}}, .body = ferry::json(Raw{})});
    CHECK(server.request().count("Content-Type") == 1);
    CHECK(server.request().field("Content-Type") == "application/vnd.x+json");
    CHECK(server.request().body() == "{}");
}

TEST_CASE("the encoding of a text is what the server says, or UTF-8", "[session]") {
    Server server;
    server.accept()
        .answers(ok("x", "Content-Type: text/html; charset=\"ISO-8859-1\"\r\n"))
        .answers(ok("y", "Content-Type: text/plain\r\n"))
        .answers(ok("z"));
    Session session;
    auto r = session.get(server.url());
    CHECK(r.encoding() == "iso-8859-1");
    CHECK(r.text() == "x");
    CHECK(session.get(server.url()).encoding() == "utf-8");
    CHECK(session.get(server.url()).encoding() == "utf-8");
}

TEST_CASE("pages are walked by their links", "[session]") {
    Server server;
    server.accept()
        .answers(ok("1", "Link: <?page=2>; rel=\"next\", </first>; rel=first\r\n"))
        .answers(
            ok("2", "Link: </list?page=1>; rel=prev\r\nLink: <//" + server.authority() + "/list?page=3>; rel=next\r\n"))
        .answers(ok("3", "Link: </list?page=2>; rel=prev\r\n"));
    Session session;
    std::string all;
    std::vector<std::size_t> links;
    for (std::optional<ferry::Url> next(server.url("/list")); next;) {
        auto r = session.get(next->str());
        all += r.body;
        links.push_back(r.links().size());
        auto link = r.link("next");
        next = link ? std::optional(link->url) : std::nullopt;
    }
    CHECK(all == "123");
    CHECK(links == std::vector<std::size_t>{2, 2, 1});
    CHECK(server.request(2).target() == "/list?page=3");
}

TEST_CASE("links are resolved against where a redirect has led", "[session]") {
    Server server;
    server.accept()
        .answers(reply("302 Found", "", "Location: /deep/er/\r\n"))
        .answers(ok("", "Link: <more>; rel=next\r\n"));
    Session session;
    auto link = session.get(server.url("/a")).link("next");
    REQUIRE(link);
    CHECK(link->url.str() == server.url("/deep/er/more"));
}
