// What was wrong with a certificate: OpenSSL's verdict as an error code, and the certificate in words.
#pragma once

#include <ferry/features.hpp>

#if FERRY_HAS_TLS

#include <ferry/base64.hpp>
#include <ferry/error.hpp>
#include <ferry/tls/openssl.hpp>

#include <openssl/x509_vfy.h>

#include <cstddef>
#include <ctime>
#include <string>
#include <string_view>

namespace ferry::detail {

/// A name of a certificate, as `CN=example.com,O=Example`. The peer wrote it: control characters are escaped, and it
/// is cut after 200 bytes.
inline std::string printable_name(const X509_NAME* name) {
    openssl_ptr<BIO> memory(BIO_new(BIO_s_mem()));
    if (!memory || !name || X509_NAME_print_ex(memory.get(), name, 0, XN_FLAG_RFC2253) < 0) return "?";
    std::string text(bytes_of(memory.get()).substr(0, 200));
    return text.empty() ? "(empty)" : text;
}

/// As `2026-01-31 23:59:59 UTC`.
inline std::string printable_time(const ASN1_TIME* time) {
    std::tm tm{};
    if (!time || ASN1_TIME_to_tm(time, &tm) != 1) return "?";
    char text[48];
    const auto size = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &tm);
    return {text, size};
}

/// The hosts that a certificate is for; of many, the first eight.
inline std::string names_of(const X509* certificate) {
    openssl_ptr<GENERAL_NAMES> names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    std::string list;
    const int count = names ? sk_GENERAL_NAME_num(names.get()) : 0;
    for (int i = 0; i < count; ++i) {
        openssl_ptr<BIO> memory(BIO_new(BIO_s_mem()));
        if (!memory || i == 8) return list + ", ...";
        GENERAL_NAME_print(memory.get(), sk_GENERAL_NAME_value(names.get(), i));
        if (!list.empty()) list += ", ";
        for (const char c : bytes_of(memory.get()).substr(0, 100)) list.push_back(c >= ' ' && c <= '~' ? c : '?');
    }
    return list.empty() ? "none" : list;
}

/// Subject, issuer and validity.
inline std::string describe(const X509* certificate) {
    return "subject " + printable_name(X509_get_subject_name(certificate)) + "; issuer " +
           printable_name(X509_get_issuer_name(certificate)) + "; valid from " +
           printable_time(X509_get0_notBefore(certificate)) + " to " + printable_time(X509_get0_notAfter(certificate));
}

/// Whether a certificate says where its issuer's can be had, as those do whose issuer is an intermediate of a public
/// authority (RFC 5280 4.2.2.1).
inline bool tells_issuer_address(const X509* certificate) {
    return X509_get_ext_by_NID(certificate, NID_info_access, -1) >= 0;
}

/// The code for an `X509_V_ERR_`. A lone certificate whose issuer is nowhere to be found may come from an unknown root
/// or lack what lies between: it is the latter if it says where that could be had.
inline errc certificate_fault(int error, int depth, const X509* certificate) {
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return errc::certificate_expired;
    case X509_V_ERR_CERT_NOT_YET_VALID: return errc::certificate_not_yet_valid;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return errc::certificate_wrong_host;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return errc::certificate_self_signed;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return depth == 0 && certificate && tells_issuer_address(certificate) ? errc::certificate_incomplete_chain
                                                                              : errc::certificate_unknown_issuer;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_CERT_REJECTED: return errc::certificate_unknown_issuer;
    case X509_V_ERR_CERT_REVOKED:
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID: return errc::certificate_revoked;
    case X509_V_ERR_INVALID_PURPOSE:
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN: return errc::certificate_wrong_purpose;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK: return errc::certificate_too_weak;
    default: return errc::certificate_invalid;
    }
}

/// The base64 of the SHA-256 of a certificate's public key, as pins are written (RFC 7469 2.4); empty if it has none.
inline std::string pin_of(const X509* certificate) {
    unsigned char* der = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    if (size <= 0) return {};
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    const bool done = EVP_Digest(der, static_cast<std::size_t>(size), hash, &length, EVP_sha256(), nullptr) == 1;
    OPENSSL_free(der);
    return done ? base64({reinterpret_cast<const char*>(hash), length}) : std::string();
}

}  // namespace ferry::detail

#endif
