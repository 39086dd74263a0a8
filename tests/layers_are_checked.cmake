# Shows that layers.cmake finds what it is there to find: a tree that breaks each rule once, and one that breaks none.
# Run as: cmake -DWORK_DIR=<scratch folder> -P layers_are_checked.cmake
cmake_minimum_required(VERSION 3.24)

# check(<name> <file> <text>...): the report on a tree of these files, in `report`; what it returned, in `status`.
macro(check name)
    set(tree "${WORK_DIR}/${name}")
    file(REMOVE_RECURSE "${tree}")
    set(files ${ARGN})
    while(files)
        list(POP_FRONT files path text)
        file(WRITE "${tree}/ferry/${path}" "// A header.\n#pragma once\n\n${text}\n")
    endwhile()
    execute_process(
        COMMAND "${CMAKE_COMMAND}" "-DINCLUDE_DIR=${tree}" -P "${CMAKE_CURRENT_LIST_DIR}/layers.cmake"
        RESULT_VARIABLE status OUTPUT_VARIABLE report ERROR_VARIABLE report)
endmacro()

check(good
    url.hpp         "#include <string>"
    pool/pool.hpp   "#include <ferry/url.hpp>"
    http/parser.hpp "#include <llhttp.h>"
    http/gzip.hpp   "#include <zlib.h>"
    proxy/tunnel.hpp "#include <ferry/http/encode.hpp>"
    io/socket.hpp   "#include <sys/socket.h>"
    io/async_core.hpp "#include <asio/ip/tcp.hpp>"
    hash.hpp        "#include <openssl/evp.h>"
    tls/context.hpp "#include <openssl/ssl.h>"
    cookie_file.hpp "#include <ferry/io/file_writer.hpp>"
    public_suffix.hpp "#include <libpsl.h>"
    session.hpp     "#include \"blocking/session.hpp\""
    blocking/session.hpp "#include <ferry/io/socket.hpp>"
    async_session.hpp "#include \"io/socket.hpp\"")
if(NOT status EQUAL 0)
    message(FATAL_ERROR "a tree that keeps the rules was refused:\n${report}")
endif()

set(bad
    url.hpp           "#include <ferry/pool/pool.hpp>"
    digest.hpp        "#include <openssl/evp.h>"
    core/task.hpp     "#include <ferry/http/parser.hpp>"
    pool/pool.hpp     "#include <poll.h>"
    http/encode.hpp   "#include <llhttp.h>"
    http/parser.hpp   "#  include <asio/buffer.hpp>"
    http/decode.hpp   "#include <zlib.h>"
    http/gzip.hpp     "#include <zstd.h>"
    http/coded.hpp    "#include <brotli/decode.h>"
    tls/channel.hpp   "#include <ferry/http/parser.hpp>"
    engine/tunnel.hpp "#include <openssl/ssl.h>"
    http/reuse.hpp    "#include <ferry/proxy/tunnel.hpp>"
    proxy/tunnel.hpp  "#include <ferry/engine/fetch.hpp>"
    engine/fetch.hpp  "#include \"../io/socket.hpp\""
    io/socket.hpp     "#include <asio/ip/tcp.hpp>"
    io/alarm.hpp      "#include <asio.hpp>"
    io/blocking.hpp   "#include <ferry/session.hpp>"
    body.hpp          "#include <ferry/io/file_writer.hpp>"
    cookie_file.hpp   "#include <ferry/io/socket.hpp>"
    cookie_rules.hpp  "#include <libpsl.h>"
    async_session.hpp "#include <boost/asio.hpp>"
    session.hpp       "#include <ferry/engine/fetch.hpp>"
    elsewhere/new.hpp "#include <ferry/url.hpp>")
check(bad ${bad})
if(status EQUAL 0)
    message(FATAL_ERROR "a tree that breaks every rule was accepted")
endif()
while(bad)
    list(POP_FRONT bad path text)
    string(FIND "${report}" "include/ferry/${path}:4: " found)
    if(found LESS 0)
        message(FATAL_ERROR "nothing was said about ${path} (${text}):\n${report}")
    endif()
endwhile()
