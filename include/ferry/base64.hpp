// The base64 encoder (RFC 4648 4): OpenSSL, which has one too, is optional.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ferry::detail {

/// `bytes` in the standard alphabet, with padding and without line breaks.
inline std::string base64(std::string_view bytes) {
    constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto at = [&](std::size_t k) { return k < bytes.size() ? static_cast<unsigned char>(bytes[k]) : 0u; };
        const unsigned group = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
        out.push_back(digits[group >> 18]);
        out.push_back(digits[group >> 12 & 63]);
        out.push_back(i + 1 < bytes.size() ? digits[group >> 6 & 63] : '=');
        out.push_back(i + 2 < bytes.size() ? digits[group & 63] : '=');
    }
    return out;
}

}  // namespace ferry::detail
