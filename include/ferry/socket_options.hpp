// How sockets are opened: TCP keep-alive, local address, network interface, unix domain socket. Values only.
#pragma once

#include <ferry/endpoint.hpp>
#include <ferry/error.hpp>
#include <ferry/percent.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ferry {

/// Probes of the operating system on an idle TCP connection (RFC 9293 3.8.4): they find out a peer that is gone, and
/// keep a connection alive in the tables of routers. This is not HTTP's keep-alive.
struct TcpKeepAlive {
    bool on = false;
    std::chrono::seconds idle{60};      ///< silence before the first probe
    std::chrono::seconds interval{10};  ///< between probes
    unsigned probes = 5;                ///< so many without an answer, and the connection is broken
};

/// The address of this machine that connections come from; the server's addresses of the other family are not tried.
class LocalAddress {
public:
    /// `192.0.2.1`, `2001:db8::1`; with a port, which allows for no more than one connection to each server,
    /// `192.0.2.1:4000`, `[2001:db8::1]:4000`. Throws `ferry::Error` (`errc::invalid_option`).
    template <std::convertible_to<std::string_view> Text> LocalAddress(const Text& text) : endpoint_(read(text)) {}

    /// Port 0: any.
    const Endpoint& endpoint() const noexcept { return endpoint_; }

    bool operator==(const LocalAddress&) const = default;

private:
    static Endpoint read(std::string_view text) {
        auto host = text;
        std::uint16_t port = 0;
        const bool ok = detail::take_port(host, port);
        auto address = ok ? detail::parse_host_address(host) : std::nullopt;
        if (!address)
            throw Error(errc::invalid_option, {}, Phase::input, RequestState::not_sent,
                        "local_address: not an IP address: " + std::string(text));
        address->port = port;
        return *address;
    }

    Endpoint endpoint_;
};

/// `192.0.2.1`, or `192.0.2.1:4000` where there is a port.
inline std::string to_string(const LocalAddress& a) {
    auto text = to_string(a.endpoint());
    if (a.endpoint().port == 0) text.resize(text.rfind(':'));
    return text;
}

/// How a session's sockets are opened.
struct SocketOptions {
    TcpKeepAlive keep_alive = {};
    std::optional<LocalAddress> local_address = {};  ///< the system chooses by default
    std::string interface = {};                      ///< such as `eth0`: through this one only
    std::string unix_socket = {};  ///< path of a unix domain socket to which all connections go, whatever the URL says
};

namespace detail {

/// What is wrong with these options; null for nothing.
inline const char* objection_to_sockets(const SocketOptions& o) noexcept {
    constexpr std::size_t max_interface = 15, max_path = 107;  // what the system has room for, less a NUL
    constexpr std::chrono::seconds max_pause{32767};           // Linux takes no more
    const auto& k = o.keep_alive;
    for (auto pause : {k.idle, k.interval})
        if (k.on && (pause.count() < 1 || pause > max_pause)) return "keep_alive: a pause is from 1 to 32767 s";
    if (k.on && (k.probes < 1 || k.probes > 127)) return "keep_alive: probes are from 1 to 127";
    if (o.interface.size() > max_interface || has_control(o.interface) ||
        o.interface.find_first_of("/ ") != o.interface.npos)
        return "interface: not the name of one";
    if (o.unix_socket.size() > max_path) return "unix_socket: the path is longer than 107 bytes";
    if (o.unix_socket.find('\0', 1) != o.unix_socket.npos) return "unix_socket: the path holds NUL";
    return nullptr;
}

/// For people: the NUL in front of an abstract name becomes `@`, as the system's own tools have it.
inline std::string printable_path(std::string_view path) {
    std::string text(path);
    if (text.starts_with('\0')) text.front() = '@';
    return text;
}

/// Takes out what cannot be reached from a local address; nothing may be left.
inline void keep_family(std::vector<Endpoint>& peers, const std::optional<LocalAddress>& local) {
    if (!local) return;
    std::erase_if(peers, [v6 = local->endpoint().v6](const Endpoint& e) { return e.v6 != v6; });
}

}  // namespace detail
}  // namespace ferry
