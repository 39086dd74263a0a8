// TLS on a connection that has just been made, to the server or to a proxy.
#pragma once

#include <ferry/engine/transfer.hpp>
#include <ferry/features.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry::detail {

/// Whom to talk to, and how.
struct tls_peer {
    const TlsOptions& options;
    std::string_view host;
    std::string key;  // whose sessions may be resumed
};

#if FERRY_HAS_TLS
/// What the TLS layer knows of a fault, for people.
inline void tell_tls_fault(transfer& t, std::error_code ec) {
    if (t.conn && t.conn->tls && t.conn->tls->fault().ec == ec) t.particulars = t.conn->tls->fault().text;
}

/// On top of what there is: a connection with TLS to a proxy carries that to the server.
inline result handshake(transfer& t, const tls_peer& peer, time_point until) {
    tls_fault fault;
    auto context = t.asked.shared->tls.find_or_make(peer.options, fault);
    if (!context) {
        t.particulars = fault.text;
        co_return fault.ec;
    }
    auto& tls = t.conn->tls;
    tls = std::make_unique<tls_channel>(std::move(context), peer.host, peer.key, std::move(tls));
    auto a = co_await action{.what = action::kind::handshake, .until = until};
    tell_tls_fault(t, a.ec);
    if (!a.ec && tls->settle() == verdict::unsolicited_data) {
        t.particulars = "bytes that nobody has asked for came with the handshake";
        co_return errc::malformed_response;
    }
    co_return a.ec;
}
#else
inline void tell_tls_fault(transfer&, std::error_code) noexcept {}
inline result handshake(transfer&, const tls_peer&, time_point) { co_return errc::tls_not_available; }
#endif

}  // namespace ferry::detail
