// The head that came last from a server, for the next one from there says mostly the same: what a parser has made of a
// line once, it need not make of it again. No parser in here, and no opinion on what a line means.
#pragma once

#include <ferry/core/of_this_thread.hpp>
#include <ferry/headers.hpp>
#include <ferry/http/framing.hpp>
#include <ferry/http/telling_fields.hpp>
#include <ferry/token.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferry::detail {

/// What a head says of its response, beside reason and fields.
struct head_meaning {
    int status = 0;
    int version = 11;
    framing body = framing::none;
    std::uint64_t length = 0;
    bool keep_alive = false;  // whether the peer lets the connection live
    telling_fields telling;
};

/// Lets through the fields that decide where the body ends or whether the connection lives, for the effect of each
/// depends on the others (Connection, Content-Length, Transfer-Encoding, Upgrade, Proxy-Connection), and some more.
inline bool may_say_framing(std::string_view name) noexcept {
    const char first = name.empty() ? '\0' : to_lower(name[0]);
    switch (name.size()) {
    case 7: return first == 'u';
    case 10:
    case 14: return first == 'c';
    case 16: return first == 'p';
    case 17: return first == 't';
    default: return false;
    }
}

/// Where a line, `Name: value` and CRLF, begins in its head's block of fields, and its sizes.
struct known_line {
    std::uint16_t at, size, name;
    bool may_say_framing;
};

/// A head of such lines only, read in the strict profile. `State` is the parser's own behind it.
template <class State> class known_head {
public:
    static constexpr std::size_t most_bytes = 4 * 1024, most_fields = 64;

    bool empty() const noexcept { return text_.empty(); }
    const std::string& reason() const noexcept { return reason_; }
    const Headers& fields() const noexcept { return fields_; }
    std::span<const known_line> lines() const noexcept { return lines_; }
    const head_meaning& meaning() const noexcept { return meaning_; }
    const State& state() const noexcept { return state_; }

    /// Of the whole head.
    std::size_t size() const noexcept { return text_.size(); }

    /// Whether these bytes begin with the very same head, to the same kind of request.
    bool begins(std::string_view bytes, bool head_request) const noexcept {
        return !empty() && head_request == head_request_ && bytes.starts_with(text_);
    }

    // Where heads are all unlike each other, comparing and remembering each would cost more than it saves.

    void seen_again() noexcept {
        if (others_ > 0) --others_;
        if (vain_ > 0) --vain_;
    }
    bool compare_now() noexcept { return !empty() && now_and_then(vain_); }
    /// So many of its lines were in another head.
    void compared(std::size_t found) noexcept {
        if (3 * found >= lines_.size()) vain_ = 0;
    }
    bool replace_now() noexcept { return now_and_then(others_); }

    /// `head` is all of it, and `fields` are what its lines say.
    void remember(std::string_view head, const std::string& reason, const Headers& fields, const head_meaning& meaning,
                  bool head_request, const State& state) {
        text_.clear();  // nothing is known if memory runs out now
        reason_ = reason;
        fields_ = fields;
        meaning_ = meaning;
        head_request_ = head_request;
        state_ = state;
        const auto block = fields_.block();
        lines_.clear();
        for (auto f : fields_)
            lines_.push_back({static_cast<std::uint16_t>(f.name.data() - block.data()),
                              static_cast<std::uint16_t>(f.name.size() + f.value.size() + 4),
                              static_cast<std::uint16_t>(f.name.size()), may_say_framing(f.name)});
        text_ = head;
    }

private:
    /// The first few times, and then seldom.
    static bool now_and_then(unsigned& times) noexcept {
        constexpr unsigned few = 4, pause = 16;
        if (++times == few + pause) times = few;
        return times <= few;
    }

    std::string text_, reason_;
    Headers fields_;
    std::vector<known_line> lines_;
    head_meaning meaning_;
    bool head_request_ = false;
    unsigned others_ = 0, vain_ = 0;  // how many more heads were different, and mostly different, than the same
    State state_{};
};

/// Those of one thread, for as long as it lives: one for each of a few servers, by a number that says little more than
/// that two are different.
template <class State> class known_heads {
public:
    /// Null at the thread's end.
    static known_head<State>* of(std::size_t server) {
        auto* mine = of_this_thread<known_heads>();
        if (!mine) return nullptr;
        auto& head = mine->heads_[server % servers];
        if (!head) head = std::make_unique<known_head<State>>();
        return head.get();
    }
    /// For those who want to see what a parser does without.
    static void forget() {
        if (auto* mine = of_this_thread<known_heads>()) *mine = {};
    }

private:
    static constexpr std::size_t servers = 16;
    std::array<std::unique_ptr<known_head<State>>, servers> heads_;
};

/// Finds the lines of a known head in the bytes of another one, in their order. Those that may say something of framing
/// do not count, nor does one that may go on in the next line. Gives up after a few lines that are not known, so that
/// no bytes take long to look through.
class known_lines {
public:
    template <class State>
    known_lines(const known_head<State>& known, std::string_view bytes) noexcept
        : text_(known.fields().block().data()), next_(known.lines().data()), end_(next_ + known.lines().size()),
          rest_(bytes) {
        if (const auto status_line = next_line(); status_line.empty()) next_ = end_;
        else rest_.remove_prefix(status_line.size());
    }

    /// Finds the next one.
    bool find() noexcept {
        while (next_ != end_) {
            if (!is_next()) {
                if (!pass_over()) break;
                continue;
            }
            const auto& known = *next_++;
            line_ = rest_.substr(0, known.size);
            name_ = known.name;
            rest_.remove_prefix(known.size);
            if (known.may_say_framing) continue;
            ++found_;
            return true;
        }
        return false;
    }
    std::size_t found() const noexcept { return found_; }

    /// The one that was found last, as it lies in the bytes.
    Headers::Field field() const noexcept {
        return {line_.substr(0, name_), line_.substr(name_ + 2, line_.size() - name_ - 4)};
    }
    const char* begin() const noexcept { return line_.data(); }
    const char* end() const noexcept { return line_.data() + line_.size(); }

private:
    static bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
    bool is_next() const noexcept {
        return rest_.size() > next_->size && std::memcmp(rest_.data(), text_ + next_->at, next_->size) == 0 &&
               !is_blank(rest_[next_->size]);
    }
    std::string_view name_of(const known_line& line) const noexcept { return {text_ + line.at, line.name}; }

    /// With its CRLF; empty at the head's end, or where a line ends otherwise.
    std::string_view next_line() const noexcept {
        const auto line = rest_.substr(0, rest_.find('\n') + 1);
        return line.size() > 2 && line.ends_with("\r\n") ? line : std::string_view();
    }
    /// A line that differs: another value, a field that is new, or some that are missing. False where no more are to
    /// be looked for.
    bool pass_over() noexcept {
        const auto line = next_line();
        if (line.empty()) return false;
        const auto name = line.substr(0, line.find(':'));
        const auto* same = std::find_if(next_, end_, [&](const known_line& l) { return name_of(l) == name; });
        if (same != end_ && same != next_) {
            next_ = same;  // to be compared
            return true;
        }
        if (same == next_) ++next_;
        rest_.remove_prefix(line.size());
        return ++passed_over_ < most_passed_over;
    }

    static constexpr std::size_t most_passed_over = 16;

    const char* text_;  // of the known head's fields
    const known_line *next_, *end_;
    std::string_view rest_;  // from the beginning of a line
    std::string_view line_;  // that was found last
    std::size_t name_ = 0;   // the size of its name
    std::size_t found_ = 0, passed_over_ = 0;
};

}  // namespace ferry::detail
