// A body by lines, out of pieces that end anywhere.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace ferry::detail {

/// Give it a piece, take lines until there is none, give it the next. A line lies in the piece, or in `partial_` if it
/// was cut; it lasts until the next call.
class line_splitter {
public:
    /// Of a line, from here on.
    void limit(std::size_t max) noexcept { max_ = std::min(max, static_cast<std::size_t>(-1) - 1); }

    void feed(std::string_view piece) noexcept { rest_ = piece; }
    /// What of the piece has not been taken.
    std::string_view rest() const noexcept { return rest_; }

    /// The next line without its end (LF or CRLF). False when the piece has no other whole one.
    bool take(std::string_view& line) {
        if (delivered_) partial_.clear(), delivered_ = false;
        auto end = rest_.find('\n');
        if (end == std::string_view::npos) {
            partial_.append(rest_.substr(0, max_ + 1 - partial_.size()));
            rest_ = {};
            return false;
        }
        line = whole(rest_.substr(0, end));
        rest_.remove_prefix(end + 1);
        return true;
    }
    /// What is behind the last line end. False when there is nothing.
    bool take_last(std::string_view& line) {
        if (delivered_) partial_.clear();
        delivered_ = true;
        line = whole({});
        return !partial_.empty();
    }
    bool too_long() const noexcept { return longest_ > max_ || partial_.size() > max_; }

private:
    std::string_view whole(std::string_view end) {
        delivered_ = true;
        longest_ = partial_.size() + end.size();
        auto line = partial_.empty() ? end : std::string_view(partial_.append(end));
        if (line.ends_with('\r')) line.remove_suffix(1);
        return line;
    }

    std::size_t max_ = 0, longest_ = 0;
    std::string_view rest_;
    std::string partial_;  // of a line that was cut
    bool delivered_ = false;
};

}  // namespace ferry::detail
