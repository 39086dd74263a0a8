// URLs: what is accepted and how it is normalized, what is refused and why, and how references are resolved.

#include "catch.hpp"

#include <ferry/url.hpp>

#include <concepts>
#include <cstddef>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

using ferry::errc;
using ferry::Url;
using namespace std::string_view_literals;

namespace {

std::error_code fault(std::string_view text) {
    std::error_code ec;
    const Url url = Url::parse(text, ec);
    CHECK(url.empty() == static_cast<bool>(ec));
    return ec;
}

std::string normalized(std::string_view text) {
    std::error_code ec;
    const Url url = Url::parse(text, ec);
    return ec ? ec.message() : std::string(url.str());
}

/// For views into a URL that lasts as long as the check at hand.
const Url& kept(const Url& url) { return url; }

std::string resolved(std::string_view base, std::string_view reference) {
    std::error_code ec;
    const Url url = Url(base).resolve(reference, ec);
    return ec ? ec.message() : std::string(url.str());
}

struct Row {
    std::string_view in, out;
};

struct Refusal {
    std::string_view in;
    errc code;
};

template <class Rows> void check_normalized(const Rows& rows) {
    for (const Row& row : rows) {
        INFO("input: " << row.in);
        CHECK(normalized(row.in) == row.out);
        CHECK(normalized(row.out) == row.out);
    }
}

template <class Rows> void check_refused(const Rows& rows) {
    for (const Refusal& row : rows) {
        INFO("input: " << row.in);
        CHECK(fault(row.in) == row.code);
    }
}

template <class U> concept gives_path = requires(U&& url) { std::forward<U>(url).path(); };
template <class U> concept gives_text = requires(U&& url) { std::forward<U>(url).str(); };

}  // namespace

TEST_CASE("every part of a URL can be read", "[url]") {
    const Url url("https://user:pass@example.com:8443/a/b;c?d=e&f#g?h");
    CHECK(url.str() == "https://user:pass@example.com:8443/a/b;c?d=e&f#g?h");
    CHECK(url.without_fragment() == "https://user:pass@example.com:8443/a/b;c?d=e&f");
    CHECK(url.scheme() == "https");
    CHECK(url.secure());
    CHECK(url.userinfo() == "user:pass");
    CHECK(url.user() == "user");
    CHECK(url.password() == "pass");
    CHECK(url.host() == "example.com");
    CHECK(url.hostname() == "example.com");
    CHECK(url.port() == 8443);
    CHECK(url.has_port());
    CHECK(url.authority() == "example.com:8443");
    CHECK(url.host_and_port() == "example.com:8443");
    CHECK(url.path() == "/a/b;c");
    CHECK(url.query() == "d=e&f");
    CHECK(url.has_query());
    CHECK(url.fragment() == "g?h");
    CHECK(url.has_fragment());
    CHECK(url.target() == "/a/b;c?d=e&f");
    CHECK_FALSE(url.empty());
}

TEST_CASE("a part that is missing is empty", "[url]") {
    const Url url("http://h");
    CHECK(url.str() == "http://h/");
    CHECK_FALSE(url.secure());
    CHECK_FALSE(url.has_userinfo());
    CHECK(url.userinfo() == "");
    CHECK(url.user() == "");
    CHECK(url.password() == "");
    CHECK(url.port() == 80);
    CHECK_FALSE(url.has_port());
    CHECK_FALSE(url.has_query());
    CHECK(url.query() == "");
    CHECK_FALSE(url.has_fragment());
    CHECK(url.fragment() == "");
    CHECK(url.target() == "/");
}

TEST_CASE("an empty query or fragment is not a missing one", "[url]") {
    const Url url("http://h/?#");
    CHECK(url.str() == "http://h/?#");
    CHECK(url.has_query());
    CHECK(url.has_fragment());
    CHECK(url.query() == "");
    CHECK(url.fragment() == "");
    CHECK(url.target() == "/?");
    CHECK(url != Url("http://h/"));
}

TEST_CASE("an empty URL has only empty parts", "[url]") {
    const Url url;
    CHECK(url.empty());
    for (const auto part : {url.str(), url.scheme(), url.userinfo(), url.host(), url.authority(), url.path(),
                            url.query(), url.fragment(), url.target(), url.without_fragment(), url.host_and_port()}) {
        CHECK(part == "");
    }
    CHECK(url.user() == "");
    CHECK(url.password() == "");
    CHECK(url.hostname() == "");
    CHECK(url.absolute_form() == "");
    CHECK(url.port() == 0);
    CHECK(to_string(url) == "");
    CHECK(url == Url());
}

TEST_CASE("scheme and host are lower case", "[url][A10]") {
    check_normalized(std::vector<Row>{
        {"HTTP://EXAMPLE.COM/Path?Query#Frag", "http://example.com/Path?Query#Frag"},
        {"hTTpS://User:Pass@ExAmPle.com", "https://User:Pass@example.com/"},
        {"Http://a/", "http://a/"},
        {"http://EXAMPLE.com/", "http://example.com/"},
        {"https://a.B:8443/C", "https://a.b:8443/C"},
        {"http://[FE80::ABCD]/", "http://[fe80::abcd]/"},
    });
}

TEST_CASE("a port is kept only where it is not the scheme's own", "[url][D1][A10]") {
    check_normalized(std::vector<Row>{
        {"http://h:80/", "http://h/"},
        {"https://h:443/", "https://h/"},
        {"http://h:443/", "http://h:443/"},
        {"https://h:80/", "https://h:80/"},
        {"http://h:/", "http://h/"},
        {"http://h:", "http://h/"},
        {"http://h:0080", "http://h/"},
        {"http://h:008080/x", "http://h:8080/x"},
        {"http://h:1/", "http://h:1/"},
        {"http://h:65535/", "http://h:65535/"},
        {"http://[::1]:80/", "http://[::1]/"},
        {"http://[::1]:/", "http://[::1]/"},
    });
    CHECK(Url("https://h:/").port() == 443);
    CHECK(Url("http://h:0080").port() == 80);
    CHECK(Url("http://h:8080?x").port() == 8080);
}

TEST_CASE("the authority is what the Host field holds", "[url][D1]") {
    const std::vector<Row> rows{
        {"http://example.com/", "example.com"},
        {"http://example.com:80/", "example.com"},
        {"https://example.com:443", "example.com"},
        {"http://example.com:8080/", "example.com:8080"},
        {"http://user:secret@example.com:8080/", "example.com:8080"},
        {"http://user@EXAMPLE.com", "example.com"},
        {"http://[::1]:8080/", "[::1]:8080"},
        {"https://[2001:DB8::1]/", "[2001:db8::1]"},
        {"http://[fe80::1%25eth0]:8080/a?b#c", "[fe80::1]:8080"},
        {"http://[fe80::1%25eth0]", "[fe80::1]"},
    };
    for (const Row& row : rows) CHECK(kept(Url(row.in)).authority() == row.out);
}

TEST_CASE("the target begins with a slash and has no fragment", "[url][D2]") {
    const std::vector<Row> rows{
        {"http://h", "/"},     {"http://h?a=b", "/?a=b"},      {"http://h#f", "/"},
        {"http://h?#f", "/?"}, {"http://h/a/b?c#d", "/a/b?c"}, {"http://h//a", "//a"},
        {"http://h/..", "/"},  {"http://h/?a?b/c", "/?a?b/c"},
    };
    for (const Row& row : rows) CHECK(kept(Url(row.in)).target() == row.out);
}

TEST_CASE("the absolute form tells a proxy neither userinfo nor fragment", "[url][D2]") {
    CHECK(Url("http://u:p@h:81/a?b#c").absolute_form() == "http://h:81/a?b");
    CHECK(Url("http://[fe80::1%25a]/").absolute_form() == "http://[fe80::1]/");
}

TEST_CASE("an empty path becomes a slash", "[url]") {
    check_normalized(std::vector<Row>{
        {"http://h", "http://h/"},
        {"http://h?", "http://h/?"},
        {"http://h?a", "http://h/?a"},
        {"http://h#a", "http://h/#a"},
        {"http://h:81?a#b", "http://h:81/?a#b"},
        {"http://u@h?a/b", "http://u@h/?a/b"},
    });
}

TEST_CASE("dot segments are removed from the path", "[url]") {
    check_normalized(std::vector<Row>{
        {"http://h/.", "http://h/"},
        {"http://h/..", "http://h/"},
        {"http://h/a/.", "http://h/a/"},
        {"http://h/a/..", "http://h/"},
        {"http://h/a/./b", "http://h/a/b"},
        {"http://h/a/../b", "http://h/b"},
        {"http://h/a/b/../../..", "http://h/"},
        {"http://h/../../a", "http://h/a"},
        {"http://h/a/b/c/./../../g", "http://h/a/g"},
        {"http://h/a//../b", "http://h/a/b"},
        {"http://h/a/..//b", "http://h//b"},
        {"http://h/.//b", "http://h//b"},
        {"http://h/..?q", "http://h/?q"},
        {"http://h/a/.#f", "http://h/a/#f"},
        // Not dot segments.
        {"http://h/.a/..b/c./d../...", "http://h/.a/..b/c./d../..."},
        {"http://h/.well-known/x", "http://h/.well-known/x"},
        {"http://h/a?b/../c#d/../e", "http://h/a?b/../c#d/../e"},
    });
}

TEST_CASE("escaped dots and slashes are left as they are", "[url][D7]") {
    check_normalized(std::vector<Row>{
        {"http://h/%2e%2E/a", "http://h/%2e%2E/a"},
        {"http://h/a%2F..%2fb", "http://h/a%2F..%2fb"},
        {"http://h/a/.%2e/b", "http://h/a/.%2e/b"},
    });
}

TEST_CASE("what may not stand in a URL is percent-encoded", "[url][D7]") {
    check_normalized(std::vector<Row>{
        {"http://h/a b", "http://h/a%20b"},
        {"http://h/\"<>\\^`{|}", "http://h/%22%3C%3E%5C%5E%60%7B%7C%7D"},
        {"http://h/?\"<>\\^`{|} x", "http://h/?%22%3C%3E%5C%5E%60%7B%7C%7D%20x"},
        {"http://h/#\"<>\\^`{|} x", "http://h/#%22%3C%3E%5C%5E%60%7B%7C%7D%20x"},
        {"http://h/straße?q=grün#€", "http://h/stra%C3%9Fe?q=gr%C3%BCn#%E2%82%AC"},
        {"http://h/\xff\x80", "http://h/%FF%80"},
        {"http://a b:c d@h/", "http://a%20b:c%20d@h/"},
        {"http://ü:\"@h/", "http://%C3%BC:%22@h/"},
    });
}

TEST_CASE("a percent escape is never encoded twice", "[url][D7]") {
    check_normalized(std::vector<Row>{
        {"http://h/a%20b", "http://h/a%20b"},
        {"http://h/%C3%BC?%c3%bc#%20", "http://h/%C3%BC?%c3%bc#%20"},
        {"http://u%40:p%3A@h/", "http://u%40:p%3A@h/"},
        {"http://h/%2525", "http://h/%2525"},
        {"http://h/a%20b c", "http://h/a%20b%20c"},
    });
}

TEST_CASE("a percent escape is never decoded", "[url][D7]") {
    check_normalized(std::vector<Row>{
        {"http://h/%41%7e%2D?%41=%26#%41", "http://h/%41%7e%2D?%41=%26#%41"},
        {"http://h/%00%0d%0a", "http://h/%00%0d%0a"},
    });
}

TEST_CASE("a percent sign that begins no escape becomes %25", "[url][D7]") {
    check_normalized(std::vector<Row>{
        {"http://h/100%", "http://h/100%25"},
        {"http://h/%zz/%4", "http://h/%25zz/%254"},
        {"http://h/?%#%", "http://h/?%25#%25"},
        {"http://h/%?41", "http://h/%25?41"},
        {"http://%:%@h/", "http://%25:%25@h/"},
    });
}

TEST_CASE("reserved characters and the plus sign stay as they are", "[url][D7]") {
    check_normalized(std::vector<Row>{
        {"http://h/a+b?c+d=e+f", "http://h/a+b?c+d=e+f"},
        {"http://h/:@!$&'()*+,;=[]~", "http://h/:@!$&'()*+,;=[]~"},
        {"http://h/?:@!$&'()*+,;=[]/?~", "http://h/?:@!$&'()*+,;=[]/?~"},
        {"http://h/#a#b", "http://h/#a#b"},
        {"http://!$&'()*+,;=:h@h/", "http://!$&'()*+,;=:h@h/"},
    });
}

TEST_CASE("a control character anywhere is an error", "[url][D3][D7]") {
    std::vector<std::string> controls{"\x7f"};
    for (char c = 0; c < 0x20; ++c) controls.emplace_back(1, c);
    const std::string text = "http://user:pass@host.example:80/path?query#fragment";
    for (const auto& control : controls) {
        for (std::size_t i = 0; i <= text.size(); ++i) {
            CHECK(fault(std::string(text).insert(i, control)) == errc::url_invalid_character);
        }
    }
    check_refused(std::vector<Refusal>{
        {"example.com/\n", errc::url_invalid_character},
        {"ftp://h/\r\n", errc::url_invalid_character},
        {"http://h:99999/\t", errc::url_invalid_character},
        {"\n", errc::url_invalid_character},
        {"http://\0/"sv, errc::url_invalid_character},
    });
}

TEST_CASE("spaces at either end are an error", "[url]") {
    check_refused(std::vector<Refusal>{
        {" http://h/", errc::url_invalid_character},
        {"http://h/ ", errc::url_invalid_character},
        {"http://h ", errc::url_invalid_character},
        {" ", errc::url_invalid_character},
    });
}

TEST_CASE("a URL without a scheme is refused", "[url]") {
    check_refused(std::vector<Refusal>{
        {"", errc::url_missing_scheme},
        {"example.com", errc::url_missing_scheme},
        {"example.com/x", errc::url_missing_scheme},
        {"//host/", errc::url_missing_scheme},
        {"/path", errc::url_missing_scheme},
        {"?q", errc::url_missing_scheme},
        {"#f", errc::url_missing_scheme},
        {":", errc::url_missing_scheme},
        {"://host", errc::url_missing_scheme},
        {"1http://host", errc::url_missing_scheme},
        {"ht tp://host", errc::url_missing_scheme},
        {"http", errc::url_missing_scheme},
        {"https", errc::url_missing_scheme},
        {"http//host", errc::url_missing_scheme},
        {"/a:b", errc::url_missing_scheme},
    });
}

TEST_CASE("a host with a port is not taken for a scheme", "[url]") {
    check_refused(std::vector<Refusal>{
        {"localhost:8080", errc::url_missing_scheme},
        {"example.com:80/x", errc::url_missing_scheme},
        {"127.0.0.1:8080", errc::url_missing_scheme},
    });
}

TEST_CASE("schemes other than http and https are refused", "[url]") {
    check_refused(std::vector<Refusal>{
        {"ftp://host/", errc::url_unsupported_scheme},
        {"file:///etc/passwd", errc::url_unsupported_scheme},
        {"mailto:a@b", errc::url_unsupported_scheme},
        {"javascript:alert(1)", errc::url_unsupported_scheme},
        {"ws://host/", errc::url_unsupported_scheme},
        {"httpx://host/", errc::url_unsupported_scheme},
        {"httpss://host/", errc::url_unsupported_scheme},
        {"htt://host/", errc::url_unsupported_scheme},
        {"http+unix://host/", errc::url_unsupported_scheme},
        {"a:", errc::url_unsupported_scheme},
    });
}

TEST_CASE("a URL without a host is refused", "[url]") {
    check_refused(std::vector<Refusal>{
        {"http:", errc::url_missing_host},
        {"http:/", errc::url_missing_host},
        {"http://", errc::url_missing_host},
        {"http:///x", errc::url_missing_host},
        {"http:x", errc::url_missing_host},
        {"HTTP:/x", errc::url_missing_host},
        {"http://?q", errc::url_missing_host},
        {"http://#f", errc::url_missing_host},
        {"http://:80/", errc::url_missing_host},
        {"https://user@/", errc::url_missing_host},
        {"http://user:pass@:80", errc::url_missing_host},
    });
}

TEST_CASE("names are hosts", "[url]") {
    const std::string label(63, 'a');
    const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'b');
    for (const auto& host :
         {std::string("h"), std::string("localhost"), std::string("a-b.example"), std::string("-a.b-"),
          std::string("a_b~c"), std::string("example.com."), std::string("xn--bcher-kva.example"),
          std::string("1and1.com"), std::string("123.456.abc"), std::string("0x1.com"), std::string("1.2.3.4a"),
          std::string("0xg"), label, longest, longest + "."}) {
        CHECK(normalized("http://" + host) == "http://" + host + "/");
    }
}

TEST_CASE("what is not a name is refused", "[url]") {
    const std::string label(63, 'a');
    const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'b');
    for (const auto& host : {std::string("exa mple"),
                             std::string("a b"),
                             std::string("a<b"),
                             std::string("a..b"),
                             std::string(".a"),
                             std::string("a.."),
                             std::string("."),
                             std::string(".."),
                             std::string("a\\b"),
                             std::string("a%41"),
                             std::string("%65xample.com"),
                             std::string("a%00b"),
                             std::string("bücher.example"),
                             std::string("a\"b"),
                             std::string("a|b"),
                             std::string("a,b"),
                             std::string("a;b"),
                             std::string("a!b"),
                             std::string("a*b"),
                             std::string("a&b"),
                             std::string("a]b"),
                             std::string("a^b"),
                             std::string("a]"),
                             std::string("\xef\xbc\x8f"),
                             label + "a",
                             "b." + label + "a",
                             label + "a.b",
                             longest + "b",
                             longest + "b."}) {
        INFO("host: " << host);
        CHECK(fault("http://" + host + "/") == errc::url_invalid_host);
        CHECK(fault("http://user@" + host + ":80/") == errc::url_invalid_host);
    }
}

TEST_CASE("IPv4 addresses are four decimal numbers and nothing else", "[url]") {
    for (const auto host : {"0.0.0.0", "127.0.0.1", "255.255.255.255", "10.20.30.40"}) {
        CHECK(kept(Url("http://" + std::string(host))).host() == host);
    }
    for (const auto host : {"256.1.1.1",  "1.2.3",      "1.2.3.4.5",     "1.2.3.4.", "1",          "0",
                            "127.1",      "2130706433", "0x7f000001",    "0x7f.1",   "0X7F.0.0.1", "127.0.0.0x1",
                            "0177.0.0.1", "127.0.0.01", "1.2.3.04",      "00.0.0.0", "1.2.3.1000", "99999999999",
                            "1.2.3.4.0x", "a.1",        "example.com.1", "a.0x",     "a.0x1f."}) {
        INFO("host: " << host);
        CHECK(fault("http://" + std::string(host)) == errc::url_invalid_host);
        CHECK(fault("http://" + std::string(host) + ":8080/") == errc::url_invalid_host);
    }
}

TEST_CASE("IPv6 addresses are checked as a whole", "[url]") {
    for (const auto address : {"::", "::1", "1::", "1:2:3:4:5:6:7:8", "1::8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8",
                               "1:2:3::7:8", "abcd:ef01:2345:6789:abcd:ef01:2345:6789", "::ffff:192.0.2.1", "::1.2.3.4",
                               "1:2:3:4:5:6:7.8.9.10", "64:ff9b::192.0.2.33", "0:0:0:0:0:0:0:1", "0000::0001"}) {
        const auto host = "[" + std::string(address) + "]";
        INFO("host: " << host);
        CHECK(normalized("http://" + host + ":81") == "http://" + host + ":81/");
        CHECK(Url("http://" + host).hostname() == address);
    }
    for (const auto host : {"[]",
                            "[:]",
                            "[:::]",
                            "[1]",
                            "[1:2:3:4:5:6:7]",
                            "[1:2:3:4:5:6:7:8:9]",
                            "[1::2::3]",
                            "[1:2:3:4:5:6:7:8::]",
                            "[::1:2:3:4:5:6:7:8]",
                            "[12345::]",
                            "[g::]",
                            "[1:]",
                            "[:1]",
                            "[1:2:3:4:5:6:7:]",
                            "[::1.2.3]",
                            "[::1.2.3.256]",
                            "[::1.2.3.4:5]",
                            "[1.2.3.4]",
                            "[1:2:3:4:5:6:7:1.2.3.4]",
                            "[::01.2.3.4]",
                            "[::1",
                            "[::1]]",
                            "[[::1]]",
                            "[::1]a",
                            "[::1]1",
                            "a[::1]",
                            "[::1 ]",
                            "[v1.a]",
                            "[::%31]",
                            "::1",
                            "[::1.2.3.4.]"}) {
        INFO("host: " << host);
        CHECK(fault("http://" + std::string(host) + "/").category() == ferry::category());
        CHECK(fault("http://" + std::string(host) + "/"));
    }
    CHECK(fault("http://[::1") == errc::url_invalid_host);
    CHECK(fault("http://[::1]a/") == errc::url_invalid_host);
}

TEST_CASE("an IPv6 zone stays here and is not sent", "[url][D1]") {
    const Url url("http://u@[FE80::1%25Eth0]:8080/a?b#c");
    CHECK(url.str() == "http://u@[fe80::1%25Eth0]:8080/a?b#c");
    CHECK(url.host() == "[fe80::1%25Eth0]");
    CHECK(url.hostname() == "fe80::1%Eth0");
    CHECK(url.authority() == "[fe80::1]:8080");
    CHECK(url.host_and_port() == "[fe80::1%25Eth0]:8080");
    CHECK(url.fragment() == "c");
    CHECK(url != Url("http://u@[fe80::1%25eth0]:8080/a?b#c"));
    CHECK(kept(url.resolve("/d")).authority() == "[fe80::1]:8080");
    CHECK(kept(url.with_query({{"d", 1}})).str() == "http://u@[fe80::1%25Eth0]:8080/a?b&d=1#c");
    CHECK(kept(url.with_query({{"d", 1}})).authority() == "[fe80::1]:8080");
    for (const auto host :
         {"[fe80::1%25]", "[fe80::1%eth0]", "[fe80::1%25a%20b]", "[fe80::1%25a%25b]", "[%25a]", "[fe80::1%25a b]"}) {
        CHECK(fault("http://" + std::string(host) + "/") == errc::url_invalid_host);
    }
}

TEST_CASE("a port is a number from 1 to 65535", "[url]") {
    for (const auto port : {"0", "00000", "65536", "99999", "4294967376", "18446744073709551696", "a", "8a", "+80",
                            "-1", " 80", "80 ", "8 0", "0x50", "80:80", "%38"}) {
        INFO("port: " << port);
        CHECK(fault("http://h:" + std::string(port) + "/") == errc::url_invalid_port);
        CHECK(fault("http://[::1]:" + std::string(port) + "/") == errc::url_invalid_port);
    }
}

TEST_CASE("user and password are decoded only when asked for", "[url]") {
    const Url url("http://us%40er:p%3Aa:ss%2f@h/");
    CHECK(url.userinfo() == "us%40er:p%3Aa:ss%2f");
    CHECK(url.user() == "us@er");
    CHECK(url.password() == "p:a:ss/");
    CHECK(Url("http://user@h/").password() == "");
    CHECK(kept(Url("http://user:@h/")).str() == "http://user:@h/");
    CHECK(Url("http://:pass@h/").user() == "");
    CHECK(Url("http://:pass@h/").password() == "pass");
}

TEST_CASE("empty userinfo is dropped", "[url]") {
    check_normalized(
        std::vector<Row>{{"http://@h/", "http://h/"}, {"http://:@h/", "http://h/"}, {"http://@h:81", "http://h:81/"}});
    CHECK_FALSE(Url("http://:@h/").has_userinfo());
}

TEST_CASE("an authority that parsers read in different ways is refused", "[url]") {
    check_refused(std::vector<Refusal>{
        {"http://a@b@c/", errc::url_invalid_character},
        {"http://a@@c/", errc::url_invalid_character},
        {"http://good.example\\@evil.example/", errc::url_invalid_character},
        {"http://good.example\\.evil.example/", errc::url_invalid_host},
        {"http://h\\/", errc::url_invalid_host},
        {"http:\\\\h/", errc::url_missing_host},
        {"http:/\\h/", errc::url_missing_host},
        {"http://\\h/", errc::url_invalid_host},
        {"http://[::1]@h/", errc::url_invalid_character},
        {"http://a[b@h/", errc::url_invalid_character},
    });
}

TEST_CASE("an at sign behind the authority is no matter", "[url]") {
    CHECK(kept(Url("http://h/@a@b")).host() == "h");
    CHECK(kept(Url("http://h?a@b")).host() == "h");
    CHECK(kept(Url("http://h#a@b")).host() == "h");
    CHECK(kept(Url("http://u:p@h/@")).userinfo() == "u:p");
}

TEST_CASE("a backslash is not a slash", "[url][D7]") {
    CHECK(kept(Url("http://h/a\\..\\b")).path() == "/a%5C..%5Cb");
    CHECK(resolved("http://h/", "\\\\evil.example\\") == "http://h/%5C%5Cevil.example%5C");
    CHECK(resolved("http://h/", "/\\evil.example") == "http://h/%5Cevil.example");
}

TEST_CASE("a URL has at most 64 KiB, before and after normalization", "[url]") {
    const std::string longest = "http://h/" + std::string(65536 - 9, 'a');
    CHECK(normalized(longest) == longest);
    CHECK(fault(longest + "a") == errc::url_too_long);
    CHECK(fault("http://h/" + std::string(30000, ' ') + "x") == errc::url_too_long);
    CHECK(fault("http://h?" + std::string(65536 - 9, 'a')) == errc::url_too_long);
    std::error_code ec;
    CHECK(Url(longest).resolve("?" + std::string(100, 'b'), ec).empty());
    CHECK(ec == errc::url_too_long);
    Url url(longest);
    CHECK(url.append_query("a") == errc::url_too_long);
    CHECK(url.str() == longest);
    CHECK_THROWS_AS(url.with_query({{"a", 1}}), ferry::Error);
}

TEST_CASE("URLs that mean the same are equal", "[url][A10]") {
    CHECK(Url("HTTP://H:80") == Url("http://h/"));
    CHECK(Url("http://h/a/../b") == Url("http://h/b"));
    CHECK(Url("http://h/ü") == Url("http://h/%C3%BC"));
    CHECK(Url("http://h/") != Url("https://h/"));
    CHECK(Url("http://h/a") != Url("http://h/A"));
    CHECK(Url("http://h/") != Url("http://u@h/"));
}

TEST_CASE("the constructor throws an error that hides the password", "[url]") {
    const std::vector<Row> rows{
        {"http://user:secret@exa mple/", "http://user:***@exa mple/"},
        {"http://user:se/cr@et@h@/", "http://user:***@/"},
        {"user:secret@h", "user:***@h"},
        {"http://user:a://secret@h:0/", "http://user:***@h:0/"},
        {"http://h:0/\r\nX: y", "http://h:0/%0D%0AX: y"},
        {"http://h:0/", "http://h:0/"},
        {"http://user@h:0/", "http://user@h:0/"},
    };
    for (const Row& row : rows) {
        INFO("input: " << row.in);
        try {
            const Url url(row.in);
            FAIL("no error");
        } catch (const ferry::Error& e) {
            CHECK(e.url() == row.out);
            CHECK(e.code() == ferry::condition::input);
            CHECK(e.phase() == ferry::Phase::input);
            CHECK(e.request_state() == ferry::RequestState::not_sent);
            CHECK(std::string(e.what()).find("secret") == std::string::npos);
        }
    }
}

TEST_CASE("a URL prints without its password", "[url]") {
    const std::vector<Row> rows{
        {"http://user:secret@h:81/a?b#c", "http://user:***@h:81/a?b#c"},
        {"http://user@h/", "http://user@h/"},
        {"http://:secret@h/", "http://:***@h/"},
        {"http://user:@h/", "http://user:***@h/"},
        {"http://a:b:c@[fe80::1%25e]/", "http://a:***@[fe80::1%25e]/"},
        {"http://h/a:b@c", "http://h/a:b@c"},
    };
    for (const Row& row : rows) {
        std::ostringstream out;
        out << Url(row.in);
        CHECK(out.str() == row.out);
        CHECK(ferry::to_string(Url(row.in)) == row.out);
    }
}

TEST_CASE("views into a temporary URL do not compile", "[url]") {
    STATIC_REQUIRE(gives_path<Url&>);
    STATIC_REQUIRE(gives_path<const Url&>);
    STATIC_REQUIRE(!gives_path<Url>);
    STATIC_REQUIRE(!gives_path<const Url>);
    STATIC_REQUIRE(!gives_text<Url>);
}

TEST_CASE("a URL that was moved from is empty", "[url]") {
    for (const auto text : {"http://h/", "http://a-long-host-name.example/with/a/path?and=query#fragment"}) {
        Url from(text);
        Url to(std::move(from));
        CHECK(to.str() == text);
        CHECK(from.empty());
        CHECK(from.path() == "");
        from = std::move(to);
        CHECK(from.str() == text);
        CHECK(to.authority() == "");
        Url copy(from);
        CHECK(copy == from);
        to = copy;
        CHECK(to.path() == from.path());
    }
}

TEST_CASE("assigning reuses memory and leaves nothing behind", "[url]") {
    Url url("https://user:pass@long-enough-to-need-an-allocation.example:8443/path?query#fragment");
    const auto* memory = url.str().data();
    CHECK_FALSE(url.assign("http://127.0.0.1:8080/small"));
    CHECK(url == Url("http://127.0.0.1:8080/small"));
    CHECK(url.str().data() == memory);
    CHECK(url.port() == 8080);
    CHECK_FALSE(url.has_query());
    CHECK_FALSE(url.assign("HTTPS://H"));
    CHECK(url == Url("https://h/"));
    CHECK(url.str().data() == memory);
    CHECK(url.port() == 443);
    CHECK_FALSE(url.has_port());
    CHECK(url.assign("nonsense") == errc::url_missing_scheme);
    CHECK(url == Url());
    CHECK(url.port() == 0);
    CHECK_FALSE(url.assign("http://h2/"));
    CHECK(url.str() == "http://h2/");
}

TEST_CASE("assigning a URL at the same server takes nothing else over", "[url]") {
    for (const auto first :
         {"http://h:81/a?b#c", "https://u:p@h/", "http://[fe80::1%25e]:81/", "http://[::1]/", "http://h/"}) {
        const Url before(first);
        const auto server = std::string(before.str().substr(0, before.str().find(before.host_and_port())))
                                .append(before.host_and_port());
        for (const auto tail :
             {"/x", "/x?y#z", "/../x y", "", "?q", "#f", "/", "x/", ":82/", ".x/", "@x/", "/\n", "/ "}) {
            Url url(before);
            std::error_code ec;
            const Url elsewhere("http://elsewhere/");  // now its server is the one that this thread remembers
            const Url expected = Url::parse(server + tail, ec);
            const Url remembered(first);
            INFO(server + tail);
            CHECK(url.assign(server + tail) == ec);
            CHECK(url == expected);
            CHECK(url.authority() == expected.authority());
            CHECK(url.target() == expected.target());
            CHECK(url.fragment() == expected.fragment());
            CHECK(url.port() == expected.port());
        }
    }
}

TEST_CASE("a URL can be assigned a part of itself", "[url]") {
    for (const auto inner : {"http://b/c", "HTTP://B/d/../c with space", "https://u:p@x.example/"}) {
        Url url("http://a/#" + std::string(inner));
        const auto expected = normalized(url.fragment());
        CHECK_FALSE(url.assign(url.fragment()));
        CHECK(url.str() == expected);
    }
    Url url("http://a/b/c?d");
    CHECK_FALSE(url.assign(url, "../e"));
    CHECK(url.str() == "http://a/e");
    CHECK_FALSE(url.assign(Url("http://z/y/"), url.path().substr(1)));
    CHECK(url.str() == "http://z/y/e");
    CHECK_FALSE(url.append_query(url.path()));
    CHECK(url.str() == "http://z/y/e?/y/e");
}

TEST_CASE("references are resolved as RFC 3986 5.4 shows", "[url][E3]") {
    const std::vector<Row> rows{
        // 5.4.1, normal examples
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g/"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q#s"},
        {"g#s", "http://a/b/c/g#s"},
        {"g?y#s", "http://a/b/c/g?y#s"},
        {";x", "http://a/b/c/;x"},
        {"g;x", "http://a/b/c/g;x"},
        {"g;x?y#s", "http://a/b/c/g;x?y#s"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../", "http://a/"},
        {"../../g", "http://a/g"},
        // 5.4.2, abnormal examples
        {"../../../g", "http://a/g"},
        {"../../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {".g", "http://a/b/c/.g"},
        {"g..", "http://a/b/c/g.."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/./x", "http://a/b/c/g?y/./x"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
        {"g#s/./x", "http://a/b/c/g#s/./x"},
        {"g#s/../x", "http://a/b/c/g#s/../x"},
    };
    for (const Row& row : rows) {
        INFO("reference: " << row.in);
        CHECK(resolved("http://a/b/c/d;p?q", row.in) == row.out);
        CHECK(resolved("http://a/b/c/d;p?q#old", row.in) == row.out);
    }
}

TEST_CASE("a reference with a scheme stands for itself", "[url][E3]") {
    std::error_code ec;
    const Url base("http://a/b/c/d;p?q");
    CHECK(kept(base.resolve("HTTPS://B:443/../x", ec)).str() == "https://b/x");
    CHECK_FALSE(ec);
    CHECK(base.resolve("g:h", ec).empty());
    CHECK(ec == errc::url_unsupported_scheme);
    CHECK(base.resolve("javascript:alert(1)", ec).empty());
    CHECK(ec == errc::url_unsupported_scheme);
    CHECK(base.resolve("http:g", ec).empty());  // 5.4.2, strict
    CHECK(ec == errc::url_missing_host);
    CHECK(Url().resolve("http://h", ec) == Url("http://h"));
    CHECK_FALSE(ec);
}

TEST_CASE("a colon in the first segment is not part of a relative path", "[url][E3]") {
    std::error_code ec;
    for (const auto reference : {"localhost:8080/x", "127.0.0.1:8080", "12:30", ":x", "a b:c"}) {
        CHECK(Url("http://a/").resolve(reference, ec).empty());
        CHECK(ec == errc::url_missing_scheme);
    }
    CHECK(resolved("http://a/", "./localhost:8080") == "http://a/localhost:8080");
    CHECK(resolved("http://a/", "b/c:d") == "http://a/b/c:d");
    CHECK(resolved("http://a/", "?b:c") == "http://a/?b:c");
}

TEST_CASE("a reference is checked and normalized like a URL", "[url][E3][D7]") {
    std::error_code ec;
    const Url base("https://a/b");
    CHECK(resolved("https://a/b", "//X:443/y z") == "https://x/y%20z");
    CHECK(resolved("https://a/b", "grün?q=a%20b c") == "https://a/gr%C3%BCn?q=a%20b%20c");
    CHECK(base.resolve("//a b/", ec).empty());
    CHECK(ec == errc::url_invalid_host);
    CHECK(base.resolve("/\r\nX: y", ec).empty());
    CHECK(ec == errc::url_invalid_character);
    CHECK(base.resolve(" /x", ec).empty());
    CHECK(ec == errc::url_invalid_character);
    CHECK(base.resolve("/x ", ec).empty());
    CHECK(ec == errc::url_invalid_character);
    CHECK(base.resolve("///x", ec).empty());
    CHECK(ec == errc::url_missing_host);
    CHECK(Url().resolve("/x", ec).empty());
    CHECK(ec == errc::url_missing_scheme);
    CHECK_THROWS_AS(base.resolve("//u:p@x:0/"), ferry::Error);
    CHECK(kept(base.resolve("c")).str() == "https://a/c");
}

TEST_CASE("userinfo and port stay with the authority they belong to", "[url][E3]") {
    CHECK(resolved("http://u:p@a:81/b", "c") == "http://u:p@a:81/c");
    CHECK(resolved("http://u:p@a:81/b", "//c/d") == "http://c/d");
    CHECK(resolved("http://u:p@a:81/b", "http://a:81/d") == "http://a:81/d");
}

TEST_CASE("parameters are appended to the query and the fragment stays", "[url]") {
    const ferry::Query q{{"q", "c++"}, {"page", 2}};
    CHECK(kept(Url("http://h").with_query(q)).str() == "http://h/?q=c%2B%2B&page=2");
    CHECK(kept(Url("http://h/a?b=c").with_query(q)).str() == "http://h/a?b=c&q=c%2B%2B&page=2");
    CHECK(kept(Url("http://h/a?").with_query(q)).str() == "http://h/a?q=c%2B%2B&page=2");
    CHECK(kept(Url("http://h/a#f").with_query(q)).str() == "http://h/a?q=c%2B%2B&page=2#f");
    CHECK(kept(Url("http://h/a?b#f").with_query(q)).str() == "http://h/a?b&q=c%2B%2B&page=2#f");
    const Url url = Url("http://h/a?b#f").with_query(q);
    CHECK(url.query() == "b&q=c%2B%2B&page=2");
    CHECK(url.fragment() == "f");
    CHECK(url.target() == "/a?b&q=c%2B%2B&page=2");
    CHECK(url == Url(url.str()));
}

TEST_CASE("no parameters change nothing", "[url]") {
    for (const auto text : {"http://h/", "http://h/?", "http://h/?a#f"})
        CHECK(kept(Url(text).with_query({})).str() == text);
    Url url("http://h/");
    CHECK_FALSE(url.append_query(""));
    CHECK(url.str() == "http://h/");
}

TEST_CASE("query text that is appended keeps its escapes and cannot leave the query", "[url][D7]") {
    Url url("http://h/#f");
    CHECK_FALSE(url.append_query("a=%20+b c%&d=[ü]#x"));
    CHECK(url.str() == "http://h/?a=%20+b%20c%25&d=[%C3%BC]%23x#f");
    CHECK(url.append_query("a\r\nb") == errc::url_invalid_character);
    CHECK(url.str() == "http://h/?a=%20+b%20c%25&d=[%C3%BC]%23x#f");
    Url empty;
    CHECK(empty.append_query("a") == errc::url_missing_scheme);
    CHECK(empty.append_query(ferry::Query{{"a", 1}}) == errc::url_missing_scheme);
    CHECK_THROWS_AS(empty.with_query({{"a", 1}}), ferry::Error);
}
