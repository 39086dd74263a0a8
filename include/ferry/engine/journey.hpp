// What is remembered of a call that takes more than one request: redirects, challenges, retries.
#pragma once

#include <ferry/auth_exchange.hpp>
#include <ferry/redirect_rules.hpp>
#include <ferry/request.hpp>
#include <ferry/retry_rules.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ferry::detail {

struct journey {
    explicit journey(const request& first) : fields(*first.fields), defaults(first.defaults) {
        if (first.retry) retries.emplace(*first.retry);
    }
    journey(const journey&) = delete;
    journey& operator=(const journey&) = delete;

    // What the request refers to once it is no longer the caller's.
    std::string method;
    Headers fields;
    std::string defaults;
    Body nothing;
    Body prepared;      // the caller's, as it is sent: coded, or with trailers
    std::string coded;  // its bytes
    std::string extra;  // lines that are the engine's own: a range, the last event's id

    std::vector<hop> before;                          // the requests whose redirects led here
    secrets_dropped dropped = secrets_dropped::none;  // of the caller's on the way here; they do not come back
    bool chosen = false;                              // whose credentials
    AuthExchange credentials;                         // with the server at hand
    Proxy asked;                                      // which forwards, and its
    AuthExchange proxy_credentials;
    std::string for_tunnel;  // the caller's own Proxy-Authorization
    std::optional<retry_state> retries;
};

/// The lines of a block but for those of some names.
template <class Drop> std::string without_lines(std::string_view block, Drop drop) {
    std::string kept;
    while (!block.empty()) {
        auto line = block.substr(0, block.find('\n') + 1);
        block.remove_prefix(line.size());
        if (!drop(line.substr(0, line.find(':')))) kept.append(line);
    }
    return kept;
}

}  // namespace ferry::detail
