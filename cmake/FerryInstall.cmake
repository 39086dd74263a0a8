# Installs the headers, the compiled engine, the dependencies that were built here, and the package that find_package(ferry) reads.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/ferry")
set(external_dir "${CMAKE_INSTALL_INCLUDEDIR}/ferry/external")
set(ferry_dependencies)                          # what the package has to look for

install(TARGETS ferry ferry_engine ferry_header_only EXPORT ferry-targets FILE_SET HEADERS)
if(TARGET ferry_asio)
    install(TARGETS ferry_asio EXPORT ferry-targets)
    install(DIRECTORY "${asio_INCLUDE_DIR}/" DESTINATION "${external_dir}" FILES_MATCHING PATTERN "*.hpp" PATTERN "*.ipp")
else()
    string(APPEND ferry_dependencies "find_dependency(asio 1.22)\n")
endif()
if(TARGET ferry_llhttp)
    install(TARGETS ferry_llhttp EXPORT ferry-targets)
    install(FILES "${llhttp_INCLUDE_DIR}/llhttp.h" DESTINATION "${external_dir}")
else()
    string(APPEND ferry_dependencies "find_dependency(llhttp 8.1)\n")
endif()
get_property(features GLOBAL PROPERTY ferry_features)
string(APPEND ferry_dependencies "${features}")
install(EXPORT ferry-targets NAMESPACE ferry:: DESTINATION "${package_dir}")

configure_package_config_file(cmake/ferry-config.cmake.in ferry-config.cmake INSTALL_DESTINATION "${package_dir}")
write_basic_package_version_file(ferry-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES
    "${PROJECT_BINARY_DIR}/ferry-config.cmake" "${PROJECT_BINARY_DIR}/ferry-config-version.cmake"
    cmake/Findasio.cmake cmake/Findllhttp.cmake
    cmake/FerryFindLibrary.cmake cmake/Findbrotli.cmake cmake/Findzstd.cmake cmake/Findpsl.cmake
    DESTINATION "${package_dir}")
