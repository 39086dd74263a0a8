// What a pool of connections belongs to: scheme, host and port.
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

    bool operator==(const Origin&) const = default;
};

inline std::string to_string(const Origin& o) { return o.scheme + "://" + o.authority; }
inline std::ostream& operator<<(std::ostream& os, const Origin& o) { return os << o.scheme << "://" << o.authority; }

namespace detail {

/// The same key, borrowed from a Url: looking up costs no allocation.
struct origin_view {
    std::string_view scheme, authority;

    origin_view(std::string_view s, std::string_view a) : scheme(s), authority(a) {}
    origin_view(const Origin& o) : scheme(o.scheme), authority(o.authority) {}
    explicit operator Origin() const { return {std::string(scheme), std::string(authority)}; }
};

struct origin_hash {
    using is_transparent = void;
    std::size_t operator()(const origin_view& o) const noexcept {
        return std::hash<std::string_view>{}(o.authority) + o.scheme.size();
    }
};
struct origin_equal {
    using is_transparent = void;
    bool operator()(const origin_view& a, const origin_view& b) const noexcept {
        return a.authority == b.authority && a.scheme == b.scheme;
    }
};

}  // namespace detail
}  // namespace ferry
