// The fields that the session works out for each request anew: cookies, credentials, what the body is.
#pragma once

#include <ferry/auth_choice.hpp>
#include <ferry/engine/transfer.hpp>
#include <ferry/features.hpp>
#include <ferry/http/gzip.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry::detail {

inline journey& way_of(transfer& t) {
    if (!t.way) t.way = std::make_unique<journey>(t.asked);
    return *t.way;
}

/// The value of the first line of that name in a block.
inline std::optional<std::string_view> field_in(std::string_view block, std::string_view name) noexcept {
    while (!block.empty()) {
        const auto line = block.substr(0, block.find("\r\n"));
        const auto colon = line.find(':');
        if (equal_ignoring_case(line.substr(0, colon), name)) return line.substr(colon + 2);
        block.remove_prefix(line.size() + 2);
    }
    return std::nullopt;
}
inline bool names_a_field(std::string_view block, std::string_view name) noexcept {
    return field_in(block, name).has_value();
}

/// Whether the caller or the session says it outright.
inline bool is_given(const request& q, std::string_view name) noexcept {
    return q.fields->contains(name) || names_a_field(q.defaults, name);
}
/// What they say, or nothing.
inline std::string_view field_of(const request& q, std::string_view name) noexcept {
    if (auto own = q.fields->find(name)) return *own;
    return field_in(q.defaults, name).value_or(std::string_view());
}

/// One Cookie field: the request's own cookies, then the jar's (RFC 6265 5.4). A field that the caller wrote stands
/// instead.
inline void add_cookies(transfer& t) {
    auto& q = t.asked;
    const bool foreign = t.way && t.way->dropped != secrets_dropped::none;
    std::string value;
    if (!foreign)
        for (auto& [name, v] : q.options->cookies) value.append(value.empty() ? "" : "; ").append(name + "=" + v);
    auto& jar = q.session->cookies;
    if (jar && !jar->empty()) {
        std::string kept;
        jar->append_header(q.url, kept);
        if (!kept.empty()) value.append(value.empty() ? "" : "; ").append(kept);
    }
    if (!value.empty() && !is_given(q, "Cookie")) append_field(q.added, "Cookie", value);
}

/// The request has something else in place of the session's field.
inline void drop_default(transfer& t, std::string_view name) {
    auto& w = way_of(t);
    w.defaults = without_lines(t.asked.defaults, [name](std::string_view n) { return equal_ignoring_case(n, name); });
    t.asked.defaults = w.defaults;
}

inline AuthSources auth_sources_of(const request& q, bool elsewhere) noexcept {
    return {.request_field = q.fields->contains("Authorization"),
            .request = &q.options->auth,
            .url = &q.url,
            .session_field = names_a_field(q.defaults, "Authorization"),
            .session = &q.session->auth,
            .netrc = q.shared && q.shared->netrc ? &*q.shared->netrc : nullptr,
            .elsewhere = elsewhere};
}

/// Whose credentials are for this request: chosen once for each origin (SEMANTICS G3).
inline std::error_code choose_credentials(transfer& t) {
    auto& q = t.asked;
    auto& w = way_of(t);
    if (std::exchange(w.chosen, true)) return {};
    auto choice = choose_auth(auth_sources_of(q, w.dropped == secrets_dropped::all));
    w.credentials = AuthExchange(std::move(choice.auth));
    if (choice.from == AuthSource::request || choice.from == AuthSource::url) drop_default(t, "Authorization");
    return choice.fault;
}

inline std::error_code add_credentials(transfer& t) {
    auto& q = t.asked;
    auto ec = choose_credentials(t);
    if (ec) return ec;
    auto& mine = t.way->credentials;
    ec = mine.prepare(q.method, q.target(), q.url);
    if (ec || mine.field().empty()) return ec;
    append_field(q.added, mine.field_name(), mine.field());
    return {};
}

/// What is for a proxy goes to it and no further (SEMANTICS H1): to one that forwards, but into no tunnel.
inline std::error_code add_proxy_credentials(transfer& t) {
    constexpr std::string_view name = "Proxy-Authorization";
    auto& q = t.asked;
    if (!q.route || !q.route->forwarded) {
        if (!is_given(q, name)) return {};
        auto& w = way_of(t);
        w.for_tunnel = field_of(q, name);
        w.fields.erase(name);
        q.fields = &w.fields;
        drop_default(t, name);
        return {};
    }
    auto& proxy = q.route->proxy;
    if (!proxy.auth() || is_given(q, name)) return {};
    auto& w = way_of(t);
    if (!(w.asked == proxy)) w.asked = proxy, w.proxy_credentials = AuthExchange(proxy.auth(), true);
    auto ec = w.proxy_credentials.prepare(q.method, q.wire_target(), proxy.url());
    if (!ec && !w.proxy_credentials.field().empty()) append_field(q.added, name, w.proxy_credentials.field());
    return ec;
}

/// A field of the engine's own in place of the session's; the caller's stands.
inline void set_field(transfer& t, std::string_view name, std::string_view value) {
    auto& q = t.asked;
    auto& w = way_of(t);
    if (q.fields->contains(name)) return;
    drop_default(t, name);
    append_field(w.extra, name, value);
}

/// A body in memory that has trailers goes out in chunks, like one that is pulled.
inline Body as_source(std::string_view bytes) {
    auto left = std::make_shared<std::string_view>(bytes);
    Source from{.read = [left](std::span<char> into) {
        auto n = left->copy(into.data(), into.size());
        left->remove_prefix(n);
        return n;
    }};
    from.rewind = [left, bytes] { *left = bytes; };
    return Body(std::move(from));
}

/// The body as it is sent: coded, if that is asked for, once for all attempts.
inline std::error_code prepare_body(transfer& t) {
    auto& q = t.asked;
    const bool compress = q.options->compress && !q.body().none();
    const bool trailers = q.options->trailers && !q.body().none();
    if (compress && !FERRY_HAS_ZLIB) return errc::coding_not_available;
    t.packs = compress && q.body().pulled() && q.content != &way_of(t).prepared;
    t.has_trailers = trailers;
    auto bytes = q.body().bytes();
    if (!bytes || q.content != &q.options->body) return {};
    auto& w = way_of(t);
#if FERRY_HAS_ZLIB
    if (compress) w.coded = gzip(*bytes), bytes = w.coded;
#endif
    if (!compress && !trailers) return {};
    w.prepared = (trailers ? as_source(*bytes) : Body::borrow(*bytes)).with_type(q.body().type());
    q.content = &w.prepared;
    return {};
}

[[gnu::cold]] inline std::error_code add_fields_now(transfer& t) {
    auto& q = t.asked;
    const bool credentials = q.options->auth || q.session->auth || q.session->netrc || q.url.has_userinfo();
    q.added.clear();
    if (auto ec = prepare_body(t)) return ec;
    add_cookies(t);
    if (t.way) q.added.append(t.way->extra);
    if (q.options->compress && !q.body().none()) append_field(q.added, "Content-Encoding", "gzip");
    if (auto& type = q.body().type(); !type.empty() && !is_given(q, "Content-Type"))
        append_field(q.added, "Content-Type", type);
    if (auto ec = add_proxy_credentials(t)) return ec;
    return credentials ? add_credentials(t) : std::error_code{};
}

/// Most requests need none of them.
inline std::error_code add_fields(transfer& t) {
    auto& q = t.asked;
    auto& s = *q.session;
    const bool cookies = s.cookies && !s.cookies->empty();
    if (!cookies && !q.adds && !q.url.has_userinfo() && !t.way) [[likely]]
        return {};
    return add_fields_now(t);
}

}  // namespace ferry::detail
