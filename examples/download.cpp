// ferry_download URL FILE: with a progress bar. What fails can be gone on with: the same command again asks for the
// rest.
#include "terminal/progress_bar.hpp"

#include <ferry/ferry.hpp>

#include <unistd.h>
#include <chrono>
#include <cstdio>

int main(int argc, char** argv) {
    if (argc != 3) return std::fprintf(stderr, "usage: %s URL FILE\n", argv[0]), 2;
    const bool terminal = ::isatty(STDERR_FILENO) != 0;
    auto show = [&](const ferry::Progress& p) {
        if (terminal) std::fprintf(stderr, "\r%s  ", progress_bar(p).c_str());
    };
    try {
        ferry::Session session({.retry = ferry::Retry{.total = 5}});
        auto r = session.download(argv[1], argv[2], {.resume = true, .on_progress = show});
        r.raise_for_status();
        if (terminal) std::fprintf(stderr, "\n");
        std::printf("%s: %.1f s\n", argv[2], std::chrono::duration<double>(r.elapsed).count());
    } catch (const ferry::Error& e) {
        return std::fprintf(stderr, "%s%s\n", terminal ? "\n" : "", e.what()), 1;
    }
}
