// What every call of a session begins with: its options, checked and made ready once; and how a call's failure is told.
#pragma once

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

inline failure refused(complaint&& c, std::string_view url) {
    return {.ec = c.ec, .url = printable_url(url), .particulars = std::move(c.about)};
}

inline failure failed(const transfer& t, std::error_code ec) {
    return {ec, t.phase, t.reached(), to_string(t.asked.url), t.particulars};
}

struct session_defaults {
    explicit session_defaults(SessionOptions o, bool is_asynchronous = false)
        : options(std::move(o)), asynchronous(is_asynchronous) {
        if (auto c = check_session(options)) raise({.ec = c.ec, .particulars = std::move(c.about)});
        if (!options.base_url.empty()) base = Url(options.base_url);
        if (!options.headers.contains("User-Agent")) append_field(fields, "User-Agent", "ferry/" FERRY_VERSION);
        if (!options.headers.contains("Accept")) append_field(fields, "Accept", "*/*");
        fields.append(options.headers.block());
    }

    /// Merges a call's options over the session's. `q.url` may bring memory to be reused.
    complaint prepare(request& q, std::string_view method, std::string_view url, const Options& own) const {
        if (auto c = check_request(method, own, asynchronous)) return c;
        auto ec = base.empty() ? q.url.assign(url) : q.url.assign(base, url);
        if (!ec && !options.params.empty()) ec = q.url.append_query(options.params);
        if (!ec && !own.params.empty()) ec = q.url.append_query(own.params);
        if (ec) return {ec, {}};
        if (q.url.scheme() == "https") return {errc::tls_not_available, {}};
        merge(q, method, options, own);
        q.defaults = fields;
        return {};
    }

    const SessionOptions options;
    const bool asynchronous;
    Url base;
    std::string fields;  // as they go on the wire
};

}  // namespace ferry::detail
