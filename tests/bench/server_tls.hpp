// The server's side of TLS: a certificate made at its start, and one connection's encryption, apart from its socket.
#pragma once

#include "../support/certificates.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include <sys/socket.h>

namespace bench {

// TLS 1.3 with the one cipher that every client has to know (RFC 8446 9.1), so that all of them do the same work.
class TlsServer {
public:
    // Writes the root that clients are to trust into a file.
    explicit TlsServer(const char* root_file) : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
        auto leaf = ferry::testing::make_certificate(
            {.name = "bench", .hosts = "IP:127.0.0.1", .issuer = &ferry::testing::test_root()});
        auto* ctx = context_.get();
        SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
        if (SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256") != 1 ||
            SSL_CTX_use_certificate(ctx, leaf.x509.get()) != 1 || SSL_CTX_use_PrivateKey(ctx, leaf.key.get()) != 1)
            std::abort();
        SSL_CTX_set_read_ahead(ctx, 1);
        auto pem = ferry::testing::test_root().pem();
        auto* file = std::fopen(root_file, "w");
        if (!file || std::fwrite(pem.data(), 1, pem.size(), file) != pem.size() || std::fclose(file) != 0) std::abort();
    }

    SSL_CTX* context() const { return context_.get(); }

private:
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
};

// What it writes is encrypted at once and sent when there is room: a large body is ready before its client asks for
// more of it, so that the client's speed is what is measured.
class TlsStream {
public:
    TlsStream(const TlsServer& server, int fd) : ssl_(SSL_new(server.context()), SSL_free) {
        SSL_set_bio(ssl_.get(), BIO_new_socket(fd, BIO_NOCLOSE), BIO_new(BIO_s_mem()));
        SSL_set_accept_state(ssl_.get());
    }

    // As recv does: 0 at the end, -1 and EAGAIN when nothing is there.
    ssize_t receive(char* into, std::size_t size) {
        std::size_t n = 0;
        ERR_clear_error();
        int result = SSL_read_ex(ssl_.get(), into, size, &n);
        if (result == 1) return ssize_t(n);
        if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) return 0;
        errno = EAGAIN;
        return -1;
    }
    bool has_more() const { return SSL_has_pending(ssl_.get()) == 1; }

    bool write(std::string_view bytes) { return SSL_write(ssl_.get(), bytes.data(), int(bytes.size())) > 0; }
    // Sends what there is room for. False when the connection is lost.
    bool flush(int fd) {
        for (auto out = to_send(); !out.empty(); out = to_send()) {
            auto n = ::send(fd, out.data(), out.size(), MSG_NOSIGNAL);
            if (n < 0) return errno == EAGAIN;
            sent_ += std::size_t(n);
        }
        if (sent_ > 0) BIO_reset(SSL_get_wbio(ssl_.get()));
        sent_ = 0;
        return true;
    }
    bool holds() const { return !to_send().empty(); }
    bool resumed() const { return SSL_session_reused(ssl_.get()) == 1; }

private:
    std::string_view to_send() const {
        char* data = nullptr;
        auto size = BIO_get_mem_data(SSL_get_wbio(ssl_.get()), &data);
        return std::string_view(data, std::size_t(size)).substr(sent_);
    }

    std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
    std::size_t sent_ = 0;
};

}  // namespace bench
