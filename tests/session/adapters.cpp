// Adapters in place of the network: which one answers, what it is asked, and what becomes of its answer.

#include "loopback.hpp"
#include "mock.hpp"

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using ferry::AdapterRequest;
using ferry::MockAdapter;

namespace {

std::string answered_by(Session& session, std::string_view url) { return session.get(url).body; }

}  // namespace

TEST_CASE("the longest prefix decides which adapter answers, whatever the order of mounting", "[session][adapter]") {
    Session session;
    const std::pair<const char*, const char*> mounted[] = {{"http://api.invalid/v1", "v1"},
                                                           {"http://", "all"},
                                                           {"http://api.invalid/v1/users", "users"},
                                                           {"http://api.invalid", "host"}};
    for (auto [prefix, name] : mounted) session.mount(prefix, named(name));
    CHECK(answered_by(session, "http://api.invalid/v1/users/7") == "users");
    CHECK(answered_by(session, "http://api.invalid/v1/teams") == "v1");
    CHECK(answered_by(session, "http://api.invalid/v10") == "v1");  // by characters, as in requests
    CHECK(answered_by(session, "http://api.invalid/?v1") == "host");
    CHECK(answered_by(session, "http://other.invalid/v1") == "all");
}

TEST_CASE("a prefix ends where its host ends", "[session][adapter]") {
    Session session;
    session.mount("http://", named("all"));
    session.mount("http://api.invalid", named("mine"));
    CHECK(answered_by(session, "http://api.invalid") == "mine");
    CHECK(answered_by(session, "http://api.invalid?q") == "mine");
    CHECK(answered_by(session, "http://api.invalid.evil.org/") == "all");
    CHECK(answered_by(session, "http://api.invalid:8080/") == "all");
    CHECK(answered_by(session, "http://api.invalid@evil.org/") == "all");
    CHECK(answered_by(session, "http://my.api.invalid/") == "all");
}

TEST_CASE("case, default port, userinfo and dot segments play no part in a prefix", "[session][adapter]") {
    Session session;
    session.mount("http://", named("all"));
    session.mount("HTTP://API.Invalid:80/a/./Path", named("mine"));
    CHECK(answered_by(session, "http://api.invalid/a/Path/b") == "mine");
    CHECK(answered_by(session, "http://user:pw@Api.INVALID/a/b/../Path") == "mine");
    CHECK(answered_by(session, "http://api.invalid/a/path") == "all");
    session.mount("http://api.invalid/a/Path", nullptr);  // the same one
    CHECK(answered_by(session, "http://api.invalid/a/Path/b") == "all");
}

TEST_CASE("a prefix that ends with a dot is all hosts that begin so", "[session][adapter]") {
    Session session;
    session.mount("http://", named("all"));
    session.mount("http://Internal.", named("internal"));
    CHECK(answered_by(session, "http://internal.example/") == "internal");
    CHECK(answered_by(session, "http://internal/") == "all");
}

TEST_CASE("what no URL begins with cannot be mounted", "[session][adapter]") {
    Session session;
    for (auto* prefix : {"", "http", "http:", "api.invalid", "ftp://h/", "http:///path", "http://h h/"}) {
        INFO(prefix);
        CHECK(error_of([&] { session.mount(prefix, named("x")); }).code() == ferry::condition::input);
    }
}

TEST_CASE("an adapter that is mounted again is replaced, and one that is taken away leaves the network",
          "[session][adapter]") {
    Server server;
    server.accept().answers(ok("network"));
    Session session;
    session.mount(server.url(), named("first"));
    session.mount(server.url(), named("second"));
    CHECK(answered_by(session, server.url()) == "second");
    session.mount(server.url(), nullptr);
    CHECK(answered_by(session, server.url()) == "network");
    session.mount("http://never.invalid/", nullptr);  // harmless
}

TEST_CASE("the end of an adapter that is taken away may mount another", "[session][adapter]") {
    Session session;
    struct Ending final : ferry::Adapter {
        explicit Ending(std::function<void()> f) : end(std::move(f)) {}
        ~Ending() override { end(); }
        ferry::Response send(const ferry::AdapterRequest&) override { return canned(200); }
        std::function<void()> end;
    };
    auto mounts = [&] { session.mount("http://other.invalid/", named("other")); };
    session.mount("http://first.invalid/", std::make_shared<Ending>(mounts));
    session.mount("http://first.invalid/", nullptr);
    CHECK(session.get("http://other.invalid/").body == "other");
}

TEST_CASE("an adapter sees what would have gone on the wire", "[session][adapter]") {
    auto mock = named("");
    Server server;
    server.accept().answers(ok());
    Session session({.params = {{"key", "k"}}, .headers = {{"X-Session", "s"}}});
    ferry::Options with{.params = {{"q", "a b"}},
                        .headers = {{"X-Mine", "m"}, {"X-Mine", "n"}, {"X-Empty", ""}},
                        .body = ferry::Form{{"f", "g"}},
                        .cookies = {{"c", "1"}},
                        .auth = ferry::basic("u", "p")};
    session.post(server.url("/path#fragment"), with);
    session.mount(server.url(), mock);
    session.post(server.url("/path#fragment"), with);
    REQUIRE(mock->requests().size() == 1);
    const auto asked = mock->requests()[0];
    auto sent = server.request();
    CHECK(asked.method == sent.method());
    CHECK(asked.target == sent.target());
    CHECK(asked.url.target() == asked.target);
    std::string head(sent.line());
    CHECK(head + "\r\n" + std::string(asked.headers.block()) + "\r\n" == sent.head());
    CHECK(asked.body == sent.body());
    CHECK(asked.trailers.empty());
}

TEST_CASE("an adapter gets bodies of each kind whole", "[session][adapter]") {
    auto mock = named("");
    Session session;
    session.mount("https://mock.invalid/", mock);
    const std::string large(300'000, 'x');
    auto sent = [&](ferry::Options with) {
        session.put("https://mock.invalid/", with);
        return mock->requests().back();
    };
    auto source = [&](std::optional<std::uint64_t> size) {
        ferry::Source from{.read = [left = std::string_view(large)](std::span<char> into) mutable {
            auto n = left.copy(into.data(), into.size());
            left.remove_prefix(n);
            return n;
        }};
        from.size = size;
        return from;
    };
    SECTION("none") {
        auto asked = sent({});
        CHECK(asked.body.empty());
        CHECK(asked.headers["content-length"] == "0");
    }
    SECTION("bytes") { CHECK((sent({.body = large}).body == large)); }
    SECTION("a source of unknown size") {
        auto asked = sent({.body = source({})});
        CHECK((asked.body == large));
        CHECK(asked.headers["transfer-encoding"] == "chunked");
    }
    SECTION("a source of known size") {
        auto asked = sent({.body = source(large.size())});
        CHECK((asked.body == large));
        CHECK(asked.headers["content-length"] == "300000");
    }
    SECTION("a source that lies about its size") {
        CHECK(error_of([&] { sent({.body = source(7)}); }).code() == ferry::errc::body_size_changed);
        CHECK(error_of([&] { sent({.body = source(300'001)}); }).code() == ferry::errc::body_size_changed);
    }
    SECTION("with trailers") {
        auto asked = sent({.body = large, .trailers = [] { return ferry::Headers{{"X-Sum", "7"}}; }});
        CHECK((asked.body == large));
        CHECK(asked.trailers == ferry::Headers{{"X-Sum", "7"}});
    }
    SECTION("with trailers that may not be some") {
        auto error = error_of([&] { sent({.body = large, .trailers = [] { return ferry::Headers{{"Host", "h"}}; }}); });
        CHECK(error.code() == ferry::errc::invalid_header_name);
    }
    SECTION("compressed, in memory and from a source") {
        auto one = sent({.body = large, .compress = true}), two = sent({.body = source({}), .compress = true});
        CHECK(one.headers["content-encoding"] == "gzip");
        CHECK(two.headers["content-encoding"] == "gzip");
        CHECK(one.body.starts_with("\x1f\x8b"));
        CHECK((one.body == two.body));
    }
}

TEST_CASE("an https URL that an adapter answers needs no TLS", "[session][adapter]") {
    Session session;
    session.mount("https://mock.invalid/", named("secure"));
    auto r = session.get("https://user:pw@mock.invalid/a?b");
    CHECK(r.body == "secure");
    CHECK(to_string(r.url) == "https://user:***@mock.invalid/a?b");
    CHECK(r.connection.id == 0);
    CHECK(session.stats().opened == 0);
}

TEST_CASE("an adapter's response arrives with all that it has", "[session][adapter]") {
    auto answer = canned(299, "body", {{"X-A", "b"}, {"x-a", "c"}});
    answer.reason = "Odd";
    answer.trailers.add("X-T", "t");
    Session session;
    session.mount("http://mock.invalid/", plays({answer}));
    auto r = session.get("http://mock.invalid/");
    CHECK(r.status == 299);
    CHECK(r.reason == "Odd");
    CHECK(r.headers == answer.headers);
    CHECK(r.trailers == answer.trailers);
    CHECK(r.body == "body");
    CHECK(r.elapsed.count() > 0);
    CHECK(session.head("http://mock.invalid/").body.empty());
}

TEST_CASE("an adapter's body that is too large for memory is an error, and a stream of it is not",
          "[session][adapter]") {
    std::array<char, 20> piece;
    Session session({.max_body = 9});
    session.mount("http://mock.invalid/", named("0123456789"));
    auto error = error_of([&] { session.get("http://mock.invalid/"); });
    CHECK(error.code() == ferry::errc::body_too_large);
    REQUIRE(error.partial());
    CHECK(error.partial()->status == 200);
    CHECK(session.get("http://mock.invalid/", {.max_body = 10}).body.size() == 10);
    CHECK(session.stream("http://mock.invalid/").read_some(piece) == 10);
}

TEST_CASE("an adapter's status that cannot be is an error", "[session][adapter]") {
    auto status = GENERATE(0, -1, 100, 199, 1000);
    Session session;
    session.mount("http://mock.invalid/", plays({canned(status)}));
    auto error = error_of([&] { session.get("http://mock.invalid/"); });
    CHECK(error.code() == ferry::errc::invalid_status);
    CHECK(error.request_state() == ferry::RequestState::response_started);
    CHECK(error.partial() == nullptr);
}

TEST_CASE("what an adapter throws ends the call", "[session][adapter]") {
    auto mock = std::make_shared<MockAdapter>(
        [](const AdapterRequest&) -> ferry::Response { throw std::runtime_error("no answer from here"); });
    Session session;
    session.mount("http://mock.invalid/", mock);
    auto how = [&](auto call) {
        try {
            call();
        } catch (const std::exception& error) {
            return says(error, "no answer from here");
        }
        return false;
    };
    CHECK(how([&] { session.get("http://mock.invalid/"); }));
    CHECK(how([&] { session.stream("http://mock.invalid/"); }));
    CHECK(mock->requests().size() == 2);
    session.mount("http://mock.invalid/", named("lives"));
    CHECK(answered_by(session, "http://mock.invalid/") == "lives");
}
