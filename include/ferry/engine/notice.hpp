// Tells those who watch a session what happens: its hooks, and its log of the wire.
#pragma once

#include <ferry/engine/transfer.hpp>
#include <ferry/hooks.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>

namespace ferry::detail {

/// Whether a field's value is not for a log.
inline bool is_secret(std::string_view name, const Hooks& hooks) noexcept {
    constexpr std::array<std::string_view, 7> secrets{
        "authorization", "proxy-authorization", "cookie", "set-cookie", "set-cookie2", "x-api-key", "x-auth-token"};
    auto is_it = [name](std::string_view one) { return equal_ignoring_case(name, one); };
    return std::any_of(secrets.begin(), secrets.end(), is_it) ||
           std::any_of(hooks.secret_headers.begin(), hooks.secret_headers.end(), is_it);
}

/// A field as it may stand in a log: without a secret's value, and without passwords in URLs, such as a Location.
inline void log_field(const Hooks& hooks, std::string_view mark, std::string_view name, std::string_view value) {
    auto line = std::string(mark).append(name).append(": ");
    const bool may_hold_url = value.find("//") != value.npos;
    if (is_secret(name, hooks)) line.append("[hidden]");
    else may_hold_url ? line.append(printable_url(value)) : line.append(value);
    hooks.log(line);
}

/// A head of ours.
inline void log_sent(const Hooks& hooks, std::string_view head) {
    auto end = head.find("\r\n");
    hooks.log(std::string("> ").append(head.substr(0, end)));
    for (head.remove_prefix(end + 2); !head.starts_with("\r\n"); head.remove_prefix(end + 2)) {
        end = head.find("\r\n");
        const auto line = head.substr(0, end);
        const auto name = line.substr(0, line.find(':'));
        log_field(hooks, "> ", name, line.substr(name.size() + 2));
    }
}

/// Where a request goes: one without a connection goes to an adapter.
inline std::string describe(const ConnectionInfo& info, std::string_view unix_socket) {
    if (info.id == 0) return "* to an adapter";
    const auto id = std::to_string(info.id);
    if (info.reused) return "* again on connection " + id;
    const auto place = unix_socket.empty() ? to_string(info.remote) : printable_path(unix_socket);
    return "* connected to " + place + ", connection " + id;
}

/// `first` begins with the head.
inline void tell_sending(const transfer& t, std::string_view first) {
    const auto head = first.substr(0, first.find("\r\n\r\n") + 4);
    auto& hooks = t.asked.session->hooks;
    auto& info = t.response.connection;
    if (hooks.log) {
        hooks.log(describe(info, t.asked.session->socket.unix_socket));
        log_sent(hooks, head);
    }
    if (hooks.on_request) hooks.on_request({t.asked.method, t.asked.url, head, info});
}

/// A head of the peer's.
inline void log_received(const Hooks& hooks, const Response& r) {
    auto line = std::string(r.version == 10 ? "< HTTP/1.0 " : "< HTTP/1.1 ").append(std::to_string(r.status));
    hooks.log(r.reason.empty() ? line : line.append(" ").append(r.reason));
    for (auto f : r.headers) log_field(hooks, "< ", f.name, f.value);
}

/// A final head has come.
inline void tell_received(const transfer& t) {
    auto& hooks = t.asked.session->hooks;
    auto& r = t.response;
    if (hooks.log) log_received(hooks, r);
    if (hooks.on_response) hooks.on_response(r);
}

inline void tell_retry(const transfer& t, std::size_t count, std::error_code why, std::chrono::milliseconds wait,
                       bool stale) {
    auto& hooks = t.asked.session->hooks;
    if (hooks.log) {
        auto line = std::string(stale ? "* the connection had been dropped: " : "* trying again: ");
        hooks.log(line.append(why ? why.message() : "status " + std::to_string(t.response.status)));
    }
    if (hooks.on_retry) hooks.on_retry({t.asked.method, t.asked.url, count, why, t.response.status, wait, stale});
}

/// The request is the next one already.
inline void tell_redirect(const transfer& t, const Response& from) {
    auto& hooks = t.asked.session->hooks;
    if (hooks.log) hooks.log(std::string("* next: ").append(t.asked.method).append(" ").append(to_string(t.asked.url)));
    if (hooks.on_redirect) hooks.on_redirect({from, t.asked.method, t.asked.url});
}

/// Takes no memory: nothing can be done about its lack where a connection is closed.
inline void log_discard(const std::function<void(std::string_view)>& log, std::uint64_t id, std::string_view why) {
    char line[128];
    const auto n = std::snprintf(line, sizeof line, "* closing connection %ju: %.*s", std::uintmax_t{id},
                                 static_cast<int>(why.size()), why.data());
    log({line, std::min(static_cast<std::size_t>(n), sizeof line - 1)});
}

/// What a pool of T calls; nothing if nobody watches.
template <class T> std::function<void(DiscardReason, const T&)> tells_discards(const Hooks& hooks) {
    if (!hooks.on_discard && !hooks.log) return {};
    return [log = hooks.log, on_discard = hooks.on_discard](DiscardReason why, const T& connection) {
        auto& info = connection.info();
        if (log) log_discard(log, info.id, to_string(why));
        if (on_discard) on_discard({why, info});
    };
}

}  // namespace ferry::detail
