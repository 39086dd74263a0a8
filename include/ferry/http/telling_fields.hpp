// Which fields of a response's head ask for something to be done: noted in passing, for most heads have none.
#pragma once

#include <ferry/token.hpp>

#include <string_view>

namespace ferry::detail {

struct telling_fields {
    bool set_cookie = false, content_encoding = false, keep_alive = false;
};

/// Called for each field as it comes.
inline void note_telling(telling_fields& found, std::string_view name) noexcept {
    const auto is = [name](std::string_view other) {
        return name.size() == other.size() && to_lower(name[0]) == other[0] && equal_ignoring_case(name, other);
    };
    if (is("keep-alive")) found.keep_alive = true;
    else if (is("set-cookie")) found.set_cookie = true;
    else if (is("content-encoding")) found.content_encoding = true;
}

}  // namespace ferry::detail
