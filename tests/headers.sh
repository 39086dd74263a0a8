#!/bin/sh
# Each header that users may include compiles alone, and blocking calls need none of Asio's, with all that is compiled
# behind them: sh headers.sh <folder> <how many at once> <compiler> <arguments>...
# Only syntax is checked, which takes a third of the time of a build. The folders below are ferry's own affair.
set -eu
folder=$1 jobs=$2
shift 2
export FERRY_COMPILE="$*"
public() { find "$folder" -maxdepth 1 -name '*.hpp'; }
public | sort | xargs -P "$jobs" -n 8 sh -c '
    for header; do
        $FERRY_COMPILE -fsyntax-only -include "$header" -x c++ /dev/null || { echo "$header does not compile alone"; exit 255; }
    done' sh
echo "$(public | wc -l) headers compile alone"
if $FERRY_COMPILE -UFERRY_SEPARATE_COMPILATION -E -include "$folder/ferry.hpp" -x c++ /dev/null | grep '^# .*/asio/'; then
    echo "ferry.hpp includes Asio"
    exit 1
fi
