// What a session is made of behind its face: defaults, made ready once, and the connections that its calls share.
#pragma once

#include <ferry/engine/fetch.hpp>
#include <ferry/io/blocking.hpp>
#include <ferry/options.hpp>
#include <ferry/version.hpp>

#include <functional>
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

[[noreturn]] inline void raise(failure&& f, std::shared_ptr<const Response> partial = {}) {
    throw Error(f.ec, std::move(f.url), f.phase, f.state, f.particulars, std::move(partial));
}

struct session_core {
    explicit session_core(SessionOptions o) : options(std::move(o)), connections(options.pool) {
        if (auto c = check_session(options)) raise({.ec = c.ec, .particulars = std::move(c.about)});
        if (!options.base_url.empty()) base = Url(options.base_url);
        if (!options.headers.contains("User-Agent")) append_field(defaults, "User-Agent", "ferry/" FERRY_VERSION);
        if (!options.headers.contains("Accept")) append_field(defaults, "Accept", "*/*");
        defaults.append(options.headers.block());
    }

    /// Merges a call's options over the session's. `q.url` may bring memory to be reused.
    complaint prepare(request& q, std::string_view method, std::string_view url, const Options& own) const {
        if (auto c = check_request(method, own)) return c;
        auto ec = base.empty() ? q.url.assign(url) : q.url.assign(base, url);
        if (!ec && !options.params.empty()) ec = q.url.append_query(options.params);
        if (!ec && !own.params.empty()) ec = q.url.append_query(own.params);
        if (ec) return {ec, {}};
        if (q.url.scheme() == "https") return {errc::tls_not_available, {}};
        merge(q, method, options, own);
        q.defaults = defaults;
        return {};
    }

    const SessionOptions options;
    Url base;
    std::string defaults;
    shared_connections connections;
};

inline std::shared_ptr<session_core> make_core(SessionOptions&& options) {
    try {
        return std::make_shared<session_core>(std::move(options));
    } catch (const Error&) {
        throw;
    } catch (const std::system_error& e) {  // Asio needs a few descriptors of its own
        raise({.ec = e.code(), .phase = Phase::connect, .particulars = "making a session"});
    }
}

inline failure refused(complaint&& c, std::string_view url) {
    return {.ec = c.ec, .url = printable_url(url), .particulars = std::move(c.about)};
}

inline failure failed(const transfer& t, std::error_code ec) {
    return {ec, t.phase, t.reached(), to_string(t.asked.url), t.particulars};
}

/// One call with its body in memory. What arrived is in `into`, whatever the outcome; `url` may be a part of it.
inline failure call(session_core& core, std::string_view method, std::string_view url, const Options& own,
                    Response& into) {
    request q;
    auto last = into.url.str();
    const bool inside = !std::less<>()(url.data(), last.data()) && std::less<>()(url.data(), last.data() + last.size());
    if (!inside) q.url = std::move(into.url);
    if (auto c = core.prepare(q, method, url, own)) {
        auto f = refused(std::move(c), url);
        into.clear();
        return f;
    }
    into.clear();
    transfer t(q, into);
    blocking_driver driver(core.connections, q);
    auto ec = run(driver, t, [&] { return fetch(t); });
    auto f = ec ? failed(t, ec) : failure{};
    into.url = std::move(q.url);
    return f;
}

}  // namespace ferry::detail
