// The authentication of one request with one server or proxy, between the scheme that was chosen and the engine.
#pragma once

#include <ferry/auth_scheme.hpp>
#include <ferry/error.hpp>
#include <ferry/headers.hpp>
#include <ferry/token.hpp>

#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry::detail {

/// Sends nothing, and answers nothing, when nothing was chosen.
class AuthExchange {
public:
    /// So many challenges are answered, whatever a scheme says: a server may ask for ever.
    static constexpr unsigned max_answers = 4;

    AuthExchange() = default;
    /// `proxy`: it is 407 and Proxy-Authorization, not 401 and Authorization.
    explicit AuthExchange(Auth auth, bool proxy = false) : auth_(std::move(auth)), proxy_(proxy) {}

    explicit operator bool() const noexcept { return static_cast<bool>(auth_); }

    /// Asks the scheme for the field of the request that is about to be sent, each time that it is. `url` is the
    /// proxy's own for a proxy. What the scheme throws passes through.
    std::error_code prepare(std::string_view method, std::string_view target, const Url& url) {
        sent_ = auth_ ? auth_.scheme()->authorize({method, target, url, proxy_, answered_}) : std::string();
        if (is_field_value(sent_)) return {};
        sent_.clear();
        return errc::invalid_header_value;
    }

    std::string_view field_name() const noexcept { return proxy_ ? "Proxy-Authorization" : "Authorization"; }
    /// What `prepare` got; empty: the field is left out.
    const std::string& field() const noexcept { return sent_; }

    /// Takes the response to what was prepared. True: the request is to be sent again.
    bool answers(int status, const Headers& headers, std::string_view method, std::string_view target, const Url& url) {
        if (!auth_) return false;
        const AuthRequest request{method, target, url, proxy_, answered_};
        if (status != (proxy_ ? 407 : 401)) {
            const auto info = headers.find(proxy_ ? "Proxy-Authentication-Info" : "Authentication-Info");
            if (info && !sent_.empty()) auth_.scheme()->accepted(*info, request, sent_);
            return false;
        }
        if (answered_ >= max_answers) return false;
        const auto challenges = parse_challenges(headers.all(proxy_ ? "Proxy-Authenticate" : "WWW-Authenticate"));
        if (!auth_.scheme()->challenged(challenges, request, sent_)) return false;
        ++answered_;
        return true;
    }

private:
    Auth auth_;
    bool proxy_ = false;
    unsigned answered_ = 0;
    std::string sent_;
};

}  // namespace ferry::detail
