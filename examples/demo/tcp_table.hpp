// The kernel's own list of TCP sockets (Linux: /proc/net/tcp and tcp6): the state of either end of a connection, and
// how much waits in it to be read. Systems without that list find nothing.
#pragma once

#include <ferry/endpoint.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

namespace demo {

/// What the kernel says of one socket. `unread` counts a FIN that has come as one byte.
struct SocketState {
    std::string_view name;
    unsigned long unread = 0;
    bool operator==(const SocketState&) const = default;
};

constexpr std::string_view state_name(unsigned number) {
    constexpr std::array<std::string_view, 13> names{
        "unknown", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2",   "TIME_WAIT",
        "CLOSE",   "CLOSE_WAIT",  "LAST_ACK", "LISTEN",   "CLOSING",   "NEW_SYN_RECV"};
    return names[number < names.size() ? number : 0];
}

/// An address as the table prints it: words of four bytes, each a number in the machine's own byte order.
inline std::optional<ferry::Endpoint> read_endpoint(std::string_view hex, unsigned port) {
    if (hex.size() != 8 && hex.size() != 32) return std::nullopt;
    ferry::Endpoint e{.port = static_cast<std::uint16_t>(port), .v6 = hex.size() == 32};
    for (std::size_t i = 0; i < hex.size(); i += 8) {
        auto word = static_cast<std::uint32_t>(std::stoul(std::string(hex.substr(i, 8)), nullptr, 16));
        std::memcpy(e.address.data() + i / 2, &word, 4);
    }
    return e;
}

/// The same, whether an IPv4 address is written as such or as ::ffff:192.0.2.1, and without the zone.
inline ferry::Endpoint plain(ferry::Endpoint e) {
    constexpr std::array<unsigned char, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    e.scope = 0;
    if (!e.v6 || !std::equal(mapped.begin(), mapped.end(), e.address.begin())) return e;
    ferry::Endpoint four{.port = e.port};
    std::copy(e.address.begin() + 12, e.address.end(), four.address.begin());
    return four;
}

/// The state in this line of the table, if it is about the socket at `local` that is connected to `remote`.
inline std::optional<SocketState> match(const char* line, const ferry::Endpoint& local, const ferry::Endpoint& remote) {
    char here[33], there[33];
    unsigned here_port = 0, there_port = 0, state = 0;
    unsigned long unread = 0;
    int found = std::sscanf(line, "%*s %32[0-9A-Fa-f]:%4X %32[0-9A-Fa-f]:%4X %2X %*8[0-9A-Fa-f]:%8lX", here, &here_port,
                            there, &there_port, &state, &unread);
    if (found != 6 || here_port != local.port || there_port != remote.port) return std::nullopt;
    auto a = read_endpoint(here, here_port), b = read_endpoint(there, there_port);
    if (!a || !b || plain(*a) != plain(local) || plain(*b) != plain(remote)) return std::nullopt;
    return SocketState{state_name(state), unread};
}

inline bool has_tcp_table() { return std::ifstream("/proc/net/tcp").good(); }

/// The socket at `local` connected to `remote`; nothing when there is none (any more), or none of this machine's.
inline std::optional<SocketState> find_socket(const ferry::Endpoint& local, const ferry::Endpoint& remote) {
    for (auto* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
        std::ifstream table(path);
        for (std::string line; std::getline(table, line);)
            if (auto found = match(line.c_str(), local, remote)) return found;
    }
    return std::nullopt;
}

}  // namespace demo
