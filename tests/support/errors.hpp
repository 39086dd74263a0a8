// Calls that must fail: what they throw, as a value to look at.
#pragma once

#include "catch.hpp"

#include <ferry/error.hpp>

#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace ferry::testing {

template <class Call> Error error_of(Call&& call) {
    try {
        std::forward<Call>(call)();
    } catch (const Error& error) {
        return error;
    }
    FAIL("the call succeeded, where an error was expected");
    throw std::logic_error("not reached");
}

// The same, for calls whose end is somebody's wish: a limit of milliseconds or a stop. Ten seconds is the least of the
// limits that they have by default, so less than that shows whose end it was.
template <class Call> Error prompt_error_of(Call&& call) {
    auto begin = std::chrono::steady_clock::now();
    auto error = error_of(std::forward<Call>(call));
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(8));
    return error;
}

inline bool says(const std::exception& error, std::string_view text) {
    return std::string_view(error.what()).find(text) != std::string_view::npos;
}

}  // namespace ferry::testing
