// The floor of the clients that speak TLS: SSL_write and SSL_read on one blocking socket. Ratios are taken to this.
#include "raw_socket.hpp"

#include <openssl/ssl.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace {

struct Context {
    explicit Context(const bench::Run& run) : ctx(SSL_CTX_new(TLS_client_method())) {
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
        bench::expect(SSL_CTX_load_verify_file(ctx, run.roots.c_str()) == 1, "cannot read the root to trust");
    }
    Context(const Context&) = delete;
    ~Context() {
        SSL_SESSION_free(session);
        SSL_CTX_free(ctx);
    }

    SSL_CTX* ctx;
    SSL_SESSION* session = nullptr;  // to be resumed, if there is one
};

class Connection : public bench::RawSocket {
public:
    Connection(const bench::Run& run, const Context& context) : RawSocket(run, run.host), ssl_(SSL_new(context.ctx)) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), run.host.c_str());
        SSL_set_fd(ssl_, fd());
        if (context.session) SSL_set_session(ssl_, context.session);
        bench::expect(SSL_connect(ssl_) == 1, "the TLS handshake failed");
    }
    ~Connection() {
        SSL_shutdown(ssl_);
        SSL_free(ssl_);
    }

    void send() { bench::expect(SSL_write(ssl_, request().data(), int(request().size())) > 0, "cannot send"); }

    std::size_t receive(char* into, std::size_t size) {
        int n = SSL_read(ssl_, into, int(size));
        bench::expect(n > 0, "the server closed the connection");
        return std::size_t(n);
    }

    bench::RawHead head(char* into, std::size_t size) {
        for (std::size_t held = 0; held < size;) {
            held += receive(into + held, size - held);
            if (auto found = bench::RawHead::in({into, held})) return *found;
        }
        bench::fail("the head is too long");
    }

    void get(bench::Run& run) {
        char buffer[16 * 1024];
        send();
        auto answer = head(buffer, sizeof buffer);
        auto* body = buffer + (answer.rest.data() - buffer);
        auto held = answer.rest.size();
        while (held < answer.length) held += receive(body + held, answer.length - held);
        run.small(answer.status, {body, held});
    }

    SSL* native() const { return ssl_; }

private:
    SSL* ssl_;
};

void get(bench::Run& run) {
    Context context(run);
    Connection connection(run, context);
    run.repeat([&] { connection.get(run); });
}

void stream256(bench::Run& run) {
    Context context(run);
    Connection connection(run, context);
    std::vector<char> buffer(64 * 1024);
    run.repeat([&] {
        connection.send();
        auto head = connection.head(buffer.data(), buffer.size());
        run.chunk(head.rest.data(), head.rest.size());
        for (auto left = head.length - head.rest.size(); left > 0;) {
            auto n = connection.receive(buffer.data(), std::min(left, buffer.size()));
            run.chunk(buffer.data(), n);
            left -= n;
        }
        run.streamed(head.status);
    });
}

void handshake_full(bench::Run& run) {
    Context context(run);
    run.repeat([&] { Connection(run, context).get(run); });
}

// Each connection resumes the session of the one before: a ticket is good for once (RFC 8446 C.4).
void handshake_resumed(bench::Run& run) {
    Context context(run);
    run.repeat([&] {
        Connection connection(run, context);
        connection.get(run);
        SSL_SESSION_free(context.session);
        context.session = SSL_get1_session(connection.native());
    });
}

void idle(bench::Run& run) {
    Context context(run);
    std::vector<std::unique_ptr<Connection>> connections(run.count);
    run.hold([&] {
        for (auto& connection : connections) {
            connection = std::make_unique<Connection>(run, context);
            connection->get(run);
        }
    });
}

}  // namespace

int main(int argc, char** argv) {
    return bench::main(argc, argv,
                       {{"get", get},
                        {"stream256", stream256},
                        {"handshake-full", handshake_full},
                        {"handshake-resumed", handshake_resumed},
                        {"idle", idle}});
}
