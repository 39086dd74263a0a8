// Fuzz target: URLs and references. Build with clang++ -fsanitize=fuzzer,address,undefined.

#include "url.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ferry::testing::fuzz_url({data, size});
    return 0;
}
