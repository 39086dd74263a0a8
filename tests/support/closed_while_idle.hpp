// Waiting for a real server to close the connection that a session keeps.
#pragma once

#include "sockets.hpp"

#include <cstdint>

namespace ferry::testing {

// True once the session's connection to that port has the server's FIN, and nobody has told the session.
inline bool closed_while_idle(std::uint16_t port) {
    return eventually([port] {
        pollfd idle{descriptor_connected_to(port), POLLIN, 0};
        return idle.fd >= 0 && ::poll(&idle, 1, 0) == 1;
    });
}

}  // namespace ferry::testing
