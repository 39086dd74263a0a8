// Redirects, judged: which are followed, with what method, to where, and what becomes of those that are not.

#include "catch.hpp"

#include <ferry/redirect_rules.hpp>
#include <ferry/response.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace ferry;
using detail::redirect_verdict;
using kind = detail::redirect_verdict::kind;

namespace {

struct Asked {
    int status = 302;
    std::string_view method = "GET";
    std::string_view from = "http://h/a/b?c";
    Headers headers = {{"Location", "/next"}};
    std::vector<detail::hop> before = {};
    bool rewindable = true;
    RedirectOptions options = {};
};

redirect_verdict judge(const Asked& q) {
    Response r;
    r.status = q.status;
    r.headers = q.headers;
    const Url from(q.from);
    return detail::judge_redirect({q.status, q.method, from, r, r.headers, q.before, q.rewindable}, q.options);
}

std::string target(std::string_view location, std::string_view from = "http://h/a/b?c") {
    auto v = judge({.from = from, .headers = {{"Location", location}}, .options = {.allow_downgrade = true}});
    return v.what == kind::follow ? std::string(v.url.str()) : v.ec ? "error: " + v.ec.message() : "none";
}

std::vector<detail::hop> hops(std::initializer_list<const char*> paths) {
    std::vector<detail::hop> all;
    for (auto p : paths) all.push_back({"GET", Url(std::string("http://h/") + p)});
    return all;
}

}  // namespace

TEST_CASE("the method follows as every client has it, and the body with it", "[redirect][E1]") {
    struct Case {
        int status;
        std::string_view method, next;
        bool drops_body;
    };
    for (auto [status, method, next, drops_body] : {
             Case{301, "POST", "GET", true},
             Case{302, "POST", "GET", true},
             Case{303, "POST", "GET", true},
             Case{307, "POST", "POST", false},
             Case{308, "POST", "POST", false},  //
             Case{301, "GET", "GET", false},
             Case{302, "HEAD", "HEAD", false},
             Case{302, "PUT", "PUT", false},
             Case{301, "PATCH", "PATCH", false},
             Case{302, "DELETE", "DELETE", false},
             Case{301, "QUERY", "QUERY", false},
             Case{302, "post", "post", false},  //
             Case{303, "PUT", "GET", true},
             Case{303, "DELETE", "GET", true},
             Case{303, "HEAD", "HEAD", true},
             Case{303, "GET", "GET", true},
             Case{307, "PUT", "PUT", false},
             Case{308, "HEAD", "HEAD", false},
         }) {
        INFO(status << " " << method);
        auto v = judge({.status = status, .method = method});
        CHECK(v.what == kind::follow);
        CHECK(v.method == next);
        CHECK(v.drop_body == drops_body);
        CHECK(v.url.str() == "http://h/next");
    }
}

TEST_CASE("other statuses are results, whatever their Location", "[redirect][E1]") {
    for (int status : {200, 201, 300, 304, 305, 306, 309, 399, 400, 404, 503, 999}) {
        INFO(status);
        CHECK(judge({.status = status}).what == kind::not_a_redirect);
    }
}

TEST_CASE("a redirect that is not to be followed is the result", "[redirect][E1]") {
    auto v = judge({.headers = {{"Location", "gopher:"}}, .options = {.follow = false}});
    CHECK(v.what == kind::stop);
    CHECK_FALSE(v.ec);
}

TEST_CASE("a body that cannot be sent again ends a redirect that needs it", "[redirect][B3]") {
    auto v = judge({.status = 307, .method = "PUT", .rewindable = false});
    CHECK(v.what == kind::fail);
    CHECK(v.ec == errc::body_not_rewindable);
    CHECK(judge({.status = 303, .method = "PUT", .rewindable = false}).what == kind::follow);
}

TEST_CASE("Location is resolved against what was requested", "[redirect][E3]") {
    CHECK(target("http://other/x") == "http://other/x");
    CHECK(target("//other:81/x") == "http://other:81/x");
    CHECK(target("/x?y") == "http://h/x?y");
    CHECK(target("x") == "http://h/a/x");
    CHECK(target("../x/./y") == "http://h/x/y");
    CHECK(target("?d") == "http://h/a/b?d");
    CHECK(target("HTTPS://Other:443/") == "https://other/");
    CHECK(target("\t /x \t") == "http://h/x");
}

TEST_CASE("the fragment is inherited unless Location has its own", "[redirect][E3]") {
    CHECK(target("/x", "http://h/a#top") == "http://h/x#top");
    CHECK(target("http://other/x?y", "http://h/a#top") == "http://other/x?y#top");
    CHECK(target("/x#own", "http://h/a#top") == "http://h/x#own");
    CHECK(target("/x#", "http://h/a#top") == "http://h/x#");
    CHECK(target("#own", "http://h/a?b#top") == "http://h/a?b#own");
    CHECK(target("/x", "http://[fe80::1%25eth0]:81/a#top") == "http://[fe80::1%25eth0]:81/x#top");
}

TEST_CASE("userinfo stays where Authorization would", "[redirect][E4]") {
    CHECK(target("/x", "http://u:p@h/a") == "http://u:p@h/x");
    CHECK(target("http://h/x#f", "http://u:p@h/a") == "http://u:p@h/x#f");
    CHECK(target("https://h/x", "http://u:p@h/a") == "https://u:p@h/x");
    CHECK(target("http://other/x", "http://u:p@h/a") == "http://other/x");
    CHECK(target("http://h:81/x", "http://u:p@h/a") == "http://h:81/x");
    CHECK(target("http://h/x", "https://u:p@h/a") == "http://h/x");
    CHECK(target("http://v:q@other/x", "http://u:p@h/a#f") == "http://v:q@other/x#f");
}

TEST_CASE("raw bytes in a Location become escapes, and escapes stay", "[redirect][E3]") {
    CHECK(target("/a b") == "http://h/a%20b");
    CHECK(target("/\xc3\xa4?\xff") == "http://h/%C3%A4?%FF");
    CHECK(target("/a%20b%c3%a4%2F") == "http://h/a%20b%c3%a4%2F");
    CHECK(target("/100%") == "http://h/100%25");
    CHECK(target("/\"<>\\^`{|}") == "http://h/%22%3C%3E%5C%5E%60%7B%7C%7D");
    CHECK(target("/\\other/x") == "http://h/%5Cother/x");
    CHECK(target("\\\\other/x") == "http://h/a/%5C%5Cother/x");
}

TEST_CASE("without one Location the 3xx is the result", "[redirect][E3]") {
    auto result = [](Headers h) { return judge({.headers = std::move(h)}).what == kind::not_a_redirect; };
    CHECK(result({}));
    CHECK(result({{"Location", ""}}));
    CHECK(result({{"Location", " \t"}}));
    CHECK(result({{"Location", "/a"}, {"location", "/b"}}));
    CHECK(result({{"Location", "/a"}, {"Location", ""}}));
    CHECK_FALSE(result({{"Location", "/a"}, {"LOCATION", " /a "}}));
}

TEST_CASE("a Location that is no http or https URL is refused, and its password hidden", "[redirect][E3]") {
    for (std::string_view location : {"ftp://h/x",
                                      "javascript:alert(1)",
                                      "file:///etc/passwd",
                                      "mailto:a@b",
                                      "data:,x",
                                      "h:80/x",
                                      "http:///x",
                                      "http:x",
                                      "https:",
                                      "http://a b/",
                                      "http://[::1/",
                                      "http://h:0/",
                                      "http://h:99999/",
                                      "http://a@b@c/",
                                      "http://\xc3\xa4/",
                                      "//",
                                      "/a\x01",
                                      "/a\tb",
                                      "/a\x7f",
                                      "http://h\\@other/"}) {
        INFO(location);
        auto v = judge({.headers = {{"Location", location}}});
        CHECK(v.what == kind::fail);
        CHECK(v.ec == errc::redirect_refused);
        CHECK(v.ec == condition::redirect);
        CHECK_FALSE(v.about.empty());
        CHECK(v.url.empty());
    }
    auto v = judge({.headers = {{"Location", "ftp://user:secret@h/"}}});
    CHECK(v.about.find("ftp://user:***@h/") != std::string::npos);
    CHECK(v.about.find("secret") == std::string::npos);
    CHECK(target("/" + std::string(70000, 'a')).starts_with("error"));
    CHECK(target("/" + std::string(30000, ' ') + "x").starts_with("error"));  // too long once it is encoded
}

TEST_CASE("https to http is refused unless allowed", "[redirect][E5]") {
    const Asked q{.from = "https://h/", .headers = {{"Location", "http://h/x"}}};
    auto v = judge(q);
    CHECK(v.what == kind::fail);
    CHECK(v.ec == errc::redirect_refused);
    auto allowed = q;
    allowed.options.allow_downgrade = true;
    CHECK(judge(allowed).what == kind::follow);
    CHECK(judge({.from = "http://h/", .headers = {{"Location", "https://h/x"}}}).what == kind::follow);
    CHECK(judge({.from = "https://h/", .headers = {{"Location", "https://other/"}}}).what == kind::follow);
}

TEST_CASE("redirects are counted", "[redirect][E6]") {
    auto ended = [](std::vector<detail::hop> before, std::size_t max) {
        return judge({.before = std::move(before), .options = {.max = max}}).ec;
    };
    CHECK_FALSE(ended({}, 1));
    CHECK(ended({}, 0) == errc::too_many_redirects);
    CHECK_FALSE(ended(hops({"1", "2"}), 3));
    CHECK(ended(hops({"1", "2", "3"}), 3) == errc::too_many_redirects);
    CHECK(ended(hops({"1", "2", "3"}), 3) == condition::redirect);
    CHECK_FALSE(ended(std::vector<detail::hop>(19, {"GET", Url("http://h/1")}), RedirectOptions{}.max));
    CHECK(ended(std::vector<detail::hop>(20, {"GET", Url("http://h/1")}), RedirectOptions{}.max));
}

TEST_CASE("a circle is called so when the limit ends it, and is followed until then", "[redirect][E6]") {
    auto ended = [](std::vector<detail::hop> before, std::string_view location = "/next",
                    std::string_view method = "GET") {
        const auto max = before.size();
        return judge({.method = method,
                      .from = "http://h/here",
                      .headers = {{"Location", location}},
                      .before = std::move(before),
                      .options = {.max = max}})
            .ec;
    };
    CHECK(ended({}, "/here") == errc::redirect_loop);
    CHECK(ended({}, "/here#part") == errc::redirect_loop);
    CHECK(ended({}, "/here?x") == errc::too_many_redirects);
    CHECK(ended(hops({"next"})) == errc::redirect_loop);
    CHECK(ended(hops({"next#part"})) == errc::redirect_loop);
    CHECK(ended(hops({"next", "here", "next"})) == errc::redirect_loop);
    CHECK(ended(hops({"start", "next", "here", "next"})) == errc::redirect_loop);
    CHECK(ended(hops({"next", "x", "here", "next", "x"})) == errc::redirect_loop);
    CHECK(ended(hops({"1", "2", "3"})) == errc::too_many_redirects);
    CHECK(ended(hops({"1", "1", "1"})) == errc::too_many_redirects);  // a cookie, and on
    CHECK(ended(hops({"a", "b", "here", "next", "c"})) == errc::too_many_redirects);
    CHECK(ended({{"POST", Url("http://h/next")}}) == errc::too_many_redirects);
    CHECK(ended(hops({"next"}), "/next", "POST") == errc::redirect_loop);  // 302: it is a GET now
    CHECK_FALSE(judge({.from = "http://h/next", .before = hops({"next", "next"})}).ec);
}

TEST_CASE("the policy is asked last, and has the last word", "[redirect]") {
    int asked = 0;
    auto answer = RedirectAction::follow;
    Asked q{.status = 303, .method = "POST", .before = hops({"1", "2"})};
    q.options.policy = [&](const Redirect& r) {
        ++asked;
        CHECK(r.status == 303);
        CHECK(r.method == "GET");
        CHECK(r.from.str() == "http://h/a/b?c");
        CHECK(r.to.str() == "http://h/next");
        CHECK(r.count == 2);
        CHECK(r.response.headers["location"] == "/next");
        return answer;
    };
    CHECK(judge(q).what == kind::follow);
    answer = RedirectAction::stop;
    CHECK(judge(q).what == kind::stop);
    answer = RedirectAction::error;
    CHECK(judge(q).ec == errc::redirect_refused);
    CHECK(asked == 3);
    q.options.max = 2;
    CHECK(judge(q).ec == errc::too_many_redirects);
    q.headers = {};
    CHECK(judge(q).what == kind::not_a_redirect);
    CHECK(asked == 3);
    q = {.options = {.policy = [](const Redirect&) -> RedirectAction { throw std::runtime_error("no"); }}};
    CHECK_THROWS_AS(judge(q), std::runtime_error);
}
