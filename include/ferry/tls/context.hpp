// What all connections with the same TlsOptions share: OpenSSL's context, sessions to resume, and counts.
#pragma once

#include <ferry/features.hpp>

#if FERRY_HAS_TLS

#include <ferry/error.hpp>
#include <ferry/tls/certificate.hpp>
#include <ferry/tls/openssl.hpp>
#include <ferry/tls/pem.hpp>
#include <ferry/tls/roots.hpp>
#include <ferry/tls/tickets.hpp>
#include <ferry/tls_options.hpp>

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry::detail {

/// A fault and its particulars.
struct tls_fault {
    std::error_code ec{};
    std::string text{};
};

class tls_context;

/// Handshakes of several contexts.
struct tls_counts {
    std::atomic<std::uint64_t> full{0}, resumed{0};
};

/// What OpenSSL's callbacks are to know of the connection that they are called for.
struct tls_identity {
    tls_context* context = nullptr;
    std::string host;     // that is verified
    std::string key;      // under which sessions are kept
    tls_fault verdict{};  // on the certificate
};

/// Thread-safe once it is made.
class tls_context {
public:
    /// A context as the options say, or null and why not: `tls_context_failed`, or `callback_failed` if the caller's
    /// customization threw. Reads files.
    static std::shared_ptr<tls_context> make(const TlsOptions& options, tls_fault& fault,
                                             std::shared_ptr<tls_counts> counts = std::make_shared<tls_counts>()) {
        // Sessions that are static are destroyed after OpenSSL would clean up at the program's end.
        OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, nullptr);
        auto made = std::make_shared<tls_context>(options, std::move(counts));
        fault = made->set_up();
        ERR_clear_error();
        return fault.ec ? nullptr : made;
    }

    tls_context(const TlsOptions& options, std::shared_ptr<tls_counts> counts)
        : options_(options), counts_(std::move(counts)) {}
    tls_context(const tls_context&) = delete;
    tls_context& operator=(const tls_context&) = delete;
    ~tls_context() {
        ctx_.reset();
        if (keylog_) std::fclose(keylog_);
    }

    const TlsOptions& options() const noexcept { return options_; }
    SSL_CTX* native() const noexcept { return ctx_.get(); }
    tls_tickets& tickets() noexcept { return tickets_; }

    /// Tells contexts apart in a pool's key; never given twice in a process.
    std::uint64_t id() const noexcept { return id_; }

    void count(bool resumed) noexcept {
        (resumed ? counts_->resumed : counts_->full).fetch_add(1, std::memory_order_relaxed);
    }
    std::uint64_t full_handshakes() const noexcept { return counts_->full.load(std::memory_order_relaxed); }
    std::uint64_t resumed_handshakes() const noexcept { return counts_->resumed.load(std::memory_order_relaxed); }

    /// Under which number a connection keeps its `tls_identity`.
    static int identity_index() {
        static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
        return index;
    }

private:
    static tls_fault failed(std::string text) { return {errc::tls_context_failed, std::move(text)}; }
    static tls_fault failed(std::string_view what, const std::string& name) {
        return failed(std::string(what) + (name.empty() ? "" : " " + name) + ": " + openssl_reason());
    }

    tls_fault set_up() {
        ERR_clear_error();
        ctx_.reset(SSL_CTX_new(TLS_client_method()));
        if (!ctx_) return failed("OpenSSL", {});
        set_rules();
        for (auto step : {&tls_context::set_ciphers, &tls_context::set_roots, &tls_context::set_certificate,
                          &tls_context::set_keylog, &tls_context::customize})
            if (auto fault = (this->*step)(); fault.ec) return fault;
        return {};
    }

    void set_rules() {
        auto* ctx = ctx_.get();
        const long wanted = options_.min_version == TlsVersion::tls1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
        SSL_CTX_set_min_proto_version(ctx,
                                      std::max(wanted, SSL_CTX_get_min_proto_version(ctx)));  // the system's policy
        // 112 bits of security: OpenSSL's own default since 3.2.
        SSL_CTX_set_security_level(ctx, std::max(2, SSL_CTX_get_security_level(ctx)));
        SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
        SSL_CTX_set_mode(ctx, SSL_MODE_AUTO_RETRY | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        SSL_CTX_set_read_ahead(ctx, 0);  // what is not read yet stays where the probe sees it
        constexpr unsigned char protocols[] = "\x08http/1.1";
        SSL_CTX_set_alpn_protos(ctx, protocols, sizeof protocols - 1);
        SSL_CTX_set_verify(ctx, options_.dangerously_skip_verification ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
                           note_verdict);
        X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_PARTIAL_CHAIN);
        SSL_CTX_set_session_cache_mode(
            ctx, options_.session_resumption ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF);
        SSL_CTX_sess_set_new_cb(ctx, keep_ticket);
    }

    tls_fault set_ciphers() {
        if (!options_.ciphers.empty() && SSL_CTX_set_cipher_list(ctx_.get(), options_.ciphers.c_str()) != 1)
            return failed("option ciphers", options_.ciphers);
        if (!options_.suites.empty() && SSL_CTX_set_ciphersuites(ctx_.get(), options_.suites.c_str()) != 1)
            return failed("option suites", options_.suites);
        return {};
    }

    tls_fault set_roots() {
        auto* ctx = ctx_.get();
        const auto& o = options_;
        const bool own = !o.roots_file.empty() || !o.roots_folder.empty() || !o.roots_pem.empty();
        if (o.system_roots && !o.dangerously_skip_verification && !trust_system_roots(ctx) && !own)
            return failed("the system's trusted roots were not found; option roots_file can name them");
        ERR_clear_error();
        if (!o.roots_file.empty() && SSL_CTX_load_verify_file(ctx, o.roots_file.c_str()) != 1)
            return failed("trusted roots in", o.roots_file);
        if (!o.roots_folder.empty()) {
            if (!holds_hashed_files(o.roots_folder.c_str()))
                return failed("trusted roots in " + o.roots_folder +
                              ": no files named as `openssl rehash` does, or no such folder");
            if (SSL_CTX_load_verify_dir(ctx, o.roots_folder.c_str()) != 1)
                return failed("trusted roots in", o.roots_folder);
        }
        if (!o.roots_pem.empty() && !add_roots(o.roots_pem)) return failed("option roots_pem", {});
        return o.crl_file.empty() ? tls_fault{} : set_revocation_lists();
    }

    bool add_roots(std::string_view pem) {
        const auto bio = pem_source(pem);
        const auto certificates = certificates_in(bio.get());
        for (auto& c : certificates)
            if (X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx_.get()), c.get()) != 1) return false;
        return !certificates.empty();
    }

    tls_fault set_revocation_lists() {
        auto* store = SSL_CTX_get_cert_store(ctx_.get());
        auto* lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
        if (!lookup || X509_load_crl_file(lookup, options_.crl_file.c_str(), X509_FILETYPE_PEM) < 1)
            return failed("revocation lists in", options_.crl_file);
        X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx_.get()), X509_V_FLAG_CRL_CHECK);
        return {};
    }

    tls_fault set_certificate() {
        const auto& o = options_;
        if (o.certificate_file.empty() && o.certificate_pem.empty()) {
            if (o.key_file.empty() && o.key_pem.empty()) return {};
            return failed("a key is given without a certificate (certificate_file, certificate_pem)");
        }
        const auto name = o.certificate_pem.empty() ? o.certificate_file : "certificate_pem";
        const auto bio = pem_source(o.certificate_pem, o.certificate_file);
        const auto chain = certificates_in(bio.get());
        if (chain.empty() || SSL_CTX_use_certificate(ctx_.get(), chain[0].get()) != 1)
            return failed("the client's certificate in", name);
        for (std::size_t i = 1; i < chain.size(); ++i)
            if (SSL_CTX_add1_chain_cert(ctx_.get(), chain[i].get()) != 1)
                return failed("the client's certificate in", name);
        return set_key(name);
    }

    tls_fault set_key(const std::string& certificate) {
        const auto& o = options_;
        const bool beside = o.key_file.empty() && o.key_pem.empty();
        const auto name = beside ? certificate : o.key_pem.empty() ? o.key_file : "key_pem";
        const auto bio = beside ? pem_source(o.certificate_pem, o.certificate_file) : pem_source(o.key_pem, o.key_file);
        const auto key = key_in(bio.get(), o.key_password);
        if (!key || SSL_CTX_use_PrivateKey(ctx_.get(), key.get()) != 1) return failed("the client's key in", name);
        return {};
    }

    tls_fault set_keylog() {
        if (options_.keylog_file.empty()) return {};
        // Nobody else's to read, and no child's.
        const int fd = ::open(options_.keylog_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        keylog_ = fd < 0 ? nullptr : ::fdopen(fd, "ab");
        if (!keylog_)
            return failed("keylog_file " + options_.keylog_file + ": " +
                          std::error_code(errno, std::generic_category()).message());
        SSL_CTX_set_keylog_callback(ctx_.get(), log_secret);
        return {};
    }

    tls_fault customize() {
        try {
            if (options_.customize) options_.customize(ctx_.get());
        } catch (...) {
            return {errc::callback_failed, "option tls.customize"};
        }
        return {};
    }

    static tls_identity* identity_of(const SSL* ssl) {
        return ssl ? static_cast<tls_identity*>(SSL_get_ex_data(ssl, identity_index())) : nullptr;
    }

    /// Changes nothing about the verdict: it is only put into words, while the certificate is at hand.
    static int note_verdict(int good, X509_STORE_CTX* store) {
        auto* identity = identity_of(
            static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx())));
        if (good || !identity) return good;
        const int error = X509_STORE_CTX_get_error(store);
        const auto* certificate = X509_STORE_CTX_get_current_cert(store);
        try {
            auto& [ec, text] = identity->verdict;
            ec = certificate_fault(error, X509_STORE_CTX_get_error_depth(store), certificate);
            text = "host " + identity->host + "; certificate: " + (certificate ? describe(certificate) : "none");
            if (ec == errc::certificate_wrong_host && certificate) text += "; names " + names_of(certificate);
            text.append("; ").append(X509_verify_cert_error_string(error));
        } catch (const std::bad_alloc&) {
            identity->verdict.ec = make_error_code(std::errc::not_enough_memory);
        }
        return 0;
    }

    /// Returns 1 if it has taken the session over.
    static int keep_ticket(SSL* ssl, SSL_SESSION* session) {
        auto* identity = identity_of(ssl);
        if (!identity || identity->key.empty()) return 0;
        try {
            tls_tickets::ticket ticket(session);
            identity->context->tickets().put(identity->key, std::move(ticket));
        } catch (const std::bad_alloc&) {  // it has been freed
        }
        return 1;
    }

    static void log_secret(const SSL* ssl, const char* line) {
        auto* identity = identity_of(ssl);
        if (!identity) return;
        auto& self = *identity->context;
        std::lock_guard lock(self.keylog_mutex_);
        std::fprintf(self.keylog_, "%s\n", line);
        std::fflush(self.keylog_);
    }

    static std::uint64_t next_id() noexcept {
        static std::atomic<std::uint64_t> last{0};
        return ++last;
    }

    const TlsOptions options_;
    const std::uint64_t id_ = next_id();
    tls_tickets tickets_;
    const std::shared_ptr<tls_counts> counts_;
    std::FILE* keylog_ = nullptr;
    std::mutex keylog_mutex_;
    openssl_ptr<SSL_CTX> ctx_;
};

}  // namespace ferry::detail

#endif
