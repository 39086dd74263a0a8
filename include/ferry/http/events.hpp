// Server-sent events out of pieces that end anywhere (WHATWG HTML 9.2.6).
#pragma once

#include <ferry/error.hpp>
#include <ferry/event.hpp>
#include <ferry/token.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry::detail {

/// Give it a piece, take events until there is none, give it the next. An event that the stream's end cuts is never
/// given. Bytes that are not UTF-8 are passed on as they are.
class event_parser {
public:
    /// `max` is how many bytes an event may hold, its unfinished line and its lines' names included. The memory used is
    /// in proportion to it.
    explicit event_parser(std::size_t max) noexcept : max_(max) {}

    /// `piece` must last until all of its events are taken.
    void feed(std::string_view piece) noexcept { rest_ = piece; }

    /// The next event. False when the piece holds no other whole one, and for ever after `error()`.
    bool take(Event& event) {
        std::string_view line;
        while (next_line(line)) {
            if (line.empty() ? dispatch(event) : (read(line), false)) return true;
        }
        return false;
    }

    /// `errc::line_too_long` once an event was larger than the limit.
    std::error_code error() const noexcept { return too_long_ ? errc::line_too_long : std::error_code{}; }

    /// What to send as `Last-Event-ID` when the connection is made anew; empty for nothing.
    const std::string& last_event_id() const noexcept { return last_id_; }

    /// The server's wish for how long to wait before that, if it has one. As large as a server likes.
    std::optional<std::chrono::milliseconds> retry() const noexcept { return retry_; }

    /// Another connection begins. What the server has said of id and time stays; an event that was cut is forgotten.
    void restart() noexcept {
        rest_ = {};
        partial_.clear();
        data_.clear();
        type_.clear();
        id_ = last_id_;
        begun_ = after_cr_ = delivered_ = too_long_ = false;
    }

private:
    /// The next line without its end, which is LF, CR or CRLF. A CR ends it at once: to wait for an LF behind it would
    /// hold an event back.
    bool next_line(std::string_view& line) {
        if (std::exchange(delivered_, false)) partial_.clear();
        if (too_long_ || rest_.empty()) return false;
        if (std::exchange(after_cr_, false) && rest_[0] == '\n') rest_.remove_prefix(1);
        const auto end = std::min(rest_.find_first_of("\r\n"), rest_.size());
        if (end > max_ - std::min(max_, data_.size() + type_.size() + partial_.size())) {
            too_long_ = true;
            return false;
        }
        const bool whole = end < rest_.size();
        if (!whole || !partial_.empty()) partial_.append(rest_.substr(0, end));
        line = partial_.empty() ? rest_.substr(0, end) : std::string_view(partial_);
        after_cr_ = whole && rest_[end] == '\r';
        rest_.remove_prefix(end + (whole ? 1 : 0));
        delivered_ = whole;
        if (whole && !std::exchange(begun_, true) && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
        return whole;
    }

    void read(std::string_view line) {
        const auto colon = line.find(':');
        const auto name = line.substr(0, colon);
        auto value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
        if (value.starts_with(' ')) value.remove_prefix(1);
        if (name == "data") data_.append(value).push_back('\n');
        else if (name == "event") type_ = value;
        else if (name == "id" && value.find('\0') == std::string_view::npos) id_ = value;
        else if (name == "retry") read_retry(value);
    }

    void read_retry(std::string_view value) noexcept {
        using std::chrono::milliseconds;
        std::uint64_t n = 0;
        if (!parse_decimal(value, n)) return;
        retry_ = milliseconds(
            static_cast<milliseconds::rep>(std::min(n, static_cast<std::uint64_t>(milliseconds::max().count()))));
    }

    /// An empty line. Only here does an id become the last one, so that an event that was cut is sent again.
    bool dispatch(Event& event) {
        last_id_ = id_;
        const bool any = !data_.empty();
        if (any) {
            data_.pop_back();
            event.type = type_.empty() ? std::string_view("message") : std::string_view(type_);
            event.data.swap(data_);
            event.id = last_id_;
        }
        data_.clear();
        type_.clear();
        return any;
    }

    std::size_t max_;
    std::string_view rest_;
    std::string partial_;  // of a line that was cut
    std::string data_;     // each line of the event with an LF behind it
    std::string type_, id_, last_id_;
    std::optional<std::chrono::milliseconds> retry_;
    bool begun_ = false, after_cr_ = false, delivered_ = false, too_long_ = false;
};

}  // namespace ferry::detail
