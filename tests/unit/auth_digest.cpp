// Digest as a scheme: what it remembers of servers, what it answers, and how threads share it.

#include "catch.hpp"
#include "errors.hpp"

#include <ferry/auth.hpp>
#include <ferry/auth_exchange.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace ferry;
using ferry::testing::error_of;

#if FERRY_HAS_TLS

namespace {

const Url server("http://h/dir/page");

std::string offer(std::string_view nonce, std::string_view more = {}) {
    return "Digest realm=r, qop=auth, nonce=" + std::string(nonce) + std::string(more);
}

/// A parameter of a field that was sent; "-" when there is none.
std::string part(const std::string& field, std::string_view name) {
    const auto all = detail::parse_challenges({field});
    return all.empty() ? "-" : std::string(all[0].find(name).value_or("-"));
}

/// A scheme and the requests that go through it.
struct Client {
    Auth auth = digest("u", "p");

    std::string sends(const Url& to = server, unsigned answered = 0, bool proxy = false) const {
        return auth.scheme()->authorize({"GET", to.target(), to, proxy, answered});
    }
    /// Nonce and count of the next request.
    std::string next(const Url& to = server) const {
        const auto field = sends(to);
        return field.empty() ? "nothing" : part(field, "nonce") + " " + part(field, "nc");
    }
    bool answers(const std::string& challenge, const std::string& sent = {}, unsigned answered = 0,
                 const Url& to = server, bool proxy = false) const {
        return auth.scheme()->challenged(detail::parse_challenges({challenge}),
                                         {"GET", to.target(), to, proxy, answered}, sent);
    }
    void accepted(std::string_view info, const std::string& sent) const {
        auth.scheme()->accepted(info, {"GET", server.target(), server}, sent);
    }
};

}  // namespace

TEST_CASE("a challenge answered once serves later requests, each with the next count", "[auth][digest][G1]") {
    const Client c;
    CHECK(c.next() == "nothing");
    REQUIRE(c.answers(offer("n1")));
    CHECK(c.next() == "n1 00000001");
    CHECK(c.next() == "n1 00000002");
    CHECK(part(c.sends(Url("http://h/other")), "uri") == "/other");
    CHECK(c.next() == "n1 00000004");
}

TEST_CASE("the client's part stays for a nonce and changes with it", "[auth][digest][G1]") {
    const Client c;
    REQUIRE(c.answers(offer("n1")));
    const auto first = c.sends(), second = c.sends();
    CHECK(part(first, "cnonce") == part(second, "cnonce"));
    CHECK(part(first, "response") != part(second, "response"));
    REQUIRE(c.answers(offer("n2"), second));
    CHECK(part(c.sends(), "cnonce") != part(first, "cnonce"));
}

TEST_CASE("a refused answer is final, and forgotten", "[auth][digest][G3]") {
    const Client c;
    REQUIRE(c.answers(offer("n1")));
    const auto sent = c.sends(server, 1);
    CHECK_FALSE(c.answers(offer("n2"), sent, 1));
    CHECK(c.next() == "nothing");
    CHECK(c.answers(offer("n3")));
}

TEST_CASE("the same nonce is not answered twice, stale or not", "[auth][digest][G3]") {
    for (const auto* more : {"", ", stale=true"}) {
        const Client c;
        REQUIRE(c.answers(offer("n1")));
        CHECK_FALSE(c.answers(offer("n1", more), c.sends()));
        CHECK(c.next() == "nothing");
    }
}

TEST_CASE("a nonce that grew stale is replaced, also in an answer", "[auth][digest][G1]") {
    const Client c;
    REQUIRE(c.answers(offer("n1")));
    CHECK(c.answers(offer("n2", ", stale=true"), c.sends(), 0));
    CHECK(c.answers(offer("n3", ", stale=TRUE"), c.sends(), 1));
    CHECK(c.next() == "n3 00000001");
}

TEST_CASE("a server that forgot a nonce without saying so is answered once", "[auth][digest][G3]") {
    const Client c;
    REQUIRE(c.answers(offer("n1")));
    static_cast<void>(c.sends());
    CHECK(c.answers(offer("n2"), c.sends(), 0));
    CHECK_FALSE(c.answers(offer("n3"), c.sends(), 1));
}

TEST_CASE("a challenge of another realm is another challenge", "[auth][digest][G3]") {
    const Client c;
    REQUIRE(c.answers(offer("n1")));
    CHECK(c.answers("Digest realm=s, qop=auth, nonce=n2", c.sends(), 1));
    CHECK(part(c.sends(), "realm") == "s");
}

TEST_CASE("a newer nonce of another thread is used", "[auth][digest][G1]") {
    const Client c;
    REQUIRE(c.answers(offer("n1")));
    const auto mine = c.sends(), theirs = c.sends();
    REQUIRE(c.answers(offer("n2", ", stale=true"), theirs));
    CHECK(c.answers(offer("n3", ", stale=true"), mine));
    CHECK(c.next() == "n2 00000001");
    // Two first requests at once: the second takes the nonce that the first was given.
    CHECK(c.answers(offer("n4")));
    CHECK(c.next() == "n2 00000002");
    // One of another realm is of no use.
    CHECK(c.answers("Digest realm=s, qop=auth, nonce=n5", mine));
    CHECK(c.next() == "n5 00000001");
}

TEST_CASE("an answer refused late does not take a newer nonce along", "[auth][digest][G1][G3]") {
    const Client c;
    REQUIRE(c.answers(offer("n1")));
    const auto late = c.sends(server, 1);
    REQUIRE(c.answers(offer("n2", ", stale=true"), c.sends()));
    CHECK_FALSE(c.answers(offer("n3"), late, 1));
    CHECK(c.next() == "n2 00000001");
}

TEST_CASE("each server has a nonce of its own, and so has a proxy", "[auth][digest][G1][H1]") {
    const Client c;
    const Url other("http://other/"), port("http://h:81/"), tls("https://h/");
    REQUIRE(c.answers(offer("n1")));
    for (const auto* url : {&other, &port, &tls}) CHECK(c.next(*url) == "nothing");
    CHECK(c.sends(server, 0, true).empty());
    REQUIRE(c.answers(offer("n2"), {}, 0, other));
    REQUIRE(c.answers(offer("n3", ", domain=\"/x\""), {}, 0, server, true));
    CHECK(c.next(other) == "n2 00000001");
    CHECK(part(c.sends(server, 0, true), "nonce") == "n3");  // A domain means nothing to a proxy.
    CHECK(c.next() == "n1 00000001");
}

TEST_CASE("a domain limits what is authenticated beforehand", "[auth][digest][G1]") {
    const Client c;
    const Url private_page("http://h/private/a?b"), relative("http://h/dir/sub/x"), outside("http://h/public");
    REQUIRE(c.answers(offer("n1", ", domain=\"/private http://elsewhere/ sub/  http://[\"")));
    CHECK(c.next(private_page) == "n1 00000001");
    CHECK(c.next(relative) == "n1 00000002");
    CHECK(c.next(outside) == "nothing");
    CHECK(c.next(Url("http://elsewhere/")) == "nothing");
    // What is outside is answered when it asks.
    CHECK(c.answers(offer("n2", ", domain=\"/public\""), {}, 0, outside));
    CHECK(c.next(outside) == "n2 00000001");
    CHECK(c.next(private_page) == "nothing");
}

TEST_CASE("a next nonce is taken from the response that answers the newest", "[auth][digest][G1]") {
    const Client c;
    REQUIRE(c.answers(offer("n1", ", opaque=o")));
    const auto one = c.sends(), two = c.sends();
    c.accepted("nextnonce=\"n2\", qop=auth", one);
    c.accepted("nextnonce=\"n3\"", two);
    CHECK(c.next() == "n2 00000001");
    const auto field = c.sends();
    CHECK(part(field, "opaque") == "o");
    for (const auto* nothing : {"", "nextnonce=\"\"", "nextnonce", "rspauth=x", "\"", "nextnonce=\"\\\n\""})
        c.accepted(nothing, field);
    c.accepted("nextnonce=n4", "");
    c.accepted("nextnonce=n4", "Basic dTpw");
    CHECK(c.next() == "n2 00000003");
}

TEST_CASE("a next nonce that grew stale unused is replaced", "[auth][digest][G1]") {
    const Client c;
    REQUIRE(c.answers(offer("n1")));
    c.accepted("nextnonce=n2", c.sends());
    CHECK(c.answers(offer("n3", ", stale=true"), c.sends()));
    CHECK(c.next() == "n3 00000001");
}

TEST_CASE("challenges that Digest cannot answer are the result", "[auth][digest][G1]") {
    const Client c;
    CHECK_FALSE(c.answers("Basic realm=r"));
    CHECK_FALSE(c.answers("Digest realm=r, nonce=n, qop=auth-int"));
    CHECK_FALSE(c.answers(""));
    CHECK(c.next() == "nothing");
}

TEST_CASE("a server that refuses for ever ends the exchange", "[auth][digest][G3]") {
    int nonce = 0;
    const auto requests_until_the_end = [&](std::string_view more) {
        detail::AuthExchange exchange(digest("u", "p"));
        for (int sent = 1;; ++sent) {
            REQUIRE_FALSE(exchange.prepare("GET", "/", server));
            REQUIRE(sent < 100);
            const auto field = offer(std::to_string(++nonce), more);
            if (!exchange.answers(401, {{"WWW-Authenticate", field}}, "GET", "/", server)) return sent;
        }
    };
    CHECK(requests_until_the_end("") == 2);
    CHECK(requests_until_the_end(", stale=true") == 5);
}

TEST_CASE("only so many servers are remembered", "[auth][digest][G1]") {
    const Client c;
    const auto host = [](std::size_t i) { return Url("http://h" + std::to_string(i) + "/"); };
    const auto count = detail::DigestScheme::max_servers + 1;
    for (std::size_t i = 0; i < count; ++i) REQUIRE(c.answers(offer("n"), {}, 0, host(i)));
    CHECK(c.next(host(0)) == "nothing");
    CHECK(c.next(host(1)) == "n 00000001");
    CHECK(c.next(host(count - 1)) == "n 00000001");
}

TEST_CASE("threads share a nonce and never a count", "[auth][digest][threads][G1]") {
    constexpr std::size_t threads = 4, requests = 500;
    const Client c;
    REQUIRE(c.answers(offer("n0")));
    std::vector<std::vector<std::string>> used(threads);
    std::vector<std::thread> running;
    for (std::size_t t = 0; t < threads; ++t) {
        running.emplace_back([&, t] {
            for (std::size_t i = 0; i < requests; ++i) {
                const auto field = c.sends();
                used[t].push_back(part(field, "nonce") + " " + part(field, "nc"));
                // Now and then the server finds a nonce too old, and gives every thread that asks another one.
                if (i % 100 == 99) {
                    const auto nonce = std::to_string(t) + "-" + std::to_string(i);
                    if (!c.answers(offer(nonce, ", stale=true"), field)) used[t].push_back("refused");
                }
            }
        });
    }
    for (auto& thread : running) thread.join();
    std::vector<std::string> all;
    for (const auto& some : used) all.insert(all.end(), some.begin(), some.end());
    CHECK(all.size() == threads * requests);
    std::sort(all.begin(), all.end());
    CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
    CHECK(std::count(all.begin(), all.end(), "- -") == 0);
}

TEST_CASE("Digest refuses control characters, and does not say them aloud", "[auth][digest][G1]") {
    for (const auto& bad : {std::pair{"hid\nden", "p"}, std::pair{"u", "hid\rden"}}) {
        const auto error = error_of([&] { static_cast<void>(digest(bad.first, bad.second)); });
        CHECK(error.code() == errc::invalid_option);
        CHECK(std::string_view(error.what()).find("hid") == std::string_view::npos);
    }
}

#else

TEST_CASE("without OpenSSL Digest says that it is not there", "[auth][digest][G1]") {
    const auto error = error_of([] { static_cast<void>(digest("u", "p")); });
    CHECK(error.code() == errc::digest_not_available);
    CHECK(error.phase() == Phase::input);
}

#endif
