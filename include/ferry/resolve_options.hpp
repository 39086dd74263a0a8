// Where to connect to in place of what a URL says (curl's --resolve and --connect-to).
#pragma once

#include <ferry/endpoint.hpp>
#include <ferry/error.hpp>
#include <ferry/host.hpp>
#include <ferry/token.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferry {

/// Other places to connect to for some hosts. Only the connection goes elsewhere: URL, Host field, TLS name and cookies
/// stay those of the host. A value that never changes can be read by all threads.
///
///     ferry::Session session({.resolve = {{"api.example.com:443", "127.0.0.1:8443"}, {"*:80", ":8080"}}});
///
/// On the left: `host:port`, or `host` for each port, or `*` for each host. On the right: `host:port`, or `host` to
/// stay with the port, or `:port` to stay with the host. IPv6 addresses with a port are in brackets. A name on the
/// right is resolved, but not looked up in here again. The first entry that fits is used. It is for servers that this
/// machine dials: not for proxies, and not where a proxy is given the server's name (all but socks5).
class ResolveOverrides {
public:
    /// Where to connect to.
    struct Target {
        std::string host = {};  ///< as a resolver takes it
        std::uint16_t port = 0;

        bool operator==(const Target&) const = default;
    };

    ResolveOverrides() = default;

    /// Throws `ferry::Error` (`errc::invalid_option`), whose text names the entry at fault.
    ResolveOverrides(std::initializer_list<std::pair<std::string_view, std::string_view>> entries) {
        for (auto& [from, to] : entries) add(from, to);
    }

    /// Adds an entry behind the others. Throws as above.
    void add(std::string_view from, std::string_view to) {
        Entry e;
        if (!read(from, e.from) || e.from.host.empty()) refuse(from);
        e.any_host = e.from.host == "*";
        e.from.host = comparable(e.from.host);
        if (!read(to, e.to) || e.to.host == "*" || (e.to.host.empty() && e.to.port == 0)) refuse(to);
        entries_.push_back(std::move(e));
    }

    bool empty() const noexcept { return entries_.empty(); }

    /// Where to connect to for a host, as a resolver takes it, and a port; nothing: just there.
    std::optional<Target> find(std::string_view host, std::uint16_t port) const {
        if (entries_.empty()) return std::nullopt;
        const auto name = comparable(host);
        for (auto& e : entries_) {
            if ((!e.any_host && e.from.host != name) || (e.from.port != 0 && e.from.port != port)) continue;
            return Target{e.to.host.empty() ? std::string(host) : e.to.host, e.to.port != 0 ? e.to.port : port};
        }
        return std::nullopt;
    }

private:
    struct Entry {
        Target from = {}, to = {};  // port 0: any, or the same; host of `to` empty: the same
        bool any_host = false;
    };

    [[noreturn]] static void refuse(std::string_view text) {
        throw Error(errc::invalid_option, {}, Phase::input, RequestState::not_sent,
                    "resolve: not a host and port: " + std::string(text));
    }

    static bool read(std::string_view text, Target& into) {
        if (!detail::take_port(text, into.port)) return false;
        if (text.starts_with('[')) {
            if (!detail::parse_host_address(text)) return false;
            text = text.substr(1, text.size() - 2);
        }
        into.host = text;
        const auto zone = text.find('%');
        return text.empty() || text == "*" || detail::is_ipv6(text.substr(0, zone)) || is_name(text);
    }
    static bool is_name(std::string_view text) noexcept {
        const auto scan = detail::scan_name(text);
        return detail::is_ipv4(text) || (scan.size == text.size() && detail::is_host_name(text, scan));
    }

    /// In one form for all ways to write it.
    static std::string comparable(std::string_view host) {
        if (const auto address = detail::parse_address(host)) return to_string(*address);
        if (host.ends_with('.')) host.remove_suffix(1);
        std::string name;
        for (const char c : host) name.push_back(detail::to_lower(c));
        return name;
    }

    std::vector<Entry> entries_;
};

}  // namespace ferry
