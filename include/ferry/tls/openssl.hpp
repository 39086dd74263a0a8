// OpenSSL's objects with owners, and its error queue as one line of text.
#pragma once

#include <ferry/features.hpp>

#if FERRY_HAS_TLS

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace ferry::detail {

struct openssl_free {
    void operator()(BIO* p) const noexcept { BIO_free_all(p); }
    void operator()(EVP_PKEY* p) const noexcept { EVP_PKEY_free(p); }
    void operator()(SSL* p) const noexcept { SSL_free(p); }
    void operator()(SSL_CTX* p) const noexcept { SSL_CTX_free(p); }
    void operator()(SSL_SESSION* p) const noexcept { SSL_SESSION_free(p); }
    void operator()(X509* p) const noexcept { X509_free(p); }
    void operator()(GENERAL_NAMES* p) const noexcept { GENERAL_NAMES_free(p); }
};
template <class T> using openssl_ptr = std::unique_ptr<T, openssl_free>;

/// What a memory BIO holds.
inline std::string_view bytes_of(BIO* memory) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    return size > 0 ? std::string_view(data, static_cast<std::size_t>(size)) : std::string_view();
}

/// Before a call whose failure is to be explained: what others have left in the thread's error queue. Nearly always it
/// is empty, and to see that is far cheaper than to clear it.
inline void forget_openssl_errors() noexcept {
    if (ERR_peek_error() != 0) ERR_clear_error();
}

/// Why the last call failed: the reason at the root of the thread's error queue, which is empty afterwards.
inline std::string openssl_reason() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) return "no reason given";
    if (const char* reason = ERR_reason_error_string(code)) return reason;
    return "OpenSSL's error " + std::to_string(ERR_GET_REASON(code));
}

}  // namespace ferry::detail

#endif
