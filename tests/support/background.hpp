// Calls on threads of their own, joined at the latest when they go out of scope.
#pragma once

#include <future>
#include <utility>

namespace ferry::testing {

// The future of a started call; its destructor waits.
template <class Call> auto in_background(Call&& call) {
    return std::async(std::launch::async, std::forward<Call>(call));
}

}  // namespace ferry::testing
