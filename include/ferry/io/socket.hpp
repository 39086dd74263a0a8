// What is done with a connected socket besides waiting: the probe, sending, and addresses in the system's form.
#pragma once

#include <ferry/endpoint.hpp>
#include <ferry/http/connection.hpp>
#include <ferry/io/wait.hpp>
#include <ferry/pool/verdict.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <system_error>

namespace ferry::detail {

/// What poll cannot tell apart: the end, bytes that nobody asked for, an error. Only looked at when it is readable.
inline verdict why_readable(int fd) noexcept {
    char byte;
    auto n = ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n > 0) return verdict::unsolicited_data;
    if (n == 0) return verdict::closed;
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? verdict::alive : verdict::error;
}

/// The same, when a read has already taken what there was: bytes are gone, and a reset has been told once.
inline verdict why_not_alive(int fd) noexcept {
#ifdef __linux__
    tcp_info now{};
    socklen_t size = sizeof now;
    if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &now, &size) == 0 && now.tcpi_state == TCP_CLOSE) return verdict::error;
#endif
    auto found = why_readable(fd);
    return found == verdict::alive ? verdict::unsolicited_data : found;
}

#if FERRY_HAS_TLS
/// Under TLS what can be read may be a ticket or a new key: only decrypting it tells (RFC 8446 4.6).
inline verdict why_readable(int fd, tls_channel& tls) noexcept try {
    for (int rounds = 0; rounds < 16; ++rounds) {
        const auto room = tls.bottom().input_room();
        const auto n = ::recv(fd, room.data(), room.size(), MSG_DONTWAIT);
        if (n == 0) return verdict::closed;
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? verdict::alive : verdict::error;
        tls.bottom().received(static_cast<std::size_t>(n));
        const auto found = tls.probe();
        if (found != verdict::alive) return found == verdict::error ? verdict::tls_error : found;
    }
    return verdict::unsolicited_data;  // tickets without end are not waited for, least of all with the pool locked
} catch (...) {                        // no memory to look with
    return verdict::error;
}
#endif

/// The same for a connection, with TLS or without.
inline verdict why_readable(int fd, connection& c) noexcept {
#if FERRY_HAS_TLS
    if (c.tls) return why_readable(fd, *c.tls);
#endif
    static_cast<void>(c);
    return why_readable(fd);
}

/// The probe (RFC 9112 9.2, urllib3's `is_connection_dropped`): an idle connection on which something can be read is
/// dropped or poisoned. It never blocks and leaves the socket as it is.
inline verdict probe(int fd, connection& c) noexcept {
    if (fd < 0) return verdict::closed;
    return wait_for_read(fd) ? why_readable(fd, c) : verdict::alive;
}

#ifdef MSG_NOSIGNAL
inline constexpr int no_signal = MSG_NOSIGNAL;
#else
inline constexpr int no_signal = 0;  // such systems have SO_NOSIGPIPE
#endif

inline ssize_t send_both(int fd, const std::array<std::string_view, 2>& pieces) noexcept {
    std::array<iovec, 2> parts{};
    for (std::size_t i = 0; i < 2; ++i) parts[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
    msghdr m{};
    m.msg_iov = parts.data();
    m.msg_iovlen = parts.size();
    return ::sendmsg(fd, &m, no_signal | MSG_DONTWAIT);
}

/// Some bytes of two pieces, without waiting; -1 and errno when that cannot be.
inline ssize_t send_now(int fd, const std::array<std::string_view, 2>& pieces) noexcept {
    ssize_t n;
    do
        n = pieces[1].empty() ? ::send(fd, pieces[0].data(), pieces[0].size(), no_signal | MSG_DONTWAIT)
                              : send_both(fd, pieces);
    while (n < 0 && errno == EINTR);
    return n;
}

/// Before a connection is closed: says so, as far as that can be done without waiting. Not in a child of fork(), whose
/// parent goes on with it.
inline void say_goodbye(int fd, connection& c) noexcept try {
#if FERRY_HAS_TLS
    if (!c.tls) return;
    c.tls->close_notify();
    if (const auto last = c.tls->bottom().to_send(); !last.empty()) send_now(fd, {last});
#else
    static_cast<void>(fd), static_cast<void>(c);
#endif
} catch (...) {  // no memory for manners
}

/// An address in the system's form.
struct system_address {
    sockaddr_storage storage{};
    socklen_t size = 0;

    system_address() = default;
    explicit system_address(const Endpoint& e) noexcept {
        if (e.v6) {
            sockaddr_in6 a{};
            a.sin6_family = AF_INET6;
            a.sin6_port = htons(e.port);
            a.sin6_scope_id = e.scope;
            std::memcpy(&a.sin6_addr, e.address.data(), 16);
            store(a);
        } else {
            sockaddr_in a{};
            a.sin_family = AF_INET;
            a.sin_port = htons(e.port);
            std::memcpy(&a.sin_addr, e.address.data(), 4);
            store(a);
        }
    }
    const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }

private:
    template <class A> void store(const A& a) noexcept {
        std::memcpy(&storage, &a, sizeof a);
        size = sizeof a;
    }
};

inline Endpoint endpoint_of(const sockaddr* a) noexcept {
    Endpoint e;
    if (a->sa_family == AF_INET6) {
        sockaddr_in6 six;
        std::memcpy(&six, a, sizeof six);
        e.v6 = true;
        e.port = ntohs(six.sin6_port);
        e.scope = six.sin6_scope_id;
        std::memcpy(e.address.data(), &six.sin6_addr, 16);
    } else if (a->sa_family == AF_INET) {
        sockaddr_in four;
        std::memcpy(&four, a, sizeof four);
        e.port = ntohs(four.sin_port);
        std::memcpy(e.address.data(), &four.sin_addr, 4);
    }
    return e;
}

inline Endpoint local_endpoint(int fd) noexcept {
    system_address a;
    a.size = sizeof a.storage;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&a.storage), &a.size) != 0) return {};
    return endpoint_of(a.get());
}

}  // namespace ferry::detail
