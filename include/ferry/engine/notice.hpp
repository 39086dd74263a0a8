// Tells those who watch a session what happens: its hooks, and its log of the wire.
#pragma once

#include <ferry/engine/transfer.hpp>
#include <ferry/hooks.hpp>

#include <algorithm>
#include <array>
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

/// The lines of a head, with `mark` before each, up to its empty line.
inline void log_head(const Hooks& hooks, std::string_view mark, std::string_view head) {
    std::string line;
    for (auto end = head.find("\r\n"); end != 0 && end != head.npos; end = head.find("\r\n")) {
        auto text = head.substr(0, end);
        auto colon = text.find(':');
        const bool secret = colon != text.npos && is_secret(text.substr(0, colon), hooks);
        line.assign(mark).append(secret ? text.substr(0, colon + 1) : text);
        if (secret) line.append(" [hidden]");
        hooks.log(line);
        head.remove_prefix(end + 2);
    }
}

/// `first` begins with the head.
inline void tell_sending(const transfer& t, std::string_view first) {
    const auto head = first.substr(0, first.find("\r\n\r\n") + 4);
    auto& hooks = t.asked.session->hooks;
    auto& info = t.response.connection;
    if (hooks.log) {
        auto line = std::string(info.reused ? "* again on connection " : "* connected to ");
        if (!info.reused) line.append(to_string(info.remote)).append(", connection ");
        hooks.log(line.append(std::to_string(info.id)));
        log_head(hooks, "> ", head);
    }
    if (hooks.on_request) hooks.on_request({t.asked.method, t.asked.url, head, info});
}

/// A final head has come.
inline void tell_received(const transfer& t) {
    auto& hooks = t.asked.session->hooks;
    auto& r = t.response;
    if (hooks.log) {
        auto line = std::string(r.version == 10 ? "< HTTP/1.0 " : "< HTTP/1.1 ").append(std::to_string(r.status));
        hooks.log(r.reason.empty() ? line : line.append(" ").append(r.reason));
        log_head(hooks, "< ", r.headers.block());
    }
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

}  // namespace ferry::detail
