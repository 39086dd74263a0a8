// A function of the caller's that looks up names in place of the system, and what it may answer.
#pragma once

#include <ferry/endpoint.hpp>
#include <ferry/error.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace ferry {

/// What a resolver has found: addresses, the best first, or why there are none.
class Resolved {
public:
    /// A port of 0 becomes the one that is asked for.
    Resolved(std::vector<Endpoint> addresses) : addresses_(std::move(addresses)) {}
    /// As text, such as `192.0.2.1` or `2001:db8::1`. Throws `ferry::Error` for what is no IP address.
    Resolved(std::initializer_list<std::string_view> addresses) {
        for (auto text : addresses) add(text);
    }
    Resolved(const std::vector<std::string>& addresses) {
        for (auto& text : addresses) add(text);
    }
    /// `errc::host_not_found`, for one.
    Resolved(std::error_code why) : error_(why) {}
    template <class Code>
    requires std::is_error_code_enum_v<Code> Resolved(Code why) : error_(make_error_code(why)) {}

    /// The system is to be asked after all.
    static Resolved by_system() {
        Resolved r{std::error_code()};
        r.system_ = true;
        return r;
    }

    const std::vector<Endpoint>& addresses() const noexcept { return addresses_; }
    std::error_code error() const noexcept { return error_; }
    bool asks_system() const noexcept { return system_; }

private:
    void add(std::string_view text) {
        auto address = detail::parse_host_address(text);
        if (!address)
            throw Error(errc::resolver_failed, {}, Phase::resolve, RequestState::not_sent,
                        "not an IP address: " + std::string(text));
        addresses_.push_back(*address);
    }

    std::vector<Endpoint> addresses_;
    std::error_code error_;
    bool system_ = false;
};

/// Looks up a host's addresses for a session, such as by DNS over HTTPS:
/// `[](const std::string& host, std::uint16_t port) -> ferry::Resolved { return {"192.0.2.1", "2001:db8::1"}; }`.
///
/// It is called on a thread of its own, once for all calls of a session that wait for the same name and port, for up to
/// 64 names at the same time, and may block. A call that is cancelled or over its deadline does not wait for it: it may
/// still run when its session is gone, so it must own what it uses. What it throws becomes `errc::resolver_failed`. It
/// is not asked for IP addresses, nor for `localhost` and names below it, which are this machine (RFC 6761 6.3); but
/// for a name in `SessionOptions::resolve` it is, if that leads to another name.
using Resolver = std::function<Resolved(const std::string& host, std::uint16_t port)>;

}  // namespace ferry
