// A proxy as a value: its URL, its credentials, its key, and the faults that a caller can make.

#include "catch.hpp"
#include "errors.hpp"

#include <ferry/proxy_options.hpp>

#include <sstream>
#include <string>
#include <system_error>

using namespace ferry;
using ferry::testing::error_of;
using ferry::testing::says;

namespace {

std::string refusal(const std::string& text) {
    const auto error = error_of([&] { static_cast<void>(Proxy(text)); });
    CHECK(error.code() == errc::invalid_proxy);
    CHECK(error.code() == condition::input);
    std::error_code ec;
    std::string why;
    CHECK_FALSE(Proxy::parse(text, ec, &why).said());
    CHECK(ec == errc::invalid_proxy);
    CHECK(says(error, why));
    return error.what();
}

bool refused(const std::string& text, std::string_view why) { return refusal(text).find(why) != std::string::npos; }

}  // namespace

TEST_CASE("a proxy is made from its URL", "[proxy][H1]") {
    const Proxy p = "http://user:secret@Proxy.Example:3128";
    CHECK(p);
    CHECK(p.kind() == ProxyKind::http);
    CHECK(p.is_http());
    CHECK_FALSE(p.is_socks());
    CHECK(p.hostname() == "proxy.example");
    CHECK(p.port() == 3128);
    CHECK(p.user() == "user");
    CHECK(p.password() == "secret");
    CHECK(p.has_credentials());
    CHECK(p.name() == "http://proxy.example:3128");
    CHECK(p.url().str() == "http://proxy.example:3128/");
    CHECK(p.auth());
}

TEST_CASE("a proxy's default port is that of requests, and 1080 for SOCKS", "[proxy][H1][H3]") {
    CHECK(Proxy("http://h").port() == 80);
    CHECK(Proxy("https://h").port() == 443);
    CHECK(Proxy("socks5://h").port() == 1080);
    CHECK(Proxy("socks5h://h/").port() == 1080);
    CHECK(Proxy("socks5://h:").port() == 1080);
    CHECK(Proxy("socks5://h:80").port() == 80);
    CHECK(Proxy("socks5://u:80@h").port() == 1080);
    CHECK(Proxy("socks5://[2001:db8::80]").port() == 1080);
    CHECK(Proxy("socks5://[2001:db8::80]:80").port() == 80);
    CHECK(Proxy("https://h:80").port() == 80);
    CHECK(Proxy("http://h:443").port() == 443);
}

TEST_CASE("a proxy without a scheme is an HTTP proxy", "[proxy][H4]") {
    CHECK(Proxy("proxy:3128") == Proxy("http://proxy:3128"));
    CHECK(Proxy("user:pw@proxy") == Proxy("HTTP://user:pw@proxy:80/"));
    CHECK(Proxy("SOCKS5H://proxy").kind() == ProxyKind::socks5h);
}

TEST_CASE("a proxy's host may be an IPv6 address", "[proxy]") {
    const Proxy p("socks5://[2001:DB8::1]:9050");
    CHECK(p.hostname() == "2001:db8::1");
    CHECK(p.name() == "socks5://[2001:db8::1]:9050");
    CHECK(p.url().empty());
    CHECK_FALSE(p.auth());
}

TEST_CASE("a proxy's user and password are decoded", "[proxy][H3]") {
    const Proxy p("socks5://us%40er:p%3aw%25+@h");
    CHECK(p.user() == "us@er");
    CHECK(p.password() == "p:w%+");
    CHECK(Proxy("http://user@h").user() == "user");
    CHECK(Proxy("http://user@h").auth());
    CHECK_FALSE(Proxy("http://@h").has_credentials());
    CHECK_FALSE(Proxy("http://:@h").auth());
}

TEST_CASE("credentials of a proxy become Basic unless a scheme is given", "[proxy][H1]") {
    const auto field = [](const Proxy& p) {
        return p.auth().scheme()->authorize({"CONNECT", "h:443", p.url(), true, 0});
    };
    CHECK(field("http://Aladdin:open%20sesame@h") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    CHECK(field(Proxy("http://user:secret@h", bearer("abc"))) == "Bearer abc");
}

TEST_CASE("a bad proxy is refused with a reason", "[proxy][H1]") {
    CHECK(refused("", "no host"));
    CHECK(refused("http://", "no host"));
    CHECK(refused("ftp://h", "its scheme is none of"));
    CHECK(refused("socks4://h", "its scheme is none of"));
    CHECK(refused("http://h:0", "port"));
    CHECK(refused("http://h:65536", "port"));
    CHECK(refused("http://h:port", "port"));
    CHECK(refused("http://a b", "host"));
    CHECK(refused("http://127.1", "host"));
    CHECK(refused("http://h/path", "ends with its port"));
    CHECK(refused("http://h?query", "ends with its port"));
    CHECK(refused("http://h#", "ends with its port"));
    CHECK(refused("http://us%0der:pw@h", "control character"));
    CHECK(refused("http://user:p%00w@h", "control character"));
    CHECK(refused("http://us%3aer:pw@h", "colon"));
    CHECK(refused("http://h\r\nX: y", "character"));
}

TEST_CASE("a fault in a proxy's URL does not tell the password", "[proxy]") {
    for (const char* text : {"http://user:secret@h:0", "user:secret@h:0", "ftp://user:secret@h", "http://u:sec@ret@h",
                             "http://user:secret/@h", "socks5://user:secret#@h", "http://u%3au:secret@h"}) {
        CAPTURE(text);
        CHECK(refusal(text).find("sec") == std::string::npos);
    }
}

TEST_CASE("SOCKS takes credentials of at most 255 bytes", "[proxy][H3]") {
    const std::string most(255, 'x');
    CHECK(Proxy("socks5://" + most + ":" + most + "@h").password() == most);
    CHECK(refused("socks5://" + most + "x:pw@h", "255 bytes"));
    CHECK(refused("socks5h://user:" + most + "x@h", "255 bytes"));
    CHECK(Proxy("http://user:" + most + "x@h").password().size() == 256);
    CHECK(Proxy("socks5://us%3aer:pw@h").user() == "us:er");
    CHECK(error_of([] { static_cast<void>(Proxy("socks5://h", bearer("x"))); }).code() == errc::invalid_proxy);
}

TEST_CASE("nothing said and no proxy are two things", "[proxy][H4]") {
    const Proxy unsaid;
    CHECK_FALSE(unsaid.said());
    CHECK_FALSE(unsaid);
    CHECK(Proxy::none().said());
    CHECK_FALSE(Proxy::none());
    CHECK_FALSE(unsaid == Proxy::none());
    CHECK(Proxy::none() == Proxy::none());
    CHECK(unsaid.key().empty());
    CHECK(Proxy::none().key().empty());
    CHECK(unsaid.url().empty());
    CHECK(to_string(unsaid) == "none");
}

TEST_CASE("the key of a proxy tells apart what must not share connections", "[proxy][A10]") {
    const Proxy plain("http://h:3128");
    CHECK(plain.key() == Proxy("http://H:3128/").key());
    CHECK(plain == Proxy("H:3128"));
    for (const char* other : {"http://h:3129", "https://h:3128", "socks5://h:3128", "http://i:3128", "http://u@h:3128"})
        CHECK_FALSE(plain == Proxy(other));
    CHECK_FALSE(Proxy("socks5://a:b@h") == Proxy("socks5h://a:b@h"));
    CHECK_FALSE(Proxy("http://a:b@h") == Proxy("http://a:c@h"));
    CHECK_FALSE(Proxy("socks5://a%3ab:c@h") == Proxy("socks5://a:b%3ac@h"));
    CHECK(Proxy("http://a:%62@h") == Proxy("http://a:b@h"));
}

TEST_CASE("proxies with a scheme of their own share connections among copies only", "[proxy][A10]") {
    const auto auth = bearer("abc");
    const Proxy one("http://h", auth), other("http://h", auth);
    const Proxy copy = one;
    CHECK(copy == one);
    CHECK_FALSE(one == other);
    CHECK_FALSE(one == Proxy("http://h"));
}

TEST_CASE("a proxy is printed without its credentials", "[proxy]") {
    std::ostringstream out;
    out << Proxy("socks5h://user:secret@h");
    CHECK(out.str() == "socks5h://h:1080");
    CHECK(to_string(ProxyKind::none) == "none");
    CHECK(to_string(static_cast<ProxyKind>(99)) == "unknown");
}
