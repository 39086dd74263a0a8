// Splits an http or https URL into its components (RFC 3986 3) and checks each; writes and allocates nothing.
#pragma once

#include <ferry/error.hpp>
#include <ferry/host.hpp>
#include <ferry/percent.hpp>
#include <ferry/token.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ferry::detail {

/// The longest URL, before and after normalization.
inline constexpr std::size_t max_url_size = 64 * 1024;

/// Where the components of a URL's text lie. `scheme://userinfo@host:port/path?query#fragment`
struct UrlOffsets {
    std::uint32_t scheme_end = 0;
    std::uint32_t host = 0;  // Userinfo, if any, lies between "://" and the sign before this.
    std::uint32_t host_end = 0;
    std::uint32_t path = 0;
    std::uint32_t query = 0;     // Of the question mark; equal to `fragment` when there is none.
    std::uint32_t fragment = 0;  // Of the number sign; equal to `end` when there is none.
    std::uint32_t end = 0;
    std::uint16_t port = 0;
    bool has_port = false;  // The port is not the scheme's own.

    std::uint32_t userinfo() const noexcept { return scheme_end + 3; }

    friend bool operator==(const UrlOffsets&, const UrlOffsets&) = default;
};

/// The scheme and authority that this thread has parsed last: most URLs are at the same server as the one before, and
/// half of them need not be read again.
class KnownServer {
public:
    /// The offsets of a URL at the same server as `text`, or null.
    const UrlOffsets* find(std::string_view text) const noexcept {
        const bool alike = text.size() > at_.path && text[at_.path] == '/' &&
                           std::char_traits<char>::compare(text.data(), text_.data(), at_.path) == 0;
        return alike ? &at_ : nullptr;
    }

    /// `text` is in normalized form up to its path.
    void remember(std::string_view text, const UrlOffsets& at) noexcept {
        if (at.path > text_.size()) return;
        text.copy(text_.data(), at.path);
        at_ = at;
    }

private:
    std::array<char, 64> text_{};
    UrlOffsets at_{};
};

inline constinit thread_local KnownServer last_server;

constexpr bool is_letter(char c) noexcept { return to_lower(c) >= 'a' && to_lower(c) <= 'z'; }

/// Whether `text` begins with a scheme and a colon (RFC 3986 3.1). A colon before a digit is taken for that of a
/// port: who writes `localhost:8080` has forgotten the scheme.
constexpr bool begins_with_scheme(std::string_view text) noexcept {
    const auto name = text.substr(0, text.find(':'));
    if (name.size() == text.size() || name.empty() || !is_letter(name[0])) return false;
    for (const char c : name) {
        if (!is_letter(c) && !is_digit(c) && c != '+' && c != '-' && c != '.') return false;
    }
    return name.size() + 1 == text.size() || !is_digit(text[name.size() + 1]);
}

/// Finds the parts of `text`. Call `run`, then read `offsets` and `normal`. A fault is an `errc`, `errc{}` for none:
/// `std::error_code` would cost a call for its category at every step.
class UrlSplitter {
public:
    explicit UrlSplitter(std::string_view text) noexcept : text_(text) {}

    /// Takes scheme and authority over from another URL: `text` begins with the same ones, in normalized form.
    void keep_authority(const UrlOffsets& known) noexcept { offsets = known; }

    errc run() noexcept {
        if (text_.size() > max_url_size) return errc::url_too_long;
        const errc fault = split();
        // A control character is the gravest fault: it alone may be an attempt to smuggle something in.
        return fault != errc{} && has_control(text_) ? errc::url_invalid_character : fault;
    }

    UrlOffsets offsets;

    /// Whether the text is in normalized form already, so that it can be kept as it is. False is always safe.
    bool normal = true;

private:
    errc split() noexcept {
        if (text_.empty()) return errc::url_missing_scheme;
        if (text_.front() == ' ' || text_.back() == ' ') return errc::url_invalid_character;
        if (offsets.path == 0) {
            if (const errc fault = scheme(); fault != errc{}) return fault;
            if (const errc fault = authority(); fault != errc{}) return fault;
        }
        normal = normal && at(offsets.path) == '/';
        if (!pass<CharSet::path>(offsets.path, offsets.query)) return errc::url_invalid_character;
        offsets.fragment = offsets.query;
        if (at(offsets.query) == '?' && !pass<CharSet::query>(offsets.query, offsets.fragment)) {
            return errc::url_invalid_character;
        }
        if (!pass<CharSet::fragment>(offsets.fragment, offsets.end)) return errc::url_invalid_character;
        return {};
    }

    errc scheme() noexcept {
        if (text_.starts_with("http://")) {
            offsets.scheme_end = 4;
        } else if (text_.starts_with("https://")) {
            offsets.scheme_end = 5;
        } else {
            return unusual_scheme();
        }
        return {};
    }

    errc unusual_scheme() noexcept {
        constexpr std::string_view https = "https";
        normal = false;
        std::uint32_t i = 0;
        while (i < https.size() && to_lower(at(i)) == https[i]) ++i;
        if (i < 4 || at(i) != ':') {
            return begins_with_scheme(text_) ? errc::url_unsupported_scheme : errc::url_missing_scheme;
        }
        offsets.scheme_end = i;
        return text_.substr(i + 1, 2) == "//" ? errc{} : errc::url_missing_host;
    }

    errc authority() noexcept {
        offsets.host = offsets.userinfo();
        const errc fault = host_and_port();
        if (fault == errc{}) return fault;
        // Few URLs hold userinfo, so it is looked for only where no host stands.
        const auto text = text_.substr(offsets.host, text_.find_first_of("/?#", offsets.host) - offsets.host);
        const std::size_t sign = text.find('@');
        if (sign == std::string_view::npos) return fault;
        // Which of several signs ends the userinfo is where parsers differ, and so where attacks begin.
        if (text.find('@', sign + 1) != std::string_view::npos) return errc::url_invalid_character;
        if (text.substr(0, sign).find_first_of("\\[]") != std::string_view::npos) return errc::url_invalid_character;
        if (has_control(text)) return errc::url_invalid_character;
        normal = false;
        offsets.host += static_cast<std::uint32_t>(sign) + 1;
        return host_and_port();
    }

    errc host_and_port() noexcept {
        const errc fault = host();
        return fault == errc{} ? port() : fault;
    }

    errc host() noexcept {
        const auto text = text_.substr(offsets.host);
        if (text.empty() || (text[0] != '[' && ends_host(offsets.host))) return errc::url_missing_host;
        if (is_digit(text[0])) {
            offsets.host_end = offsets.host + static_cast<std::uint32_t>(ipv4_length(text));
            if (offsets.host_end > offsets.host && ends_host(offsets.host_end)) return {};
        }
        return text[0] == '[' ? literal(text) : name(text);
    }

    errc literal(std::string_view text) noexcept {
        text = text.substr(0, text.find(']') + 1);
        offsets.host_end = offsets.host + static_cast<std::uint32_t>(text.size());
        normal = false;
        return is_ip_literal(text) && ends_host(offsets.host_end) ? errc{} : errc::url_invalid_host;
    }

    errc name(std::string_view text) noexcept {
        const NameScan scan = scan_name(text);
        offsets.host_end = offsets.host + static_cast<std::uint32_t>(scan.size);
        normal = normal && !scan.upper;
        return is_host_name(text, scan) && ends_host(offsets.host_end) ? errc{} : errc::url_invalid_host;
    }

    errc port() noexcept {
        const std::string_view text = text_;
        const std::uint16_t standard = offsets.scheme_end == 5 ? 443 : 80;
        std::size_t i = offsets.host_end;
        std::uint32_t value = standard;
        if (i < text.size() && text[i] == ':') {
            const std::size_t begin = ++i;
            for (value = 0; i < text.size() && is_digit(text[i]) && value < 65536; ++i)
                value = value * 10 + digit_value(text[i]);
            if (i == begin) value = standard;
            if (value == 0 || value > 65535) return errc::url_invalid_port;
            if (value == standard || text[begin] == '0') normal = false;
        }
        if (i < text.size() && !is(CharSet::delimiter, text[i])) return errc::url_invalid_port;
        offsets.path = static_cast<std::uint32_t>(i);
        offsets.port = static_cast<std::uint16_t>(value);
        offsets.has_port = value != standard;
        return {};
    }

    bool ends_host(std::uint32_t i) const noexcept {
        return i == text_.size() || text_[i] == ':' || is(CharSet::delimiter, text_[i]);
    }

    /// Passes over a path, query or fragment, which begins at `begin` with its own sign; `stop` gets its end. False
    /// at a control character.
    template <CharSet keep> bool pass(std::uint32_t begin, std::uint32_t& stop) noexcept {
        const std::string_view text = text_;  // Copies that no write through `this` makes stale.
        bool as_is = normal;
        std::size_t i = begin;
        for (; i < text.size(); ++i) {
            const char c = text[i];
            if (is(keep, c)) {
                if (keep == CharSet::path && c == '.' && text[i - 1] == '/') as_is = false;  // Perhaps a dot segment.
            } else if (is(CharSet::delimiter, c)) {
                break;
            } else if (is(CharSet::control, c)) {
                return false;
            } else {
                as_is = as_is && is_escape(text, i);
            }
        }
        normal = as_is;
        stop = static_cast<std::uint32_t>(i);
        return true;
    }

    /// The byte at `i`, or NUL behind the end.
    char at(std::uint32_t i) const noexcept { return i < text_.size() ? text_[i] : '\0'; }

    std::string_view text_;
};

}  // namespace ferry::detail
