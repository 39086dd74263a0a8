// Fuzz target: SOCKS answers, proxy URLs and no_proxy. Build with clang++ -fsanitize=fuzzer,address,undefined.

#include "proxy.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ferry::testing::fuzz_proxy({data, size});
    return 0;
}
