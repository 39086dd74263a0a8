#!/bin/sh
# Each header compiles alone: sh headers.sh <folder> <how many at once> <compiler> <its arguments>...
# Only syntax is checked, which takes a third of the time of a build.
set -eu
folder=$1 jobs=$2
shift 2
export FERRY_COMPILE="$*"
find "$folder" -name '*.hpp' | sort | xargs -P "$jobs" -n 8 sh -c '
    for header; do
        $FERRY_COMPILE -fsyntax-only -include "$header" -x c++ /dev/null || { echo "$header does not compile alone"; exit 255; }
    done' sh
echo "$(find "$folder" -name '*.hpp' | wc -l) headers compile alone"
