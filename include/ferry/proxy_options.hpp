// Which proxy a request goes through: a value made from a URL, with its credentials. Which one is taken is decided in
// proxy_rules.hpp.
#pragma once

#include <ferry/auth.hpp>
#include <ferry/error.hpp>
#include <ferry/percent.hpp>
#include <ferry/token.hpp>
#include <ferry/url.hpp>

#include <algorithm>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry {

/// How a proxy is spoken to.
enum class ProxyKind : std::uint8_t {
    none,    ///< there is no proxy: directly
    http,    ///< absolute form for http, CONNECT for https (RFC 9112 3.2.2, RFC 9110 9.3.6)
    https,   ///< the same, over TLS to the proxy
    socks5,  ///< RFC 1928; names are resolved here
    socks5h  ///< RFC 1928; names are resolved by the proxy
};

constexpr std::string_view to_string(ProxyKind k) noexcept {
    switch (k) {
    case ProxyKind::none: return "none";
    case ProxyKind::http: return "http";
    case ProxyKind::https: return "https";
    case ProxyKind::socks5: return "socks5";
    case ProxyKind::socks5h: return "socks5h";
    }
    return "unknown";
}

inline std::ostream& operator<<(std::ostream& os, ProxyKind k) { return os << to_string(k); }

/// A proxy, or `none()`; by default nothing is said, and whoever is asked next decides (request, session,
/// environment). It never changes, so all threads may read it; a copy costs no allocation.
///
///     ferry::Session session({.proxy = "http://user:secret@proxy.example:3128"});
///     session.get(url, {.proxy = ferry::Proxy::none()});
///
/// The text is a URL with the scheme `http`, `https`, `socks5` or `socks5h`; without one it is http. Default ports are
/// those of requests: 80 for http, 443 for https; and 1080 for SOCKS. (curl takes 1080 for http, too; so name the
/// port.) User and password are percent-decoded; a path, query or fragment is refused, but for one `/`.
class Proxy {
public:
    /// SOCKS tells the size of each in one byte (RFC 1929 2).
    static constexpr std::size_t max_socks_credential = 255;

    Proxy() = default;

    /// Reads a proxy's URL. `auth` is how to authenticate to an HTTP proxy where it is not Basic, such as `digest(user,
    /// password)`; it goes before user and password in the URL. Throws `ferry::Error` (`errc::invalid_proxy`), whose
    /// text says what is wrong and hides the password: another scheme, a bad host or port, a control character in user
    /// or password, for SOCKS one of more than 255 bytes, for Basic a user with a colon.
    template <std::convertible_to<std::string_view> Text> Proxy(const Text& text, Auth auth = {}) {
        std::string why;
        if (!read(text, std::move(auth), why))
            throw Error(errc::invalid_proxy, {}, Phase::input, RequestState::not_sent, why);
    }

    /// The same without an exception; after a fault nothing is said. `why` gets the fault's particulars.
    static Proxy parse(std::string_view text, std::error_code& ec, std::string* why = nullptr) {
        Proxy p;
        std::string text_of_fault;
        ec = p.read(text, {}, text_of_fault) ? std::error_code{} : make_error_code(errc::invalid_proxy);
        if (why) *why = std::move(text_of_fault);
        return p;
    }

    /// No proxy, whatever the session and the environment say.
    static const Proxy& none() {
        static const Proxy instance{std::make_shared<const Parts>()};
        return instance;
    }

    /// Whether anything is said; `none()` is something.
    bool said() const noexcept { return parts_ != nullptr; }
    /// Whether there is a proxy to go through.
    explicit operator bool() const noexcept { return kind() != ProxyKind::none; }

    ProxyKind kind() const noexcept { return parts().kind; }
    bool is_http() const noexcept { return kind() == ProxyKind::http || kind() == ProxyKind::https; }
    bool is_socks() const noexcept { return kind() == ProxyKind::socks5 || kind() == ProxyKind::socks5h; }

    /// The host as a resolver takes it, lower case; an IPv6 address without brackets.
    std::string hostname() const { return parts().address.hostname(); }
    std::uint16_t port() const noexcept { return parts().address.port(); }
    /// Where an HTTP proxy is: its URL without credentials, as an `AuthScheme` is given it. Empty for others.
    const Url& url() const noexcept { return is_http() ? parts().address : nowhere().address; }

    const std::string& user() const noexcept { return parts().user; }          ///< decoded
    const std::string& password() const noexcept { return parts().password; }  ///< decoded
    bool has_credentials() const noexcept { return !user().empty() || !password().empty(); }

    /// How to authenticate to an HTTP proxy; nothing when it needs none, and for SOCKS.
    const Auth& auth() const noexcept { return parts().auth; }

    /// `http://host:3128`: for logs and error texts, without credentials.
    const std::string& name() const noexcept { return parts().name; }

    /// What two connections must have in common to be one's substitute (SEMANTICS A10): kind, host, port and
    /// credentials; empty without a proxy. It holds the password: never print it.
    const std::string& key() const noexcept { return parts().key; }

    /// The same proxy with the same credentials; of those with an `Auth` of their own, only copies are equal.
    friend bool operator==(const Proxy& a, const Proxy& b) noexcept {
        return a.said() == b.said() && a.key() == b.key();
    }

private:
    struct Parts {
        ProxyKind kind = ProxyKind::none;
        Url address = {};  // For SOCKS too: as if it were http.
        std::string user = {}, password = {};
        Auth auth = {};
        std::string name = "none", key = {};
    };

    explicit Proxy(std::shared_ptr<const Parts> parts) noexcept : parts_(std::move(parts)) {}

    static const Parts& nowhere() noexcept { return *none().parts_; }
    const Parts& parts() const noexcept { return parts_ ? *parts_ : nowhere(); }

    static std::optional<ProxyKind> kind_of(std::string_view scheme) noexcept {
        for (auto k : {ProxyKind::http, ProxyKind::https, ProxyKind::socks5, ProxyKind::socks5h})
            if (detail::equal_ignoring_case(scheme, to_string(k))) return k;
        return std::nullopt;
    }
    static std::uint16_t default_port(ProxyKind k) noexcept {
        return k == ProxyKind::http ? 80 : k == ProxyKind::https ? 443 : 1080;
    }

    bool read(std::string_view text, Auth auth, std::string& why) {
        constexpr std::string_view sign = "://";
        const auto slashes = text.find(sign);
        const bool no_slashes = slashes == text.npos && kind_of(text.substr(0, text.find(':'))) &&
                                text.find_first_of("@.") != text.npos;
        const auto scheme = slashes == text.npos ? "http" : text.substr(0, slashes);
        const auto rest = slashes == text.npos ? text : text.substr(slashes + sign.size());
        const auto kind = kind_of(scheme);
        auto parts = std::make_shared<Parts>();
        parts->kind = kind.value_or(ProxyKind::none);
        parts->auth = std::move(auth);
        std::string wrong = kind ? read_address(*parts, rest) : "its scheme is none of http, https, socks5 and socks5h";
        if (wrong.empty()) wrong = objection(*parts);
        if (no_slashes) wrong = "there is no // behind its scheme";
        if (!wrong.empty()) {
            why = "proxy " + detail::printable_url(std::string(scheme).append(sign).append(rest)) + ": " + wrong;
            return false;
        }
        complete(*parts);
        parts_ = std::move(parts);
        return true;
    }

    /// What is wrong with it; empty for nothing.
    static std::string read_address(Parts& p, std::string_view rest) {
        const std::string_view scheme = p.kind == ProxyKind::https ? "https://" : "http://";
        const auto end = rest.find_first_of("/?#");
        if (end != rest.npos && rest.substr(end) != "/") return "a proxy's URL ends with its port";
        std::error_code ec;
        const auto given = Url::parse(std::string(scheme).append(rest), ec);
        if (ec) return ec.message();
        p.user = given.user();
        p.password = given.password();
        // A default port in the text is dropped by Url, so only the text tells whether there was one.
        const auto authority = rest.substr(0, end);
        const auto colon = authority.rfind(':');
        const bool has_port = colon != rest.npos && colon + 1 < authority.size() &&
                              authority.find_first_of("@]", colon) == rest.npos;
        const auto port = has_port ? given.port() : default_port(p.kind);
        p.address = Url(std::string(scheme).append(given.host()).append(":").append(std::to_string(port)));
        p.name = std::string(to_string(p.kind)).append("://").append(given.host()).append(":");
        p.name.append(std::to_string(port));
        return {};
    }

    static std::string objection(const Parts& p) {
        const bool socks = p.kind == ProxyKind::socks5 || p.kind == ProxyKind::socks5h;
        if (detail::has_control(p.user) || detail::has_control(p.password))
            return "the user or the password holds a control character";
        if (socks && p.auth) return "SOCKS takes a user and a password, which belong into the URL";
        if (socks && std::max(p.user.size(), p.password.size()) > max_socks_credential)
            return "SOCKS takes a user and a password of at most 255 bytes each";
        if (!socks && !p.auth && detail::objection_to_basic(p.user, p.password)) return "the user holds a colon";
        return {};
    }

    static void complete(Parts& p) {
        const bool own = static_cast<bool>(p.auth);
        const bool basic = !own && (!p.user.empty() || !p.password.empty());
        const bool socks = p.kind == ProxyKind::socks5 || p.kind == ProxyKind::socks5h;
        if (basic && !socks) p.auth = detail::basic_unchecked(p.user, p.password);
        p.key = p.name;
        // A scheme of one's own cannot be compared, and its address may come back: so each has a number.
        static std::atomic<std::uint64_t> number{0};
        if (own) p.key.append(" auth ").append(std::to_string(++number));
        if (!basic) return;
        p.key.append(" ");
        detail::percent_encode(p.key, p.user, detail::CharSet::unreserved);
        p.key.append(":");
        detail::percent_encode(p.key, p.password, detail::CharSet::unreserved);
    }

    std::shared_ptr<const Parts> parts_;
};

/// `http://host:3128`, without credentials; `none`.
inline const std::string& to_string(const Proxy& p) noexcept { return p.name(); }
inline std::ostream& operator<<(std::ostream& os, const Proxy& p) { return os << p.name(); }

}  // namespace ferry
