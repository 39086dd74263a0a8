// Fuzz target: server-sent events. Build with clang++ -fsanitize=fuzzer,address,undefined.

#include "events.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ferry::testing::fuzz_events({data, size});
    return 0;
}
