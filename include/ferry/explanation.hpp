// What a session would do with a request, and why: a value to look at.
#pragma once

#include <ferry/pool_limits.hpp>
#include <ferry/proxy_options.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace ferry {

/// The answer of `Session::explain`: nothing was sent or connected to for it. Print it, or ask for a part.
struct Explanation {
    std::string url;               ///< with base URL and params; without a password
    std::string way;               ///< `through http://proxy:3128, as https_proxy says`; `to an adapter`
    Proxy proxy = Proxy::none();   ///< the same as a value; `none()`: directly
    bool forwarded = false;        ///< the proxy is asked for the URL itself, rather than for a tunnel
    std::string pool;              ///< which connections serve it, as `stats().hosts` names them
    std::string auth;              ///< whose credentials it would carry: `the URL's`, `none`
    std::string proxy_auth;        ///< the same for the proxy
    std::size_t max_per_host = 0;  ///< connections of that pool at a time
    std::chrono::milliseconds pool_timeout{}, connect_timeout{}, read_timeout{}, write_timeout{}, timeout{};
    std::uint64_t max_body = 0;
    std::vector<std::string> of_request;  ///< the names of those limits that the request decides; the others: session
};

/// Some lines for people.
inline std::string to_string(const Explanation& e) {
    std::string text = e.url + "\n  way: " + e.way;
    if (e.proxy.is_http()) text.append(e.forwarded ? "; it is asked for the URL" : "; it is asked for a tunnel");
    text.append("\n  connections: ").append(e.pool);
    if (e.max_per_host != unlimited)
        text.append(", at most ").append(std::to_string(e.max_per_host)).append(" at a time");
    text.append("\n  credentials: ").append(e.auth);
    if (e.proxy) text.append("; for the proxy: ").append(e.proxy_auth);
    text.append("\n  limits:");
    const auto add = [&](std::string_view name, const std::string& value) {
        const bool own = std::find(e.of_request.begin(), e.of_request.end(), name) != e.of_request.end();
        text.append(text.back() == ':' ? " " : ", ").append(name).append(" ").append(value);
        if (own) text.append(" (the request's)");
    };
    const auto add_time = [&](std::string_view name, std::chrono::milliseconds t) {
        add(name, t == no_timeout ? std::string("none") : std::to_string(t.count()) + " ms");
    };
    add_time("pool_timeout", e.pool_timeout);
    add_time("connect_timeout", e.connect_timeout);
    add_time("read_timeout", e.read_timeout);
    add_time("write_timeout", e.write_timeout);
    add_time("timeout", e.timeout);
    add("max_body", std::to_string(e.max_body) + " bytes");
    return text.append("\n");
}

inline std::ostream& operator<<(std::ostream& os, const Explanation& e) { return os << to_string(e); }

}  // namespace ferry
