// What protocol code may ask of the world, and what the world answers: plain values, no sockets.
#pragma once

#include <ferry/endpoint.hpp>
#include <ferry/moment.hpp>
#include <ferry/stats.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace ferry::detail {

struct connection;

/// One wish of the protocol code. `limit` counts from the moment the action begins, `until` is the deadline of all.
struct action {
    enum class kind : std::uint8_t {
        now,            // tell the time
        checkout,       // a connection to the request's origin: idle and probed alive, or blank
        release,        // give it back: `keep` it, at rest, or discard it for `reason`
        resolve,        // `host`, `port` into `found`
        start_connect,  // begin to connect to `peer`, or to the socket at `path`, beside those already begun
        await_connect,  // until one of those begun has succeeded or failed
        handshake,      // TLS on what is connected; to a driver, this and all that follows is bytes read and written
        open_body,      // the request's body from its beginning
        pull,           // the next bytes of the request's body into `into`
        read,           // some bytes into `into`; 0 is the end; `skip` drops them instead
        write,          // some bytes of `from`
        create,         // a file beside `path`, for the response's body
        store,          // `from` at the end of that file
        commit,         // that file is whole: it gets its name
        resume,         // the file that an earlier download has left in part; its version into `text`
        restart,        // that file begins anew, as the version in `text`
        pace,           // the turn that the origin's rate limit gives this request
        sleep,          // until `until`
    };

    kind what;
    bool renew = false;  // checkout: in place of the one at hand, which is discarded for `reason`
    bool fresh = false;  // checkout: a blank one, even if others are idle
    bool spare = false;  // checkout: a blank one, and only if it can be kept beside the others
    bool keep = false;   // release
    bool watch = false;  // write: look for bytes from the peer first, and come back if there are any
    bool skip = false;   // read
    DiscardReason reason = DiscardReason::aborted;  // release
    std::uint16_t port = 0;                         // resolve
    std::span<char> into{};                         // read, pull
    std::array<std::string_view, 2> from{};         // write; store takes the first
    std::string_view host{};                        // resolve
    std::string_view path{};  // create, resume; start_connect, where it is not empty: a unix domain socket's
    std::string* text =
        nullptr;  // resume, restart; resolve, start_connect: what is wrong, for people, if that is known
    std::vector<Endpoint>* found = nullptr;  // resolve
    Endpoint peer{};                         // start_connect
    std::chrono::milliseconds limit = no_limit;
    time_point until = never;
    std::optional<std::chrono::milliseconds> hint{};  // release: how long the server keeps it
};

constexpr std::string_view to_string(action::kind k) noexcept {
    constexpr std::array<std::string_view, 18> names{
        "now",  "checkout", "release", "resolve", "start_connect", "await_connect", "handshake", "open_body", "pull",
        "read", "write",    "create",  "store",   "commit",        "resume",        "restart",   "pace",      "sleep"};
    return names[static_cast<std::size_t>(k)];
}

/// Whether two actions ask the same of the world (buffers by their place and size, bytes to send by value).
inline bool operator==(const action& a, const action& b) noexcept {
    return a.what == b.what && a.fresh == b.fresh && a.spare == b.spare && a.keep == b.keep && a.watch == b.watch &&
           a.skip == b.skip && (a.what != action::kind::release || a.keep || a.reason == b.reason) &&
           a.port == b.port && a.into.data() == b.into.data() && a.into.size() == b.into.size() && a.from == b.from &&
           a.host == b.host && a.path == b.path && a.peer == b.peer && a.limit == b.limit && a.until == b.until &&
           a.hint == b.hint;
}

inline std::ostream& operator<<(std::ostream& os, const action& a) {
    os << to_string(a.what);
    switch (a.what) {
    case action::kind::checkout: return os << (a.fresh ? " fresh" : "") << (a.spare ? " spare" : "");
    case action::kind::release: return a.keep ? os << " keep" : os << " discard " << a.reason;
    case action::kind::create: return os << ' ' << a.path;
    case action::kind::store: return os << ' ' << a.from[0].size() << " bytes";
    case action::kind::resolve: return os << ' ' << a.host << ':' << a.port;
    case action::kind::start_connect: return a.path.empty() ? os << ' ' << a.peer : os << ' ' << a.path;
    case action::kind::read:
    case action::kind::pull: return os << " up to " << a.into.size();
    case action::kind::write: return os << " \"" << a.from[0] << a.from[1] << '"' << (a.watch ? " watching" : "");
    default: return os;
    }
}

/// What came of an action.
struct answer {
    std::error_code ec{};
    std::size_t n = 0;  // bytes moved; resume: bytes that are there; open_body: the body's size, or unknown_size;
                        // start_connect, await_connect: which attempt, counted from 0 since the connection was blank
    connection* conn = nullptr;  // checkout
    time_point at{};             // now, checkout, resolve, await_connect, release
    bool readable = false;  // write: the peer has sent something; only `n` bytes were written (under TLS, else none)
};

inline constexpr std::size_t unknown_size = static_cast<std::size_t>(-1);

inline bool operator==(const answer& a, const answer& b) noexcept {
    return a.ec == b.ec && a.n == b.n && a.conn == b.conn && a.at == b.at && a.readable == b.readable;
}
inline std::ostream& operator<<(std::ostream& os, const answer& a) {
    if (a.ec) return os << a.ec.message();
    return os << a.n << (a.readable ? " readable" : "");
}

}  // namespace ferry::detail
