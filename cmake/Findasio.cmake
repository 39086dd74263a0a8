# Finds standalone Asio, as a CMake package (vcpkg, Conan) or as headers (Debian, Fedora, Homebrew). Defines asio::asio.
include(FindPackageHandleStandardArgs)

find_package(asio QUIET CONFIG)
if(TARGET asio::asio)
    set(asio_FOUND TRUE)
    return()
endif()

find_path(asio_INCLUDE_DIR asio.hpp)
mark_as_advanced(asio_INCLUDE_DIR)
if(EXISTS "${asio_INCLUDE_DIR}/asio/version.hpp")
    file(STRINGS "${asio_INCLUDE_DIR}/asio/version.hpp" line REGEX "define ASIO_VERSION [0-9]+")
    string(REGEX MATCH "[0-9]+" number "${line}")  # 102201 is 1.22.1
    math(EXPR major "${number} / 100000")
    math(EXPR minor "${number} / 100 % 1000")
    math(EXPR patch "${number} % 100")
    set(asio_VERSION "${major}.${minor}.${patch}")
endif()

find_package_handle_standard_args(asio REQUIRED_VARS asio_INCLUDE_DIR VERSION_VAR asio_VERSION)
if(asio_FOUND)
    add_library(asio::asio INTERFACE IMPORTED)
    set_target_properties(asio::asio PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES "${asio_INCLUDE_DIR}" INTERFACE_COMPILE_DEFINITIONS ASIO_STANDALONE)
endif()
