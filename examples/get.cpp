// ferry_get URL: prints the body of a response, piece by piece as it arrives; its status, if that is a failure.
#include <ferry/ferry.hpp>

#include <cstdio>

int main(int argc, char** argv) {
    if (argc != 2) return std::fprintf(stderr, "usage: %s URL\n", argv[0]), 2;
    try {
        ferry::Session session({.keep_alive = false});
        auto stream = session.stream(argv[1]);
        for (std::string_view piece : stream) std::fwrite(piece.data(), 1, piece.size(), stdout);
        if (stream.ok()) return 0;
        std::fprintf(stderr, "%d %s\n", stream.status(), stream.response().reason.c_str());
    } catch (const ferry::Error& e) {
        std::fprintf(stderr, "%s\n", e.what());
    }
    return 1;
}
