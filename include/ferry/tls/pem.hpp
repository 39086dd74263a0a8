// Certificates and keys from PEM, in files or in memory. Why something could not be read is in OpenSSL's error queue.
#pragma once

#include <ferry/features.hpp>

#if FERRY_HAS_TLS

#include <ferry/tls/openssl.hpp>

#include <openssl/pem.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace ferry::detail {

/// The text, which is not copied, or else the file; null if that cannot be opened.
inline openssl_ptr<BIO> pem_source(std::string_view text, const std::string& file = {}) {
    if (text.empty()) return openssl_ptr<BIO>(BIO_new_file(file.c_str(), "rb"));
    return openssl_ptr<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// Without this OpenSSL would ask at the terminal.
inline int give_password(char* into, int size, int, void* password) {
    const auto* text = static_cast<const std::string*>(password);
    if (!text || text->empty() || size < 0 || text->size() > static_cast<std::size_t>(size)) return -1;
    std::memcpy(into, text->data(), text->size());
    return static_cast<int>(text->size());
}

/// All of them; none if there is none or one is malformed.
inline std::vector<openssl_ptr<X509>> certificates_in(BIO* bio) {
    std::vector<openssl_ptr<X509>> list;
    if (!bio) return list;
    while (X509* c = PEM_read_bio_X509(bio, nullptr, give_password, nullptr)) list.emplace_back(c);
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (!at_end) list.clear();
    else if (!list.empty()) ERR_clear_error();
    return list;
}

inline openssl_ptr<EVP_PKEY> key_in(BIO* bio, const std::string& password) {
    if (!bio) return {};
    return openssl_ptr<EVP_PKEY>(
        PEM_read_bio_PrivateKey(bio, nullptr, give_password, const_cast<std::string*>(&password)));
}

}  // namespace ferry::detail

#endif
