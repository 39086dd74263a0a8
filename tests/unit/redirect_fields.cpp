// What a redirect does to the fields of the next request: the body's go, secrets stay at home.

#include "catch.hpp"

#include <ferry/redirect_rules.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace ferry;
using detail::secrets_dropped;

namespace {

secrets_dropped dropped(std::string_view from, std::string_view to) {
    return detail::secrets_to_drop(Url(from), Url(to));
}

// The names that are left.
std::string left(Headers h, std::string_view from, std::string_view to, bool drop_body = false,
                 std::vector<std::string> secret_headers = {}) {
    detail::redirect_verdict v;
    v.url = Url(to);
    v.drop_body = drop_body;
    v.drop_secrets = detail::secrets_to_drop(Url(from), v.url);
    redirect_fields(h, v, Url(from), secret_headers);
    std::string names;
    for (auto f : h) names.append(names.empty() ? "" : " ").append(f.name);
    return names;
}

const Headers secrets{{"authorization", "a"}, {"COOKIE", "b"}, {"Proxy-Authorization", "c"},
                      {"X-Api-Key", "d"},     {"Accept", "e"}, {"Authorization-Info", "f"}};

}  // namespace

TEST_CASE("with a body go the fields that are about it", "[redirect][E2]") {
    const Headers h{{"Content-Type", "a"},   {"content-length", "1"}, {"CONTENT-Encoding", "b"},  {"Content-X", "c"},
                    {"Expect", "d"},         {"trailer", "e"},        {"Transfer-Encoding", "f"}, {"Accept", "g"},
                    {"Content", "h"},        {"X-Content-Type", "i"}, {"Expectation", "j"},       {"Trailers", "k"},
                    {"Accept-Encoding", "l"}};
    CHECK(left(h, "http://h/", "http://h/x", true) ==
          "Accept Content X-Content-Type Expectation Trailers Accept-Encoding");
    CHECK(left(h, "http://h/", "http://other/", false) ==
          "Content-Type content-length CONTENT-Encoding Content-X Expect trailer Transfer-Encoding Accept Content "
          "X-Content-Type Expectation Trailers Accept-Encoding");
}

TEST_CASE("another scheme, host or port is another origin", "[redirect][E4]") {
    CHECK(dropped("http://h/a", "http://h/b?c#d") == secrets_dropped::none);
    CHECK(dropped("http://h", "http://h:80") == secrets_dropped::none);
    CHECK(dropped("https://H:443", "https://h") == secrets_dropped::none);
    CHECK(dropped("http://h", "http://u:p@h") == secrets_dropped::none);
    for (auto to : {"http://other/", "http://sub.h/", "http://h:8080/", "http://hh/", "http://h./", "https://other/",
                    "https://h:8443/", "https://h:80/"}) {
        INFO(to);
        CHECK(dropped("http://h/", to) == secrets_dropped::all);
    }
    CHECK(dropped("http://h/", "https://h/") == secrets_dropped::all_but_authorization);
    CHECK(dropped("http://h:8080/", "https://h/") == secrets_dropped::all);
    CHECK(dropped("http://h:8080/", "https://h:8080/") == secrets_dropped::all);
    CHECK(dropped("https://h/", "http://h/") == secrets_dropped::all);
    CHECK(dropped("http://[fe80::1%25a]/", "http://[fe80::1%25b]/") == secrets_dropped::all);
}

TEST_CASE("secrets are not taken to another origin", "[redirect][E4]") {
    CHECK(left(secrets, "http://h/", "http://h/x", false, {"X-Api-Key"}) ==
          "authorization COOKIE Proxy-Authorization X-Api-Key Accept Authorization-Info");
    CHECK(left(secrets, "http://h/", "http://other/", false, {"x-api-KEY"}) == "Accept Authorization-Info");
    CHECK(left(secrets, "http://h/", "http://other/") == "X-Api-Key Accept Authorization-Info");
    CHECK(left(secrets, "https://h/", "http://h/") == "X-Api-Key Accept Authorization-Info");
}

TEST_CASE("from http to https on the same host only Authorization stays", "[redirect][E4]") {
    CHECK(left(secrets, "http://h/", "https://h/", false, {"X-Api-Key"}) == "authorization Accept Authorization-Info");
    CHECK(left(secrets, "http://h/", "https://h/", false, {"Authorization"}) ==
          "authorization X-Api-Key Accept Authorization-Info");
}

TEST_CASE("every field of a name is dropped", "[redirect][E4]") {
    CHECK(left({{"Cookie", "a"}, {"A", "1"}, {"cookie", "b"}}, "http://h/", "http://other/") == "A");
}

TEST_CASE("Host and Referer are worked out anew", "[redirect][E5]") {
    CHECK(left({{"host", "virtual"}, {"A", "1"}}, "http://h/", "http://h/x") == "A");
    CHECK(left({{"Referer", "http://start/"}, {"A", "1"}}, "http://h/", "http://h/x") == "A Referer");
    CHECK(left({{"Referer", "http://start/"}, {"A", "1"}}, "https://h/", "http://h/x") == "A");
    CHECK(left({{"A", "1"}}, "http://h/", "http://h/x") == "A");
    auto referer = [](std::string_view from, std::string_view to) { return detail::referer(Url(from), Url(to)); };
    CHECK(referer("http://u:p@h/a?b#c", "http://h/d") == "http://h/a?b");
    CHECK(referer("http://u:p@h:81/a?b#c", "http://other/d") == "http://h:81/");
    CHECK(referer("https://h/a?b", "https://other/") == "https://h/");
    CHECK(referer("https://h/a?b", "http://h/").empty());
}
