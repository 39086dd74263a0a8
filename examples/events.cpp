// ferry_events URL [COUNT]: prints server-sent events as they come, over as many connections as that takes.
#include <ferry/ferry.hpp>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
    if (argc < 2) return std::fprintf(stderr, "usage: %s URL [COUNT]\n", argv[0]), 2;
    long left = argc > 2 ? std::atol(argv[2]) : -1;
    try {
        ferry::Session session;
        for (const ferry::Event& event : session.events(argv[1])) {
            std::printf("%s %s: %s\n", event.id.c_str(), event.type.c_str(), event.data.c_str());
            if (left > 0 && --left == 0) break;
        }
    } catch (const ferry::Error& e) {
        return std::fprintf(stderr, "%s\n", e.what()), 1;
    }
}
