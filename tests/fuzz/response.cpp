// Fuzz target: heads and chunked bodies. Build with clang++ -fsanitize=fuzzer,address,undefined, and llhttp.

#include "response.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ferry::testing::fuzz_response({data, size});
    return 0;
}
