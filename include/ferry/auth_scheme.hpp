// The customization point of authentication: a scheme that says what a request carries and answers challenges.
#pragma once

#include <ferry/challenge.hpp>
#include <ferry/url.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferry {

/// The request that is to be authenticated, as a scheme sees it. It lasts as long as the call that it is given to.
struct AuthRequest {
    std::string_view method;
    std::string_view target;  ///< as the request line has it
    const Url& url;           ///< of the request; with `proxy`, the proxy's own
    bool proxy = false;       ///< the proxy is to be convinced (`Proxy-Authorization`, 407), not the server
    unsigned answered = 0;    ///< how many challenges this request has answered so far
};

/// A way to authenticate (requests' `AuthBase`). Derive from it to add one:
///
///     struct Signed : ferry::AuthScheme {
///         std::string authorize(const ferry::AuthRequest& q) override { return "Signed " + sign(q.method, q.target); }
///     };
///     session.get(url, {.auth = std::make_shared<Signed>()});
///
/// One object serves all requests and all threads that were given it, at the same time: its functions must be safe to
/// call from several threads, and must not block. What they throw passes through the call.
class AuthScheme {
public:
    AuthScheme() = default;
    AuthScheme(const AuthScheme&) = delete;
    AuthScheme& operator=(const AuthScheme&) = delete;
    virtual ~AuthScheme() = default;

    /// The value of the `Authorization` (or `Proxy-Authorization`) field of a request that is about to be sent; empty:
    /// it goes without. A value with a control character fails the call with `errc::invalid_header_value`.
    virtual std::string authorize(const AuthRequest& request) = 0;

    /// Takes the challenges of a 401 (407 with `proxy`). `sent` is the value that the refused request carried, empty
    /// for none. True: the request is sent again with what `authorize` says then. False, as by default: the response
    /// is the result. After four answers to one request it is the result in any case.
    virtual bool challenged(const std::vector<Challenge>& challenges, const AuthRequest& request,
                            std::string_view sent) {
        static_cast<void>(challenges), static_cast<void>(request), static_cast<void>(sent);
        return false;
    }

    /// Takes the value of `Authentication-Info` (or `Proxy-Authentication-Info`, RFC 7615) of a response that is no
    /// challenge, when there is one and the request carried `sent`. By default it is ignored.
    virtual void accepted(std::string_view info, const AuthRequest& request, std::string_view sent) {
        static_cast<void>(info), static_cast<void>(request), static_cast<void>(sent);
    }
};

/// How requests authenticate: made by `basic`, `bearer` or `digest`, or from a scheme of one's own. By default nothing
/// is chosen. Copies share one scheme, and so what it has learned.
class Auth {
public:
    Auth() = default;
    template <std::derived_from<AuthScheme> Scheme>
    Auth(std::shared_ptr<Scheme> scheme) noexcept : scheme_(std::move(scheme)) {}

    explicit operator bool() const noexcept { return scheme_ != nullptr; }
    /// Null when nothing is chosen.
    const std::shared_ptr<AuthScheme>& scheme() const noexcept { return scheme_; }

    /// Whether both share one scheme.
    bool operator==(const Auth&) const = default;

private:
    std::shared_ptr<AuthScheme> scheme_;
};

}  // namespace ferry
