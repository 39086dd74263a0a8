// How a fuzz target says that something does not hold: it names it and ends the program, as a fuzzer wants it.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace ferry::testing {

inline void must(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
}

}  // namespace ferry::testing
