#!/bin/sh
# The benchmark in one command: installs what is missing (Debian packages), builds with -O2, measures on loopback,
# prints Markdown and writes bench.md, bench.svg and bench.json into the build folder. `run.sh --quick` takes about two
# minutes, `run.sh --help` lists the options. Everything is bounded and stops by itself.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
build=${FERRY_BENCH_BUILD:-$project/build/bench}

case " $* " in *" --help "* | *" -h "*) exec /usr/bin/python3 -B "$here/run.py" --help ;; esac

packages="g++ cmake ninja-build libasio-dev node-llhttp libssl-dev libcurl4-openssl-dev libcpp-httplib-dev libboost-dev
    python3 python3-requests nginx valgrind strace"

installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Go takes half a gigabyte: a quick run does without it unless it is there, and any run where it cannot be had.
wished=golang-go
case " $* " in *" --quick "*) wished= ;; esac
if command -v go >/dev/null; then wished=; fi

# Run level 1 keeps a freshly installed nginx from being started as a service.
install() {
    as_root env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
}

if command -v dpkg-query >/dev/null; then
    missing=
    for package in $packages; do installed "$package" || missing="$missing $package"; done
    if [ -n "$missing$wished" ]; then
        echo "installing: $missing $wished" >&2
        as_root apt-get update -qq >&2 || [ -z "$missing" ]
        # shellcheck disable=SC2086
        [ -z "$missing" ] || install $missing
        [ -z "$wished" ] || install "$wished" || echo "going on without $wished" >&2
    fi
else
    echo "this is not Debian: going on with what is there of: $packages" >&2
fi

cmake -S "$project" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release "-DCMAKE_CXX_FLAGS_RELEASE=-O2 -DNDEBUG" \
    -DFERRY_BUILD_BENCH=ON -DFERRY_BUILD_TESTS=OFF -DFERRY_BUILD_EXAMPLES=OFF -DFERRY_INSTALL=OFF >&2
cmake --build "$build" >&2
if command -v go >/dev/null; then
    GO111MODULE=off GOTOOLCHAIN=local GOCACHE="$build/go" go build -o "$build/tests/bench/bench_go" \
        "$here/clients/go/main.go" >&2 || echo "going on without the client in Go" >&2
fi

# In this shell's place, so that what stops the one stops the other; run.py takes its servers down with it.
exec /usr/bin/python3 -B "$here/run.py" --build "$build" "$@"
