// What outlives the connections of one stream of events.
#pragma once

#include <ferry/event.hpp>
#include <ferry/http/events.hpp>
#include <ferry/request.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace ferry::detail {

struct event_feed {
    explicit event_feed(const request& q, std::size_t max_event) : first(q), parser(max_event) {}

    request first;  // as it was before redirects
    event_parser parser;
    Event event{};           // for those who cannot wait for it
    bool connected = false;  // at some time
    bool over = false;       // the server wants no more connections
    unsigned failures = 0;   // to connect, in a row
};

/// `max_body` is for what is taken into memory, and that is one event.
inline std::size_t largest_event(const request& q) noexcept {
    return static_cast<std::size_t>(std::min<std::uint64_t>(q.max_body, std::uint64_t{1} << 30));
}

}  // namespace ferry::detail
