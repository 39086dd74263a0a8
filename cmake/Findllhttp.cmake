# Finds llhttp, as a CMake package or as header and library. Defines llhttp::llhttp; or, where a distribution has C sources
# only (Debian's node-llhttp), no target but llhttp_SOURCES and llhttp_INCLUDE_DIR, for the caller to compile.
include(FindPackageHandleStandardArgs)

find_package(llhttp QUIET CONFIG)
foreach(kind IN ITEMS shared static)             # what llhttp's own project calls its targets
    if(NOT TARGET llhttp::llhttp AND TARGET llhttp::llhttp_${kind})
        add_library(llhttp::llhttp INTERFACE IMPORTED)
        target_link_libraries(llhttp::llhttp INTERFACE llhttp::llhttp_${kind})
    endif()
endforeach()
if(TARGET llhttp::llhttp)
    set(llhttp_FOUND TRUE)
    return()
endif()

find_path(llhttp_INCLUDE_DIR llhttp.h PATH_SUFFIXES share/include/llhttp)
find_library(llhttp_LIBRARY llhttp)
find_path(llhttp_SOURCE_PATH llhttp.c PATH_SUFFIXES share/llhttp)
mark_as_advanced(llhttp_INCLUDE_DIR llhttp_LIBRARY llhttp_SOURCE_PATH)
if(llhttp_INCLUDE_DIR)
    file(STRINGS "${llhttp_INCLUDE_DIR}/llhttp.h" lines REGEX "define LLHTTP_VERSION_(MAJOR|MINOR|PATCH) ")
    string(REGEX MATCHALL "[0-9]+" numbers "${lines}")
    list(JOIN numbers "." llhttp_VERSION)
endif()

if(llhttp_LIBRARY)
    find_package_handle_standard_args(llhttp REQUIRED_VARS llhttp_LIBRARY llhttp_INCLUDE_DIR VERSION_VAR llhttp_VERSION)
    if(llhttp_FOUND)
        add_library(llhttp::llhttp UNKNOWN IMPORTED)
        set_target_properties(llhttp::llhttp PROPERTIES
            IMPORTED_LOCATION "${llhttp_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${llhttp_INCLUDE_DIR}")
    endif()
else()
    find_package_handle_standard_args(llhttp REQUIRED_VARS llhttp_SOURCE_PATH llhttp_INCLUDE_DIR VERSION_VAR llhttp_VERSION)
    if(llhttp_FOUND)
        set(llhttp_SOURCES "${llhttp_SOURCE_PATH}/api.c" "${llhttp_SOURCE_PATH}/http.c" "${llhttp_SOURCE_PATH}/llhttp.c")
    endif()
endif()
