// The session that a test is about: the blocking one, or in a second program of the same tests the asynchronous one.
#pragma once

#ifdef FERRY_TEST_ASYNC
#include "async_session.hpp"
#else
#include "tunnel_entrance.hpp"

#include <ferry/ferry.hpp>

namespace ferry::testing {

// Of the program's way.
class Session : public ferry::Session {
public:
    explicit Session(SessionOptions options = {}) : ferry::Session(in_this_way(std::move(options))) {}

    Session with(const Options& defaults) const { return ferry::Session::with(defaults); }
    Session with(std::string_view base_url, const Options& defaults = {}) const {
        return ferry::Session::with(base_url, defaults);
    }

private:
    Session(ferry::Session&& overlay) : ferry::Session(std::move(overlay)) {}
};
using Stream = ferry::Stream;
using EventStream = ferry::EventStream;

}  // namespace ferry::testing
#endif
