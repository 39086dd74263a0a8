// OpenSSL's own server, in memory: bytes of a client in, bytes for it out.
#pragma once

#include "certificates.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferry::testing {

struct TlsServerOptions {
    const Certificate* certificate = nullptr;    // null: test_leaf()
    std::vector<const Certificate*> chain = {};  // sent behind it
    int version = TLS1_3_VERSION;                // the only one spoken
    std::size_t tickets = 2;                     // of TLS 1.3, sent with the handshake's end
    const Certificate* client_root = nullptr;    // a client's certificate from it is demanded
    std::string ciphers = {};                    // of TLS 1.2
};

// Shared by the connections to one server, which can resume one another's sessions.
class TlsServer {
public:
    explicit TlsServer(const TlsServerOptions& o = {}) : ctx_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
        auto* ctx = ctx_.get();
        const auto& leaf = o.certificate ? *o.certificate : test_leaf();
        SSL_CTX_set_security_level(ctx, 0);
        SSL_CTX_set_min_proto_version(ctx, o.version);
        SSL_CTX_set_max_proto_version(ctx, o.version);
        if (SSL_CTX_use_certificate(ctx, leaf.x509.get()) != 1 || SSL_CTX_use_PrivateKey(ctx, leaf.key.get()) != 1)
            throw std::runtime_error("the server's certificate was not taken");
        for (auto* c : o.chain) SSL_CTX_add1_chain_cert(ctx, c->x509.get());
        SSL_CTX_set_num_tickets(ctx, o.tickets);
        if (!o.ciphers.empty()) SSL_CTX_set_cipher_list(ctx, o.ciphers.c_str());
        constexpr unsigned char id[] = "ferry";
        SSL_CTX_set_session_id_context(ctx, id, sizeof id - 1);
        SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, nullptr);
        if (!o.client_root) return;
        X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), o.client_root->x509.get());
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    SSL_CTX* native() const { return ctx_.get(); }

private:
    static int choose_protocol(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in,
                               unsigned in_size, void*) {
        static constexpr unsigned char mine[] = "\x08http/1.1";
        const int found = SSL_select_next_proto(const_cast<unsigned char**>(out), size, mine, sizeof mine - 1, in,
                                                in_size);
        return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
    }

    std::shared_ptr<SSL_CTX> ctx_;
};

// One connection at the server's side.
class TlsPeer {
public:
    explicit TlsPeer(const TlsServer& server) : ssl_(SSL_new(server.native()), SSL_free) {
        SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        BIO_set_mem_eof_return(SSL_get_rbio(ssl_.get()), -1);
        SSL_set_accept_state(ssl_.get());
    }

    // The client's bytes; plaintext goes to `heard`.
    void feed(std::string_view bytes) {
        BIO_write(SSL_get_rbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
        ERR_clear_error();
        if (!SSL_is_init_finished(ssl_.get()) && SSL_do_handshake(ssl_.get()) != 1) return note_trouble();
        char some[4096];
        for (int n = 0; (n = SSL_read(ssl_.get(), some, sizeof some)) > 0;)
            heard_.append(some, static_cast<std::size_t>(n));
        ERR_clear_error();
    }
    // Bytes for the client that have piled up.
    std::string take() {
        std::string bytes(BIO_ctrl_pending(SSL_get_wbio(ssl_.get())), '\0');
        if (!bytes.empty()) BIO_read(SSL_get_wbio(ssl_.get()), bytes.data(), static_cast<int>(bytes.size()));
        return bytes;
    }

    void say(std::string_view text) { must(SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) > 0); }
    void send_ticket() {
        must(SSL_new_session_ticket(ssl_.get()) == 1);
        SSL_do_handshake(ssl_.get());
    }
    void update_key(bool both) {
        must(SSL_key_update(ssl_.get(), both ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED) == 1);
        SSL_do_handshake(ssl_.get());
    }
    void close_notify() { SSL_shutdown(ssl_.get()); }

    const std::string& heard() const { return heard_; }
    std::string take_heard() { return std::exchange(heard_, {}); }
    // Why the handshake failed.
    const std::string& trouble() const { return trouble_; }
    bool told_of_close() const { return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }
    // The name that the client asked for; empty if it named none.
    std::string server_name() const {
        const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
        return name ? name : "";
    }
    std::string protocol() const {
        const unsigned char* text = nullptr;
        unsigned size = 0;
        SSL_get0_alpn_selected(ssl_.get(), &text, &size);
        return {reinterpret_cast<const char*>(text), size};
    }
    std::string client_certificate() const {
        auto* c = SSL_get0_peer_certificate(ssl_.get());
        char name[256] = "";
        if (c) X509_NAME_get_text_by_NID(X509_get_subject_name(c), NID_commonName, name, sizeof name);
        return name;
    }
    SSL* native() const { return ssl_.get(); }

private:
    static void must(bool done) {
        if (!done) throw std::runtime_error("the server could not do that");
    }

    void note_trouble() {
        if (const char* reason = ERR_reason_error_string(ERR_peek_error())) trouble_ = reason;
        ERR_clear_error();
    }

    std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
    std::string heard_, trouble_;
};

}  // namespace ferry::testing
