// ferry_download URL FILE: the file is there whole, or it is as it was before.
#include <ferry/ferry.hpp>

#include <chrono>
#include <cstdio>

int main(int argc, char** argv) {
    if (argc != 3) return std::fprintf(stderr, "usage: %s URL FILE\n", argv[0]), 2;
    try {
        auto r = ferry::download(argv[1], argv[2]);
        r.raise_for_status();
        std::printf("%s: %.1f s\n", argv[2], std::chrono::duration<double>(r.elapsed).count());
    } catch (const ferry::Error& e) {
        return std::fprintf(stderr, "%s\n", e.what()), 1;
    }
}
