// From a blank connection to an open one: dial, then TLS, all under one deadline.
#pragma once

#include <ferry/engine/dial.hpp>
#include <ferry/features.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace ferry::detail {

#if FERRY_HAS_TLS
/// What the TLS layer knows of a fault, for people.
inline void tell_tls_fault(transfer& t, std::error_code ec) {
    if (t.conn && t.conn->tls && t.conn->tls->fault().ec == ec) t.particulars = t.conn->tls->fault().text;
}

/// TLS on a connection that has just been made.
inline result secure(transfer& t, time_point until) {
    t.phase = Phase::tls;
    auto& url = t.asked.url;
    tls_fault fault;
    auto context = t.asked.shared->tls.find_or_make(t.asked.session->tls, fault);
    if (!context) {
        t.particulars = fault.text;
        co_return fault.ec;
    }
    t.conn->tls = std::make_unique<tls_channel>(std::move(context), url.host(), std::string(url.host_and_port()));
    auto a = co_await action{.what = action::kind::handshake, .until = until};
    tell_tls_fault(t, a.ec);
    co_return a.ec;
}
#else
inline void tell_tls_fault(transfer&, std::error_code) noexcept {}
inline result secure(transfer&, time_point) { co_return errc::tls_not_available; }
#endif

inline result connect(transfer& t) {
    auto& url = t.asked.url;
    auto begun = co_await action{.what = action::kind::now};
    const auto own = add(begun.at, t.asked.connect);
    const auto until = std::min(own, t.deadline);
    const bool total = t.deadline <= own;

    const auto host = url.hostname();
    auto ec = co_await dial(t, host, url.port(), until);
    if (!ec && url.secure()) {
        auto connected = co_await action{.what = action::kind::now};
        ec = co_await secure(t, until);
        if (ec) co_return connect_fault(ec, total);
        auto done = co_await action{.what = action::kind::now};
        t.response.timings.tls = done.at - connected.at;
    }
    co_return connect_fault(ec, total);
}

}  // namespace ferry::detail
