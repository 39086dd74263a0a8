// The client's side of SOCKS5 (RFC 1928), with user and password (RFC 1929): bytes in, bytes out, no sockets.
#pragma once

#include <ferry/endpoint.hpp>
#include <ferry/error.hpp>
#include <ferry/proxy_options.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry::detail {

/// What a SOCKS5 reply's second byte says (RFC 1928 6).
constexpr std::string_view describe_socks_reply(unsigned char code) noexcept {
    switch (code) {
    case 0: return "succeeded";
    case 1: return "general failure of the proxy";
    case 2: return "its rules do not allow the connection";
    case 3: return "network unreachable";
    case 4: return "host unreachable";
    case 5: return "connection refused";
    case 6: return "time to live expired";
    case 7: return "it does not know the command";
    case 8: return "it does not know this kind of address";
    default: return "a failure that RFC 1928 does not know";
    }
}

/// Asks a SOCKS5 proxy for one connection. Write what `to_send` holds and say how much was written, until it is empty;
/// then, unless it is `finished`, read at most `wanted` bytes and give them to `feed`, or say `closed`; and so on. As
/// no more than `wanted` is read, nothing of what the server says can get lost in here.
class Socks5 {
public:
    /// With socks5, for an address that was resolved here.
    Socks5(const Proxy& proxy, const Endpoint& target) : proxy_(proxy) {
        append_address(target);
        append_port(target.port);
        greet();
    }

    /// With socks5h: the proxy resolves `host`, a host as a URL has it (IPv6 addresses in brackets). Addresses are sent
    /// as such. A host without a byte or of more than 255 is a fault before anything is sent
    /// (`errc::url_invalid_host`).
    Socks5(const Proxy& proxy, std::string_view host, std::uint16_t port) : proxy_(proxy) {
        if (const auto address = parse_host_address(host)) {
            append_address(*address);
        } else if (host.empty() || host.size() > max_name) {
            fail(errc::url_invalid_host, "SOCKS takes a host name of 1 to 255 bytes");
            return;
        } else {
            target_.push_back('\x03');
            append_sized(target_, host);
        }
        append_port(port);
        greet();
    }

    /// What is to be written now.
    std::string_view to_send() const noexcept { return std::string_view(out_).substr(sent_); }
    void sent(std::size_t n) noexcept { sent_ += std::min(n, out_.size() - sent_); }

    /// How many bytes to read at most; 0 when finished.
    std::size_t wanted() const noexcept { return finished() ? 0 : expected_ - got_; }

    /// Takes what the proxy has sent; returns how many bytes of it, never more than were wanted.
    std::size_t feed(std::string_view bytes) {
        std::size_t used = 0;
        while (used < bytes.size() && !finished()) {
            const auto n = std::min(wanted(), bytes.size() - used);
            std::copy_n(bytes.data() + used, n, in_.data() + got_);
            got_ += n;
            used += n;
            look();
        }
        return used;
    }

    /// The proxy has closed the connection.
    void closed() {
        if (finished()) return;
        if (got_ > 0) fail(errc::proxy_closed, "it closed the connection in the middle of its answer");
        else fail(errc::proxy_closed, std::string("it closed the connection instead of ") + awaited());
    }

    /// Whether the connection is open or has failed.
    bool finished() const noexcept { return step_ == Step::open || step_ == Step::failed; }
    /// Whether bytes now go to the server and come from it.
    bool open() const noexcept { return step_ == Step::open; }
    std::error_code fault() const noexcept { return fault_; }
    /// The fault for people; it names the proxy.
    const std::string& why() const noexcept { return why_; }

private:
    enum class Step { method, credentials, reply, open, failed };

    static constexpr std::size_t max_name = 255;
    static constexpr char version = 5, credentials_version = 1;
    static constexpr char no_credentials = 0, by_credentials = 2, none_acceptable = '\xff';
    static constexpr std::size_t reply_head = 5;  // up to the first byte of the address, which may be its size

    static void append_sized(std::string& to, std::string_view text) {
        to.push_back(static_cast<char>(text.size()));
        to.append(text);
    }
    void append_address(const Endpoint& e) {
        target_.push_back(e.v6 ? '\x04' : '\x01');
        target_.append(e.address.begin(), e.address.begin() + (e.v6 ? 16 : 4));
    }
    void append_port(std::uint16_t port) {
        target_.push_back(static_cast<char>(port >> 8));
        target_.push_back(static_cast<char>(port & 0xff));
    }

    void say(std::string bytes, Step next, std::size_t expected) {
        out_ = std::move(bytes);
        sent_ = got_ = 0;
        step_ = next;
        expected_ = expected;
    }
    void greet() {
        if (std::max(proxy_.user().size(), proxy_.password().size()) > Proxy::max_socks_credential)
            return fail(errc::invalid_proxy, "SOCKS takes a user and a password of at most 255 bytes each");
        std::string bytes{version, 1, no_credentials};
        if (proxy_.has_credentials()) bytes = {version, 2, no_credentials, by_credentials};
        say(std::move(bytes), Step::method, 2);
    }
    void ask() { say(std::string{version, 1, 0} + target_, Step::reply, reply_head); }

    /// Judges what has come so far. A fault is told as soon as it can be seen: some who refuse send no more than that.
    void look() {
        switch (step_) {
        case Step::method: return look_at_method();
        case Step::credentials: return look_at_credentials();
        case Step::reply: return look_at_reply();
        default: return;
        }
    }

    void look_at_method() {
        if (in_[0] != version) return fail_at_version();
        if (got_ < 2) return;
        if (in_[1] == no_credentials) return ask();
        if (in_[1] == by_credentials && proxy_.has_credentials()) {
            std::string bytes{credentials_version};
            append_sized(bytes, proxy_.user());
            append_sized(bytes, proxy_.password());
            return say(std::move(bytes), Step::credentials, 2);
        }
        if (in_[1] != none_acceptable) return fail(errc::proxy_malformed, "it chose a method that was not offered");
        if (proxy_.has_credentials()) return fail(errc::proxy_auth_refused, "it takes no user and password");
        fail(errc::proxy_auth_required, "it does not let anybody in without authentication");
    }

    void look_at_credentials() {
        // Some proxies answer with the version of SOCKS in place of that of RFC 1929.
        if (in_[0] != credentials_version && in_[0] != version) return fail_at_version();
        if (got_ < 2) return;
        if (in_[1] != 0) return fail(errc::proxy_auth_refused, "it refuses user or password");
        ask();
    }

    void look_at_reply() {
        if (in_[0] != version) return fail_at_version();
        if (got_ < 2) return;
        const auto code = static_cast<unsigned char>(in_[1]);
        if (code != 0) {
            return fail(errc::proxy_refused,
                        std::string(describe_socks_reply(code)) + " (SOCKS reply " + std::to_string(code) + ")");
        }
        if (got_ == reply_head) {
            const auto size = address_size();
            if (size == 0) return fail(errc::proxy_malformed, "it replies with an unknown kind of address");
            expected_ = reply_head - 1 + size + 2;
        }
        if (got_ == expected_) step_ = Step::open;
    }

    /// Of the address in the reply, which is the proxy's own and of no interest here; 0 when it is of no known kind.
    std::size_t address_size() const noexcept {
        switch (in_[3]) {
        case 1: return 4;
        case 3: return 1 + std::size_t{static_cast<unsigned char>(in_[4])};
        case 4: return 16;
        default: return 0;
        }
    }

    const char* awaited() const noexcept {
        return step_ == Step::method        ? "answering the greeting"
               : step_ == Step::credentials ? "answering to user and password"
                                            : "answering the request";
    }
    void fail_at_version() {
        const bool http = step_ == Step::method && in_[0] == 'H';
        fail(errc::proxy_malformed, http ? "it does not speak SOCKS5, but perhaps HTTP" : "it does not speak SOCKS5");
    }
    void fail(errc e, std::string_view why) {
        step_ = Step::failed;
        fault_ = e;
        out_.clear();
        sent_ = 0;
        why_.assign("proxy ").append(proxy_.name()).append(": ").append(why);
    }

    Proxy proxy_;
    std::string target_;  // the request from the kind of address on
    std::string out_;
    std::size_t sent_ = 0;
    std::array<char, reply_head + 255 + 2> in_{};  // the largest reply
    std::size_t got_ = 0, expected_ = 0;
    Step step_ = Step::failed;
    std::error_code fault_;
    std::string why_;
};

}  // namespace ferry::detail
