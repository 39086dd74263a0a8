// What a text is encoded in, by its media type.
#pragma once

#include <ferry/token.hpp>

#include <algorithm>
#include <string>
#include <string_view>

namespace ferry::detail {

/// The `charset` parameter of a Content-Type in lower case and without its quotes; `utf-8` where there is none.
inline std::string charset_of(std::string_view content_type) {
    for (auto rest = content_type; rest.find(';') != rest.npos;) {
        rest.remove_prefix(rest.find(';') + 1);
        const auto parameter = trim(rest.substr(0, rest.find(';')));
        const auto equals = parameter.find('=');
        if (equals == parameter.npos || !equal_ignoring_case(trim(parameter.substr(0, equals)), "charset")) continue;
        auto value = trim(parameter.substr(equals + 1));
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
        std::string lower(value);
        std::transform(lower.begin(), lower.end(), lower.begin(), to_lower);
        if (!lower.empty()) return lower;
    }
    return "utf-8";
}

}  // namespace ferry::detail
