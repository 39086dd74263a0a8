// Dates in header fields (RFC 9110 5.6.7), in all of their three forms. Cookies have dates of their own.
#pragma once

#include <ferry/percent.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

namespace ferry::detail {

/// Takes a date apart from its beginning. Whatever does not fit makes it invalid, and it stays so.
class date_reader {
public:
    explicit date_reader(std::string_view text) noexcept : text_(text) {}

    /// All of it was read, and all of it fitted.
    bool whole() const noexcept { return valid_ && text_.empty(); }

    date_reader& literal(std::string_view expected) noexcept {
        if (text_.starts_with(expected)) text_.remove_prefix(expected.size());
        else valid_ = false;
        return *this;
    }

    /// A number of exactly so many digits; with `padded`, a space may stand in place of the first.
    unsigned number(std::size_t digits, bool padded = false) noexcept {
        if (text_.size() < digits) valid_ = false;
        unsigned value = 0;
        for (std::size_t i = 0; valid_ && i < digits; ++i) {
            const bool pad = padded && i == 0 && text_[i] == ' ';
            if (!pad && !is_digit(text_[i])) valid_ = false;
            else if (!pad) value = value * 10 + digit_value(text_[i]);
        }
        text_.remove_prefix(valid_ ? digits : 0);
        return value;
    }

    /// The index of the name that stands here; of its first letters only when `letters` says how many. Names are
    /// case-sensitive.
    template <std::size_t n>
    unsigned name(const std::array<std::string_view, n>& names, std::size_t letters = std::string_view::npos) noexcept {
        for (unsigned i = 0; i < n; ++i) {
            const auto expected = names[i].substr(0, letters);
            if (!text_.starts_with(expected)) continue;
            text_.remove_prefix(expected.size());
            return i;
        }
        valid_ = false;
        return 0;
    }

private:
    std::string_view text_;
    bool valid_ = true;
};

inline constexpr std::array<std::string_view, 7> day_names{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                           "Thursday", "Friday", "Saturday"};
inline constexpr std::array<std::string_view, 12> month_names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct date_parts {
    unsigned weekday = 0, day = 0, month = 0;  // the month from 0
    int year = 0;
    unsigned hour = 0, minute = 0, second = 0;

    std::chrono::year_month_day date() const noexcept {
        return {std::chrono::year(year), std::chrono::month(month + 1), std::chrono::day(day)};
    }
    /// Whether there is such a day, by that name, and such a time. Only a day's last second may be a leap second.
    bool exists() const noexcept {
        if (!date().ok() || std::chrono::weekday(date()) != std::chrono::weekday(weekday)) return false;
        return hour < 24 && minute < 60 && (second < 60 || (hour == 23 && minute == 59 && second == 60));
    }
};

inline void read_time(date_reader& in, date_parts& d) noexcept {
    d.hour = in.number(2);
    d.minute = in.literal(":").number(2);
    d.second = in.literal(":").number(2);
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
inline bool read_fixed(std::string_view text, date_parts& d) noexcept {
    date_reader in(text);
    d.weekday = in.name(day_names, 3);
    d.day = in.literal(", ").number(2);
    d.month = in.literal(" ").name(month_names);
    d.year = static_cast<int>(in.literal(" ").number(4));
    in.literal(" ");
    read_time(in, d);
    return in.literal(" GMT").whole();
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`, which leaves the century open.
inline bool read_rfc850(std::string_view text, date_parts& d) noexcept {
    date_reader in(text);
    d.weekday = in.name(day_names);
    d.day = in.literal(", ").number(2);
    d.month = in.literal("-").name(month_names);
    d.year = static_cast<int>(in.literal("-").number(2));
    in.literal(" ");
    read_time(in, d);
    return in.literal(" GMT").whole();
}

/// `Sun Nov  6 08:49:37 1994`
inline bool read_asctime(std::string_view text, date_parts& d) noexcept {
    date_reader in(text);
    d.weekday = in.name(day_names, 3);
    d.month = in.literal(" ").name(month_names);
    d.day = in.literal(" ").number(2, true);
    in.literal(" ");
    read_time(in, d);
    d.year = static_cast<int>(in.literal(" ").number(4));
    return in.whole();
}

/// Of the years that end in these two digits, the last one that lies no more than 50 years ahead.
inline void add_century(date_parts& d, std::chrono::system_clock::time_point now) noexcept {
    const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(now));
    const int digits = d.year;
    d.year = (static_cast<int>(today.year()) / 100 + 1) * 100 + digits;
    while (d.year >= 100 && d.date() - std::chrono::years(50) > today) d.year -= 100;
}

/// The moment, or the clock's first or last one where it reaches no further.
inline std::chrono::system_clock::time_point to_moment(const date_parts& d) noexcept {
    using std::chrono::system_clock;
    const std::chrono::sys_seconds at = std::chrono::sys_days(d.date()) + std::chrono::hours(d.hour) +
                                        std::chrono::minutes(d.minute) + std::chrono::seconds(d.second);
    if (at >= std::chrono::floor<std::chrono::seconds>(system_clock::time_point::max()))
        return system_clock::time_point::max();
    if (at <= std::chrono::ceil<std::chrono::seconds>(system_clock::time_point::min()))
        return system_clock::time_point::min();
    return at;
}

/// What a date in a header field means, or nothing when it breaks the grammar in any way, when there is no such day, or
/// when its weekday is another. The leap second `23:59:60` is the first of the next day, as the system's clock counts.
/// `now` decides which century a year of two digits belongs to.
inline std::optional<std::chrono::system_clock::time_point> parse_http_date(
    std::string_view text, std::chrono::system_clock::time_point now) noexcept {
    date_parts d;
    if (read_rfc850(text, d)) add_century(d, now);
    else if (!read_fixed(text, d) && !read_asctime(text, d)) return std::nullopt;
    if (!d.exists()) return std::nullopt;
    return to_moment(d);
}

}  // namespace ferry::detail
