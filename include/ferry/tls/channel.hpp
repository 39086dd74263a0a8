// One connection's TLS: plaintext on one side, ciphertext on the other, no socket. Whoever drives it moves ciphertext
// between the socket, or the channel that carries it, and here.
#pragma once

#include <ferry/features.hpp>

#if FERRY_HAS_TLS

#include <ferry/error.hpp>
#include <ferry/host.hpp>
#include <ferry/pool/verdict.hpp>
#include <ferry/tls/context.hpp>
#include <ferry/tls/faults.hpp>
#include <ferry/tls/wire.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry::detail {

/// After every step `to_send()` may hold ciphertext. What a handshake leaves there, and a write, has to reach the peer
/// before it is waited for; what `read`, `probe` and `close_notify` leave may go with the next write, or not at all.
/// Not thread-safe, and stays where it was made.
///
/// A carrier is another channel, through whose plaintext this one's ciphertext goes: TLS with a server inside TLS with
/// a proxy. Steps move nothing between the two; `at rest` and `what is known` speak of both.
class tls_channel {
public:
    enum class step {
        done,
        wants_input,  // receive into `input_room`, then try again
        closed,       // the peer's data has ended: `truncated()` tells whether it said so
        failed,       // see `fault()`; the connection is of no more use
    };

    /// `host` as in the URL: a name, or an IP address with or without brackets. `key` says whose sessions may be
    /// resumed: the pool's key of the connection, without what the options are. `carrier` has shaken hands; without one
    /// the ciphertext is the socket's. Throws std::bad_alloc.
    tls_channel(std::shared_ptr<tls_context> context, std::string_view host, std::string key,
                std::unique_ptr<tls_channel> carrier = nullptr)
        : carrier_(std::move(carrier)), context_(std::move(context)), ssl_(SSL_new(context_->native())) {
        const auto& options = context_->options();
        identity_.context = context_.get();
        identity_.key = options.session_resumption ? std::move(key) : std::string();
        BIO* bio = ssl_ ? wire_.bio() : nullptr;
        if (!bio) throw std::bad_alloc();
        SSL_set_bio(ssl_.get(), bio, bio);
        SSL_set_connect_state(ssl_.get());
        if (!SSL_set_ex_data(ssl_.get(), tls_context::identity_index(), &identity_)) throw std::bad_alloc();
        name_peer(options.server_name.empty() ? host : std::string_view(options.server_name));
        if (identity_.key.empty()) return;
        if (const auto ticket = context_->tickets().take(identity_.key)) SSL_set_session(ssl_.get(), ticket.get());
    }
    tls_channel(const tls_channel&) = delete;
    tls_channel& operator=(const tls_channel&) = delete;

    /// A connection that ends in any way but by a fault leaves its session fit to be resumed (RFC 5246 7.2.1), which
    /// OpenSSL doubts if it has not seen the closing alerts.
    ~tls_channel() {
        if (open_ && !fault_.ec) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    }

    // Ciphertext

    std::string_view to_send() const noexcept { return wire_.to_send(); }
    void sent(std::size_t n) noexcept { wire_.sent(n); }
    /// Where to receive, once a step wants input. `wanted`: bytes of plaintext that the caller has room for.
    std::span<char> input_room(std::size_t wanted = 0) { return wire_.room(wanted); }
    /// The same for a receive that is started before it is asked for: until `received`, all that receive share it.
    std::span<char> lend_room() { return wire_.lend(); }
    void received(std::size_t n) noexcept { wire_.received(n); }
    /// The socket has come to its end: no more will be received.
    void input_ended() noexcept { ended_ = true; }

    /// Null without one.
    tls_channel* carrier() const noexcept { return carrier_.get(); }
    /// The one whose ciphertext is on the socket.
    tls_channel& bottom() noexcept { return carrier_ ? carrier_->bottom() : *this; }
    /// Whether ciphertext of what was written is still here or in the carrier.
    bool withholds() const noexcept { return !to_send().empty() || (carrier_ && carrier_->withholds()); }

    // Steps

    /// When it is `done` a last flight may be left to send, which can go with the first write.
    step handshake() {
        if (fault_.ec) return step::failed;
        if (open_) return step::done;
        forget_openssl_errors();
        const int result = SSL_do_handshake(ssl_.get());
        if (result != 1) {
            const auto s = outcome(result);
            return s == step::closed ? fail(errc::tls_handshake_closed) : s;
        }
        open_ = true;
        if (!pinned()) return step::failed;
        context_->count(resumed());
        return step::done;
    }

    /// As much as there is, up to the size of `into`, which is not empty; `n` is 0 unless `done`.
    step read(std::span<char> into, std::size_t& n) {
        n = 0;
        if (!stirs()) return step::wants_input;  // OpenSSL would take long to say so
        if (early_.empty()) return decrypt(into, n);
        n = early_.copy(into.data(), into.size());
        early_.erase(0, n);
        return step::done;
    }

    /// While something is being written: whether the peer has said anything, or its data has ended. Tickets do not
    /// count. `read` has it.
    bool listen() {
        std::array<char, 4096> some;
        auto s = step::done;
        for (std::size_t n = 0; s == step::done && early_.size() < most_at_once; early_.append(some.data(), n))
            s = decrypt(some, n);
        return heard() || s != step::wants_input;
    }
    /// Whether `listen` has come upon data that was not read yet.
    bool heard() const noexcept { return !early_.empty(); }
    /// Whether there are other bytes that no read has seen, decrypted or not.
    bool unread() const noexcept { return wire_.unread() || SSL_has_pending(ssl_.get()) == 1; }

    /// Takes up to 64 KiB at a time: `n` of them, more than 0 if `done` and `from` is not empty.
    step write(std::string_view from, std::size_t& n) {
        n = 0;
        if (fault_.ec) return step::failed;
        if (from.empty()) return step::done;
        from = from.substr(0, carrier_ ? most_carried : most_at_once);
        forget_openssl_errors();
        const int result = SSL_write_ex(ssl_.get(), from.data(), from.size(), &n);
        return result == 1 ? step::done : outcome(result);
    }

    /// Tells the peer, and the carrier's, that nothing more will be sent, as far as one attempt to send the bottom's
    /// `to_send()` does (SEMANTICS A16). Says nothing of its own before the handshake is done and after a fault.
    void close_notify() {
        if (open_ && !fault_.ec) {
            forget_openssl_errors();
            SSL_shutdown(ssl_.get());
            forget_openssl_errors();
        }
        if (!carrier_) return;
        std::size_t n = 0;
        for (; !to_send().empty() && carrier_->write(to_send(), n) == step::done; sent(n)) {
        }
        carrier_->close_notify();
    }

    // At rest

    /// For an idle connection, when what was readable has been fed: tickets and key updates are taken in, and leave it
    /// alive; data, an end or a fault do not. Nor does half of a record, as nobody knows of what (SEMANTICS A3).
    verdict probe() {
        const auto v = settle();
        return v == verdict::alive && inside_record() ? verdict::unsolicited_data : v;
    }

    /// The same at the end of a response, for what was received beyond it (SEMANTICS A4): half a record may wait for
    /// its other half until the probe.
    verdict settle() {
        if (fault_.ec) return verdict::error;
        for (;;) {
            const auto s = carrier_ ? draw() : step::wants_input;
            if (const auto v = look(); v != verdict::alive) return v;
            if (s != step::done) return s == step::failed ? verdict::error : verdict::alive;
        }
    }

    /// Holds no memory until the next request that is cheap to have again.
    void rest() noexcept {
        wire_.rest();
        if (early_.empty()) std::string().swap(early_);
        if (carrier_) carrier_->rest();
    }
    /// Nor OpenSSL's two buffers, 33 KiB.
    void cool() noexcept {
        SSL_free_buffers(ssl_.get());
        if (carrier_) carrier_->cool();
    }

    // What is known

    /// After `closed`: the peer has not said that its data ends here, so that someone else may have cut it off. Only a
    /// body that ends with the connection depends on it (SEMANTICS C6): `errc::tls_truncated`.
    bool truncated() const noexcept { return !notified(); }
    /// After `failed`, of this one or its carrier. The text names the certificate and host, the alert, or the rule that
    /// was broken.
    const tls_fault& fault() const noexcept { return fault_.ec || !carrier_ ? fault_ : carrier_->fault(); }

    // Once the handshake is done

    bool resumed() const noexcept { return SSL_session_reused(ssl_.get()) == 1; }
    std::string_view version() const noexcept { return SSL_get_version(ssl_.get()); }  ///< `TLSv1.3`
    std::string_view cipher() const noexcept { return SSL_get_cipher_name(ssl_.get()); }
    /// The server's certificate in words.
    std::string certificate() const {
        const auto* c = SSL_get0_peer_certificate(ssl_.get());
        return c ? describe(c) : std::string();
    }
    SSL* native() const noexcept { return ssl_.get(); }
    const std::shared_ptr<tls_context>& context() const noexcept { return context_; }

private:
    static constexpr std::size_t most_at_once = 64 * 1024;
    static constexpr std::size_t most_carried = most_at_once - 1024;  // so that a carrier takes its records at once

    /// SNI for a name (RFC 6066 3: no address, no dot at the end), and what the certificate is verified against.
    void name_peer(std::string_view host) {
        if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
        host = host.substr(0, host.find('%'));
        const bool address = is_ipv4(host) || is_ipv6(host);
        if (!address && host.ends_with('.')) host.remove_suffix(1);
        identity_.host = host;
        auto* rules = SSL_get0_param(ssl_.get());
        // A subject's common name is no host name (RFC 9110 4.3.4).
        X509_VERIFY_PARAM_set_hostflags(rules,
                                        X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
        const char* text = identity_.host.c_str();
        const bool named = address ? X509_VERIFY_PARAM_set1_ip_asc(rules, text) == 1
                                   : X509_VERIFY_PARAM_set1_host(rules, text, identity_.host.size()) == 1 &&
                                         SSL_set_tlsext_host_name(ssl_.get(), text) == 1;
        if (!named || host.empty()) fail(errc::invalid_option, "TLS cannot ask for the host \"" + identity_.host + '"');
    }

    bool notified() const noexcept { return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }
    /// Whether a look is worth it.
    bool stirs() const noexcept {
        return heard() || unread() || ended_ || fault_.ec || notified() || (carrier_ && carrier_->stirs());
    }
    bool inside_record() const noexcept { return wire_.inside_record() || (carrier_ && carrier_->inside_record()); }

    step decrypt(std::span<char> into, std::size_t& n) {
        n = 0;
        if (fault_.ec) return step::failed;
        while (n < into.size()) {
            std::size_t some = 0;
            forget_openssl_errors();
            if (const int result = SSL_read_ex(ssl_.get(), into.data() + n, into.size() - n, &some); result != 1) {
                const auto s = outcome(result);
                if (n == 0) return s;
                break;  // it will be told again
            }
            n += some;
            if (!unread()) break;
        }
        return step::done;
    }

    /// What is to be said of what has come while nothing was to come.
    verdict look() {
        if (heard()) return verdict::unsolicited_data;
        if (!unread() && !ended_ && !notified()) return verdict::alive;  // nothing to look at, as nearly always
        char byte = 0;
        std::size_t n = 0;
        forget_openssl_errors();
        const int result = SSL_peek_ex(ssl_.get(), &byte, 1, &n);
        if (result == 1) return verdict::unsolicited_data;
        switch (outcome(result)) {
        case step::closed: return verdict::closed;
        case step::failed: return verdict::error;
        default: return verdict::alive;
        }
    }
    /// Takes some of what the carrier has into this one's input.
    step draw() noexcept try {
        if (!carrier_->stirs()) return step::wants_input;
        const auto room = input_room();
        std::size_t n = 0;
        auto s = carrier_->read(room, n);
        if (s == step::wants_input && carrier_->carrier_ && (s = carrier_->draw()) == step::done) return s;
        if (s == step::done) received(n);
        if (s == step::closed) input_ended();
        return s;
    } catch (const std::bad_alloc&) {
        return step::failed;
    }

    bool pinned() {
        const auto& pins = context_->options().pins;
        if (pins.empty()) return true;
        const auto* certificate = SSL_get0_peer_certificate(ssl_.get());
        const auto pin = certificate ? pin_of(certificate) : std::string();
        const auto is_it = [&](std::string_view p) {
            if (p.starts_with("sha256//")) p.remove_prefix(8);
            return !pin.empty() && p == pin;
        };
        if (std::any_of(pins.begin(), pins.end(), is_it)) return true;
        fail(errc::certificate_pin_mismatch,
             "host " + identity_.host + "; its key is sha256//" + pin +
                 "; certificate: " + (certificate ? describe(certificate) : std::string("none")));
        return false;
    }

    step fail(std::error_code ec, std::string text = {}) {
        fault_ = {ec, std::move(text)};
        return step::failed;
    }

    /// What a call of OpenSSL's that did not succeed means.
    step outcome(int result) {
        switch (SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ: return ended_ ? step::closed : step::wants_input;
        case SSL_ERROR_ZERO_RETURN: return step::closed;
        default: break;
        }
        const auto code = ERR_peek_error();
        auto reason = openssl_reason();
        if (identity_.verdict.ec && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED)
            return fail(identity_.verdict.ec, std::exchange(identity_.verdict.text, {}));
        return fail(connection_fault(code, ssl_.get()), "host " + identity_.host + ": " + reason);
    }

    const std::unique_ptr<tls_channel> carrier_;
    const std::shared_ptr<tls_context> context_;
    tls_wire wire_;
    std::string early_;  // plaintext that came while something was being written
    tls_identity identity_;
    openssl_ptr<SSL> ssl_;  // goes before what it points to
    tls_fault fault_;
    bool open_ = false, ended_ = false;
};

}  // namespace ferry::detail

#endif
