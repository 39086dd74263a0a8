// What a test of a session against a scripted server begins with.
#pragma once

#include "catch.hpp"
#include "errors.hpp"
#include "replies.hpp"
#include "server.hpp"
#include "session.hpp"

#include <ferry/ferry.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <system_error>

using namespace ferry::testing;
using namespace std::chrono_literals;

namespace ferry::testing {

// The server that a session is left with after trouble: the next request dials anew and succeeds.
inline void check_that_it_lives(Session& session, Server& server) {
    auto& next = server.accept().answers(ok("alive"));
    auto r = session.get(server.url("/alive"));
    CHECK(r.body == "alive");
    CHECK_FALSE(r.connection.reused);
    CHECK(next.played());
}

}  // namespace ferry::testing
