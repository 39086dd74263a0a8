// What OpenSSL's reasons for failing a connection are among ferry's codes.
#pragma once

#include <ferry/features.hpp>

#if FERRY_HAS_TLS

#include <ferry/error.hpp>
#include <ferry/tls/certificate.hpp>
#include <ferry/tls/openssl.hpp>

namespace ferry::detail {

/// The peer's alerts (RFC 8446 6.2): those about certificates are about ours.
constexpr errc alert_fault(int alert) noexcept {
    switch (alert) {
    case SSL_AD_PROTOCOL_VERSION: return errc::tls_unsupported_version;
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
    case SSL_AD_CERTIFICATE_REQUIRED: return errc::client_certificate_refused;
    default: return errc::tls_alert;
    }
}

/// The code for an entry of OpenSSL's error queue that a call on `ssl` has left.
inline errc connection_fault(unsigned long code, const SSL* ssl) {
    const int reason = ERR_GET_REASON(code);
    if (ERR_GET_LIB(code) != ERR_LIB_SSL) return errc::tls_protocol_error;
    if (reason > SSL_AD_REASON_OFFSET) return alert_fault(reason - SSL_AD_REASON_OFFSET);
    switch (reason) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
        return certificate_fault(static_cast<int>(SSL_get_verify_result(ssl)), 0, nullptr);
    case SSL_R_EE_KEY_TOO_SMALL:
    case SSL_R_CA_KEY_TOO_SMALL:
    case SSL_R_CA_MD_TOO_WEAK:
    case SSL_R_DH_KEY_TOO_SMALL: return errc::certificate_too_weak;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_NO_PROTOCOLS_AVAILABLE: return errc::tls_unsupported_version;
    default: return errc::tls_protocol_error;
    }
}

}  // namespace ferry::detail

#endif
