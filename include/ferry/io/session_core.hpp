// What a blocking session is made of behind its face: its defaults, and the connections that its calls share.
#pragma once

#include <ferry/engine/calls.hpp>
#include <ferry/engine/session_defaults.hpp>
#include <ferry/io/blocking.hpp>

#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry::detail {

struct session_core : session_defaults {
    explicit session_core(SessionOptions&& o)
        : session_defaults(std::move(o)), connections(std::make_shared<shared_connections>(options)) {}
    /// On the same connections.
    session_core(const session_core& under, std::string_view base_url, const Options& over)
        : session_defaults(under, base_url, over), connections(under.connections) {}
    const std::shared_ptr<shared_connections> connections;
};

/// While somebody has it, a session and its overlays are open.
class open_pool {
public:
    explicit open_pool(std::shared_ptr<shared_connections> c) noexcept : connections_(std::move(c)) {}
    open_pool(const open_pool&) = delete;
    open_pool& operator=(const open_pool&) = delete;
    ~open_pool() { connections_->pool.close(); }

private:
    std::shared_ptr<shared_connections> connections_;
};

// One call with its body in memory, in two steps: null when they went well.

inline std::unique_ptr<failure> prepare(session_core& core, request& q, std::string_view method, std::string_view url,
                                        const Options& own) {
    auto c = core.prepare(q, method, url, own);
    return c ? std::make_unique<failure>(refused(std::move(c), url)) : nullptr;
}
/// What arrived is in `into`, whatever the outcome. There is nothing in it before.
inline std::unique_ptr<failure> perform(session_core& core, request& q, Response& into) {
    transfer t(q, into);
    blocking_driver driver(*core.connections, q);
    start_clock(t, driver.began());
    const auto ec = run(driver, [&] { return fetch(t); });
    auto f = ec ? std::make_unique<failure>(failed(t, ec)) : nullptr;
    into.url = std::move(q.url);
    return f;
}

}  // namespace ferry::detail
