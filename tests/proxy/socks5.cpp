// SOCKS5 as bytes: what is asked, every way in which the answers can be cut, and every way in which they can be wrong.

#include "catch.hpp"

#include <ferry/proxy/socks5.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

using namespace ferry;
using detail::Socks5;

namespace {

template <std::size_t N> std::string bytes(const char (&text)[N]) { return {text, N - 1}; }

const std::string accepts = bytes("\x05\x00"), asks_for_user = bytes("\x05\x02"), lets_in = bytes("\x01\x00");
const std::string reply4 = bytes("\x05\x00\x00\x01\x7f\x00\x00\x01\x1f\x90");
const std::string reply6 = bytes("\x05\x00\x00\x04") + std::string(16, '\x01') + bytes("\x1f\x90");
const std::string reply_name = bytes("\x05\x00\x00\x03\x04host\x1f\x90");
const std::string longest_reply = bytes("\x05\x00\x00\x03\xff") + std::string(255, 'x') + bytes("\x1f\x90");
const std::string no_name = bytes("\x05\x00\x00\x03\x00\x1f\x90");

struct Outcome {
    std::string said;  // by the client
    bool open = false;
    std::error_code fault;
    std::string why;
    std::size_t used = 0;

    /// Of what is at fault, more may have been read than was needed to see it.
    bool operator==(const Outcome& o) const {
        return said == o.said && open == o.open && fault == o.fault && why == o.why && (!open || used == o.used);
    }
};

/// Plays the proxy's answers: what comes in one read ends at each of `cuts`; a read takes no more than is wanted.
Outcome play(Socks5 s, std::string_view answers, std::vector<std::size_t> cuts = {}) {
    Outcome o;
    const auto send = [&] {
        while (!s.to_send().empty()) {
            o.said += s.to_send().front();
            s.sent(1);
        }
    };
    send();
    cuts.push_back(answers.size());
    for (const auto cut : cuts) {
        while (!s.finished() && o.used < cut) {
            const auto n = s.feed(answers.substr(o.used, std::min(cut - o.used, s.wanted())));
            CHECK(n > 0);
            o.used += n;
            send();
        }
    }
    if (!s.finished()) s.closed();
    CHECK(s.wanted() == 0);
    CHECK(s.to_send().empty());
    o.open = s.open();
    o.fault = s.fault();
    o.why = s.why();
    CHECK(o.open == !o.fault);
    CHECK(o.why.empty() == o.open);
    return o;
}

/// The same, for every place and every two places to cut the answers at.
Outcome play_everyhow(const Socks5& s, std::string_view answers) {
    const auto whole = play(s, answers);
    std::vector<std::size_t> all;
    for (std::size_t i = 1; i < answers.size(); ++i) {
        CHECK(play(s, answers, {i}) == whole);
        all.push_back(i);
        if (answers.size() < 50)
            for (auto j = i + 1; j < answers.size(); ++j) CHECK(play(s, answers, {i, j}) == whole);
    }
    CHECK(play(s, answers, all) == whole);
    return whole;
}

const Proxy plain("socks5h://p"), with_user("socks5h://user:secret@p");

Socks5 to_name(const Proxy& p = plain) { return {p, "example.com", 443}; }

const std::string greeting = bytes("\x05\x01\x00"), greeting_with_user = bytes("\x05\x02\x00\x02");
const std::string credentials = bytes("\x01\x04user\x06secret");
const std::string request = bytes("\x05\x01\x00\x03\x0b") + "example.com" + bytes("\x01\xbb");

Outcome failure(std::string_view answers, errc expected, const Proxy& p = plain) {
    auto o = play_everyhow(to_name(p), answers);
    CHECK_FALSE(o.open);
    CHECK(o.fault == expected);
    CHECK(o.fault == condition::network);
    CHECK(o.why.starts_with("proxy socks5h://p:1080: it "));
    CHECK(o.why.find("secret") == std::string::npos);
    return o;
}

}  // namespace

TEST_CASE("a name is left to the SOCKS proxy to resolve", "[proxy][H3]") {
    const auto o = play_everyhow(to_name(), accepts + reply4);
    CHECK(o.open);
    CHECK(o.said == greeting + request);
}

TEST_CASE("a SOCKS proxy gets user and password when it asks for them", "[proxy][H3]") {
    const auto o = play_everyhow(to_name(with_user), asks_for_user + lets_in + reply4);
    CHECK(o.open);
    CHECK(o.said == greeting_with_user + credentials + request);
    CHECK(play_everyhow(to_name(with_user), accepts + reply4).said == greeting_with_user + request);
    CHECK(play_everyhow(to_name(with_user), asks_for_user + bytes("\x05\x00") + reply4).open);
}

TEST_CASE("an address that was resolved here goes to the SOCKS proxy as such", "[proxy][H3]") {
    auto four = detail::parse_address("192.0.2.1").value(), six = detail::parse_address("2001:db8::1").value();
    four.port = 80, six.port = 0x1234;
    const Proxy p("socks5://p");
    CHECK(play({p, four}, accepts + reply4).said == greeting + bytes("\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x50"));
    CHECK(play({p, six}, accepts + reply4).said ==
          greeting + bytes("\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x12\x34"));
    CHECK(play({plain, "192.0.2.1", 80}, accepts + reply4).said == play({p, four}, accepts + reply4).said);
    CHECK(play({plain, "[2001:db8::1]", 0x1234}, accepts + reply4).said == play({p, six}, accepts + reply4).said);
    CHECK(play({plain, "[2001:db8::1%25eth0]", 0x1234}, accepts + reply4).said ==
          play({p, six}, accepts + reply4).said);
}

TEST_CASE("a SOCKS reply may hold an address of each kind, which is passed over", "[proxy][H3]") {
    for (const auto& reply : {reply4, reply6, reply_name, longest_reply, no_name}) {
        const auto answers = accepts + reply;
        const auto o = play_everyhow(to_name(), answers);
        CHECK(o.open);
        CHECK(o.used == answers.size());
    }
}

TEST_CASE("what comes behind a SOCKS reply is the server's", "[proxy][H3]") {
    Socks5 s = to_name();
    CHECK(s.feed(accepts + reply_name + "HTTP/1.1 200 OK") == accepts.size() + reply_name.size());
    CHECK(s.open());
    CHECK(s.feed("HTTP") == 0);
}

TEST_CASE("SOCKS answers cut short are a fault of the proxy, wherever that is", "[proxy][H3]") {
    const auto answers = asks_for_user + lets_in + reply_name;
    for (std::size_t n = 0; n < answers.size(); ++n) {
        CAPTURE(n);
        const auto o = failure(answers.substr(0, n), errc::proxy_closed, with_user);
        CHECK(o.used == n);
    }
    CHECK(failure("", errc::proxy_closed).why.ends_with("instead of answering the greeting"));
    CHECK(failure(accepts, errc::proxy_closed).why.ends_with("instead of answering the request"));
    CHECK(failure(accepts + "\x05", errc::proxy_closed).why.ends_with("in the middle of its answer"));
}

TEST_CASE("each refusal of a SOCKS proxy has a text of its own", "[proxy][H3]") {
    std::vector<std::string> texts;
    for (int code = 1; code <= 9; ++code) {
        const std::string cut{'\x05', static_cast<char>(code)};  // Some send no more than this.
        auto o = play_everyhow(to_name(), accepts + cut);
        CHECK(o.fault == errc::proxy_refused);
        CHECK(o.why.find("(SOCKS reply " + std::to_string(code) + ")") != std::string::npos);
        CHECK(play(to_name(), accepts + cut + bytes("\0\x01\0\0\0\0\0\0")).why == o.why);
        texts.push_back(std::string(detail::describe_socks_reply(static_cast<unsigned char>(code))));
    }
    std::sort(texts.begin(), texts.end());
    CHECK(std::adjacent_find(texts.begin(), texts.end()) == texts.end());
    CHECK(play(to_name(), accepts + "\x05\x05").why == "proxy socks5h://p:1080: connection refused (SOCKS reply 5)");
    CHECK(play(to_name(), accepts + "\x05\xff").why.find("(SOCKS reply 255)") != std::string::npos);
}

TEST_CASE("a SOCKS proxy that wants credentials says so", "[proxy][H3]") {
    failure("\x05\xff", errc::proxy_auth_required);
    failure("\x05\xff", errc::proxy_auth_refused, with_user);
    failure(asks_for_user + "\x01\x01", errc::proxy_auth_refused, with_user);
    failure(asks_for_user + "\x01\xff", errc::proxy_auth_refused, with_user);
}

TEST_CASE("a proxy that does not speak SOCKS is found out at its first byte", "[proxy][H3]") {
    CHECK(failure("HTTP/1.1 400 Bad Request\r\n\r\n", errc::proxy_malformed).why.ends_with("perhaps HTTP"));
    for (const auto& garbage : {bytes("\0\x5a"), bytes("\x04\x00"), std::string("SSH-2.0\r\n"), std::string("\xff")})
        CHECK(failure(garbage, errc::proxy_malformed) == failure(garbage.substr(0, 1), errc::proxy_malformed));
}

TEST_CASE("a malformed SOCKS answer is refused", "[proxy][H3]") {
    failure("\x05\x01", errc::proxy_malformed);  // GSSAPI, which was not offered
    failure(asks_for_user, errc::proxy_malformed);
    failure("\x05\x80", errc::proxy_malformed, with_user);
    failure(asks_for_user + bytes("\x02\x00"), errc::proxy_malformed, with_user);
    failure(accepts + bytes("\x04\x00"), errc::proxy_malformed);
    failure(accepts + bytes("\x05\x00\x00\x02\x00"), errc::proxy_malformed);
    failure(accepts + bytes("\x05\x00\x00\x00\x00"), errc::proxy_malformed);
}

TEST_CASE("no byte goes to a SOCKS proxy for a host that it cannot be told", "[proxy][H3]") {
    for (const auto& host : {std::string(256, 'x'), std::string()}) {
        const Socks5 s(plain, host, 80);
        CHECK(s.finished());
        CHECK(s.fault() == errc::url_invalid_host);
        CHECK(s.to_send().empty());
    }
    const std::string most(255, 'x');
    CHECK(play({plain, most, 80}, accepts + reply4).said ==
          greeting + bytes("\x05\x01\x00\x03\xff") + most + bytes("\0P"));
}

TEST_CASE("no byte goes to a SOCKS proxy for credentials that it cannot be told", "[proxy][H3]") {
    const Proxy p("http://user:" + std::string(256, 'x') + "@p");
    const Socks5 s(p, "h", 80);
    CHECK(s.fault() == errc::invalid_proxy);
    CHECK(s.to_send().empty());
    const std::string most(255, 'x');
    const auto o = play({Proxy("socks5h://" + most + ":" + most + "@p"), "h", 80}, asks_for_user + lets_in + reply4);
    CHECK(o.open);
    CHECK(o.said.find("\x01\xff" + most + "\xff" + most) == greeting_with_user.size());
}
