// How TLS is spoken: whom to trust, who we are, and what is allowed. Values only; tls/ makes something of them.
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace ferry {

/// The oldest version of TLS that is spoken.
enum class TlsVersion { tls1_2, tls1_3 };

/// A function of the caller's that is given OpenSSL's `SSL_CTX*` once, when all else is set, to change what no option
/// does. Copies are equal to each other; two functions written alike are not.
class TlsCustomization {
public:
    TlsCustomization() = default;
    template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, TlsCustomization> && std::invocable<F&, void*>)
        TlsCustomization(F function)
        : function_(std::make_shared<const std::function<void(void*)>>(std::move(function))) {}

    explicit operator bool() const noexcept { return function_ && *function_; }
    void operator()(void* ssl_ctx) const { (*function_)(ssl_ctx); }
    bool operator==(const TlsCustomization&) const = default;

private:
    std::shared_ptr<const std::function<void(void*)>> function_;
};

/// TLS for a session or a request. Connections are shared only between requests whose TlsOptions are equal. Files are
/// read once, when the first connection with these options is made; what cannot be read then is
/// `errc::tls_context_failed`, and the text names the file. Files and texts are PEM.
struct TlsOptions {
    // Whom to trust (requests' `verify`)
    bool system_roots = true;       ///< the roots that the system trusts
    std::string roots_file = {};    ///< certificates that are trusted as well
    std::string roots_folder = {};  ///< the same, each in a file named as `openssl rehash` does
    std::string roots_pem = {};     ///< the same, as text
    std::string crl_file = {};      ///< revocation lists of whoever issued the servers' certificates
    std::vector<std::string> pins =
        {};                        ///< if any: base64 of the SHA-256 of the server's public key (its
                                   ///< SubjectPublicKeyInfo) is one of these; curl's `sha256//` may stand before it
    std::string server_name = {};  ///< in place of the URL's host, in SNI and when the certificate is verified
    /// Talks to whoever answers. Pins are still held to.
    bool dangerously_skip_verification = false;

    // Who we are (requests' `cert`)
    std::string certificate_file = {};  ///< our certificate, and the ones between it and a root
    std::string certificate_pem = {};   ///< the same, as text
    std::string key_file = {};          ///< its private key; by default it stands beside the certificate
    std::string key_pem = {};           ///< the same, as text
    std::string key_password = {};      ///< of an encrypted key

    // How
    TlsVersion min_version = TlsVersion::tls1_2;
    std::string ciphers = {};         ///< for TLS 1.2, as OpenSSL writes them; `DEFAULT@SECLEVEL=1` allows weak keys
    std::string suites = {};          ///< for TLS 1.3, as `TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384`
    bool session_resumption = true;   ///< a second connection to a server costs a shorter handshake
    std::string keylog_file = {};     ///< appends secrets with which a capture can be read (`$SSLKEYLOGFILE` elsewhere)
    TlsCustomization customize = {};  ///< called with the `SSL_CTX*`

    bool operator==(const TlsOptions&) const = default;
};

}  // namespace ferry
