// Looks a name up, as the system does or as a caller's function does, on the calling thread.
#pragma once

#include <ferry/error.hpp>
#include <ferry/io/socket.hpp>
#include <ferry/resolver.hpp>

#include <arpa/inet.h>
#include <netdb.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace ferry::detail {

inline std::error_code resolver_error(int eai) noexcept {
    switch (eai) {
    case EAI_NONAME:
#ifdef EAI_NODATA
    case EAI_NODATA:
#endif
        return errc::host_not_found;
    case EAI_AGAIN: return errc::resolver_try_again;
    case EAI_SYSTEM: return last_error();
    default: return errc::resolver_failed;
    }
}

/// As the system resolves it: files, DNS, whatever it is set up to do.
inline std::error_code resolve_now(const std::string& name, std::uint16_t port, int flags,
                                   std::vector<Endpoint>& found) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    addrinfo* list = nullptr;
    if (auto eai = ::getaddrinfo(name.c_str(), nullptr, &hints, &list)) return resolver_error(eai);
    std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, ::freeaddrinfo);
    for (auto* a = list; a; a = a->ai_next) {
        if (a->ai_family != AF_INET && a->ai_family != AF_INET6) continue;
        found.push_back(endpoint_of(a->ai_addr));
        found.back().port = port;
    }
    return {};
}

/// `localhost` and the names below it mean this machine, whatever files and name servers say (RFC 6761 6.3).
inline bool is_localhost(std::string_view host) noexcept {
    if (host.ends_with('.')) host.remove_suffix(1);
    return host == "localhost" || host.ends_with(".localhost");
}

/// Whether nothing has to be looked up: an address, or this machine.
inline bool resolve_literal(std::string_view host, std::uint16_t port, std::vector<Endpoint>& found) {
    if (!is_localhost(host)) return !resolve_now(std::string(host), port, AI_NUMERICHOST, found);
    return resolve_literal("::1", port, found) && resolve_literal("127.0.0.1", port, found);
}

/// What came of a lookup.
struct lookup_result {
    std::error_code ec = errc::resolver_failed;
    std::string about = {};  // of a fault, for people
    std::vector<Endpoint> found = {};
};

/// As the caller's function has it.
inline lookup_result resolve_by(const Resolver& resolver, const std::string& name, std::uint16_t port) {
    lookup_result r;
    try {
        const auto answer = resolver(name, port);
        r.found = answer.addresses();
        r.ec = answer.error();
        if (answer.asks_system()) r.ec = resolve_now(name, port, 0, r.found);
    } catch (const std::exception& e) {
        r.about = e.what();
    } catch (...) {
        r.about = "not a std::exception";
    }
    for (auto& e : r.found)
        if (e.port == 0) e.port = port;
    return r;
}

}  // namespace ferry::detail
