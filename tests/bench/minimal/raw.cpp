// The least program that does a GET with nothing but the system's headers; measured for its compile time.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int, char** argv) {
    int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(std::uint16_t(std::atoi(argv[2])));
    ::inet_pton(AF_INET, argv[1], &to.sin_addr);
    if (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to)) return 1;
    char buffer[16384];
    auto size = std::snprintf(buffer, sizeof buffer, "GET %s HTTP/1.1\r\nHost: %s:%s\r\n\r\n", argv[3], argv[1],
                              argv[2]);
    if (::send(fd, buffer, std::size_t(size), MSG_NOSIGNAL) != size) return 1;
    auto n = ::recv(fd, buffer, sizeof buffer - 1, 0);
    ::close(fd);
    if (n <= 0) return 1;
    buffer[n] = '\0';
    std::printf("%d\n", std::atoi(buffer + 9));
}
