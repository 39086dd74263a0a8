# Which header may include which. Run as: cmake -DINCLUDE_DIR=<folder that holds ferry/> -P layers.cmake
# Names every line that breaks a rule, and fails if there is one.
cmake_minimum_required(VERSION 3.24)
file(REAL_PATH "${INCLUDE_DIR}" INCLUDE_DIR)

# A folder is a layer; the headers outside of folders are values, apart from those that users call.
set(faces async.hpp async_get_all.hpp async_session.hpp async_stream.hpp async_events.hpp)
set(blocking_faces ferry.hpp api.hpp session.hpp stream.hpp event_stream.hpp)
set(values_may_include values)
set(core_may_include   core values)
set(pool_may_include   pool values)
set(http_may_include   http tls pool core values)
set(tls_may_include    tls pool core values)
set(proxy_may_include  proxy http tls pool core values)
set(engine_may_include engine proxy http tls pool core values)
set(io_may_include     io engine proxy http tls pool core values)
# A jar of cookies, a value, is saved through these, which know files but neither sockets nor Asio.
set(cookie_file_may_include ferry/io/descriptor.hpp ferry/io/file_writer.hpp)
set(blocking_may_include blocking blocking_faces io engine proxy http tls pool core values)
set(faces_may_include  faces io engine proxy http tls pool core values)
# These are compiled apart: they say what can be done, and how it is done is no concern of those who include them, but for
# the lines that `Lines` holds. The file behind each face is included at its end where nothing is compiled apart.
set(blocking_faces_may_include blocking_faces values)
set(faces_apart ferry/http/lines.hpp ferry/blocking/session.hpp ferry/blocking/stream.hpp ferry/blocking/event_stream.hpp)

# What is not ours, as pairs: a pattern of header names, and a pattern of the files that may include them.
set(outside
    "asio[.]hpp"  "nobody"                       # the slim headers cost 0.7 s less in every translation unit
    "asio/.*"     "(io/(alarm|async_.*|background|serialized)|async_.*)[.]hpp"  # blocking calls need none of it
    "llhttp[.]h"  "http/parser[.]hpp"
    "openssl/.*"  "(hash[.]hpp|tls/.*)"
    "libpsl[.]h"  "public_suffix[.]hpp"
    "zlib[.]h"    "http/(decode_zlib|gzip)[.]hpp"
    "brotli/.*"   "http/decode_brotli[.]hpp"
    "(zstd.*|zdict)[.]h"  "http/decode_zstd[.]hpp"
    "(netdb|poll|sys/(socket|uio|epoll)|netinet/.*)[.]h"  "io/.*")

function(layer_of header result)
    set(layer values)
    if(header MATCHES "^([^/]+)/")
        set(layer "${CMAKE_MATCH_1}")
    elseif(header IN_LIST faces)
        set(layer faces)
    elseif(header IN_LIST blocking_faces)
        set(layer blocking_faces)
    endif()
    set(${result} ${layer} PARENT_SCOPE)
endfunction()

# Why `header` may not include `included`; empty when it may.
function(objection header included result)
    set(${result} "" PARENT_SCOPE)
    if(included MATCHES "^ferry/(.*)")
        if(header STREQUAL cookie_file.hpp AND included IN_LIST cookie_file_may_include)
            return()
        endif()
        if(header IN_LIST blocking_faces AND included IN_LIST faces_apart)
            return()
        endif()
        layer_of("${CMAKE_MATCH_1}" theirs)
        layer_of("${header}" ours)
        if(NOT theirs IN_LIST ${ours}_may_include)
            set(${result} "${ours} may not include ${theirs}" PARENT_SCOPE)
        endif()
        return()
    endif()
    set(rules ${outside})
    while(rules)
        list(POP_FRONT rules pattern who)
        if(included MATCHES "^${pattern}$")
            if(NOT header MATCHES "^${who}$")
                set(${result} "allowed only in ${who}" PARENT_SCOPE)
            endif()
            return()
        endif()
    endwhile()
    if(included MATCHES "[.](hpp|hh|ipp|hxx)$")
        set(${result} "not one of ferry's dependencies" PARENT_SCOPE)
    endif()
endfunction()

set(broken 0)
file(GLOB_RECURSE headers RELATIVE "${INCLUDE_DIR}/ferry" "${INCLUDE_DIR}/ferry/*")
foreach(header IN LISTS headers)
    file(READ "${INCLUDE_DIR}/ferry/${header}" text)
    string(REGEX REPLACE "[][;\\]" "" text "${text}")  # they would change what is one element of a list
    string(REPLACE "\n" ";" lines "${text}")
    set(number 0)
    foreach(line IN LISTS lines)
        math(EXPR number "${number} + 1")
        if(line MATCHES "^[ \t]*#[ \t]*include[ \t]*[<\"]([^>\"]+)")
            set(included "${CMAKE_MATCH_1}")
            cmake_path(GET header PARENT_PATH folder)
            if(line MATCHES "\"" AND EXISTS "${INCLUDE_DIR}/ferry/${folder}/${included}")
                cmake_path(APPEND folder "${included}" OUTPUT_VARIABLE included)
                cmake_path(NORMAL_PATH included)
                set(included "ferry/${included}")
            endif()
            objection("${header}" "${included}" why)
            if(why)
                message("include/ferry/${header}:${number}: <${included}>: ${why}")
                math(EXPR broken "${broken} + 1")
            endif()
        endif()
    endforeach()
endforeach()
list(LENGTH headers count)
if(broken OR NOT count)
    message(FATAL_ERROR "${broken} of the includes in ${count} headers break a rule")
endif()
message(STATUS "${count} headers keep to their layers")
