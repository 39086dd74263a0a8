# Finds libpsl, which has no CMake package of its own everywhere: the target psl::psl.
include("${CMAKE_CURRENT_LIST_DIR}/FerryFindLibrary.cmake")
ferry_find_library(psl psl::psl libpsl.h psl)
