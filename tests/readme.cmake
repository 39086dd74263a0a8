# Makes one source file of the README's C++ snippets. Run as: cmake -DREADME=<file> -DOUTPUT=<file> -P readme.cmake
# Each has a namespace of its own, and what includes nothing becomes a function. The compiler names the README's lines.
cmake_minimum_required(VERSION 3.24)

file(READ "${README}" rest)
set(fence "\n```cpp\n")
set(line 1)
set(count 0)
set(includes "#include <ferry/ferry.hpp>\n")
set(snippets "")

# advance(<n>): drops n bytes of what is left to read, and counts their lines.
macro(advance n)
    string(SUBSTRING "${rest}" 0 ${n} passed)
    string(SUBSTRING "${rest}" ${n} -1 rest)
    string(REGEX REPLACE "[^\n]" "" passed "${passed}")
    string(LENGTH "${passed}" passed)
    math(EXPR line "${line} + ${passed}")
endmacro()

while(TRUE)
    string(FIND "${rest}" "${fence}" begin)
    if(begin EQUAL -1)
        break()
    endif()
    string(LENGTH "${fence}" size)
    math(EXPR begin "${begin} + ${size}")
    advance(${begin})
    string(FIND "${rest}" "\n```\n" end)
    if(end EQUAL -1)
        message(FATAL_ERROR "${README}:${line}: this snippet has no end")
    endif()
    string(SUBSTRING "${rest}" 0 ${end} code)

    string(REGEX MATCHALL "#include <[^>\n]+>" included "${code}")
    foreach(header IN LISTS included)
        string(APPEND includes "${header}\n")
    endforeach()
    string(REGEX REPLACE "#include <[^>\n]+>" "" code "${code}")
    if(NOT included)                               # else it is meant for a file of its own
        set(code "void snippet() {\n#line ${line} \"${README}\"\n${code}\n}")
    endif()
    string(APPEND snippets "namespace line_${line} {\n#line ${line} \"${README}\"\n${code}\n}\n")
    math(EXPR count "${count} + 1")
    advance(${end})
endwhile()

if(count EQUAL 0)
    message(FATAL_ERROR "${README} has no C++ snippets")
endif()
file(WRITE "${OUTPUT}" "// The README's ${count} C++ snippets; made by readme.cmake.
${includes}
#include <array>
#include <chrono>
#include <fstream>
#include <iostream>
#include <span>
#include <stop_token>
#include <thread>

namespace {
using namespace std::chrono_literals;
[[maybe_unused]] ferry::Session session;

${snippets}}
")
message(STATUS "${count} snippets")
