// How requests authenticate: Basic, Bearer and Digest, or a scheme of one's own (auth_scheme.hpp).
#pragma once

#include <ferry/auth_scheme.hpp>
#include <ferry/base64.hpp>
#include <ferry/digest_scheme.hpp>
#include <ferry/error.hpp>
#include <ferry/percent.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace ferry {

namespace detail {

/// Sends the same value with each request, without being asked; a challenge to it is final. Empty: sends nothing.
class FixedField final : public AuthScheme {
public:
    explicit FixedField(std::string value) : value_(std::move(value)) {}
    std::string authorize(const AuthRequest&) override { return value_; }

private:
    const std::string value_;
};

inline Auth fixed_field(std::string value) { return std::make_shared<FixedField>(std::move(value)); }

/// Why these cannot be the credentials of Basic (RFC 7617 2); null if they can. The text quotes nothing of them.
inline const char* objection_to_basic(std::string_view user, std::string_view password) noexcept {
    if (user.find(':') != std::string_view::npos) return "basic: the user holds a colon";
    if (has_control(user)) return "basic: the user holds a control character";
    if (has_control(password)) return "basic: the password holds a control character";
    return nullptr;
}

/// Basic with credentials that were found to be in order.
inline Auth basic_unchecked(std::string_view user, std::string_view password) {
    return fixed_field("Basic " + base64(std::string(user).append(":").append(password)));
}

[[noreturn]] inline void refuse_auth(errc e, std::string_view why) {
    throw Error(e, {}, Phase::input, RequestState::not_sent, why);
}

}  // namespace detail

/// User and password, readable for everybody who sees the request (RFC 7617; requests' `HTTPBasicAuth`). Both are UTF-8
/// and are sent with the first request, without being asked; a 401 to them is the result. Throws `ferry::Error`
/// (`errc::invalid_option`) for a user with a colon, and for control characters.
inline Auth basic(std::string_view user, std::string_view password) {
    if (const char* why = detail::objection_to_basic(user, password)) detail::refuse_auth(errc::invalid_option, why);
    return detail::basic_unchecked(user, password);
}

/// A token, such as OAuth 2.0 gives out (RFC 6750), sent with the first request; a 401 to it is the result. Throws
/// `ferry::Error` (`errc::invalid_option`) for what is not a token68: letters, digits and `- . _ ~ + /`, then any
/// number of `=`.
inline Auth bearer(std::string_view token) {
    if (token.empty() || detail::token68_length(token) != token.size())
        detail::refuse_auth(errc::invalid_option, "bearer: the token is empty or holds a character that none may hold");
    return detail::fixed_field("Bearer " + std::string(token));
}

/// User and password, of which only hashes are sent (RFC 7616; requests' `HTTPDigestAuth`): MD5, SHA-256 and
/// SHA-512-256, each with -sess or without, qop `auth` or none. The first request is challenged and sent again; later
/// ones, of all threads that share this value (a session's, for one), carry their answer beforehand. If the
/// answer is refused, the 401 is the result. Each server (scheme, host, port) has one realm at a time; what a challenge
/// gives as its `domain` is kept to, on that server. Throws `ferry::Error`: `errc::digest_not_available` in a build
/// without OpenSSL, `errc::invalid_option` for a user or password with a control character.
inline Auth digest(std::string_view user, std::string_view password) {
    if (!detail::has_hashes) detail::refuse_auth(errc::digest_not_available, {});
    if (detail::has_control(user) || detail::has_control(password))
        detail::refuse_auth(errc::invalid_option, "digest: the user or the password holds a control character");
    return std::make_shared<detail::DigestScheme>(detail::DigestUser{std::string(user), std::string(password)});
}

/// Sends nothing, whatever the URL, the session or the netrc file have to offer, also where a redirect leads.
inline Auth no_auth() {
    static const Auth nothing = detail::fixed_field({});
    return nothing;
}

}  // namespace ferry
