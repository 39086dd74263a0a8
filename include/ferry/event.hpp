// One server-sent event.
#pragma once

#include <string>

namespace ferry {

/// An event of a `text/event-stream`, as the HTML standard defines it (WHATWG HTML 9.2).
struct Event {
    std::string type = {};  ///< `message` unless the server named another
    std::string data = {};  ///< its lines, joined by LF
    std::string id = {};    ///< the last one that the server has given, with this event or before; empty if none

    bool operator==(const Event&) const = default;
};

}  // namespace ferry
