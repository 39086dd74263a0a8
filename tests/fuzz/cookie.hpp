// What must hold for any bytes that are taken for a Set-Cookie field or a cookie file; run by the fuzzer and, over its
// corpus, by the tests.
#pragma once

#include "must.hpp"

#include <ferry/cookies.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ferry::testing {

inline const CookieJar::time_point cookie_fuzz_now(std::chrono::seconds(1'700'000'000));

/// What a jar holds keeps every rule for cookies, and comes back the same from its file.
inline void check_cookies(const CookieJar& jar) {
    auto cookies = jar.all(cookie_fuzz_now);
    for (auto& cookie : cookies) {
        Cookie same = cookie;
        must(detail::normalize(same, cookie_fuzz_now).empty(), "a cookie that is kept is one that could be set");
        must(same == cookie, "a cookie that is kept is in normal form");
        cookie.same_site = SameSite::unset;  // The file has no place for it.
        if (cookie.expires) cookie.expires = std::chrono::floor<std::chrono::seconds>(*cookie.expires);
    }
    const auto text = detail::cookie_file_text(cookies, true);
    must(detail::parse_cookie_file(text, "file", cookie_fuzz_now) == cookies, "cookies come back from their file");
}

inline void fuzz_cookie(std::span<const std::uint8_t> bytes) {
    const std::string text(bytes.begin(), bytes.end());
    for (auto from : {"https://www.example.com/a/b", "http://127.0.0.1/", "http://localhost/"}) {
        CookieJar jar;
        const Url url(from);
        const bool taken = jar.store(url, text, cookie_fuzz_now);
        must(taken || jar.empty(), "a field that is refused sets nothing");
        check_cookies(jar);
        std::string out;
        jar.append_header(url, out, cookie_fuzz_now);
        must(detail::is_field_value(out), "what is sent is a field value");
        must(out.size() <= detail::max_cookie_size + 1, "what is sent is no longer than a cookie may be");
    }
    CookieJar jar;
    try {
        for (auto& cookie : detail::parse_cookie_file(text, "file", cookie_fuzz_now)) jar.set(cookie, cookie_fuzz_now);
    } catch (const Error& error) {
        must(error.code() == errc::malformed_cookie_file, "all that is wrong with a file is its text");
    }
    check_cookies(jar);
}

}  // namespace ferry::testing
