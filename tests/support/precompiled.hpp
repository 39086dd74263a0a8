// What is slow to read and in nearly every test: precompiled once, then included by the build.
#pragma once

#include "catch.hpp"

#include <ferry/ferry.hpp>
#ifdef FERRY_TEST_ASYNC
#include <ferry/async.hpp>
#endif

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>
