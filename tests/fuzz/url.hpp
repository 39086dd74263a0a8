// What must hold for any bytes that are taken for a URL; run by the fuzzer and, over its corpus, by the tests.
#pragma once

#include "must.hpp"

#include <ferry/url.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace ferry::testing {

/// A URL that was parsed is in normal form, so parsing its text changes nothing; its parts make up its text.
inline void check_url(const Url& url) {
    std::error_code ec;
    const Url again = Url::parse(url.str(), ec);
    must(!ec && again == url && again.str() == url.str(), "the text of a URL parses as the same URL");
    must(again.authority() == url.authority() && again.port() == url.port(), "and has the same parts");
    std::string shouted(url.str());
    shouted[0] = 'H';  // So that it is not kept as it is, but written anew.
    must(Url::parse(shouted, ec) == url, "text that is kept is the text that would be written");
    for (const char c : url.str()) must(c > ' ' && c < '\x7f', "a URL holds visible ASCII only");
    must(url.target().starts_with('/'), "the target begins with a slash");
    must(url.target().find('#') == std::string_view::npos, "the target has no fragment");
    must(!url.authority().empty() && url.authority().find('@') == std::string_view::npos,
         "the authority has a host only");
    must(url.path().find("/./") == std::string_view::npos && !url.path().ends_with("/.."), "no dot segment is left");
    std::string whole(url.scheme());
    whole.append("://");
    if (url.has_userinfo()) whole.append(url.userinfo()).append("@");
    whole.append(url.host_and_port()).append(url.path());
    if (url.has_query()) whole.append("?").append(url.query());
    if (url.has_fragment()) whole.append("#").append(url.fragment());
    must(whole == url.str(), "the parts of a URL make up its text");
    must(url.password().empty() || to_string(url) != url.str() || url.password() == "***", "a password is not printed");
}

/// The bytes are a URL, a reference at several bases, and the text of a query.
inline void fuzz_url(std::span<const std::uint8_t> bytes) {
    const std::string text(bytes.begin(), bytes.end());
    std::error_code ec;
    const Url url = Url::parse(text, ec);
    must(url.empty() == static_cast<bool>(ec), "a fault leaves an empty URL");
    if (!ec) check_url(url);
    must(!detail::has_control(detail::printable_url(text)), "a log line stays one");

    Url reused("https://user:pass@[fe80::1%25eth0]:8443/a/b?c#d");
    must(reused.assign(text) == ec && reused == url, "memory that is reused makes no difference");
    reused = Url("http://h:81/a");
    must(reused.assign(text) == ec && reused == url, "nor does an authority that is the same");
    for (const Url& base : {Url("http://u:p@base.example:81/a/b/../c?d=e#f"), Url("https://[fe80::1%25eth0]/"), url}) {
        const Url target = base.resolve(text, ec);
        must(target.empty() == static_cast<bool>(ec), "a fault leaves an empty URL");
        if (!ec) check_url(target);
        must(reused.assign(base, text) == ec && reused == target, "resolving into memory that is reused is the same");
        Url longer = base;
        if (!longer.append_query(text)) check_url(longer);
    }
}

}  // namespace ferry::testing
