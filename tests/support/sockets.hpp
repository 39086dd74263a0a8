// Plain POSIX sockets for the test servers: owned descriptors, loopback listeners, and what the kernel knows.
#pragma once

#include "signal.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#if defined(__linux__)
#include <linux/sockios.h>
#endif

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace ferry::testing {

[[noreturn]] inline void throw_errno(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() { reset(); }

    void reset() {
        if (fd_ >= 0) ::close(release());
    }
    int release() { return std::exchange(fd_, -1); }
    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

private:
    int fd_ = -1;
};

// Readable for good once closed: wakes every thread that polls it beside its socket.
class WakePipe {
public:
    WakePipe() {
        int ends[2];
        if (::pipe(ends) != 0) throw_errno("pipe");
        reader_ = Descriptor(ends[0]);
        writer_ = Descriptor(ends[1]);
        for (int fd : ends) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    void wake() { writer_.reset(); }
    int get() const { return reader_.get(); }

private:
    Descriptor reader_, writer_;
};

inline const sockaddr* generic(const sockaddr_storage& address) { return reinterpret_cast<const sockaddr*>(&address); }

struct LoopbackAddress {
    sockaddr_storage storage = {};
    socklen_t size = 0;

    explicit LoopbackAddress(bool ipv6 = false, std::uint16_t port = 0) {
        if (ipv6) {
            auto& address = reinterpret_cast<sockaddr_in6&>(storage);
            address.sin6_family = AF_INET6;
            address.sin6_addr = in6addr_loopback;
            address.sin6_port = htons(port);
            size = sizeof address;
        } else {
            auto& address = reinterpret_cast<sockaddr_in&>(storage);
            address.sin_family = AF_INET;
            address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            address.sin_port = htons(port);
            size = sizeof address;
        }
    }
};

inline std::uint16_t port_of(const sockaddr_storage& address) {
    if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
    if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
    return 0;
}

// 0 where the descriptor is no connected TCP socket.
inline std::uint16_t peer_port(int fd) {
    sockaddr_storage address = {};
    socklen_t size = sizeof address;
    return ::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 ? port_of(address) : std::uint16_t{0};
}

// The address alone; empty where it is no IPv4.
inline std::string peer_address(int fd) {
    sockaddr_in address = {};
    socklen_t size = sizeof address;
    char text[INET_ADDRSTRLEN] = "";
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 && address.sin_family == AF_INET)
        ::inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
    return text;
}

inline std::uint16_t local_port(int fd) {
    sockaddr_storage address = {};
    socklen_t size = sizeof address;
    return ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 ? port_of(address) : std::uint16_t{0};
}

inline void make_nonblocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

inline void set_option(int fd, int level, int name, int value) { ::setsockopt(fd, level, name, &value, sizeof value); }

inline Descriptor loopback_socket(bool ipv6 = false) {
    Descriptor fd(::socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0));
    if (!fd) throw_errno("socket");
    ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
#if defined(SO_NOSIGPIPE)
    set_option(fd.get(), SOL_SOCKET, SO_NOSIGPIPE, 1);
#endif
    return fd;
}

// A unix domain socket; a name that begins with NUL is in no folder (Linux).
inline Descriptor listen_at(const std::string& path, int backlog = 128) {
    Descriptor fd(::socket(AF_UNIX, SOCK_STREAM, 0));
    if (!fd) throw_errno("socket");
    ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const auto size = offsetof(sockaddr_un, sun_path) + path.size() + (path.front() == '\0' ? 0 : 1);
    if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), static_cast<socklen_t>(size)) != 0) throw_errno("bind");
    if (::listen(fd.get(), backlog) != 0) throw_errno("listen");
    make_nonblocking(fd.get());
    return fd;
}

// A small receive buffer makes a client's writes block early; accepted sockets inherit it.
inline Descriptor listen_on_loopback(int backlog = 128, int receive_buffer = 0, bool ipv6 = false,
                                     std::uint16_t port = 0) {
    auto fd = loopback_socket(ipv6);
    if (receive_buffer > 0) set_option(fd.get(), SOL_SOCKET, SO_RCVBUF, receive_buffer);
    LoopbackAddress address(ipv6, port);  // port 0: any that is free
    if (::bind(fd.get(), generic(address.storage), address.size) != 0) throw_errno("bind");
    if (::listen(fd.get(), backlog) != 0) throw_errno("listen");
    make_nonblocking(fd.get());
    return fd;
}

inline Descriptor connect_to(std::uint16_t port) {
    auto fd = loopback_socket();
    LoopbackAddress address(false, port);
    if (::connect(fd.get(), generic(address.storage), address.size) != 0) throw_errno("connect");
    set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    return fd;
}

inline long send_some(int fd, const char* data, std::size_t size) {
#if defined(MSG_NOSIGNAL)
    return ::send(fd, data, size, MSG_NOSIGNAL);
#else
    return ::send(fd, data, size, 0);
#endif
}

inline std::size_t unread_bytes(int fd) {
    int waiting = 0;
    return ::ioctl(fd, FIONREAD, &waiting) == 0 && waiting > 0 ? static_cast<std::size_t>(waiting) : 0;
}

// Bytes, and a FIN as one more, that the peer's kernel has not acknowledged yet; 0 once the connection is dead.
inline int unacknowledged(int fd) {
    int bytes = 0;
#if defined(__linux__)
    tcp_info info = {};
    socklen_t info_size = sizeof info;
    if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &info_size) == 0 && info.tcpi_state == TCP_CLOSE) return 0;
    ::ioctl(fd, SIOCOUTQ, &bytes);
#elif defined(SO_NWRITE)
    socklen_t size = sizeof bytes;
    ::getsockopt(fd, SOL_SOCKET, SO_NWRITE, &bytes, &size);
#endif
    return bytes;
}

// Looks again every millisecond: for what the kernel knows and tells nobody. False: not in time.
template <class Question> bool eventually(Question holds, std::chrono::milliseconds limit = patience) {
    auto end = std::chrono::steady_clock::now() + limit;
    while (!holds()) {
        if (std::chrono::steady_clock::now() >= end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

inline bool has_ipv6() {
    try {
        listen_on_loopback(1, 0, true);
        return true;
    } catch (const std::system_error&) {
        return false;
    }
}

inline bool has_kernel_table() { return std::ifstream("/proc/net/tcp").good(); }

// The state of the IPv4 socket from `local` to `remote` in the kernel's table, as the kernel numbers states;
// 0 where there is none (or no such table on this system).
inline int kernel_state(std::uint16_t local, std::uint16_t remote) {
    std::ifstream table("/proc/net/tcp");
    std::string line;
    std::getline(table, line);
    while (std::getline(table, line)) {
        std::istringstream fields(line);
        std::string slot, from, to;
        int state = 0;
        fields >> slot >> from >> to >> std::hex >> state;
        auto port = [](const std::string& address) {
            return std::stoul(address.substr(address.find(':') + 1), nullptr, 16);
        };
        if (port(from) == local && port(to) == remote) return state;
    }
    return 0;
}

// This process's descriptor that is connected to that port; -1: none. Lets a test reach under the client.
inline int descriptor_connected_to(std::uint16_t port) {
    for (int fd = 3; fd < 1024; ++fd)
        if (peer_port(fd) == port) return fd;
    return -1;
}

}  // namespace ferry::testing
