// What every call of a session begins with: its options, checked and made ready once; and how a call's failure is told.
#pragma once

#include <ferry/engine/route.hpp>
#include <ferry/engine/transfer.hpp>
#include <ferry/options.hpp>
#include <ferry/version.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry::detail {

/// Why a call failed, before it becomes an exception or a mere code.
struct failure {
    std::error_code ec{};
    Phase phase = Phase::input;
    RequestState state = RequestState::not_sent;
    std::string url{};
    std::string particulars{};
    explicit operator bool() const noexcept { return static_cast<bool>(ec); }
};

inline Error to_error(failure&& f, std::shared_ptr<const Response> partial = {}) {
    return Error(f.ec, std::move(f.url), f.phase, f.state, f.particulars, std::move(partial));
}
[[noreturn]] inline void raise(failure&& f, std::shared_ptr<const Response> partial = {}) {
    throw to_error(std::move(f), std::move(partial));
}

[[gnu::cold]] inline failure refused(complaint&& c, std::string_view url) {
    return {.ec = c.ec, .url = printable_url(url), .particulars = std::move(c.about)};
}

[[gnu::cold]] inline failure failed(const transfer& t, std::error_code ec) {
    return {ec, t.phase, t.reached(), to_string(t.asked.url), t.particulars};
}

/// A session's options with a call's laid over them, for an overlay.
inline SessionOptions laid_over(const SessionOptions& under, const Options& over) {
    auto o = under;
    for (auto f : over.headers) o.headers.erase(f.name);
    for (auto f : over.headers) o.headers.add(f.name, f.value);
    for (auto& p : over.params) o.params.add(p.name, p.value);
    if (over.auth) o.auth = over.auth;
    if (over.proxy.said()) o.proxy = over.proxy;
    o.proxy_tunnel = over.proxy_tunnel.value_or(o.proxy_tunnel);
    if (over.tls) o.tls = *over.tls;
    o.timeout = over.timeout.value_or(o.timeout);
    if (over.pool_timeout) o.pool_timeout = over.pool_timeout;
    o.connect_timeout = over.connect_timeout.value_or(o.connect_timeout);
    o.read_timeout = over.read_timeout.value_or(o.read_timeout);
    o.write_timeout = over.write_timeout.value_or(o.write_timeout);
    if (over.redirects) o.redirects = *over.redirects;
    if (over.retry) o.retry = over.retry;
    o.keep_alive = over.keep_alive.value_or(o.keep_alive);
    o.lenient = over.lenient.value_or(o.lenient);
    o.decode = over.decode.value_or(o.decode);
    o.max_body = over.max_body.value_or(o.max_body);
    return o;
}

/// What belongs to one request cannot be every request's.
inline complaint check_overlay(const Options& o) {
    const char* wrong = !o.body.none()           ? "body"
                        : !o.target.empty()      ? "target"
                        : !o.cookies.empty()     ? "cookies"
                        : o.stop.stop_possible() ? "stop"
                        : o.idempotent           ? "idempotent"
                        : o.expect_continue      ? "expect_continue"
                        : o.compress             ? "compress"
                        : o.trailers             ? "trailers"
                        : o.resume               ? "resume"
                        : o.on_progress          ? "on_progress"
                        : o.on_interim           ? "on_interim"
                                                 : nullptr;
    if (!wrong) return {};
    return {errc::invalid_option, std::string(wrong) + " belongs to one request, not to an overlay"};
}

struct session_defaults {
    explicit session_defaults(SessionOptions&& o, bool is_asynchronous = false, std::shared_ptr<session_state> s = {})
        : options(std::move(o)), asynchronous(is_asynchronous),
          shared(s ? std::move(s) : std::make_shared<session_state>(options)) {
        if (auto c = check_session(options)) raise({.ec = c.ec, .particulars = std::move(c.about)});
        if (options.netrc && !shared->netrc) shared->netrc.emplace(Netrc::load());
        if (options.resolver && !shared->resolver)
            shared->resolver = std::make_shared<const Resolver>(options.resolver);
        if (!options.base_url.empty()) base = Url(options.base_url);
        if (!options.headers.contains("User-Agent")) append_field(fields, "User-Agent", "ferry/" FERRY_VERSION);
        if (!options.headers.contains("Accept")) append_field(fields, "Accept", "*/*");
        const bool codings = options.decode && !options.headers.contains("Accept-Encoding");
        if (codings && !accept_encoding().empty()) append_field(fields, "Accept-Encoding", accept_encoding());
        fields.append(options.headers.block());
    }

    /// The same with other defaults: a call's options, and a base URL if one is given.
    session_defaults(const session_defaults& under, std::string_view base_url, const Options& over)
        : session_defaults(checked(under, base_url, over), under.asynchronous, under.shared) {}

    /// Merges a call's options over the session's. `q.url` may bring memory to be reused.
    complaint prepare(request& q, std::string_view method, std::string_view url, const Options& own) const {
        q.shared = shared.get();
        if (auto c = check_request(method, own, asynchronous)) return c;
        auto ec = base.empty() ? q.url.assign(url) : q.url.assign(base, url);
        if (!ec && !options.params.empty()) ec = q.url.append_query(options.params);
        if (!ec && !own.params.empty()) ec = q.url.append_query(own.params);
        if (ec) return {ec, {}};
        if (&own == &Options::none()) merge(q, method, options, own, usual);
        else merge(q, method, options, own, settle(usual, options, own));
        q.defaults = fields;
        return choose_route(q);
    }

    const SessionOptions options;
    const bool asynchronous;
    const std::shared_ptr<session_state> shared;
    Url base;
    std::string fields;                     // as they go on the wire
    const settings usual = settle_usual();  // of a call without options

private:
    settings settle_usual() const {
        auto to = settle(options);
        to.own_tls = options.tls != shared->tls_options;
        to.routed = to.own_tls || options.proxy.said() || !shared->environment.empty();
        return to;
    }
    static SessionOptions checked(const session_defaults& under, std::string_view base_url, const Options& over) {
        if (auto c = check_overlay(over)) raise({.ec = c.ec, .particulars = std::move(c.about)});
        auto o = laid_over(under.options, over);
        if (!base_url.empty()) o.base_url = base_url;
        return o;
    }
};

}  // namespace ferry::detail
