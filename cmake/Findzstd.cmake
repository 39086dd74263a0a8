# Finds Zstandard, which has no CMake package of its own everywhere: the target zstd::zstd.
include("${CMAKE_CURRENT_LIST_DIR}/FerryFindLibrary.cmake")
ferry_find_library(zstd zstd::zstd zstd.h zstd)
