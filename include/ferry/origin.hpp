// What a pool of connections belongs to: scheme, host and port, and how else than directly they are reached.
#pragma once

#include <cstddef>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>

namespace ferry {

/// The pool's key. `http://h` and `http://h:80` are one, because a Url's authority is normalized.
struct Origin {
    std::string scheme;     ///< lower case
    std::string authority;  ///< host, and port unless it is the scheme's own
    std::string via = {};   ///< `through http://proxy:3128`, or TLS options that are not the session's; usually empty

    bool operator==(const Origin&) const = default;
};

/// `https://host`, `https://host through http://proxy:3128`.
inline std::string to_string(const Origin& o) {
    auto text = o.scheme + "://" + o.authority;
    return o.via.empty() ? text : text.append(" ").append(o.via);
}
inline std::ostream& operator<<(std::ostream& os, const Origin& o) { return os << to_string(o); }

namespace detail {

/// The same key, borrowed from a Url: looking up costs no allocation.
struct origin_view {
    std::string_view scheme, authority, via;

    origin_view(std::string_view s, std::string_view a, std::string_view v = {}) : scheme(s), authority(a), via(v) {}
    origin_view(const Origin& o) : scheme(o.scheme), authority(o.authority), via(o.via) {}
    explicit operator Origin() const { return {std::string(scheme), std::string(authority), std::string(via)}; }
};

struct origin_hash {
    using is_transparent = void;
    std::size_t operator()(const origin_view& o) const noexcept {
        return std::hash<std::string_view>{}(o.authority) + o.scheme.size();
    }
};
/// There is http and there is https: their sizes tell them apart.
struct origin_equal {
    using is_transparent = void;
    bool operator()(const origin_view& a, const origin_view& b) const noexcept {
        return a.authority == b.authority && a.scheme.size() == b.scheme.size() && a.via == b.via;
    }
};

}  // namespace detail
}  // namespace ferry
