// Opens the socket for an attempt to connect, with the session's options applied to it.
#pragma once

#include <ferry/io/descriptor.hpp>
#include <ferry/io/socket.hpp>
#include <ferry/socket_options.hpp>

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>

namespace ferry::detail {

/// A stream socket that does not block, is closed on exec and raises no signal.
inline descriptor open_stream_socket(int family, int protocol) noexcept {
#ifdef SOCK_CLOEXEC
    descriptor d(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
#else
    descriptor d(::socket(family, SOCK_STREAM, protocol));
    if (d) ::fcntl(d.get(), F_SETFD, FD_CLOEXEC), ::fcntl(d.get(), F_SETFL, O_NONBLOCK);
#endif
#ifdef SO_NOSIGPIPE
    const int on = 1;
    if (d) ::setsockopt(d.get(), SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
    return d;
}

/// The same for TCP, which does not wait to fill segments.
inline descriptor open_tcp(int family) noexcept {
    auto d = open_stream_socket(family, IPPROTO_TCP);
    const int on = 1;
    if (d) ::setsockopt(d.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return d;
}

inline std::error_code set_option(int fd, int level, int name, int value) noexcept {
    return ::setsockopt(fd, level, name, &value, sizeof value) == 0 ? std::error_code{} : last_error();
}

inline std::error_code keep_alive(int fd, const TcpKeepAlive& k) noexcept {
    if (!k.on) return {};
    if (auto ec = set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1)) return ec;
#ifdef TCP_KEEPIDLE
    constexpr int idle = TCP_KEEPIDLE;
#else
    constexpr int idle = TCP_KEEPALIVE;  // macOS
#endif
    if (auto ec = set_option(fd, IPPROTO_TCP, idle, static_cast<int>(k.idle.count()))) return ec;
    if (auto ec = set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, static_cast<int>(k.interval.count()))) return ec;
    return set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, static_cast<int>(k.probes));
}

inline std::error_code bind_to_interface(int fd, [[maybe_unused]] bool v6, const std::string& name) noexcept {
#if defined(SO_BINDTODEVICE)
    const auto size = static_cast<socklen_t>(name.size());
    return ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name.data(), size) == 0 ? std::error_code{} : last_error();
#elif defined(IP_BOUND_IF)
    const auto index = ::if_nametoindex(name.c_str());
    if (index == 0) return last_error();
    return v6 ? set_option(fd, IPPROTO_IPV6, IPV6_BOUND_IF, static_cast<int>(index))
              : set_option(fd, IPPROTO_IP, IP_BOUND_IF, static_cast<int>(index));
#else
    static_cast<void>(fd), static_cast<void>(name);
    return std::make_error_code(std::errc::operation_not_supported);
#endif
}

/// With a port of its own, as that is what the caller wants, even if an earlier connection from there has not quite
/// ended. Without one the system chooses when it connects: so no port is taken that another destination could share.
inline std::error_code bind_to_address(int fd, const Endpoint& local) noexcept {
    if (local.port != 0) {
        if (auto ec = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1)) return ec;
    } else {
#ifdef IP_BIND_ADDRESS_NO_PORT
        set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);  // older kernels than headers do without
#endif
    }
    const system_address from(local);
    return ::bind(fd, from.get(), from.size) == 0 ? std::error_code{} : last_error();
}

/// For a connection to `peer`. `fault` names the option that could not be had.
inline std::error_code open_for(const Endpoint& peer, const SocketOptions& o, descriptor& into, std::string& fault) {
    into = open_tcp(peer.v6 ? AF_INET6 : AF_INET);
    if (!into) return last_error();
    const int fd = into.get();
    std::error_code ec;
    if ((ec = keep_alive(fd, o.keep_alive))) fault = "keep_alive";
    else if (!o.interface.empty() && (ec = bind_to_interface(fd, peer.v6, o.interface)))
        fault = "interface " + o.interface;
    else if (o.local_address && (ec = bind_to_address(fd, o.local_address->endpoint())))
        fault = "local_address " + to_string(*o.local_address);
    return ec;
}

/// Connects to a unix domain socket, which succeeds or fails at once.
inline std::error_code connect_to_path(std::string_view path, descriptor& into) noexcept {
    sockaddr_un to{};
    const bool is_abstract = path.starts_with('\0');
    if (path.size() + (is_abstract ? 0 : 1) > sizeof to.sun_path)
        return std::make_error_code(std::errc::filename_too_long);
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, path.data(), path.size());
    const auto size = offsetof(sockaddr_un, sun_path) + path.size() + (is_abstract ? 0 : 1);
    into = open_stream_socket(AF_UNIX, 0);
    if (!into) return last_error();
    int done;
    do done = ::connect(into.get(), reinterpret_cast<const sockaddr*>(&to), static_cast<socklen_t>(size));
    while (done != 0 && errno == EINTR);
    return done == 0 || errno == EISCONN ? std::error_code{} : last_error();
}

}  // namespace ferry::detail
