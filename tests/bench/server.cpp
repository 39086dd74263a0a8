// The server that the clients are measured on: one thread, epoll, responses made beforehand, and just enough parsing to
// find the end of a head. It serves until its standard input ends, so that it cannot outlive whoever started it.
// `bench_server ROOT_FILE` speaks TLS on a second port, with a certificate that the root in that file stands for.
// `bench_server ROOT_FILE --spin`, for machines with a core to spare: it stays awake between requests, because waking a
// sleeping core of a virtual machine costs the client, whose send does it, more than all the rest of its request.
#include "payload.hpp"
#include "server_tls.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

std::string head(std::string_view status, std::size_t length, std::string_view connection = "keep-alive",
                 std::string_view mark = "") {
    const std::string more(mark);
    return "HTTP/1.1 " + std::string(status) + "\r\nServer: bench" + more +
           "\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: text/plain; charset=utf-8" + more +
           "\r\nContent-Length: " + std::to_string(length) + "\r\nCache-Control: no-cache" + more +
           "\r\nConnection: " + std::string(connection) + "\r\n\r\n";
}

std::string patterned(std::size_t size) {
    std::string body(size, '\0');
    for (std::size_t i = 0; i < size; ++i) body[i] = bench::pattern(i);
    return body;
}

const std::string large_body = patterned(bench::large_size);
int large_file = [] {
    int fd = ::memfd_create("large", 0);
    if (::write(fd, large_body.data(), large_body.size()) != ssize_t(large_body.size())) std::abort();
    return fd;
}();
std::string small_answer = head("200 OK", bench::small_size) + patterned(bench::small_size);
std::string last_answer = head("200 OK", bench::small_size, "close") + patterned(bench::small_size);
std::string large_head = head("200 OK", bench::large_size);
std::string huge_head = head("200 OK", bench::huge_size);
std::string no_answer = head("404 Not Found", 0);
std::string other_handshake = head("412 Precondition Failed", bench::small_size) + patterned(bench::small_size);
// Each is unlike the one before in most of its lines.
constexpr std::string_view number = "0000000000000000";
std::string unlike_answer = head("200 OK", bench::small_size, "keep-alive", "; n=" + std::string(number)) +
                            patterned(bench::small_size);

// The heads tell the time to the second, as those of other servers do.
void tell_time() {
    static std::time_t told = 0;
    const auto now = std::time(nullptr);
    if (now == std::exchange(told, now)) return;
    char date[32];
    const auto size = std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&now));
    for (auto* each :
         {&small_answer, &last_answer, &large_head, &huge_head, &no_answer, &other_handshake, &unlike_answer})
        each->replace(each->find("Date: ") + 6, size, date, size);
}

const std::string& next_unlike_answer() {
    static std::string last(number);
    auto next = last;
    for (auto digit = next.end(); digit-- != next.begin();)
        if (++*digit <= '9') break;
        else *digit = '0';
    for (std::size_t at = 0; (at = unlike_answer.find(last, at)) != std::string::npos;)
        unlike_answer.replace(at, next.size(), next);
    return last = std::move(next), unlike_answer;
}

struct Connection {
    char received[4096];
    std::size_t held = 0;
    std::size_t body_left = 0, body_sent = 0;
    bool waits_for_room = false;
    std::unique_ptr<bench::TlsStream> tls;
};

int queue;
std::vector<std::unique_ptr<Connection>> connections;

// Answers that are not due yet; a client that looks for one at once finds nothing, as on a network. `much_later` is for
// clients that have many requests under way and are slowed by strace: it is long enough for all of them to be sent.
struct Late {
    int fd;
    std::int64_t due;
};
constexpr std::int64_t later = 500'000, much_later = 20'000'000;
std::deque<Late> late;

std::int64_t nanoseconds() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * std::int64_t(1'000'000'000) + now.tv_nsec;
}

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

void watch(int operation, int fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    if (::epoll_ctl(queue, operation, fd, &event)) fail("epoll_ctl");
}

void drop(int fd) {
    ::close(fd);
    connections[std::size_t(fd)].reset();
    std::erase_if(late, [fd](const Late& one) { return one.fd == fd; });
}

void accept_all(int listener, const bench::TlsServer* tls) {
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    auto* address = reinterpret_cast<sockaddr*>(&peer);
    for (int fd; (fd = ::accept4(listener, address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        if (ntohl(peer.sin_addr.s_addr) >> 24 != IN_LOOPBACKNET) {
            ::close(fd);
            continue;
        }
        int one = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (connections.size() <= std::size_t(fd)) connections.resize(std::size_t(fd) + 1);
        auto& c = connections[std::size_t(fd)] = std::make_unique<Connection>();
        if (tls) c->tls = std::make_unique<bench::TlsStream>(*tls, fd);
        watch(EPOLL_CTL_ADD, fd, EPOLLIN);
    }
}

// Sends what there is room for. False when the connection is lost.
bool pump_plain(int fd, Connection& c) {
    while (c.body_left > 0) {
        auto from = off_t(c.body_sent % bench::large_size);
        auto n = ::sendfile(fd, large_file, &from, std::min(c.body_left, bench::large_size - std::size_t(from)));
        if (n < 0) return errno == EAGAIN;
        c.body_sent += std::size_t(n);
        c.body_left -= std::size_t(n);
    }
    return true;
}

bool pump_tls(int fd, Connection& c) {
    while (c.tls->flush(fd)) {
        if (c.tls->holds() || c.body_left == 0) return true;
        auto some = std::string_view(large_body).substr(c.body_sent % bench::large_size, c.body_left);
        if (!c.tls->write(some)) return false;
        c.body_sent += some.size();
        c.body_left -= some.size();
    }
    return false;
}

bool pump(int fd, Connection& c) {
    if (!(c.tls ? pump_tls(fd, c) : pump_plain(fd, c))) return false;
    bool more = c.body_left > 0 || (c.tls && c.tls->holds());
    if (std::exchange(c.waits_for_room, more) != more) watch(EPOLL_CTL_MOD, fd, more ? EPOLLOUT : EPOLLIN);
    return true;
}

bool send_all(int fd, std::string_view bytes, int flags = 0) {
    if (auto& tls = connections[std::size_t(fd)]->tls)
        return tls->write(bytes) && ((flags & MSG_MORE) != 0 || tls->flush(fd));
    return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | flags) == ssize_t(bytes.size());
}

bool send_body(int fd, Connection& c, const std::string& first, std::size_t size) {
    c.body_sent = 0;
    c.body_left = size;
    return send_all(fd, first, MSG_MORE) && pump(fd, c);
}

void send_late_ones() {
    while (!late.empty() && nanoseconds() >= late.front().due) {
        int fd = late.front().fd;
        late.pop_front();
        if (!send_all(fd, small_answer)) drop(fd);
    }
}

bool put_off(int fd, std::int64_t by) {
    Late one{fd, nanoseconds() + by};
    late.insert(std::ranges::upper_bound(late, one.due, {}, &Late::due), one);
    return true;
}

bool answer(int fd, Connection& c, std::string_view request) {
    auto asks = [&](std::string_view path) {
        return request.substr(0, 4) == "GET " && request.substr(4, path.size()) == path &&
               request.substr(4 + path.size(), 1) == " ";
    };
    if (asks("/small")) return send_all(fd, small_answer);
    if (asks("/unlike")) return send_all(fd, next_unlike_answer());
    if (asks("/once")) return send_all(fd, last_answer) && false;  // and the connection is closed
    if (asks("/later")) return put_off(fd, later);
    if (asks("/much-later")) return put_off(fd, much_later);
    if (asks("/8m")) return send_body(fd, c, large_head, bench::large_size);
    if (asks("/256m")) return send_body(fd, c, huge_head, bench::huge_size);
    // Whoever wants to measure one kind of handshake is told if it was the other.
    if (asks("/full") && c.tls) return send_all(fd, c.tls->resumed() ? other_handshake : small_answer);
    if (asks("/resumed") && c.tls) return send_all(fd, c.tls->resumed() ? small_answer : other_handshake);
    return send_all(fd, no_answer);
}

// Requests come one at a time: no client here pipelines, and none sends a body.
bool receive(int fd, Connection& c) {
    auto* into = c.received + c.held;
    auto room = sizeof c.received - c.held;
    auto n = c.tls ? c.tls->receive(into, room) : ::recv(fd, into, room, 0);
    if (n < 0 && errno == EAGAIN) return !c.tls || c.tls->flush(fd);
    if (n <= 0) return false;
    c.held += std::size_t(n);
    std::string_view request(c.received, c.held);
    if (!request.ends_with("\r\n\r\n")) return c.held < sizeof c.received;
    c.held = 0;
    return answer(fd, c, request);
}

bool receive_all(int fd, Connection& c) {
    do
        if (!receive(fd, c)) return false;
    while (c.tls && c.tls->has_more());
    return true;
}

int listen_for_loopback() {
    int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_ANY);  // 127.0.0.1 and its neighbours; others are turned away
    socklen_t size = sizeof at;
    auto* address = reinterpret_cast<sockaddr*>(&at);
    if (fd < 0 || ::bind(fd, address, size) || ::listen(fd, 4096) || ::getsockname(fd, address, &size)) fail("listen");
    std::printf("%d ", ntohs(at.sin_port));
    return fd;
}

// Waits asleep once nothing has happened for a while, so that a server left alone costs nothing.
int next_events(epoll_event* events, int room, bool spin) {
    for (int tries = spin ? 20'000 : 0; tries > 0; --tries) {
        if (int ready = ::epoll_wait(queue, events, room, 0); ready != 0) return ready;
        send_late_ones();
    }
    while (!late.empty()) {
        timespec pause{0, 50'000};
        ::nanosleep(&pause, nullptr);
        send_late_ones();
        if (int ready = ::epoll_wait(queue, events, room, 0); ready != 0) return ready;
    }
    return ::epoll_wait(queue, events, room, -1);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) fail("usage: bench_server ROOT_FILE [--spin]");
    bool spin = argc > 2 && argv[2] == std::string_view("--spin");
    bench::TlsServer tls(argv[1]);
    queue = ::epoll_create1(EPOLL_CLOEXEC);
    int listener = listen_for_loopback(), tls_listener = listen_for_loopback();
    std::puts("are the ports, the second with TLS");
    std::fflush(stdout);
    watch(EPOLL_CTL_ADD, listener, EPOLLIN);
    watch(EPOLL_CTL_ADD, tls_listener, EPOLLIN);
    watch(EPOLL_CTL_ADD, STDIN_FILENO, EPOLLIN);
    for (epoll_event events[64];;) {
        int ready = next_events(events, 64, spin);
        tell_time();
        for (int i = 0; i < ready; ++i) {
            int fd = events[i].data.fd;
            if (fd == STDIN_FILENO) return 0;
            if (fd == listener || fd == tls_listener) {
                accept_all(fd, fd == listener ? nullptr : &tls);
                continue;
            }
            auto& c = *connections[std::size_t(fd)];
            if (!(c.waits_for_room ? pump(fd, c) : receive_all(fd, c))) drop(fd);
        }
    }
}
