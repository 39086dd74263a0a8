// Dates of cookies, read as leniently as servers write them (RFC 6265bis 5.1.1).
#pragma once

#include <ferry/percent.hpp>
#include <ferry/token.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

namespace ferry::detail {

/// What may stand between the tokens of a date. A colon may not: it belongs to the time.
constexpr bool is_date_delimiter(char c) noexcept {
    return c == '\t' || (c >= ' ' && c <= '/') || (c >= ';' && c <= '@') || (c >= '[' && c <= '`') ||
           (c >= '{' && c <= '~');
}

/// Takes a number of `least` to `most` digits off the text; nothing when more or fewer stand there.
constexpr std::optional<int> take_number(std::string_view& text, std::size_t least, std::size_t most) noexcept {
    std::size_t n = 0;
    int value = 0;
    for (; n < text.size() && is_digit(text[n]); ++n) {
        if (n == most) return std::nullopt;
        value = value * 10 + static_cast<int>(digit_value(text[n]));
    }
    if (n < least) return std::nullopt;
    text.remove_prefix(n);
    return value;
}

/// Collects the parts of a date, each from the first token that has its shape.
class CookieDate {
public:
    void take(std::string_view token) noexcept {
        // In this order: a token of two digits is a day before it is a year.
        if (!time_ && (time_ = time_of(token))) return;
        if (!day_ && (day_ = take_number(token, 1, 2))) return;
        if (!month_ && (month_ = month_of(token))) return;
        if (!year_) year_ = take_number(token, 2, 4);
    }

    /// Seconds since 1970 in UTC; nothing when a part is missing or there is no such day or time.
    std::optional<std::chrono::sys_seconds> value() const noexcept {
        if (!time_ || !day_ || !month_ || !year_) return std::nullopt;
        const int year = *year_ >= 100 ? *year_ : *year_ + (*year_ >= 70 ? 1900 : 2000);
        const std::chrono::year_month_day date(std::chrono::year(year), std::chrono::month(*month_),
                                               std::chrono::day(static_cast<unsigned>(*day_)));
        if (year < 1601 || !date.ok() || time_->hour > 23 || time_->minute > 59 || time_->second > 59)
            return std::nullopt;
        return std::chrono::sys_days(date) + std::chrono::hours(time_->hour) + std::chrono::minutes(time_->minute) +
               std::chrono::seconds(time_->second);
    }

private:
    struct Time {
        int hour, minute, second;
    };

    static std::optional<Time> time_of(std::string_view token) noexcept {
        std::array<int, 3> parts{};
        for (std::size_t i = 0; i < parts.size(); ++i) {
            if (i > 0) {
                if (!token.starts_with(':')) return std::nullopt;
                token.remove_prefix(1);
            }
            const auto number = take_number(token, 1, 2);
            if (!number) return std::nullopt;
            parts[i] = *number;
        }
        return Time{parts[0], parts[1], parts[2]};
    }

    /// By the first three letters; what follows them does not count.
    static std::optional<unsigned> month_of(std::string_view token) noexcept {
        constexpr std::string_view names = "janfebmaraprmayjunjulaugsepoctnovdec";
        for (unsigned i = 0; i < 12; ++i)
            if (equal_ignoring_case(token.substr(0, 3), names.substr(i * 3, 3))) return i + 1;
        return std::nullopt;
    }

    std::optional<Time> time_;
    std::optional<int> day_, year_;
    std::optional<unsigned> month_;
};

/// Reads a date of almost any shape, such as `Sun, 06 Nov 1994 08:49:37 GMT` and `06-Nov-94 8:49:37`; always as UTC.
/// Nothing when it is not one.
inline std::optional<std::chrono::sys_seconds> parse_cookie_date(std::string_view text) noexcept {
    CookieDate date;
    while (!text.empty()) {
        std::size_t end = 0;
        while (end < text.size() && !is_date_delimiter(text[end])) ++end;
        if (end > 0) date.take(text.substr(0, end));
        text.remove_prefix(end < text.size() ? end + 1 : end);
    }
    return date.value();
}

}  // namespace ferry::detail
