// What must hold for any bytes in the fields that steer a session (Link, Location, Retry-After); run by the fuzzer and,
// over its corpus, by the tests.
#pragma once

#include "must.hpp"

#include <ferry/links.hpp>
#include <ferry/redirect_rules.hpp>
#include <ferry/response.hpp>
#include <ferry/retry_rules.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ferry::testing {

inline void fuzz_links(std::string_view value, const Url& base) {
    const auto links = detail::parse_links({{"Link", value}, {"Link", "</next>;rel=next"}}, base);
    must(links.size() <= detail::max_links, "links have a limit");
    must(links.size() == detail::max_links || find_link(links, "next"), "a field harms no other");
    for (auto& link : links) {
        must(!link.url.empty(), "a link leads somewhere");
        must(!detail::trim(link.rel).empty(), "a link has a relation");
    }
}

inline void fuzz_location(std::string_view value, const Url& from) {
    using kind = detail::redirect_verdict::kind;
    Response r;
    r.status = 307;
    r.headers = {{"Location", value}};
    const auto v = judge_redirect(detail::redirect_question{r.status, "PUT", from, r, r.headers}, RedirectOptions{});
    must((v.what == kind::fail) == static_cast<bool>(v.ec), "a fault has a code");
    must((v.what == kind::follow) == !v.url.empty(), "who follows goes somewhere");
    must(!detail::has_control(v.about), "a log line stays one");
    if (v.what != kind::follow) return;
    must(v.url.secure() || !from.secure(), "nothing goes from https to http");
    must(v.url.has_fragment() || !from.has_fragment(), "the fragment is inherited");
    const bool kept = v.drop_secrets != detail::secrets_dropped::all;
    must(kept || !v.url.has_userinfo() || value.find('@') != std::string_view::npos, "userinfo stays at its origin");
}

inline void fuzz_retry_after(std::string_view value) {
    const std::chrono::system_clock::time_point now{std::chrono::seconds(1'720'000'000)};
    const std::chrono::seconds longest{100};
    const auto wait = detail::retry_after({{"Retry-After", value}}, now, longest);
    must(!wait || (wait->count() >= 0 && *wait <= longest), "a wait is from nothing to the limit");
    const auto date = detail::parse_http_date(value, now);
    must(!date || wait, "a date is a Retry-After");
    must(!date || value.size() >= 24, "a date is whole");
}

/// The bytes are the value of each of the fields.
inline void fuzz_fields(std::span<const std::uint8_t> bytes) {
    const std::string text(bytes.begin(), bytes.end());
    for (const Url& url : {Url("http://u:p@h/a/b?c#d"), Url("https://[fe80::1%25eth0]:81/")}) {
        fuzz_links(text, url);
        fuzz_location(text, url);
    }
    fuzz_retry_after(text);
}

}  // namespace ferry::testing
