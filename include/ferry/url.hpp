// An http or https URL: parsed, checked and normalized once, then read in parts without copying (RFC 3986).
#pragma once

#include <ferry/error.hpp>
#include <ferry/percent.hpp>
#include <ferry/query.hpp>
#include <ferry/url_parser.hpp>
#include <ferry/url_writer.hpp>

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry {

namespace detail {

/// A URL as it may stand in a log, whether it can be parsed or not: whatever may be a password becomes `***`, and
/// control characters become %XX. It rather hides too much.
inline std::string printable_url(std::string_view text) {
    std::size_t colon = text.find(':');
    if (colon != std::string_view::npos && text.substr(colon, 3) == "://") colon = text.find(':', colon + 3);
    const std::size_t at = text.rfind('@');
    const bool secret = at != std::string_view::npos && colon < at;
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (secret && i == colon + 1) {
            out.append("***");
            i = at;
        }
        if (is(CharSet::control, text[i])) {
            append_escape(out, text[i]);
        } else {
            out.push_back(text[i]);
        }
    }
    return out;
}

}  // namespace detail

class Url;
std::string to_string(const Url& url);

/// An http or https URL in normalized form; an empty one is neither.
///
/// Parsing checks every part and normalizes it: scheme and host in lower case, no default or empty port, no empty
/// userinfo, `/` for an empty path, dot segments removed (RFC 3986 5.2.4). Characters that may not stand in a URL
/// (space, bytes outside of ASCII, `" < > \ ^ { | }` and the backtick) are percent-encoded; escapes that are there
/// stay as they are, neither decoded nor encoded again; a `%` that begins no escape becomes `%25`; reserved
/// characters are left alone, and `+` is nothing but a plus sign. Nothing is cleaned up in silence: control
/// characters, and spaces at either end, are errors. A backslash is never a slash.
///
/// Codes: `url_missing_scheme`, `url_unsupported_scheme`, `url_missing_host`, `url_invalid_host` (a bad name or
/// address, an escape or non-ASCII byte in the host, a name such as `127.1` that resolvers read in different ways),
/// `url_invalid_port` (not 1 to 65535), `url_invalid_character` (a control character anywhere, a space at either
/// end, a second `@`, a backslash or bracket in the userinfo), `url_too_long` (over 64 KiB).
///
/// Views that accessors return last until the URL changes; on a temporary they do not compile.
class Url {
public:
    /// An empty URL: `empty()` is true, and every part is empty.
    Url() = default;
    Url(const Url&) = default;
    Url& operator=(const Url&) = default;
    ~Url() = default;

    /// A URL that was moved from is empty.
    Url(Url&& other) noexcept : text_(std::move(other.text_)), at_(other.at_) { other.clear(); }
    Url& operator=(Url&& other) noexcept {
        if (this == &other) return *this;
        text_ = std::move(other.text_);
        at_ = other.at_;
        other.clear();
        return *this;
    }

    /// Parses `text`. Throws `ferry::Error`, whose `url()` hides a password that the text may hold.
    explicit Url(std::string_view text) {
        if (const auto ec = assign(text)) refuse(ec, detail::printable_url(text));
    }

    /// Parses `text`; an empty URL and a code when it is at fault.
    static Url parse(std::string_view text, std::error_code& ec) {
        Url url;
        ec = url.assign(text);
        return url;
    }

    /// Parses `text` into this object and reuses its memory. After a fault the URL is empty.
    [[nodiscard]] std::error_code assign(std::string_view text) { return read(text, detail::last_server.find(text)); }

    /// Makes this the URL that `reference` means when it is found at `base` (RFC 3986 5.2, strict), and reuses the
    /// memory. The userinfo stays unless the reference brings an authority of its own. After a fault it is empty.
    [[nodiscard]] std::error_code assign(const Url& base, std::string_view reference) {
        if (this == &base || owns(reference)) {
            Url result;
            const auto ec = result.assign(base, reference);
            *this = std::move(result);
            return ec;
        }
        // The first segment of a relative path holds no colon (RFC 3986 4.2): this has a scheme, or is at fault.
        if (reference.substr(0, reference.find_first_of("/?#")).find(':') != std::string_view::npos) {
            return assign(reference);
        }
        if (base.empty() || reference.starts_with(' ')) {
            clear();
            return base.empty() ? errc::url_missing_scheme : errc::url_invalid_character;
        }
        const std::string_view kept = base.kept_before(reference);
        text_.reserve(kept.size() + reference.size());
        at_ = {};
        text_.assign(kept).append(reference);
        const bool same_server = kept.size() >= base.at_.path && !base.has_zone();
        return read(text_, same_server ? &base.at_ : nullptr);
    }

    /// What `reference` means when it is found at this URL, as in a `Location` field (RFC 3986 5.2, strict).
    Url resolve(std::string_view reference, std::error_code& ec) const {
        Url result;
        ec = result.assign(*this, reference);
        return result;
    }

    /// The same; throws `ferry::Error`.
    Url resolve(std::string_view reference) const {
        Url result;
        if (const auto ec = result.assign(*this, reference)) refuse(ec, detail::printable_url(reference));
        return result;
    }

    bool empty() const noexcept { return text_.empty(); }

    /// Makes the URL empty and keeps its memory.
    void clear() noexcept {
        text_.clear();
        at_ = {};
    }

    /// The whole URL, with userinfo and fragment. For a log rather `to_string`, which hides the password.
    std::string_view str() const& noexcept { return slice(0, at_.end); }
    std::string_view str() const&& = delete;

    /// The whole URL up to its fragment.
    std::string_view without_fragment() const& noexcept { return slice(0, at_.fragment); }
    std::string_view without_fragment() const&& = delete;

    /// `http` or `https`.
    std::string_view scheme() const& noexcept { return slice(0, at_.scheme_end); }
    std::string_view scheme() const&& = delete;

    /// Whether the scheme is https.
    bool secure() const noexcept { return at_.scheme_end == 5; }

    /// User and password as they stand in the URL, still encoded; without the `@`.
    std::string_view userinfo() const& noexcept {
        return has_userinfo() ? slice(at_.userinfo(), at_.host - 1) : std::string_view();
    }
    std::string_view userinfo() const&& = delete;

    bool has_userinfo() const noexcept { return !empty() && at_.host != at_.userinfo(); }

    /// The user's name, decoded.
    std::string user() const {
        const auto info = userinfo();
        return detail::percent_decode(info.substr(0, info.find(':')));
    }

    /// The password, decoded; empty when there is none.
    std::string password() const {
        const auto info = userinfo();
        const auto colon = info.find(':');
        return colon == std::string_view::npos ? std::string() : detail::percent_decode(info.substr(colon + 1));
    }

    /// The host in lower case; an IPv6 address in its brackets, with its zone as `%25zone` (RFC 6874).
    std::string_view host() const& noexcept { return slice(at_.host, at_.host_end); }
    std::string_view host() const&& = delete;

    /// The host as a resolver takes it: an IPv6 address without brackets, and `%` before its zone.
    std::string hostname() const {
        const auto name = host();
        return name.starts_with('[') ? detail::percent_decode(name.substr(1, name.size() - 2)) : std::string(name);
    }

    /// The port to connect to: the URL's own, or 80 or 443.
    std::uint16_t port() const noexcept { return at_.port; }

    /// Whether the port is another than the scheme's own, and so part of the text.
    bool has_port() const noexcept { return at_.has_port; }

    /// Host and port as the `Host` field has them (RFC 9110 7.2): no userinfo, no default port, and no IPv6 zone,
    /// which means nothing to another machine (RFC 6874 4).
    std::string_view authority() const& noexcept {
        return has_zone() ? slice(at_.end, text_.size()) : slice(at_.host, at_.path);
    }
    std::string_view authority() const&& = delete;

    /// Host and port to connect to, as they stand in the URL: as `authority()`, with an IPv6 zone. Two zones are two
    /// networks, so whatever is kept for a server is kept under this.
    std::string_view host_and_port() const& noexcept { return slice(at_.host, at_.path); }
    std::string_view host_and_port() const&& = delete;

    /// The path; begins with `/`.
    std::string_view path() const& noexcept { return slice(at_.path, at_.query); }
    std::string_view path() const&& = delete;

    /// The query without its question mark.
    std::string_view query() const& noexcept { return after_sign(at_.query, at_.fragment); }
    std::string_view query() const&& = delete;

    /// Whether there is a question mark, if only with nothing behind it.
    bool has_query() const noexcept { return at_.query != at_.fragment; }

    /// The fragment without its number sign. It is never sent.
    std::string_view fragment() const& noexcept { return after_sign(at_.fragment, at_.end); }
    std::string_view fragment() const&& = delete;

    /// Whether there is a number sign, if only with nothing behind it.
    bool has_fragment() const noexcept { return at_.fragment != at_.end; }

    /// Path and query as the request line has them, the origin form (RFC 9112 3.2.1); begins with `/`.
    std::string_view target() const& noexcept { return slice(at_.path, at_.fragment); }
    std::string_view target() const&& = delete;

    /// The absolute form for an HTTP proxy (RFC 9112 3.2.2): without userinfo and fragment.
    std::string absolute_form() const {
        std::string out;
        if (!empty()) out.append(scheme()).append("://").append(authority()).append(target());
        return out;
    }

    /// Appends to the query, behind `&` when it holds something already (requests' `params`). `encoded` is query
    /// text: escapes in it stay, and what may not stand in a query is encoded, `#` too. The fragment stays. Sets
    /// `url_invalid_character` or `url_too_long`, and then the URL is unchanged.
    [[nodiscard]] std::error_code append_query(std::string_view encoded) {
        if (empty()) return errc::url_missing_scheme;
        if (detail::has_control(encoded)) return errc::url_invalid_character;
        std::string query;
        detail::requote(query, encoded, detail::CharSet::query);
        return insert_query(query);
    }

    /// Appends parameters to the query in the same way.
    [[nodiscard]] std::error_code append_query(const Query& parameters) {
        if (empty()) return errc::url_missing_scheme;
        return insert_query(parameters.str());
    }

    /// This URL with parameters appended to its query. Throws `ferry::Error` (`url_too_long`, or
    /// `url_missing_scheme` when this URL is empty).
    Url with_query(const Query& parameters) const {
        Url result = *this;
        if (const auto ec = result.append_query(parameters)) refuse(ec, to_string(*this));
        return result;
    }

    /// Same text after normalization; userinfo and fragment take part.
    friend bool operator==(const Url& a, const Url& b) noexcept { return a.text_ == b.text_; }

private:
    [[noreturn]] static void refuse(std::error_code ec, std::string printable) {
        throw Error(ec, std::move(printable), Phase::input, RequestState::not_sent);
    }

    std::string_view slice(std::size_t begin, std::size_t end) const noexcept {
        return {text_.data() + begin, end - begin};
    }

    std::string_view after_sign(std::size_t sign, std::size_t end) const noexcept {
        return sign == end ? std::string_view() : slice(sign + 1, end);
    }

    /// Whether the text of the `Host` field is another than that in the URL, and lies behind it.
    bool has_zone() const noexcept { return text_.size() != at_.end; }

    bool owns(std::string_view text) const noexcept { return detail::lies_in(text_, text); }

    /// The part of this URL that a relative reference leaves standing before it (RFC 3986 5.2.2, 5.2.3).
    std::string_view kept_before(std::string_view reference) const noexcept {
        if (reference.empty() || reference[0] == '#') return slice(0, at_.fragment);
        if (reference[0] == '?') return slice(0, at_.query);
        if (reference.starts_with("//")) return slice(0, at_.scheme_end + 1u);
        if (reference[0] == '/') return slice(0, at_.path);
        return slice(0, at_.path + slice(at_.path, at_.query).rfind('/') + 1);
    }

    /// Makes this the URL `text`. `server` are the offsets of a URL that has the same scheme and authority.
    std::error_code read(std::string_view text, const detail::UrlOffsets* server) {
        detail::UrlSplitter splitter(text);
        if (server != nullptr) splitter.keep_authority(*server);
        if (const errc fault = splitter.run(); fault != errc{}) {
            clear();
            return fault;
        }
        if (splitter.normal) {
            if (server == nullptr) detail::last_server.remember(text, splitter.offsets);
            detail::assign(text_, text);
            at_ = splitter.offsets;
            return {};
        }
        return owns(text) ? compose(std::string(text), splitter.offsets) : compose(text, splitter.offsets);
    }

    /// Makes this the URL whose parts lie in `in` at `from`; `in` is not part of this URL's own text.
    std::error_code compose(std::string_view in, const detail::UrlOffsets& from) {
        text_.reserve(detail::largest_url(in));  // The only step that may throw, so text and offsets always agree.
        at_ = detail::UrlWriter(text_).write(in, from);
        if (at_.end <= detail::max_url_size) return {};
        clear();
        return errc::url_too_long;
    }

    std::error_code insert_query(std::string_view query) {
        if (query.empty()) return {};
        const std::string_view joint = !has_query() ? "?" : at_.fragment - at_.query > 1 ? "&" : "";
        const std::size_t added = joint.size() + query.size();
        if (at_.end + added > detail::max_url_size) return errc::url_too_long;
        const std::string behind(slice(at_.fragment, text_.size()));
        text_.reserve(text_.size() + added);
        text_.resize(at_.fragment);
        text_.append(joint).append(query).append(behind);
        at_.fragment += static_cast<std::uint32_t>(added);
        at_.end += static_cast<std::uint32_t>(added);
        return {};
    }

    std::string text_;
    detail::UrlOffsets at_;
};

/// The URL for people to read: `***` stands in place of a password.
inline std::string to_string(const Url& url) {
    const auto info = url.userinfo();
    const auto colon = info.find(':');
    if (colon == std::string_view::npos) return std::string(url.str());
    const auto secret = static_cast<std::size_t>(info.data() - url.str().data()) + colon + 1;
    const auto behind = secret + info.size() - colon - 1;
    return std::string(url.str().substr(0, secret)).append("***").append(url.str().substr(behind));
}

inline std::ostream& operator<<(std::ostream& out, const Url& url) { return out << to_string(url); }

}  // namespace ferry
