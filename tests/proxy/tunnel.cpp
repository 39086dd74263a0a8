// CONNECT as bytes: what is asked of a proxy, and what its answer means.

#include "catch.hpp"

#include <ferry/http/parser.hpp>
#include <ferry/proxy/tunnel.hpp>

#include <string>
#include <string_view>
#include <system_error>

using namespace ferry;
using detail::framing;
using Kind = detail::tunnel_verdict::kind;

namespace {

struct Answer {
    Response response;
    std::error_code ec;
    framing body = framing::none;
    std::uint64_t length = 0;
    std::size_t behind = 0;
    bool keep_alive = false;
};

/// Reads the head of an answer to CONNECT, cut in two.
Answer read_split(std::string_view bytes, std::size_t cut) {
    Answer a;
    detail::response_parser parser;
    parser.start_tunnel(a.response, {});
    std::size_t used = 0;
    for (const auto end : {cut, bytes.size()}) {
        while (used < end && !a.ec && !parser.head_complete()) {
            const auto f = parser.feed_head(bytes.substr(used, end - used));
            a.ec = f.ec;
            used += f.used;
            if (parser.interim()) parser.next_head(a.response);
        }
    }
    a.body = parser.body_framing();
    a.length = parser.content_length();
    a.behind = bytes.size() - used;
    a.keep_alive = parser.keep_alive();
    return a;
}

/// The same for each place to cut it at, which must make no difference.
Answer read(std::string_view bytes) {
    auto whole = read_split(bytes, bytes.size());
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
        CAPTURE(cut);
        const auto other = read_split(bytes, cut);
        CHECK(other.ec == whole.ec);
        if (whole.ec) continue;
        CHECK(other.response.status == whole.response.status);
        CHECK(other.body == whole.body);
        CHECK(other.behind == whole.behind);
    }
    return whole;
}

const Proxy proxy("http://user:secret@p:3128");

detail::tunnel_verdict judge(int status, std::string_view reason = {}) {
    return detail::judge_tunnel({.proxy = proxy, .authority = "h:443", .status = status, .reason = reason});
}

}  // namespace

TEST_CASE("a tunnel's target always has a port, and brackets around IPv6", "[proxy][H1]") {
    CHECK(detail::tunnel_authority(Url("https://user:pw@Example.com/path?q")) == "example.com:443");
    CHECK(detail::tunnel_authority(Url("http://example.com")) == "example.com:80");
    CHECK(detail::tunnel_authority(Url("https://example.com:8443/")) == "example.com:8443");
    CHECK(detail::tunnel_authority(Url("https://[2001:DB8::1]/")) == "[2001:db8::1]:443");
    CHECK(detail::tunnel_authority(Url("https://[fe80::1%25eth0]:444/")) == "[fe80::1]:444");
}

TEST_CASE("CONNECT says no more than it must", "[proxy][H1]") {
    CHECK(detail::connect_head("h:443", "") == "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n");
    CHECK(detail::connect_head("[::1]:443", "ferry/1", "Basic dTpw") ==
          "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\nUser-Agent: ferry/1\r\n"
          "Proxy-Authorization: Basic dTpw\r\n\r\n");
}

TEST_CASE("any 2xx opens a tunnel, whatever it says of a body", "[proxy][H2]") {
    for (const char* head :
         {"HTTP/1.1 200 Connection established\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.1 204 x\r\n\r\n",
          "HTTP/1.1 299 x\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: unheard-of\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"}) {
        CAPTURE(head);
        const auto a = read(head);
        CHECK_FALSE(a.ec);
        CHECK(a.body == framing::none);
        CHECK(a.length == 0);
        CHECK(a.behind == 0);
        CHECK(judge(a.response.status).what == Kind::open);
    }
}

TEST_CASE("interim responses come before the answer to CONNECT", "[proxy][H2]") {
    const auto a = read(
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n"
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n");
    CHECK_FALSE(a.ec);
    CHECK(a.response.status == 200);
    CHECK(a.behind == 0);
}

TEST_CASE("bytes behind the head that opens a tunnel are not the server's", "[proxy][H2]") {
    const auto a = read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    CHECK(a.behind == 5);
    const auto v = detail::judge_tunnel(
        {.proxy = proxy, .authority = "h:443", .status = a.response.status, .behind = a.behind});
    CHECK(v.what == Kind::failed);
    CHECK(v.ec == errc::proxy_malformed);
    CHECK(v.why.starts_with("proxy http://p:3128: "));
}

TEST_CASE("a refused CONNECT has the body that its fields tell of", "[proxy][H2]") {
    const auto known = read("HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nhello");
    CHECK(known.body == framing::length);
    CHECK(known.length == 5);
    CHECK(known.keep_alive);
    CHECK(read("HTTP/1.1 407 x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").body == framing::chunked);
    CHECK(read("HTTP/1.1 502 x\r\n\r\nbody").body == framing::until_close);
    CHECK(read("HTTP/1.1 403 x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n").ec ==
          errc::conflicting_framing);
}

TEST_CASE("a refused CONNECT is an error with its status and the proxy's name", "[proxy][H2]") {
    const auto v = judge(403, "Forbidden");
    CHECK(v.what == Kind::failed);
    CHECK(v.ec == errc::proxy_refused);
    CHECK(v.why == "proxy http://p:3128: it answered 403 Forbidden to CONNECT h:443");
    for (int status : {101, 300, 302, 400, 401, 404, 500, 503, 999}) {
        CHECK(judge(status).ec == errc::proxy_refused);
        CHECK(judge(status).why == "proxy http://p:3128: it answered " + std::to_string(status) + " to CONNECT h:443");
    }
}

TEST_CASE("a 407 to CONNECT is answered as long as there is an answer", "[proxy][H2]") {
    detail::tunnel_answer a{.proxy = proxy, .authority = "h:443", .status = 407};
    CHECK(detail::judge_tunnel(a).ec == errc::proxy_auth_required);
    a.authenticated = true;
    CHECK(detail::judge_tunnel(a).ec == errc::proxy_auth_refused);
    a.answerable = true;
    CHECK(detail::judge_tunnel(a).what == Kind::again);
    CHECK_FALSE(detail::judge_tunnel(a).ec);
    a.status = 401;
    CHECK(detail::judge_tunnel(a).ec == errc::proxy_refused);
}

TEST_CASE("a proxy's reason is fit for a log line", "[proxy][H2]") {
    CHECK(judge(500, "a\tb\x1b[31m").why == "proxy http://p:3128: it answered 500 a?b?[31m to CONNECT h:443");
    CHECK(judge(500, std::string(1000, 'x')).why ==
          "proxy http://p:3128: it answered 500 " + std::string(100, 'x') + "... to CONNECT h:443");
}

TEST_CASE("faults that come up while a proxy is asked are the proxy's", "[proxy][H2]") {
    std::string why;
    for (std::error_code ec : {make_error_code(errc::connection_closed), make_error_code(errc::incomplete_head),
                               std::make_error_code(std::errc::connection_reset)}) {
        CHECK(detail::as_proxy_fault(ec, proxy, why) == errc::proxy_closed);
        CHECK(why == "proxy http://p:3128");
    }
    CHECK(detail::as_proxy_fault(errc::head_too_large, proxy, why, "near byte 65536 of the head") ==
          errc::proxy_malformed);
    CHECK(why ==
          "proxy http://p:3128: " + make_error_code(errc::head_too_large).message() + " near byte 65536 of the head");
    for (std::error_code ec : {make_error_code(errc::connect_timeout), make_error_code(errc::cancelled),
                               std::make_error_code(std::errc::connection_refused)})
        CHECK(detail::as_proxy_fault(ec, proxy, why) == ec);
    CHECK(why == "proxy http://p:3128");
}

TEST_CASE("a parser that has read an answer to CONNECT reads responses as before", "[proxy][parser]") {
    detail::response_parser parser;
    Response r;
    parser.start_tunnel(r, {});
    parser.feed_head("HTTP/1.1 200 OK\r\n\r\n");
    parser.start(r, false, {}, false);
    parser.feed_head("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    CHECK(parser.content_length() == 5);
    parser.start(r, false, {}, false);
    CHECK(parser.feed_head("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n").ec ==
          errc::conflicting_framing);
}
