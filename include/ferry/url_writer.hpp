// Writes the normalized text of a URL whose parts have been found: lower case, escapes, no dot segments (RFC
// 3986 6.2.2).
#pragma once

#include <ferry/host.hpp>
#include <ferry/percent.hpp>
#include <ferry/token.hpp>
#include <ferry/url_parser.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ferry::detail {

/// How long the normalized text of `in` can become: escapes triple a byte, and an authority may be there twice.
inline std::size_t largest_url(std::string_view in) noexcept {
    std::size_t escapes = 0;
    for (const char c : in) escapes += is(CharSet::unreserved, c) ? 0 : 1;
    return in.size() + 2 * escapes + 1 + (in.find('[') == std::string_view::npos ? 0 : in.size());
}

/// Replaces a string by the text of one URL.
class UrlWriter {
public:
    explicit UrlWriter(std::string& text) noexcept : text_(text) {}

    /// The parts lie in `in` at `from`; returns where they lie in the new text. `in` is no part of the old one.
    UrlOffsets write(std::string_view in, const UrlOffsets& from) {
        const auto part = [in](std::size_t begin, std::size_t end) { return in.substr(begin, end - begin); };
        text_.clear();
        append_lower(part(0, from.scheme_end));
        at_.scheme_end = mark();
        text_.append("://");
        append_userinfo(part(from.userinfo(), from.host));
        append_host(part(from.host, from.host_end));
        append_port(from);
        append_path(part(from.path, from.query));
        at_.query = mark();
        requote(text_, part(from.query, from.fragment), CharSet::query);
        at_.fragment = mark();
        requote(text_, part(from.fragment, from.end), CharSet::fragment);
        at_.end = mark();
        append_zoneless_authority();
        return at_;
    }

private:
    std::uint32_t mark() const noexcept { return static_cast<std::uint32_t>(text_.size()); }

    void append_lower(std::string_view text) {
        for (const char c : text) text_.push_back(to_lower(c));
    }

    /// `info` ends with its `@` when there is one. Without a name and a password it says nothing.
    void append_userinfo(std::string_view info) {
        if (info.size() > 1 && info != ":@") {
            requote(text_, info.substr(0, info.size() - 1), CharSet::userinfo);
            text_.push_back('@');
        }
        at_.host = mark();
    }

    /// A zone keeps its case: it names an interface of this machine.
    void append_host(std::string_view host) {
        const std::size_t zone = find_zone(host);
        append_lower(host.substr(0, zone));
        if (zone != std::string_view::npos) text_.append(host.substr(zone));
        at_.host_end = mark();
    }

    void append_port(const UrlOffsets& from) {
        at_.port = from.port;
        at_.has_port = from.has_port;
        if (from.has_port) text_.append(":").append(std::to_string(from.port));
        at_.path = mark();
    }

    /// Appends segment after segment, and removes dot segments on the way (RFC 3986 5.2.4).
    void append_path(std::string_view path) {
        while (!path.empty()) {
            const auto segment = path.substr(1, path.find('/', 1) - 1);
            path.remove_prefix(1 + segment.size());
            if (segment == ".." && mark() > at_.path) text_.erase(text_.rfind('/'));
            if (segment != "." && segment != "..") {
                text_.push_back('/');
                requote(text_, segment, CharSet::path);
            } else if (path.empty()) {
                text_.push_back('/');
            }
        }
        if (mark() == at_.path) text_.push_back('/');
    }

    /// An IPv6 zone stays in the URL and out of the `Host` field: the field's text then lies behind the URL's.
    void append_zoneless_authority() {
        const std::size_t zone = find_zone(std::string_view(text_).substr(at_.host, at_.host_end - at_.host));
        if (zone == std::string_view::npos) return;
        text_.append(text_, at_.host, zone);
        text_.append(text_, at_.host_end - 1, at_.path - at_.host_end + 1);
    }

    std::string& text_;
    UrlOffsets at_;
};

}  // namespace ferry::detail
