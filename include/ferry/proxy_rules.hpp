// Which proxy a request goes through, and why: the request's, the session's or the environment's (SEMANTICS H4).
#pragma once

#include <ferry/no_proxy.hpp>
#include <ferry/proxy_options.hpp>
#include <ferry/token.hpp>
#include <ferry/url.hpp>

#include <cstdlib>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry {

/// What the environment says of proxies, read once. A value that never changes can be read by all threads.
///
/// `http_proxy` and `https_proxy` are for URLs of that scheme, `all_proxy` for both where the other is not set, and
/// `no_proxy` lists the exceptions. Names in lower case go before those in capitals, also when their value is empty,
/// which counts as not set. In a CGI program (`REQUEST_METHOD` is set), `HTTP_PROXY` is what a client sent as its
/// field `Proxy`, and is never looked at (CVE-2016-5385).
class ProxyEnvironment {
public:
    /// One variable.
    struct Setting {
        std::string variable = {};   ///< its name, as it was found; empty: not set
        Proxy proxy = {};            ///< nothing when the value is at fault
        std::error_code fault = {};  ///< `errc::invalid_proxy`
        std::string why = {};        ///< the fault's particulars, without the password
    };

    /// Nothing is set.
    ProxyEnvironment() = default;

    /// Reads variables through `lookup(const char* name)`, which returns a `std::optional<std::string>`.
    template <class Lookup> static ProxyEnvironment read(Lookup&& lookup) {
        ProxyEnvironment e;
        const bool cgi = lookup("REQUEST_METHOD").has_value();
        const auto all = setting(lookup, "all_proxy", "ALL_PROXY");
        e.http_ = setting(lookup, "http_proxy", cgi ? nullptr : "HTTP_PROXY");
        e.https_ = setting(lookup, "https_proxy", "HTTPS_PROXY");
        if (e.http_.variable.empty()) e.http_ = all;
        if (e.https_.variable.empty()) e.https_ = all;
        e.no_proxy_ = NoProxy::parse(variable(lookup, "no_proxy", "NO_PROXY").second);
        return e;
    }

    /// Reads those of this process. Not while another thread changes them.
    static ProxyEnvironment load() {
        return read([](const char* name) {
            const char* value = std::getenv(name);
            return value ? std::optional<std::string>(value) : std::nullopt;
        });
    }

    /// Whether no request goes through a proxy of the environment's.
    bool empty() const noexcept { return http_.variable.empty() && https_.variable.empty(); }

    /// For URLs with the scheme https, or for those with http.
    const Setting& setting(bool secure) const& noexcept { return secure ? https_ : http_; }
    const Setting& setting(bool) const&& = delete;

    const NoProxy& no_proxy() const& noexcept { return no_proxy_; }
    const NoProxy& no_proxy() const&& = delete;

private:
    /// Name and value of the one that counts; an empty value when none is set.
    template <class Lookup>
    static std::pair<std::string_view, std::string> variable(Lookup& lookup, const char* lower, const char* upper) {
        if (std::optional<std::string> value = lookup(lower)) return {lower, std::move(*value)};
        std::optional<std::string> value;
        if (upper) value = lookup(upper);
        return value ? std::pair{std::string_view(upper), std::move(*value)} : std::pair{std::string_view(), ""};
    }

    template <class Lookup> static Setting setting(Lookup& lookup, const char* lower, const char* upper) {
        const auto [name, value] = variable(lookup, lower, upper);
        const auto text = detail::trim(value);
        Setting s;
        if (text.empty()) return s;
        s.variable = name;
        s.proxy = Proxy::parse(text, s.fault, &s.why);
        return s;
    }

    Setting http_, https_;
    NoProxy no_proxy_;
};

/// Who decided on a proxy.
enum class ProxySource { nobody, request, session, environment };

/// The proxy of one request, and why it is this one.
struct ProxyChoice {
    Proxy proxy = Proxy::none();  ///< `none()`: directly
    ProxySource from = ProxySource::nobody;
    std::string_view variable = {};   ///< which decided; lasts as long as the environment that was asked
    std::string_view exception = {};  ///< the entry of `no_proxy` that covers the URL; lasts as long
    std::error_code fault = {};       ///< the variable's value is at fault: then the request must not be sent at all
    std::string_view why = {};        ///< the fault's particulars; lasts as long
};

/// One line for people: `through http://proxy:3128, as https_proxy says`.
inline std::string to_string(const ProxyChoice& c) {
    if (c.fault) return std::string(c.variable).append(": ").append(c.why);
    if (c.from == ProxySource::nobody) return "directly, as nobody names a proxy";
    std::string text = c.proxy ? "through " + c.proxy.name() : "directly";
    if (c.from == ProxySource::request) return text.append(", as the request says");
    if (c.from == ProxySource::session) return text.append(", as the session says");
    text.append(", as ").append(c.variable).append(" says");
    if (!c.exception.empty()) text.append(" (").append(c.exception).append(")");
    return text;
}

inline std::ostream& operator<<(std::ostream& os, const ProxyChoice& c) { return os << to_string(c); }

namespace detail {

/// Request before session before environment, always; `no_proxy` makes exceptions from the environment's proxies only.
/// To be asked anew for each hop of a redirect (SEMANTICS E5).
inline ProxyChoice choose_proxy(const Proxy& request, const Proxy& session, const ProxyEnvironment& environment,
                                const Url& url) {
    ProxyChoice choice;
    if (request.said()) {
        choice.from = ProxySource::request;
        choice.proxy = request;
        return choice;
    }
    if (session.said()) {
        choice.from = ProxySource::session;
        choice.proxy = session;
        return choice;
    }
    const auto& setting = environment.setting(url.secure());
    if (setting.variable.empty()) return choice;
    choice.from = ProxySource::environment;
    if (const auto entry = environment.no_proxy().find(url)) {
        choice.variable = "no_proxy";
        choice.exception = *entry;
        return choice;
    }
    choice.variable = setting.variable;
    choice.proxy = setting.fault ? Proxy::none() : setting.proxy;
    choice.fault = setting.fault;
    choice.why = setting.why;
    return choice;
}

}  // namespace detail
}  // namespace ferry
