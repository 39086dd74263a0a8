// Fuzz target: Set-Cookie fields and cookie files. Build with clang++ -fsanitize=fuzzer,address,undefined.

#include "cookie.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ferry::testing::fuzz_cookie({data, size});
    return 0;
}
