// What a method's name implies.
#pragma once

#include <ferry/token.hpp>

#include <string_view>

namespace ferry::detail {

/// Methods that ask for nothing but an answer (RFC 9110 9.2.1).
constexpr bool is_safe(std::string_view method) noexcept {
    return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE" || method == "QUERY";
}

/// Methods that may be repeated without the caller's word (RFC 9110 9.2.2; QUERY by its own RFC).
constexpr bool is_idempotent(std::string_view method) noexcept {
    return is_safe(method) || method == "PUT" || method == "DELETE";
}

/// Methods whose requests say `Content-Length: 0` when they have no body (RFC 9110 8.6).
constexpr bool expects_body(std::string_view method) noexcept {
    return method.starts_with('P') && (method == "POST" || method == "PUT" || method == "PATCH");
}

}  // namespace ferry::detail
