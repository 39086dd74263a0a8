// Name resolution that can be waited for with a deadline: getaddrinfo cannot be interrupted, so a thread of its own
// does it, and is left behind when it takes too long.
#pragma once

#include <ferry/core/action.hpp>
#include <ferry/error.hpp>
#include <ferry/io/socket.hpp>
#include <ferry/io/wait.hpp>

#include <arpa/inet.h>
#include <netdb.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
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

/// A name being looked up, shared by the thread that does it and the one that waits.
struct lookup {
    std::mutex mutex;
    std::condition_variable_any changed;
    bool done = false;
    std::error_code ec;
    std::vector<Endpoint> found;
};

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

inline std::error_code resolve_name(std::string_view host, std::uint16_t port, const bound& b, const waker& w,
                                    std::vector<Endpoint>& found) {
    std::string name(host);
    auto shared = std::make_shared<lookup>();
    try {
        std::thread([shared, name, port] {
            std::vector<Endpoint> all;
            std::error_code ec = errc::resolver_failed;
            try {
                ec = resolve_now(name, port, 0, all);
            } catch (...) {  // out of memory
            }
            std::lock_guard lock(shared->mutex);
            shared->ec = ec;
            shared->found = std::move(all);
            shared->done = true;
            shared->changed.notify_all();
        }).detach();
    } catch (const std::system_error& e) {
        return e.code();
    }
    std::unique_lock lock(shared->mutex);
    auto done = [&] { return shared->done; };
    if (b.at == never) shared->changed.wait(lock, w.token(), done);
    else shared->changed.wait_until(lock, w.token(), b.at, done);
    if (!shared->done) return w.stopped() ? make_error_code(errc::cancelled) : b.over();
    found = std::move(shared->found);
    return shared->ec;
}

}  // namespace ferry::detail
