# Finds Brotli's decoder, which has no CMake package of its own everywhere: the target brotli::dec.
include("${CMAKE_CURRENT_LIST_DIR}/FerryFindLibrary.cmake")
ferry_find_library(brotli brotli::dec brotli/decode.h brotlidec)
