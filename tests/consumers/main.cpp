// What each consumer project builds: a request to a port where nobody listens, and the error that it has to end in.
#include <ferry/ferry.hpp>

#include <chrono>
#include <iostream>

int main() {
    using namespace std::chrono_literals;
    ferry::Session session({.headers = {{"Accept", "text/plain"}}, .connect_timeout = 5s});
    try {
        session.get("http://127.0.0.1:1/", {.params = {{"page", 2}}});
        std::cerr << "somebody answered on port 1\n";
    } catch (const ferry::Error& e) {
        if (e.code() == ferry::condition::network) return 0;
        std::cerr << "expected an error of the network, not: " << e.what() << '\n';
    }
    return 1;
}
