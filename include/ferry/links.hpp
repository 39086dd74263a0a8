// Links in header fields (RFC 8288): where the next page is, and what else belongs to a response.
#pragma once

#include <ferry/headers.hpp>
#include <ferry/percent.hpp>
#include <ferry/token.hpp>
#include <ferry/url.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace ferry {

/// One link of a `Link` field, as in `<https://h/items?page=2>; rel="next"; title="More"`.
struct Link {
    Url url = {};          ///< resolved against the URL of the response
    std::string rel = {};  ///< as the server wrote it: one relation type, or several with spaces between them
    /// The parameters, `rel` too, in their order: names in lower case, values without their quotes. Those whose name
    /// ends with `*` are decoded (RFC 8187; UTF-8 only).
    std::vector<std::pair<std::string, std::string>> params = {};

    /// Whether `type` is among the relation types; ASCII case does not count.
    bool is(std::string_view type) const noexcept {
        for (auto rest = std::string_view(rel); !rest.empty();) {
            const auto end = std::min(rest.find_first_of(" \t"), rest.size());
            if (end > 0 && detail::equal_ignoring_case(rest.substr(0, end), type)) return true;
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        return false;
    }

    /// The first parameter of that name, which is written in lower case; empty when there is none.
    std::string_view param(std::string_view name) const& noexcept {
        for (auto& p : params)
            if (p.first == name) return p.second;
        return {};
    }
    std::string_view param(std::string_view) const&& = delete;

    /// `title*` where there is one, else `title` (RFC 8288 3.4.1).
    std::string_view title() const& noexcept {
        const auto extended = param("title*");
        return extended.empty() ? param("title") : extended;
    }
    std::string_view title() const&& = delete;
};

namespace detail {

/// Takes a Link field apart (RFC 8288 B.2), in one pass.
class link_reader {
public:
    explicit link_reader(std::string_view text) noexcept : text_(text) {}

    /// The next well-formed link: its reference in `target`, the rest in `link`. False at the end.
    bool next(std::string_view& target, Link& link) {
        while (skip(", \t"), !text_.empty()) {
            link.rel.clear();
            link.params.clear();
            if (read_target(target) && read_params(link)) return true;
            skip_link();
        }
        return false;
    }

private:
    void skip(std::string_view bytes) noexcept {
        text_.remove_prefix(std::min(text_.find_first_not_of(bytes), text_.size()));
    }
    bool take(char c) noexcept {
        if (!text_.starts_with(c)) return false;
        text_.remove_prefix(1);
        return true;
    }
    std::string_view until(std::string_view bytes) noexcept {
        const auto found = text_.substr(0, text_.find_first_of(bytes));
        text_.remove_prefix(found.size());
        return found;
    }

    /// From where a malformed link has ended to the comma behind it. One in quotes is no such comma.
    void skip_link() {
        std::string ignored;
        while (!text_.empty() && text_[0] != ',') {
            if (take('=')) read_value_behind_sign(ignored);
            else text_.remove_prefix(1);
        }
    }

    bool read_target(std::string_view& target) noexcept {
        if (!take('<')) return false;
        target = trim(until(">"));
        return take('>');
    }

    bool read_params(Link& link) {
        bool has_rel = false;
        while (skip(" \t"), !text_.empty() && text_[0] != ',') {
            if (!take(';')) return false;
            skip(" \t");
            const auto name = until("=;, \t");
            if (name.empty()) continue;  // "; ;" is harmless
            if (!is_token(name)) return false;
            std::string value;
            if (!read_value(value)) return false;
            const bool is_rel = equal_ignoring_case(name, "rel");
            if (is_rel && !has_rel) link.rel = value;  // of several the first counts (RFC 8288 3.3)
            has_rel = has_rel || is_rel;
            keep(link, name, std::move(value));
        }
        return has_rel && !trim(link.rel).empty();
    }

    bool read_value(std::string& value) {
        skip(" \t");
        return !take('=') || read_value_behind_sign(value);
    }
    bool read_value_behind_sign(std::string& value) {
        skip(" \t");
        if (take('"')) return read_quoted(value);
        value = until(";, \t");
        return true;
    }

    /// What stands behind a quote; false when the string has no end.
    bool read_quoted(std::string& value) {
        while (!text_.empty()) {
            if (take('"')) return true;
            if (take('\\') && text_.empty()) return false;
            value.push_back(text_[0]);
            text_.remove_prefix(1);
        }
        return false;
    }

    /// A value in RFC 8187's form that is at fault is as good as none.
    static void keep(Link& link, std::string_view name, std::string value) {
        std::string lower;
        for (const char c : name) lower.push_back(to_lower(c));
        if (name.ends_with('*')) {
            auto decoded = decode_extended(value);
            if (!decoded) return;
            value = std::move(*decoded);
        }
        link.params.emplace_back(std::move(lower), std::move(value));
    }

    /// `UTF-8'en'%e2%82%ac` (RFC 8187 3.2).
    static std::optional<std::string> decode_extended(std::string_view value) {
        const auto charset = value.substr(0, value.find('\''));
        const auto language = value.find('\'', charset.size() + 1);
        if (!equal_ignoring_case(charset, "utf-8") || language == std::string_view::npos) return std::nullopt;
        const auto text = value.substr(language + 1);
        for (std::size_t i = 0; i < text.size(); ++i)
            if (text[i] == '%' && !is_escape(text, i)) return std::nullopt;
        return percent_decode(text);
    }

    std::string_view text_;
};

/// Each link holds a URL that may be as long as the response's own, so their number has a limit.
inline constexpr std::size_t max_links = 256;

/// The links of all `Link` fields. What is malformed, names no relation, or is no http or https URL is left out, and so
/// is what comes behind the first 256.
inline std::vector<Link> parse_links(const Headers& headers, const Url& base) {
    std::vector<Link> links;
    for (auto f : headers) {
        if (!equal_ignoring_case(f.name, "link")) continue;
        link_reader reader(f.value);
        std::string_view target;
        for (Link link; links.size() < max_links && reader.next(target, link);)
            if (!link.url.assign(base, target)) links.push_back(std::move(link));
    }
    return links;
}

}  // namespace detail

/// The first of the links that has this relation type, or null. A link with an `anchor` speaks of another resource than
/// the response (RFC 8288 3.2) and is passed over.
inline const Link* find_link(const std::vector<Link>& links, std::string_view rel) noexcept {
    for (auto& link : links)
        if (link.is(rel) && link.param("anchor").empty()) return &link;
    return nullptr;
}
const Link* find_link(std::vector<Link>&&, std::string_view) = delete;

}  // namespace ferry
