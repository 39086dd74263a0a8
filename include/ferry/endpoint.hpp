// An IP address and a port, as a value.
#pragma once

#include <ferry/host.hpp>
#include <ferry/token.hpp>

#include <arpa/inet.h>

#include <array>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

namespace ferry {

/// One end of a TCP connection. The first four bytes of `address` count for IPv4, all sixteen for IPv6.
struct Endpoint {
    std::array<unsigned char, 16> address{};
    std::uint16_t port = 0;
    bool v6 = false;
    std::uint32_t scope = 0;  // IPv6 zone index, 0 for none

    bool operator==(const Endpoint&) const = default;
};

/// `192.0.2.1:80` or `[2001:db8::1]:80`.
inline std::string to_string(const Endpoint& e) {
    char text[INET6_ADDRSTRLEN] = "";
    ::inet_ntop(e.v6 ? AF_INET6 : AF_INET, e.address.data(), text, sizeof text);
    std::string s = e.v6 ? "[" : "";
    s.append(text);
    if (e.v6) s.append("]");
    return s.append(":").append(std::to_string(e.port));
}

inline std::ostream& operator<<(std::ostream& os, const Endpoint& e) { return os << to_string(e); }

namespace detail {

/// An IPv4 or IPv6 address as text, without brackets, zone or port; nothing for a name. Nothing is resolved.
inline std::optional<Endpoint> parse_address(std::string_view text) {
    Endpoint e;
    e.v6 = is_ipv6(text);
    if (!e.v6 && !is_ipv4(text)) return std::nullopt;
    if (::inet_pton(e.v6 ? AF_INET6 : AF_INET, std::string(text).c_str(), e.address.data()) != 1) return std::nullopt;
    return e;
}

/// The same for the host of a URL: in brackets where it is an IPv6 address, whose zone is left out.
inline std::optional<Endpoint> parse_host_address(std::string_view host) {
    if (!host.starts_with('[') || !host.ends_with(']')) return parse_address(host);
    host = host.substr(1, host.size() - 2);
    return parse_address(host.substr(0, host.find('%')));
}

/// Takes `:port` off the end of `host:port`; without one `port` stays as it is. False for one that is not from 1 to
/// 65535. The colons of an IPv6 address without brackets begin no port.
inline bool take_port(std::string_view& text, std::uint16_t& port) noexcept {
    const auto colon = text.rfind(':');
    if (colon == text.npos || text.ends_with(']')) return true;
    if (!text.starts_with('[') && text.find(':') != colon) return true;
    std::uint64_t value = 0;
    if (!parse_decimal(text.substr(colon + 1), value) || value == 0 || value > 65535) return false;
    port = static_cast<std::uint16_t>(value);
    text = text.substr(0, colon);
    return true;
}

}  // namespace detail
}  // namespace ferry
