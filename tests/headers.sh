#!/bin/sh
# Each header that users may include compiles alone: sh headers.sh <folder> <how many at once> <compiler> <arguments>...
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
