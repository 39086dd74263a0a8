// Bodies in pieces: functions that give them out, and what arrived of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace ferry::testing {

// Gives out a text in pieces of at most so many bytes.
inline auto pieces_of(std::string text, std::size_t most) {
    return [text = std::move(text), most, at = std::size_t{0}](std::span<char> into) mutable {
        auto n = std::min({into.size(), most, text.size() - at});
        std::memcpy(into.data(), text.data() + at, n);
        at += n;
        return n;
    };
}

// The data of a chunked body.
inline std::string unchunked(std::string_view body) {
    std::string data;
    for (;;) {
        auto size = std::stoul(std::string(body.substr(0, body.find('\r'))), nullptr, 16);
        body.remove_prefix(body.find('\n') + 1);
        if (size == 0) return data;
        data += body.substr(0, size);
        body.remove_prefix(size + 2);
    }
}

inline std::string patterned(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 7 % 26);
    return text;
}

}  // namespace ferry::testing
