// An IP address and a port, as a value.
#pragma once

#include <arpa/inet.h>

#include <array>
#include <cstdint>
#include <ostream>
#include <string>

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

}  // namespace ferry
