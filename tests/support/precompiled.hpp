// What is slow to read and in nearly every test: precompiled once, then included by the build.
#pragma once

#include "catch.hpp"

#include <ferry/request.hpp>
#include <ferry/response.hpp>
#ifdef FERRY_SEPARATE_COMPILATION  // else the engine were here, and without optimization g++ compiles it wherever it is
#include <ferry/ferry.hpp>
#endif
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
