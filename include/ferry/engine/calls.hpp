// What sessions have the engine do. Each of these is a coroutine that a driver runs; where the library behind
// ferry::ferry has them compiled, this is all that its users see of them.
#pragma once

#include <ferry/configuration.hpp>
#include <ferry/engine/event_feed.hpp>
#include <ferry/engine/session_defaults.hpp>
#include <ferry/engine/transfer.hpp>
#include <ferry/explanation.hpp>

#include <cstddef>
#include <span>
#include <string_view>

namespace ferry::detail {

/// A whole call, with the body in memory. A driver that has started the clock itself spares the call an action. A
/// caller that was compiled with another configuration does not find it.
result fetch(transfer& t, configuration = {});
/// A whole call, the body of a 2xx response into a file, that of another into the Response.
result download(transfer& t, std::string_view path);

/// Gets as far as the final head. The body is for the next five.
result open_stream(transfer& t);
/// The next piece; empty at the end of the body.
result stream_piece(transfer& t, std::string_view& piece);
/// Some bytes into memory of the caller's; 0 at the end of the body.
result stream_some(transfer& t, std::span<char> into, std::size_t& n);
/// The next line; `found` says whether there was one.
result stream_line(transfer& t, std::size_t max, std::string_view& line, bool& found);
/// The rest of the body into the Response, within `max_body`.
result stream_rest(transfer& t);
/// Nobody wants the rest: a near end is read, so that the connection lives. As `fetch`, not found by the differently
/// compiled.
result let_go(transfer& t, configuration = {});

/// The next event; `found` is false when the server has ended the stream for good (204). A fault of the first
/// connection is told; later ones are met with another connection.
result next_event(transfer& t, event_feed& feed, Event& event, bool& found);

/// So many connections for later, one after the other, or as many as the pool's limits leave room for.
result preconnect(transfer& t, std::size_t count);

/// What a GET would do. Throws what a request would throw before anything is sent.
Explanation explain(const session_defaults& session, std::string_view url, const Options& with);

}  // namespace ferry::detail

#if !FERRY_SEPARATE_COMPILATION
#include <ferry/engine/download.hpp>
#include <ferry/engine/events.hpp>
#include <ferry/engine/explain.hpp>
#endif
