# Finds what ferry needs, on the system first; what is not there is downloaded, pinned by hash. Leaves the targets
# asio::asio, llhttp::llhttp and Threads::Threads. Those that are built here (ferry_asio, ferry_llhttp) are installed
# with ferry. GLOBAL: a project that adds ferry as a subdirectory links them from a directory above this one.
include(FetchContent)

find_package(Threads REQUIRED GLOBAL)

FetchContent_Declare(asio
    URL      https://github.com/chriskohlhoff/asio/archive/refs/tags/asio-1-34-2.tar.gz
    URL_HASH SHA256=f3bac015305fbb700545bd2959fbc52d75a1ec2e05f9c7f695801273ceb78cf5
    FIND_PACKAGE_ARGS 1.22 GLOBAL)
FetchContent_MakeAvailable(asio)
if(NOT TARGET asio::asio)                        # downloaded, and Asio has no CMake project of its own
    set(asio_INCLUDE_DIR "${asio_SOURCE_DIR}/include")
    if(NOT EXISTS "${asio_INCLUDE_DIR}/asio.hpp")  # where it was before 1.38
        set(asio_INCLUDE_DIR "${asio_SOURCE_DIR}/asio/include")
    endif()
    add_library(ferry_asio INTERFACE)
    add_library(asio::asio ALIAS ferry_asio)
    target_include_directories(ferry_asio SYSTEM INTERFACE
        "$<BUILD_INTERFACE:${asio_INCLUDE_DIR}>" "$<INSTALL_INTERFACE:include/ferry/external>")
    target_compile_definitions(ferry_asio INTERFACE ASIO_STANDALONE)
    set_target_properties(ferry_asio PROPERTIES EXPORT_NAME asio)
endif()

# llhttp's own project changes BUILD_SHARED_LIBS and adds install rules, so it is not entered: SOURCE_SUBDIR names a
# folder that has no CMakeLists.txt.
FetchContent_Declare(llhttp
    URL      https://github.com/nodejs/llhttp/archive/refs/tags/release/v9.2.1.tar.gz
    URL_HASH SHA256=3c163891446e529604b590f9ad097b2e98b5ef7e4d3ddcf1cf98b62ca668f23e
    SOURCE_SUBDIR cmake
    FIND_PACKAGE_ARGS 8.1 GLOBAL)
FetchContent_MakeAvailable(llhttp)
if(llhttp_SOURCE_DIR)                            # downloaded; empty when a package was found
    set(llhttp_INCLUDE_DIR "${llhttp_SOURCE_DIR}/include")
    set(llhttp_SOURCES "${llhttp_SOURCE_DIR}/src/api.c" "${llhttp_SOURCE_DIR}/src/http.c" "${llhttp_SOURCE_DIR}/src/llhttp.c")
endif()
if(NOT TARGET llhttp::llhttp)                    # C sources, downloaded or from the distribution
    enable_language(C)
    add_library(ferry_llhttp STATIC ${llhttp_SOURCES})
    add_library(llhttp::llhttp ALIAS ferry_llhttp)
    target_include_directories(ferry_llhttp SYSTEM PUBLIC
        "$<BUILD_INTERFACE:${llhttp_INCLUDE_DIR}>" "$<INSTALL_INTERFACE:include/ferry/external>")
    # A parser without optimization would slow every debug build of its users, for nothing they could step through.
    target_compile_options(ferry_llhttp PRIVATE -O2)
    # Before version 9 it lets through stray CRs unless told not to; llhttp.h reads this as well.
    target_compile_definitions(ferry_llhttp PUBLIC LLHTTP_STRICT_MODE=1)
    set_target_properties(ferry_llhttp PROPERTIES
        EXPORT_NAME llhttp  POSITION_INDEPENDENT_CODE ON  C_VISIBILITY_PRESET hidden)
endif()
