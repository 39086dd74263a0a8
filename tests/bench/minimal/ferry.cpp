// The least program that does a GET with ferry; measured for its compile time.
#include <ferry/ferry.hpp>

#include <cstdio>

int main(int, char** argv) {
    ferry::Session session;
    auto response = session.get("http://" + std::string(argv[1]) + ":" + argv[2] + argv[3]);
    std::printf("%d\n", response.status);
}
