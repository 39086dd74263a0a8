// Whose proxy a request goes through, and what of the environment counts.

#include "catch.hpp"

#include <ferry/proxy_rules.hpp>

#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace ferry;

namespace {

using Variables = std::vector<std::pair<std::string, std::string>>;

ProxyEnvironment environment(const Variables& variables) {
    return ProxyEnvironment::read([&](const char* name) -> std::optional<std::string> {
        for (auto& [key, value] : variables)
            if (key == name) return value;
        return std::nullopt;
    });
}

/// Why a URL goes which way, by the environment alone.
std::string way(const Variables& variables, std::string_view url = "http://h/") {
    const auto e = environment(variables);
    return to_string(detail::choose_proxy({}, {}, e, Url(url)));
}

}  // namespace

TEST_CASE("without any word of a proxy a request goes directly", "[proxy][H4]") {
    CHECK(way({}) == "directly, as nobody names a proxy");
    CHECK(way({{"no_proxy", "h"}}) == "directly, as nobody names a proxy");
    CHECK(environment({{"no_proxy", "*"}}).empty());
    CHECK(environment({}).empty());
}

TEST_CASE("each scheme has its variable, and both have all_proxy", "[proxy][H4]") {
    const Variables both{{"http_proxy", "http://a:1"}, {"https_proxy", "http://b:2"}};
    CHECK(way(both, "http://h/") == "through http://a:1, as http_proxy says");
    CHECK(way(both, "https://h/") == "through http://b:2, as https_proxy says");
    CHECK(way({{"http_proxy", "http://a:1"}}, "https://h/") == "directly, as nobody names a proxy");
    const Variables all{{"http_proxy", "http://a:1"}, {"all_proxy", "socks5h://c"}};
    CHECK(way(all, "http://h/") == "through http://a:1, as http_proxy says");
    CHECK(way(all, "https://h/") == "through socks5h://c:1080, as all_proxy says");
    CHECK(way({{"ALL_PROXY", "c"}}) == "through http://c:80, as ALL_PROXY says");
}

TEST_CASE("names in lower case go before those in capitals", "[proxy][H4]") {
    CHECK(way({{"HTTP_PROXY", "upper"}, {"http_proxy", "lower"}}) == "through http://lower:80, as http_proxy says");
    CHECK(way({{"HTTP_PROXY", "upper"}}) == "through http://upper:80, as HTTP_PROXY says");
    CHECK(way({{"HTTPS_PROXY", "upper"}}, "https://h/") == "through http://upper:80, as HTTPS_PROXY says");
    CHECK(way({{"http_proxy", "p"}, {"NO_PROXY", "h"}}) == "directly, as no_proxy says (h)");
    CHECK(way({{"http_proxy", "p"}, {"no_proxy", "x"}, {"NO_PROXY", "h"}}) ==
          "through http://p:80, as http_proxy says");
}

TEST_CASE("an empty variable counts as not set and hides that in capitals", "[proxy][H4]") {
    CHECK(way({{"http_proxy", ""}}) == "directly, as nobody names a proxy");
    CHECK(way({{"http_proxy", " "}, {"HTTP_PROXY", "upper"}}) == "directly, as nobody names a proxy");
    CHECK(way({{"http_proxy", ""}, {"all_proxy", "all"}}) == "through http://all:80, as all_proxy says");
    CHECK(way({{"http_proxy", " p "}}) == "through http://p:80, as http_proxy says");
}

TEST_CASE("in a CGI program HTTP_PROXY is not looked at", "[proxy][H4]") {
    CHECK(way({{"REQUEST_METHOD", "GET"}, {"HTTP_PROXY", "evil"}}) == "directly, as nobody names a proxy");
    CHECK(way({{"REQUEST_METHOD", ""}, {"HTTP_PROXY", "evil"}}) == "directly, as nobody names a proxy");
    CHECK(way({{"REQUEST_METHOD", "GET"}, {"HTTP_PROXY", "evil"}, {"http_proxy", "own"}}) ==
          "through http://own:80, as http_proxy says");
    CHECK(way({{"REQUEST_METHOD", "GET"}, {"HTTPS_PROXY", "own"}}, "https://h/") ==
          "through http://own:80, as HTTPS_PROXY says");
}

TEST_CASE("a faulty variable fails the requests that it is for, and no others", "[proxy][H4]") {
    const auto e = environment({{"http_proxy", "http://user:secret@h:port"}, {"no_proxy", "direct.test"}});
    const auto bad = detail::choose_proxy({}, {}, e, Url("http://h/"));
    CHECK(bad.fault == errc::invalid_proxy);
    CHECK_FALSE(bad.proxy);
    CHECK(to_string(bad).starts_with("http_proxy: proxy http://user:***@h:port: "));
    CHECK_FALSE(detail::choose_proxy({}, {}, e, Url("https://h/")).fault);
    CHECK_FALSE(detail::choose_proxy({}, {}, e, Url("http://direct.test/")).fault);
    CHECK_FALSE(detail::choose_proxy(Proxy("p"), {}, e, Url("http://h/")).fault);
}

TEST_CASE("request goes before session goes before environment", "[proxy][H4]") {
    const auto e = environment({{"all_proxy", "environment"}, {"no_proxy", "direct.test"}});
    const Proxy request("request"), session("session"), unsaid;
    const auto why = [&](const Proxy& r, const Proxy& s, const char* url = "https://h/") {
        return to_string(detail::choose_proxy(r, s, e, Url(url)));
    };
    CHECK(why(request, session) == "through http://request:80, as the request says");
    CHECK(why(unsaid, session) == "through http://session:80, as the session says");
    CHECK(why(unsaid, unsaid) == "through http://environment:80, as all_proxy says");
    CHECK(why(Proxy::none(), session) == "directly, as the request says");
    CHECK(why(unsaid, Proxy::none()) == "directly, as the session says");
    CHECK(why(request, Proxy::none()) == "through http://request:80, as the request says");
    // no_proxy is the environment's word on the environment's proxies.
    CHECK(why(request, unsaid, "http://direct.test/") == "through http://request:80, as the request says");
    CHECK(why(unsaid, session, "http://direct.test/") == "through http://session:80, as the session says");
    CHECK(why(unsaid, unsaid, "http://direct.test/") == "directly, as no_proxy says (direct.test)");
}

TEST_CASE("a choice of proxy is printed without its credentials", "[proxy][H4]") {
    std::ostringstream out;
    out << detail::choose_proxy(Proxy("socks5://user:secret@h"), {}, {}, Url("http://h/"));
    CHECK(out.str() == "through socks5://h:1080, as the request says");
}
