// Whose credentials a request carries: the order of precedence (SEMANTICS G3).
#pragma once

#include <ferry/auth.hpp>
#include <ferry/netrc.hpp>
#include <ferry/url.hpp>

#include <system_error>

namespace ferry::detail {

/// All that may have a say; what is not there is null.
struct AuthSources {
    bool request_field = false;     // The request's own headers hold an Authorization field.
    const Auth* request = nullptr;  // Options::auth
    const Url* url = nullptr;       // The one to be requested, of this hop.
    bool session_field = false;     // The session's headers hold an Authorization field.
    const Auth* session = nullptr;  // SessionOptions::auth
    const Netrc* netrc = nullptr;
    bool elsewhere = false;  // A redirect has led to another origin: what the caller meant for the first stays there.
};

enum class AuthSource { none, request_field, request, url, session_field, session, netrc };

/// The source that is used: the first, in the order of the enumerators, that is there.
struct AuthChoice {
    AuthSource from = AuthSource::none;
    Auth auth = {};              // Nothing when a field is used, or none.
    std::error_code fault = {};  // The URL's or the netrc file's credentials cannot be sent as Basic (RFC 7617 2).
};

inline AuthChoice choose_basic(AuthSource from, std::string_view user, std::string_view password, errc fault) {
    if (objection_to_basic(user, password)) return {from, {}, fault};
    return {from, basic_unchecked(user, password), {}};
}

/// Credentials for the host from the netrc file. One that a redirect led to must be named there.
inline AuthChoice choose_netrc(const AuthSources& of) {
    const auto* entry = of.netrc && of.url ? of.netrc->find(of.url->hostname(), !of.elsewhere) : nullptr;
    if (!entry || !entry->usable()) return {};
    return choose_basic(AuthSource::netrc, entry->user(), entry->password, errc::invalid_option);
}

/// Whether there is a choice, and it is for this server: elsewhere only that for no credentials is.
inline bool has_say(const Auth* choice, bool elsewhere) {
    return choice && *choice && (!elsewhere || *choice == no_auth());
}

/// Who authenticates a request. On a redirect within one origin the choice stays and is not made again: a Location
/// rarely repeats the userinfo.
inline AuthChoice choose_auth(const AuthSources& of) {
    if (of.request_field && !of.elsewhere) return {AuthSource::request_field, {}, {}};
    if (has_say(of.request, of.elsewhere)) return {AuthSource::request, *of.request, {}};
    if (of.url && of.url->has_userinfo())
        return choose_basic(AuthSource::url, of.url->user(), of.url->password(), errc::url_invalid_character);
    if (of.session_field && !of.elsewhere) return {AuthSource::session_field, {}, {}};
    if (has_say(of.session, of.elsewhere)) return {AuthSource::session, *of.session, {}};
    return choose_netrc(of);
}

}  // namespace ferry::detail
