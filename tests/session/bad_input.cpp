// Malformed input: an error that names the fault, before a byte is sent or a connection opened.

#include "loopback.hpp"

#include <string>
#include <utility>

using ferry::errc;

namespace {

using namespace std::string_literals;

// The call must fail by its input, with a text that holds `named`, and the server must not hear of it.
template <class Code, class Call> void check_refused(Code code, std::string_view named, Call call) {
    Server server;
    Session session;
    auto error = error_of([&] { call(session, server.url()); });
    CAPTURE(error.what());
    CHECK(error.code() == code);
    CHECK(error.phase() == ferry::Phase::input);
    CHECK(error.request_state() == ferry::RequestState::not_sent);
    CHECK(says(error, named));
    CHECK(server.connections() == 0);
    CHECK(session.stats().opened == 0);
}

}  // namespace

TEST_CASE("a malformed URL is refused by its fault", "[session][D3]") {
    auto [url, code] = GENERATE(table<std::string, errc>({
        {"", errc::url_missing_scheme},
        {"/path", errc::url_missing_scheme},
        {"127.0.0.1/path", errc::url_missing_scheme},
        {"ftp://127.0.0.1/", errc::url_unsupported_scheme},
        {"file:///etc/passwd", errc::url_unsupported_scheme},
        {"http://", errc::url_missing_host},
        {"http:///path", errc::url_missing_host},
        {"http://:80/", errc::url_missing_host},
        {"http://127.0.0.1:99999/", errc::url_invalid_port},
        {"http://127.0.0.1:-1/", errc::url_invalid_port},
        {"http://127.0.0.1:http/", errc::url_invalid_port},
        {"http://[::1/", errc::url_invalid_host},
        {"http://[nonsense]/", errc::url_invalid_host},
        {"http://127.0.0.1/a\r\nX: y", errc::url_invalid_character},
        {"http://127.0.0.1/\0"s, errc::url_invalid_character},
    }));
    CAPTURE(url);
    Session session;
    auto error = error_of([&, &url = url] { session.get(url); });
    CHECK(error.code() == code);
    CHECK(error.phase() == ferry::Phase::input);
    CHECK(error.request_state() == ferry::RequestState::not_sent);
    CHECK(session.stats().opened == 0);
}

#if !FERRY_HAS_TLS
TEST_CASE("https is refused where there is no TLS", "[session][D3]") {
    Session session;
    auto error = error_of([&] { session.get("https://127.0.0.1/"); });
    CHECK(error.code() == errc::tls_not_available);
    CHECK(error.phase() == ferry::Phase::input);
    CHECK(error.request_state() == ferry::RequestState::not_sent);
}
#endif

TEST_CASE("a host that could smuggle something is refused", "[session][D3]") {
    std::string host = GENERATE("a b", "a\r\nb", "a<b", "a\\b", "a%00b");
    CAPTURE(host);
    Session session;
    auto error = error_of([&] { session.get("http://" + host + "/"); });
    CHECK((error.code() == errc::url_invalid_host || error.code() == errc::url_invalid_character));
}

TEST_CASE("a method that is no token is refused", "[session][D3]") {
    auto method = GENERATE(as<std::string>(), "", "GE T", "GET\r\nX: y", "GET /", "G\0T"s, "GÉT");
    check_refused(errc::invalid_method, "", [&](auto& session, auto url) { session.request(method, url); });
}

TEST_CASE("a header name that is no token is refused by name", "[session][D3]") {
    auto name = GENERATE(as<std::string>(), "", "Bad Name", "Bad:Name", "Bad\r\nName", "Bad\0Name"s, "Näme");
    check_refused(errc::invalid_header_name, name.substr(0, 3), [&](auto& session, auto url) {
        session.get(url, {.headers = {{name, "value"}}});
    });
}

TEST_CASE("a header value that could end its line is refused by its name", "[session][D3]") {
    auto value = GENERATE(as<std::string>(), "a\r\nInjected: b", "a\nb", "a\rb", "a\0b"s, "a\x7f"s);
    check_refused(errc::invalid_header_value, "X-Field", [&](auto& session, auto url) {
        session.get(url, {.headers = {{"X-Field", value}}});
    });
}

TEST_CASE("tabs and bytes above ASCII are allowed in a header value", "[session][D3]") {
    Server server;
    server.accept().answers(ok());
    Session session;
    session.get(server.url(), {.headers = {{"X-Field", "a\tb \xc3\xa9"}}});
    CHECK(server.request().field("X-Field") == "a\tb \xc3\xa9");
}

TEST_CASE("a duration of zero or less is refused by the option's name", "[session]") {
    SECTION("timeout") {
        check_refused(errc::invalid_option, "timeout", [](auto& s, auto url) { s.get(url, {.timeout = 0ms}); });
    }
    SECTION("connect_timeout") {
        check_refused(errc::invalid_option, "connect_timeout",
                      [](auto& s, auto url) { s.get(url, {.connect_timeout = -1ms}); });
    }
    SECTION("read_timeout") {
        check_refused(errc::invalid_option, "read_timeout",
                      [](auto& s, auto url) { s.get(url, {.read_timeout = 0ms}); });
    }
    SECTION("write_timeout") {
        check_refused(errc::invalid_option, "write_timeout",
                      [](auto& s, auto url) { s.get(url, {.write_timeout = -5s}); });
    }
    SECTION("pool_timeout") {
        check_refused(errc::invalid_option, "pool_timeout",
                      [](auto& s, auto url) { s.get(url, {.pool_timeout = 0ms}); });
    }
}

TEST_CASE("a session's malformed options are refused when it is made", "[session]") {
    auto refused = [](ferry::SessionOptions options) { return error_of([&] { Session session(options); }); };
    CHECK(refused({.base_url = "nonsense"}).code() == errc::url_missing_scheme);
    CHECK(refused({.headers = {{"Bad Name", ""}}}).code() == errc::invalid_header_name);
    CHECK(refused({.headers = {{"A", "b\r\nc"}}}).code() == errc::invalid_header_value);
    CHECK(refused({.headers = {{"Host", "virtual.example"}}}).code() == errc::invalid_option);
    CHECK(refused({.read_timeout = -1ms}).code() == errc::invalid_option);
    CHECK(refused({.pool = {.max_per_host = 0}}).code() == errc::invalid_option);
    CHECK(refused({.pool = {.max_total = 0}}).code() == errc::invalid_option);
}

TEST_CASE("framing that contradicts the body is refused", "[session][D4]") {
    SECTION("a Content-Length that is not the body's") {
        check_refused(errc::content_length_mismatch, "Content-Length: 5", [](auto& s, auto url) {
            s.post(url, {.headers = {{"content-length", "5"}}, .body = "four"});
        });
    }
    SECTION("a Content-Length without a body") {
        check_refused(errc::content_length_mismatch, "5", [](auto& s, auto url) {
            s.get(url, {.headers = {{"Content-Length", "5"}}});
        });
    }
    SECTION("one that is no number") {
        check_refused(errc::content_length_mismatch, "+4", [](auto& s, auto url) {
            s.post(url, {.headers = {{"Content-Length", "+4"}}, .body = "four"});
        });
    }
    SECTION("two of them") {
        check_refused(errc::content_length_mismatch, "", [](auto& s, auto url) {
            s.post(url, {.headers = {{"Content-Length", "4"}, {"Content-Length", "4"}}, .body = "four"});
        });
    }
    SECTION("a Transfer-Encoding of the caller's own") {
        check_refused(errc::content_length_mismatch, "Transfer-Encoding", [](auto& s, auto url) {
            s.post(url, {.headers = {{"Transfer-Encoding", "chunked"}}, .body = "four"});
        });
    }
}

TEST_CASE("a session's own fields cannot frame its requests", "[session][D4]") {
    auto field = GENERATE("Content-Length", "Transfer-Encoding");
    auto error = error_of([&] {
        Server server;
        Session session({.headers = {{field, "5"}}});
        session.post(server.url(), {.body = "four"});
    });
    CHECK(error.code() == ferry::condition::input);
}

TEST_CASE("a target that is no origin form is refused", "[session][D2]") {
    std::string target = GENERATE("path", "*", "/a b", "/a#b", "/a\r\nb", "http://other/");
    check_refused(errc::invalid_option, "target", [&](auto& s, auto url) { s.get(url, {.target = target}); });
}

TEST_CASE("a file that cannot be read is refused before anything is sent", "[session]") {
    check_refused(errc::body_not_readable, "no-such-file",
                  [](auto& s, auto url) { s.post(url, {.body = ferry::File{"/no-such-folder/no-such-file"}}); });
}

TEST_CASE("with an error_code nothing is thrown", "[session]") {
    Session session;
    std::error_code ec;
    auto r = session.get("nonsense", {}, ec);
    CHECK(ec == errc::url_missing_scheme);
    CHECK(ec == ferry::condition::input);
    CHECK(r.status == 0);
}
