#!/bin/sh
# From a fresh machine to a running demo, test or benchmark: finds out what is missing, installs it, configures, builds, runs.
set -eu

usage() {
    cat <<'TEXT'
usage: sh cmake/bootstrap.sh [--no-install] <command> [arguments]

  demo [URL]     build and run the demo; without a URL it brings its own server
  test [args]    build and run the tests; arguments go to ctest (-R url, -V, ...)
  bench [args]   build and run the benchmark

What is missing is installed with apt, dnf or brew (with sudo when you are not root).
Asio, llhttp and Catch2 may be missing: CMake then downloads pinned versions.
OpenSSL, zlib, brotli, zstd and libpsl are optional: what needs them is then left out.
  --no-install   leave the system as it is
Everything is built in build/. CXX chooses the compiler, JOBS how many run at once.
TEXT
}

say() { echo "ferry: $*"; }
die() { say "$@" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
# For tools that talk a lot: what they said is shown when they fail, the end of it.
quietly() {
    said=$("$@" 2>&1) && return
    echo "$said" | tail -n 16 >&2
    return 1
}

# ---- what is there ----------------------------------------------------------------------------------------------------

compiler() {
    for name in ${CXX:-c++ g++ clang++}; do
        if have "$name"; then echo "$name"; return; fi
    done
}
finds_header() { echo "#include <$1>" | "$(compiler)" -std=c++20 -x c++ -E - >/dev/null 2>&1; }
in_homebrew() { have brew && [ -d "$(brew --prefix)/opt/$1" ]; }

has() {
    case $1 in
    compiler) [ -n "$(compiler)" ] ;;
    cmake) have cmake ;;
    ninja) have ninja ;;
    asio) finds_header asio/version.hpp || in_homebrew asio ;;
    llhttp) finds_header llhttp.h || [ -f /usr/share/llhttp/llhttp.c ] || in_homebrew llhttp ;;
    openssl) finds_header openssl/evp.h || in_homebrew openssl ;;
    zlib) finds_header zlib.h ;;
    brotli) finds_header brotli/decode.h || in_homebrew brotli ;;
    zstd) finds_header zstd.h || in_homebrew zstd ;;
    psl) finds_header libpsl.h || in_homebrew libpsl ;;
    catch2) finds_header catch2/catch_test_macros.hpp || finds_header catch2/catch.hpp || in_homebrew catch2 ;;
    esac
}
missing_of() { for part; do has "$part" || printf ' %s' "$part"; done; }

# Those that nothing stands in for: CMake downloads libraries itself, and make does for ninja.
indispensable() {
    for part; do
        case $part in
        compiler | cmake) printf ' and no %s' "$part" ;;
        ninja) have make || printf ' and no %s' "$part" ;;
        esac
    done
}

# ---- how to install it ------------------------------------------------------------------------------------------------

manager() {
    for name in apt-get dnf brew; do
        if have "$name"; then echo "$name"; return; fi
    done
}

# The manager's name for a part; nothing where it has none.
package() {
    case $(manager)/$1 in
    apt-get/compiler) echo g++ ;;
    apt-get/ninja) echo ninja-build ;;
    apt-get/asio) echo libasio-dev ;;
    apt-get/llhttp) known_to_apt libllhttp-dev || known_to_apt node-llhttp || true ;;
    apt-get/openssl) echo libssl-dev ;;
    apt-get/zlib) echo zlib1g-dev ;;
    apt-get/brotli) echo libbrotli-dev ;;
    apt-get/zstd) echo libzstd-dev ;;
    apt-get/psl) echo libpsl-dev ;;
    dnf/openssl | dnf/zlib | dnf/brotli) echo "$1-devel" ;;
    dnf/zstd) echo libzstd-devel ;;
    dnf/psl) echo libpsl-devel ;;
    dnf/compiler) echo gcc-c++ ;;
    dnf/ninja) echo ninja-build ;;
    dnf/asio) echo asio-devel ;;
    dnf/llhttp) echo llhttp-devel ;;
    dnf/catch2) echo catch-devel ;;
    brew/psl) echo libpsl ;;
    brew/compiler) ;;  # comes with Xcode's command line tools
    /*) ;;
    *) echo "$1" ;;
    esac
}
known_to_apt() { apt-cache show "$1" >/dev/null 2>&1 && echo "$1"; }

may_install() { [ "$install" = yes ] && { [ "$(manager)" = brew ] || [ "$(id -u)" = 0 ] || have sudo; }; }
as_root() { if [ "$(id -u)" = 0 ]; then env "$@"; else sudo env "$@"; fi; }

update_lists() {
    say "running apt-get update"
    quietly as_root apt-get update -qq
}
install_packages() {
    say "installing with $(manager): $*"
    case $(manager) in
    apt-get)
        set -- as_root DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
        "$@" >/dev/null 2>&1 || { update_lists && quietly "$@"; }  # the lists may be old
        ;;
    dnf) quietly as_root dnf install -y "$@" ;;
    brew) quietly brew install "$@" ;;
    esac
}

# Sees to it that the parts named are there. When all are, no package manager is asked anything.
require() {
    [ -z "${CXX:-}" ] || have "${CXX%% *}" || die "CXX names $CXX, which is not here. Install it, or unset CXX."
    missing=$(missing_of "$@")
    [ -n "$missing" ] || return 0
    say "missing:$missing"
    if may_install && [ "$(manager)" = apt-get ] && [ -z "$(find /var/lib/apt/lists -name '*Packages*' 2>/dev/null)" ]; then
        update_lists || true
    fi
    # shellcheck disable=SC2086,SC2046  # lists of words
    set -- $(for part in $missing; do package "$part"; done)
    if [ $# -gt 0 ] && may_install; then install_packages "$@" || true; fi

    # shellcheck disable=SC2086
    missing=$(missing_of $missing)
    # shellcheck disable=SC2086
    lacking=$(indispensable $missing)
    if [ -n "$lacking" ]; then die "there is${lacking# and}. $(remedy "$@")"; fi
    # shellcheck disable=SC2086
    if [ -n "$missing" ]; then say "going on without:$missing"; fi
}

# The one thing to do when something indispensable could not be installed.
remedy() {
    case $(manager)/$lacking in
    brew/*compiler*) echo "Run: xcode-select --install" ;;
    /*) echo "Install GCC 11 or Clang 14, CMake 3.24, and Ninja or make (or newer ones), and run this again." ;;
    *) if may_install; then echo "Connect to a network, and run this again."; else echo "Run as root: $(manager) install $*"; fi ;;
    esac
}

check_versions() {
    cxx=$(compiler)
    printf '#include <coroutine>\nstd::coroutine_handle<> h;\n' | "$cxx" -std=c++20 -x c++ -fsyntax-only - 2>/dev/null ||
        die "$cxx has no C++20 coroutines. Install GCC 11 or Clang 14 (or newer), and run this again with CXX=<its name>."
    version=$(cmake --version | sed -n 's/^cmake version //p')
    [ "$(printf '3.24\n%s\n' "$version" | sort -t. -k1,1n -k2,2n | head -n 1)" = 3.24 ] ||
        die "CMake is $version, and ferry needs 3.24. Install a newer one, for instance with: pip install cmake"
}

# ---- configure, build -------------------------------------------------------------------------------------------------

cores() { nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2; }

# configure <folder> <arguments of cmake>: once; later builds see for themselves what has changed.
configure() {
    dir=$1
    shift
    if [ -f "$dir/build.ninja" ] || [ -f "$dir/Makefile" ]; then return; fi
    rm -f "$dir/CMakeCache.txt"  # of an attempt that failed, perhaps with another generator
    generator=Ninja
    have ninja || generator="Unix Makefiles"
    say "configuring $dir"
    quietly env CXX="$(compiler)" cmake -G "$generator" "$@" && return
    case $missing in
    *asio* | *llhttp* | *catch2*) die "CMake failed; it has to download what is missing. Connect to a network, and run this again." ;;
    *) die "CMake failed, as shown above." ;;
    esac
}
build() {
    say "building $1"
    cmake --build "$1" -j "$jobs" --target "$2"
}

# ---- commands ---------------------------------------------------------------------------------------------------------

demo() {
    require compiler cmake ninja asio llhttp
    check_versions
    configure build/demo -S . -B build/demo -DCMAKE_BUILD_TYPE=Release -DFERRY_BUILD_TESTS=OFF
    build build/demo ferry_demo
    say "running build/demo/examples/ferry_demo${*:+ $*}"
    build/demo/examples/ferry_demo "$@"
}

tests() {
    require compiler cmake ninja asio llhttp catch2 openssl zlib brotli zstd psl
    check_versions
    configure build/dev --preset dev
    build build/dev all
    say "running ctest --preset dev -j $jobs${*:+ $*}"
    ctest --preset dev -j "$jobs" "$@"
}

cd "$(dirname "$0")/.."
jobs=${JOBS:-$(cores)}
install=yes
if [ "${1:-}" = --no-install ]; then install=no; shift; fi
command=${1:-}
[ $# -eq 0 ] || shift
case $command in
demo) demo "$@" ;;
test) tests "$@" ;;
bench) sh tests/bench/run.sh "$@" ;;  # sees to its own peers
-h | --help | help) usage ;;
*) usage >&2; exit 2 ;;
esac
