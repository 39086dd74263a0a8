// Where a system keeps the certificates that it trusts.
#pragma once

#include <ferry/features.hpp>

#if FERRY_HAS_TLS

#include <ferry/tls/openssl.hpp>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#ifndef _WIN32
#include <dirent.h>
#endif

namespace ferry::detail {

inline bool can_be_read(const char* file) {
    std::FILE* f = std::fopen(file, "rb");
    if (f) std::fclose(f);
    return f != nullptr;
}

/// Whether OpenSSL finds certificates in a folder: those in files named by the hash of their subject, as `9d66eef0.0`.
/// Elsewhere than on POSIX it is taken for granted.
inline bool holds_hashed_files(const char* folder) {
#ifndef _WIN32
    struct close {
        void operator()(DIR* d) const noexcept { closedir(d); }
    };
    const std::unique_ptr<DIR, close> opened(opendir(folder));
    while (const dirent* file = opened ? readdir(opened.get()) : nullptr) {
        const std::string_view name = file->d_name;
        if (name.size() >= 10 && name[8] == '.' && name.substr(0, 8).find_first_not_of("0123456789abcdef") == name.npos)
            return true;
    }
    return false;
#else
    return folder != nullptr;
#endif
}

/// Whether OpenSSL finds roots by itself: where its builder or the environment told it to look.
inline bool has_default_roots() {
    const char* file = std::getenv(X509_get_default_cert_file_env());
    const char* folder = std::getenv(X509_get_default_cert_dir_env());
    return file || folder || can_be_read(X509_get_default_cert_file()) ||
           holds_hashed_files(X509_get_default_cert_dir());
}

/// The system's roots: those that OpenSSL knows of, else (it may have been built for another place) from where Linux,
/// BSD and macOS keep them. False if there are none.
inline bool trust_system_roots(SSL_CTX* ctx) {
#if defined(_WIN32) && OPENSSL_VERSION_NUMBER >= 0x30200000L
    return SSL_CTX_load_verify_store(ctx, "org.openssl.winstore://") == 1;
#else
    if (has_default_roots()) return SSL_CTX_set_default_verify_paths(ctx) == 1;
    for (const char* folder : {"/etc/ssl/certs", "/etc/pki/tls/certs"})
        if (holds_hashed_files(folder)) return SSL_CTX_load_verify_dir(ctx, folder) == 1;
    for (const char* file : {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                             "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem",
                             "/usr/local/share/certs/ca-root-nss.crt", "/opt/homebrew/etc/openssl@3/cert.pem"})
        if (can_be_read(file)) return SSL_CTX_load_verify_file(ctx, file) == 1;
    return false;
#endif
}

}  // namespace ferry::detail

#endif
