// What must hold for any answer of a SOCKS proxy, any proxy URL and any no_proxy; run by the fuzzer and, over its
// corpus, by the tests.
#pragma once

#include "must.hpp"

#include <ferry/proxy/socks5.hpp>
#include <ferry/proxy_rules.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace ferry::testing {

struct SocksEnd {
    std::string said;
    bool open = false;
    std::error_code fault;
    std::string why;
};

/// Plays the answers in pieces of at most `piece` bytes, then the end of the connection.
inline SocksEnd play_socks(detail::Socks5 s, std::string_view answers, std::size_t piece) {
    SocksEnd end;
    for (;;) {
        end.said += s.to_send();
        s.sent(s.to_send().size());
        if (s.finished()) break;
        must(s.wanted() > 0 && s.wanted() <= 258, "as much is wanted as a reply holds");
        const auto some = answers.substr(0, std::min(piece, s.wanted()));
        if (some.empty()) {
            s.closed();
            continue;
        }
        must(s.feed(some) == some.size(), "what is wanted is taken");
        answers.remove_prefix(some.size());
    }
    must(s.open() == !s.fault() && s.why().empty() == s.open(), "a fault has a text");
    return {end.said, s.open(), s.fault(), s.why()};
}

inline void fuzz_socks(std::string_view answers, bool with_user) {
    const Proxy proxy(with_user ? "socks5h://user:secret@p" : "socks5h://p");
    const detail::Socks5 s(proxy, "example.com", 443);
    const auto whole = play_socks(s, answers, answers.size() + 1), bytes = play_socks(s, answers, 1);
    must(whole.said == bytes.said && whole.fault == bytes.fault && whole.why == bytes.why, "cuts make no difference");
    must(whole.said.size() <= 100, "no more is said than the protocol has to say");
    must(whole.why.find("secret") == std::string::npos, "a password is not told");
}

inline void fuzz_proxy_url(std::string_view text) {
    std::error_code ec;
    std::string why;
    const auto p = Proxy::parse(text, ec, &why);
    must(p.said() == !ec && static_cast<bool>(p) == !ec, "a proxy or a fault");
    must(why.empty() == !ec, "a fault has a text");
    must(!detail::has_control(why), "a log line stays one");
    if (ec) return;
    must(Proxy(p.name()).name() == p.name(), "a proxy's name is its URL");
    must(p.port() != 0 && !p.hostname().empty(), "a proxy is somewhere");
    must(!p.auth() || p.is_http(), "SOCKS has no fields");
    must(p.key().starts_with(p.name()), "the key tells what the name tells");
}

inline void fuzz_no_proxy(std::string_view list) {
    const auto all = NoProxy::parse(list);
    must(all.size() <= list.size(), "an entry has at least a byte");
    for (const char* text : {"http://example.com/", "https://a.example.com:8443/", "http://192.0.2.1/",
                             "http://[2001:db8::1%25eth0]:8080/", "http://[::ffff:192.0.2.1]/"}) {
        const Url url(text);
        const auto entry = all.find(url);
        if (!entry) continue;
        must(list.find(*entry) != std::string_view::npos, "the entry stands in the list");
        const auto alone = NoProxy::parse(*entry);
        must(alone.find(url).has_value(), "the entry alone covers the host");
    }
}

/// The first byte says what the others are.
inline void fuzz_proxy(std::span<const std::uint8_t> data) {
    if (data.empty()) return;
    const std::string text(data.begin() + 1, data.end());
    switch (data[0]) {
    case 's': return fuzz_socks(text, false);
    case 'u': return fuzz_socks(text, true);
    case 'p': return fuzz_proxy_url(text);
    default: return fuzz_no_proxy(text);
    }
}

}  // namespace ferry::testing
