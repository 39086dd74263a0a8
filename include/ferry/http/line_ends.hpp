// How lines end: what llhttp lets through in places where a client has to be strict.
#pragma once

#include <cstddef>
#include <string_view>

namespace ferry::detail {

/// What is wrong with the end of a line.
enum class line_fault { none, stray_return, bare_line_feed, obsolete_fold };

/// How much is allowed. In all profiles nothing but LF may follow a CR; `lax` ones are those of parsers that do not see
/// to it. The strict ones: every line ends in CRLF and none is folded (RFC 9112 2.2 and 5.2 let a client choose).
struct line_profile {
    bool lax, strict;
};

/// Looks at lines that come in pieces, cut anywhere.
class line_ends {
public:
    /// What comes is a first line.
    void begin() noexcept { before_ = nothing; }
    bool at_beginning() const noexcept { return before_ == nothing; }
    /// What came was looked at elsewhere, and was whole lines.
    void passed_over() noexcept { before_ = '\n'; }

    line_fault check(std::string_view bytes, line_profile profile) noexcept {
        if (bytes.empty()) return line_fault::none;
        if (profile.lax && stray_return(bytes)) return line_fault::stray_return;
        const auto fault = profile.strict ? check_strictly(bytes) : line_fault::none;
        if (fault == line_fault::none) before_ = bytes.back() == nothing ? '?' : bytes.back();  // no mark of ours
        return fault;
    }

private:
    static constexpr char nothing = '\0';
    static bool folds(char c) noexcept { return c == ' ' || c == '\t'; }

    bool stray_return(std::string_view bytes) const noexcept {
        if (before_ == '\r' && bytes.front() != '\n') return true;
        for (std::size_t at = 0; (at = bytes.find('\r', at)) != std::string_view::npos; ++at)
            if (at + 1 < bytes.size() && bytes[at + 1] != '\n') return true;
        return false;
    }
    line_fault check_strictly(std::string_view bytes) const noexcept {
        if (before_ == '\n' && folds(bytes.front())) return line_fault::obsolete_fold;
        for (std::size_t at = 0; (at = bytes.find('\n', at)) != std::string_view::npos; ++at) {
            if ((at > 0 ? bytes[at - 1] : before_) != '\r') return line_fault::bare_line_feed;
            if (at + 1 < bytes.size() && folds(bytes[at + 1])) return line_fault::obsolete_fold;
        }
        return line_fault::none;
    }

    char before_ = nothing;  // the last byte of the lines so far
};

}  // namespace ferry::detail
