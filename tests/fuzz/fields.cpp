// Fuzz target: fields that steer a session. Build with clang++ -fsanitize=fuzzer,address,undefined.

#include "fields.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ferry::testing::fuzz_fields({data, size});
    return 0;
}
