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
#include <string>
#include <string_view>

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

/// A field that decides where the body ends or whether the connection lives: its effect depends on the others.
inline bool is_framing_field(std::string_view name) noexcept {
    for (std::string_view other : {"connection", "content-length", "transfer-encoding", "upgrade", "proxy-connection"})
        if (name.size() == other.size() && equal_ignoring_case(name, other)) return true;
    return false;
}

/// A head whose lines are all `Name: value` and CRLF, read in the strict profile. `State` is the parser's own behind
/// it.
template <class State> class known_head {
public:
    static constexpr std::size_t most_bytes = 4 * 1024, most_fields = 64;

    bool empty() const noexcept { return line_.empty(); }
    const std::string& reason() const noexcept { return reason_; }
    const Headers& fields() const noexcept { return fields_; }
    const head_meaning& meaning() const noexcept { return meaning_; }
    const State& state() const noexcept { return state_; }
    bool says_framing(std::size_t field) const noexcept { return (framing_ >> field & 1) != 0; }

    /// Of the whole head.
    std::size_t size() const noexcept { return line_.size() + fields_.block().size() + 2; }

    /// Whether these bytes begin with the very same head, to the same kind of request.
    bool begins(std::string_view bytes, bool head_request) const noexcept {
        return !empty() && head_request == head_request_ && bytes.size() >= size() && bytes.starts_with(line_) &&
               bytes.substr(line_.size()).starts_with(fields_.block()) && bytes.substr(size() - 2).starts_with("\r\n");
    }

    /// `head` is all of it, and `fields` are what its lines say.
    void remember(std::string_view head, const std::string& reason, const Headers& fields, const head_meaning& meaning,
                  bool head_request, const State& state) {
        line_.clear();  // nothing is known if memory runs out now
        reason_ = reason;
        fields_ = fields;
        meaning_ = meaning;
        head_request_ = head_request;
        state_ = state;
        framing_ = 0;
        std::size_t i = 0;
        for (auto f : fields_) framing_ |= std::uint64_t{is_framing_field(f.name)} << i++;
        line_ = head.substr(0, head.size() - 2 - fields.block().size());
    }

private:
    std::string line_, reason_;
    Headers fields_;
    head_meaning meaning_;
    std::uint64_t framing_ = 0;  // bit i is field i's
    bool head_request_ = false;
    State state_{};
};

/// Those of one thread: one for each of a few servers, by a number that says little more than that two are different.
template <class State> class known_heads {
public:
    static known_head<State>* of(std::size_t server) noexcept {
        auto* mine = of_this_thread<known_heads>();
        return mine ? &mine->heads_[server % mine->heads_.size()] : nullptr;
    }
    /// For those who want to see what a parser does without.
    static void forget() {
        if (auto* mine = of_this_thread<known_heads>()) *mine = {};
    }

private:
    std::array<known_head<State>, 16> heads_;
};

/// Finds the lines of a known head in the bytes of another one, in their order. Those that say something of framing do
/// not count, nor does one that may go on in the next line.
template <class State> class known_lines {
public:
    known_lines(const known_head<State>& known, std::string_view bytes)
        : known_(known), next_(known.fields().begin()), end_(known.fields().end()),
          rest_(bytes.substr(std::min(bytes.find('\n'), bytes.size() - 1) + 1)) {}

    /// Finds the next one.
    bool find() {
        while (next_ != end_) {
            const auto known = line_of(*next_);
            if (rest_.size() > known.size() && rest_.starts_with(known) && !is_blank(rest_[known.size()])) {
                const bool counts = !known_.says_framing(number_);
                if (counts) take(*next_);
                skip_known();
                rest_.remove_prefix(known.size());
                if (counts) return true;
            } else if (!pass_over()) {
                break;
            }
        }
        return false;
    }
    /// As it lies in the bytes.
    Headers::Field field() const noexcept { return found_; }
    const char* begin() const noexcept { return found_.name.data(); }
    const char* end() const noexcept { return found_.value.data() + found_.value.size() + 2; }

private:
    static bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
    static std::string_view line_of(Headers::Field f) noexcept {
        return {f.name.data(), static_cast<std::size_t>(f.value.data() + f.value.size() + 2 - f.name.data())};
    }
    void skip_known() noexcept { ++next_, ++number_; }
    void take(Headers::Field f) noexcept {
        found_ = {rest_.substr(0, f.name.size()),
                  rest_.substr(static_cast<std::size_t>(f.value.data() - f.name.data()), f.value.size())};
    }
    /// A line that differs: another value, a field that is new, or some that are missing. False at the head's end.
    bool pass_over() {
        const auto size = rest_.find('\n') + 1;
        if (size <= 2) return false;
        const auto name = rest_.substr(0, std::min(rest_.find(':'), size));
        auto same = next_;
        std::size_t ahead = 0;
        while (same != end_ && (*same).name != name) ++same, ++ahead;
        if (same != end_) {
            next_ = same;
            number_ += ahead;
            if (ahead > 0) return true;  // to be compared
            skip_known();
        }
        rest_.remove_prefix(size);
        return true;
    }

    const known_head<State>& known_;
    Headers::Iterator next_, end_;
    std::size_t number_ = 0;  // of the next one
    std::string_view rest_;   // from the beginning of a line
    Headers::Field found_;
};

}  // namespace ferry::detail
