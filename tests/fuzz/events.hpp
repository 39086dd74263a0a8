// What must hold for any bytes that are taken for server-sent events; run by the fuzzer and, over its corpus, by the
// tests.
#pragma once

#include "must.hpp"

#include <ferry/http/events.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace ferry::testing {

inline constexpr std::size_t fuzzed_event_limit = 64;

/// All events of the bytes, which come in pieces of one size; the last one stands for how it ended.
inline std::vector<Event> events_in_pieces(std::string_view bytes, std::size_t piece) {
    detail::event_parser parser(fuzzed_event_limit);
    std::vector<Event> events;
    Event e;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        const std::string own(bytes.substr(at, piece));
        parser.feed(own);
        while (parser.take(e)) events.push_back(e);
    }
    for (auto& event : events) {
        must(event.data.size() + event.type.size() <= fuzzed_event_limit + sizeof "message", "an event has its limit");
        must(event.id.size() <= fuzzed_event_limit, "and so has its id");
        must(!event.type.empty(), "an event has a type");
        must((event.id + event.type).find_first_of("\r\n") == std::string::npos, "ids and types are of one line");
        must(event.id.find('\0') == std::string::npos, "an id can be sent as a field");
        must(event.data.find('\r') == std::string::npos, "a line ends at a CR");
    }
    events.push_back({parser.error().message(), parser.retry() ? std::to_string(parser.retry()->count()) : "",
                      parser.last_event_id()});
    return events;
}

/// However the bytes are cut, they say the same.
inline void fuzz_events(std::span<const std::uint8_t> bytes) {
    const std::string text(bytes.begin(), bytes.end());
    const auto whole = events_in_pieces(text, text.size() + 1);
    for (std::size_t piece : {1u, 2u, 3u, 7u})
        must(events_in_pieces(text, piece) == whole, "events are the same in pieces of any size");
}

}  // namespace ferry::testing
