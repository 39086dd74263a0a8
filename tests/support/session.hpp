// The session that a test is about: the blocking one, or in a second program of the same tests the asynchronous one.
#pragma once

#ifdef FERRY_TEST_ASYNC
#include "async_session.hpp"
#else
#include <ferry/ferry.hpp>
namespace ferry::testing {
using Session = ferry::Session;
using Stream = ferry::Stream;
using EventStream = ferry::EventStream;
}  // namespace ferry::testing
#endif
