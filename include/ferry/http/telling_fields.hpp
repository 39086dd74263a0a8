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
    constexpr std::string_view set_cookie = "set-cookie", keep_alive = "keep-alive", coding = "content-encoding";
    static_assert(set_cookie.size() == keep_alive.size());
    if (name.size() == keep_alive.size()) {
        if (equal_ignoring_case(name, keep_alive)) found.keep_alive = true;
        else if (equal_ignoring_case(name, set_cookie)) found.set_cookie = true;
    } else if (name.size() == coding.size() && equal_ignoring_case(name, coding)) {
        found.content_encoding = true;
    }
}

}  // namespace ferry::detail
