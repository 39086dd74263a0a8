// Cookies as a file in Netscape's format, which curl, wget and browsers' extensions read and write.
#pragma once

#include <ferry/cookie.hpp>
#include <ferry/error.hpp>
#include <ferry/io/descriptor.hpp>
#include <ferry/io/file_writer.hpp>
#include <ferry/public_suffix.hpp>
#include <ferry/token.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace ferry::detail {

/// Larger than any file that a jar of the usual limits writes.
inline constexpr std::size_t max_cookie_file = 32 * 1024 * 1024;

inline constexpr std::string_view http_only_mark = "#HttpOnly_";

/// Appends one line: domain, whether names under it count, path, whether Secure, expiry, name, value.
inline void append_cookie_line(std::string& out, const Cookie& cookie) {
    std::string_view domain = cookie.domain;
    if (domain.starts_with('[')) domain = domain.substr(1, domain.size() - 2);  // As curl has addresses.
    const auto expiry = cookie.expires ? std::chrono::floor<std::chrono::seconds>(*cookie.expires).time_since_epoch()
                                       : std::chrono::seconds(0);
    if (cookie.http_only) out.append(http_only_mark);
    if (!cookie.host_only) out.push_back('.');
    out.append(domain).append(cookie.host_only ? "\tFALSE\t" : "\tTRUE\t").append(cookie.path);
    out.append(cookie.secure ? "\tTRUE\t" : "\tFALSE\t").append(std::to_string(expiry.count()));
    out.append("\t").append(cookie.name).append("\t").append(cookie.value).append("\n");
}

inline std::string cookie_file_text(const std::vector<Cookie>& cookies, bool session_cookies) {
    std::string text("# Netscape HTTP Cookie File\n# Written by ferry. It holds secrets.\n\n");
    for (const auto& cookie : cookies)
        if (session_cookies || cookie.expires) append_cookie_line(text, cookie);
    return text;
}

/// Reads one line of a cookie file into `out`; returns what is wrong with it, empty when nothing is.
class CookieLine {
public:
    CookieLine(std::string_view line, cookie_time now) : now_(now) {
        http_only_ = line.starts_with(http_only_mark);
        if (http_only_) line.remove_prefix(http_only_mark.size());
        tabs_ = std::count(line.begin(), line.end(), '\t');
        for (std::size_t i = 0; i < 6; ++i) columns_[i] = take_until(line, '\t');
        columns_[6] = line;  // The value is all that is left, and may hold tabs.
    }

    std::string_view read(Cookie& out) const {
        if (tabs_ < 5) return "too few columns";
        const auto below = flag(columns_[1]), secure = flag(columns_[3]);
        if (!below || !secure) return "neither TRUE nor FALSE in the second or fourth column";
        if (!read_expiry(out)) return "no number in the fifth column";
        auto domain = columns_[0];
        if (domain.starts_with('.')) domain.remove_prefix(1);
        out.name = columns_[5];
        out.value = columns_[6];
        out.domain = domain;
        out.path = columns_[2];
        out.host_only = !*below;
        out.secure = *secure;
        out.http_only = http_only_;
        const auto fault = normalize(out, now_);
        // The list of suffixes grows: what was a domain when the file was written may have become one of them.
        if (fault.empty() && is_public_suffix(out.domain)) out.host_only = true;
        return fault;
    }

private:
    static std::optional<bool> flag(std::string_view text) noexcept {
        if (equal_ignoring_case(text, "TRUE")) return true;
        if (equal_ignoring_case(text, "FALSE")) return false;
        return std::nullopt;
    }

    /// Seconds since 1970; 0 is a session cookie. What is too large for a clock is far away, and no fault.
    bool read_expiry(Cookie& out) const noexcept {
        const auto text = columns_[4];
        if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return false;
        const auto latest = latest_expiry(now_);
        const auto last = std::chrono::floor<std::chrono::seconds>(latest.time_since_epoch()).count();
        std::uint64_t n = 0;
        const bool far = !parse_decimal(text, n) || n > static_cast<std::uint64_t>(last);
        if (far) out.expires = latest;
        else if (n > 0) out.expires = cookie_time(std::chrono::seconds(n));
        return true;
    }

    std::array<std::string_view, 7> columns_{};
    std::ptrdiff_t tabs_ = 0;  // Five will do: curl leaves the last one out when the value is empty.
    bool http_only_ = false;
    cookie_time now_;
};

[[noreturn]] inline void refuse_cookie_file(std::error_code ec, std::string_view where) {
    throw Error(ec, {}, Phase::input, RequestState::not_sent, where);
}

/// The cookies of a file's text that have not expired. `path` is for errors, which never show a line: it is secret.
inline std::vector<Cookie> parse_cookie_file(std::string_view text, const std::string& path, cookie_time now) {
    std::vector<Cookie> cookies;
    for (std::size_t number = 1; !text.empty(); ++number) {
        auto line = take_until(text, '\n');
        if (line.ends_with('\r')) line.remove_suffix(1);
        const bool comment = line.starts_with('#') && !line.starts_with(http_only_mark);
        if (comment || trim(line).empty()) continue;
        Cookie cookie;
        if (const auto fault = CookieLine(line, now).read(cookie); !fault.empty()) {
            refuse_cookie_file(errc::malformed_cookie_file,
                               path + ", line " + std::to_string(number) + ": " + std::string(fault));
        }
        if (!is_expired(cookie, now)) cookies.push_back(std::move(cookie));
    }
    return cookies;
}

/// Replaces the file in one step; nobody else may read it.
inline void write_cookie_file(const std::string& path, std::string_view text) {
    file_writer file;
    auto ec = file.open(path, 0600);
    if (!ec) ec = file.write(text);
    if (!ec) ec = file.commit();
    if (ec) refuse_cookie_file(ec, path);
}

inline std::string read_cookie_file(const std::string& path) {
    const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) refuse_cookie_file(last_error(), path);
    std::string text;
    for (std::array<char, 16 * 1024> block;;) {
        const auto n = ::read(file.get(), block.data(), block.size());
        if (n == 0) return text;
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) refuse_cookie_file(last_error(), path);
        text.append(block.data(), static_cast<std::size_t>(n));
        if (text.size() > max_cookie_file) refuse_cookie_file(std::make_error_code(std::errc::file_too_large), path);
    }
}

}  // namespace ferry::detail
