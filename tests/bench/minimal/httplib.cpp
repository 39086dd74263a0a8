// The least program that does a GET with cpp-httplib; measured for its compile time.
#include <httplib.h>

#include <cstdio>
#include <cstdlib>

int main(int, char** argv) {
    httplib::Client client(argv[1], std::atoi(argv[2]));
    auto response = client.Get(argv[3]);
    std::printf("%d\n", response ? response->status : 0);
}
