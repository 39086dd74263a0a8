// Fuzz target: content codings. Build with clang++ -fsanitize=fuzzer,address,undefined, and the libraries of the
// codings.

#include "decode.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ferry::testing::fuzz_decode({data, size});
    return 0;
}
