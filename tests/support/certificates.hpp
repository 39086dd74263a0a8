// Certificates made on the spot, sound or broken in one respect.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace ferry::testing {

struct Certificate {
    std::shared_ptr<X509> x509;
    std::shared_ptr<EVP_PKEY> key;

    std::string pem() const {
        return written([this](BIO* out) { return PEM_write_bio_X509(out, x509.get()); });
    }
    // Encrypted if there is a password.
    std::string key_pem(const std::string& password = {}) const {
        return written([&](BIO* out) {
            auto* secret = reinterpret_cast<const unsigned char*>(password.data());
            return PEM_write_bio_PrivateKey(out, key.get(), password.empty() ? nullptr : EVP_aes_128_cbc(),
                                            password.empty() ? nullptr : secret, static_cast<int>(password.size()),
                                            nullptr, nullptr);
        });
    }

private:
    template <class F> static std::string written(F write) {
        std::unique_ptr<BIO, decltype(&BIO_free_all)> out(BIO_new(BIO_s_mem()), BIO_free_all);
        if (write(out.get()) != 1) throw std::runtime_error("PEM was not written");
        char* data = nullptr;
        const long size = BIO_get_mem_data(out.get(), &data);
        return {data, static_cast<std::size_t>(size)};
    }
};

struct CertificateOptions {
    std::string name = "server";            // subject: CN
    std::string hosts = "DNS:example.com";  // subjectAltName, as OpenSSL writes it; may be empty
    const Certificate* issuer = nullptr;    // null: self-signed
    bool ca = false;                        // may issue others
    long from_days = -1, to_days = 30;      // from today
    std::string usage = "serverAuth";       // extendedKeyUsage; may be empty
    unsigned rsa_bits = 0;                  // 0: P-256
    std::string issuer_address = {};        // where the issuer's certificate can be had
    const Certificate* same_key_as = nullptr;
};

namespace made {

inline std::shared_ptr<EVP_PKEY> key(unsigned rsa_bits) {
    return {rsa_bits ? EVP_RSA_gen(rsa_bits) : EVP_EC_gen("P-256"), EVP_PKEY_free};
}

inline void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
    if (value.empty()) return;
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> e(
        X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()), X509_EXTENSION_free);
    if (!e || X509_add_ext(certificate, e.get(), -1) != 1) throw std::runtime_error("bad extension " + value);
}

inline long next_serial() {
    static long last = 1000;
    return ++last;
}

}  // namespace made

inline Certificate make_certificate(const CertificateOptions& o) {
    Certificate c{{X509_new(), X509_free}, o.same_key_as ? o.same_key_as->key : made::key(o.rsa_bits)};
    auto* x = c.x509.get();
    auto* issuer = o.issuer ? o.issuer->x509.get() : x;
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), made::next_serial());
    X509_gmtime_adj(X509_getm_notBefore(x), o.from_days * 86400);
    X509_gmtime_adj(X509_getm_notAfter(x), o.to_days * 86400);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(o.name.data()), static_cast<int>(o.name.size()),
                               -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer));
    X509_set_pubkey(x, c.key.get());
    made::extend(x, issuer, NID_basic_constraints, o.ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    made::extend(x, issuer, NID_subject_key_identifier, "hash");
    if (o.ca) {
        made::extend(x, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
    } else {
        made::extend(x, issuer, NID_ext_key_usage, o.usage);
        made::extend(x, issuer, NID_subject_alt_name, o.hosts);
    }
    if (!o.issuer_address.empty()) made::extend(x, issuer, NID_info_access, "caIssuers;URI:" + o.issuer_address);
    if (X509_sign(x, o.issuer ? o.issuer->key.get() : c.key.get(), EVP_sha256()) == 0)
        throw std::runtime_error("a certificate was not signed");
    return c;
}

// A root that tests trust, made once.
inline const Certificate& test_root() {
    static const Certificate root = make_certificate({.name = "ferry test root", .ca = true});
    return root;
}

// A sound one for example.com from the root.
inline const Certificate& test_leaf() {
    static const Certificate leaf = make_certificate({.issuer = &test_root()});
    return leaf;
}

// From the root, for the addresses and the name of this machine.
inline const Certificate& loopback_leaf() {
    static const Certificate leaf = make_certificate(
        {.name = "loopback", .hosts = "IP:127.0.0.1,IP:::1,DNS:localhost", .issuer = &test_root()});
    return leaf;
}

// A list by `issuer` of certificates that it has revoked, as PEM.
inline std::string revocation_list(const Certificate& issuer, const std::vector<Certificate>& revoked) {
    std::unique_ptr<X509_CRL, decltype(&X509_CRL_free)> crl(X509_CRL_new(), X509_CRL_free);
    std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> now(X509_gmtime_adj(nullptr, -60), ASN1_TIME_free);
    std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> next(X509_gmtime_adj(nullptr, 86400), ASN1_TIME_free);
    X509_CRL_set_version(crl.get(), 1);
    X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(issuer.x509.get()));
    X509_CRL_set1_lastUpdate(crl.get(), now.get());
    X509_CRL_set1_nextUpdate(crl.get(), next.get());
    for (auto& c : revoked) {
        X509_REVOKED* entry = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(c.x509.get()));
        X509_REVOKED_set_revocationDate(entry, now.get());
        X509_CRL_add0_revoked(crl.get(), entry);
    }
    X509_CRL_sort(crl.get());
    X509_CRL_sign(crl.get(), issuer.key.get(), EVP_sha256());
    std::unique_ptr<BIO, decltype(&BIO_free_all)> out(BIO_new(BIO_s_mem()), BIO_free_all);
    PEM_write_bio_X509_CRL(out.get(), crl.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

}  // namespace ferry::testing
