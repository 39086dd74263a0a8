// What every client of the benchmark shares: the command line, the checks on what was received, the clocks, and the one
// line that it prints. No sockets here: those are what is being compared.
#pragma once

#include "../payload.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <initializer_list>
#include <string>
#include <string_view>

#include <dlfcn.h>
#include <sys/resource.h>

namespace bench {

[[noreturn]] inline void fail(std::string_view why) {
    std::fprintf(stderr, "benchmark client: %.*s\n", int(why.size()), why.data());
    std::exit(1);
}

inline void expect(bool holds, std::string_view why) {
    if (!holds) fail(why);
}

// What the preloaded allocations.cpp knows; -1 where it is not preloaded.
inline std::int64_t counted(const char* name) {
    using Counter = std::int64_t();
    auto* counter = reinterpret_cast<Counter*>(::dlsym(RTLD_DEFAULT, name));
    return counter ? counter() : -1;
}

struct Snapshot {
    double user, system, wall;
    std::int64_t allocations, live;

    static Snapshot take() {
        rusage used{};
        ::getrusage(RUSAGE_SELF, &used);
        auto seconds = [](timeval t) { return double(t.tv_sec) + double(t.tv_usec) / 1e6; };
        auto now = std::chrono::steady_clock::now().time_since_epoch();
        return {seconds(used.ru_utime), seconds(used.ru_stime), std::chrono::duration<double>(now).count(),
                counted("bench_allocations"), counted("bench_live_bytes")};
    }
};

// One invocation: `client URL MODE COUNT [CONCURRENCY [HOSTS]]`; what does one thing at a time ignores the last two.
class Run {
public:
    std::string url, host, port, path;
    bool secure;
    std::string roots;  // with https: the file with the root to trust
    std::size_t count, concurrency, hosts;

    Run(std::string_view address, std::string_view mode, std::size_t number, std::size_t at_once = 1,
        std::size_t many_hosts = 1)
        : url(address), secure(address.starts_with("https")), count(number), concurrency(at_once), hosts(many_hosts),
          mode_(mode), warm_up_(mode.starts_with("get")         ? std::max<std::size_t>(100, 2 * at_once)
                                : mode.starts_with("once")      ? 100
                                : mode.starts_with("handshake") ? 10
                                : mode.starts_with("body")      ? 2
                                                                : 0) {
        expect(address.starts_with(scheme()), "the URL must begin with http:// or https://");
        address.remove_prefix(scheme().size());
        if (secure) {
            const char* file = std::getenv("BENCH_ROOTS");
            expect(file, "BENCH_ROOTS must name the file with the root to trust");
            roots = file;
        }
        auto slash = address.find('/'), colon = address.find(':');
        expect(colon < slash && slash != address.npos, "the URL needs a port and a path");
        host = address.substr(0, colon);
        port = address.substr(colon + 1, slash - colon - 1);
        path = address.substr(slash);
        expect(concurrency > 0 && hosts > 0 && hosts < 255, "no such concurrency, or no such number of hosts");
        expect(hosts == 1 || host == "127.0.0.1", "several hosts are 127.0.0.1 and the addresses after it");
    }

    // With several hosts, those who ask take them by turns.
    std::string host_of(std::size_t asker) const {
        return hosts == 1 ? host : "127.0.0." + std::to_string(1 + asker % hosts);
    }
    std::string url_of(std::size_t asker) const { return origin_of(asker) + path; }
    std::string origin_of(std::size_t asker) const { return std::string(scheme()) + host_of(asker) + ":" + port; }
    std::string_view scheme() const { return secure ? "https://" : "http://"; }

    // Each kind of body has one check, so that no client can be quick by losing something. The first handshake with a
    // server cannot be a resumed one.
    void small(int status, std::string_view body) {
        expect(status != 412 || !warm_, "the TLS handshake was not of the kind that is measured");
        expect(status == 200 || status == 412, "the status is not 200");
        expect(body.size() == small_size && body.front() == pattern(0), "the small body is not what was sent");
        bytes_ += body.size();
    }

    void large(int status, std::string_view body) {
        expect(status == 200, "the status is not 200");
        expect(body.size() == large_size, "the large body has the wrong size");
        for (std::size_t at = 0; at < large_size; at += large_size / 64)
            expect(body[at] == pattern(at), "the large body is not what was sent");
        bytes_ += body.size();
    }

    void chunk(const char* data, std::size_t size) {
        expect(size == 0 || data[0] == pattern(bytes_ % huge_size), "the streamed body is not what was sent");
        bytes_ += size;
    }

    void streamed(int status) {
        expect(status == 200, "the status is not 200");
        expect(bytes_ % huge_size == 0, "the streamed body has the wrong size");
    }

    // Does one exchange again and again; the first few, which connect and fill caches, do not count.
    template <class Exchange> void repeat(Exchange exchange) {
        in_two_parts([&](std::size_t number) {
            for (std::size_t i = 0; i < number; ++i) exchange();
        });
    }
    // The same where `exchanges(number)` does them in its own way.
    template <class Exchanges> void in_two_parts(Exchanges exchanges) {
        exchanges(warm_up_);
        warm_ = true;
        bytes_ = 0;
        auto before = Snapshot::take();
        exchanges(count);
        print(before, Snapshot::take());
    }

    // Measures what stays behind when `open` has left `count` connections idle.
    template <class Open> void hold(Open open) {
        expect(counted("bench_live_bytes") >= 0, "idle connections are measured with the counter preloaded");
        auto before = Snapshot::take();
        open();
        print(before, Snapshot::take());
    }

private:
    std::string mode_;
    std::size_t warm_up_, bytes_ = 0;
    bool warm_ = false;

    void print(const Snapshot& before, const Snapshot& after) const {
        auto each = mode_.starts_with("body") ? large_size : mode_.starts_with("stream") ? huge_size : small_size;
        expect(bytes_ == count * each, "not every response was received and checked");
        std::printf("requests=%zu bytes=%zu user=%.6f sys=%.6f wall=%.6f", count, bytes_, after.user - before.user,
                    after.system - before.system, after.wall - before.wall);
        if (after.allocations >= 0)
            std::printf(" allocations=%lld live=%lld", static_cast<long long>(after.allocations - before.allocations),
                        static_cast<long long>(after.live - before.live));
        std::printf("\n");
    }
};

struct Mode {
    std::string_view name;
    void (*run)(Run&);
};

inline int main(int argc, char** argv, std::initializer_list<Mode> modes) try {
    expect(argc >= 4 && argc <= 6, "usage: client URL MODE COUNT [CONCURRENCY [HOSTS]]");
    auto number = [&](int i) { return i < argc ? std::strtoull(argv[i], nullptr, 10) : 1; };
    Run run(argv[1], argv[2], number(3), number(4), number(5));
    for (const auto& mode : modes)
        if (mode.name == argv[2]) return mode.run(run), 0;
    fail("no such mode");
} catch (const std::exception& error) {
    fail(error.what());
}

}  // namespace bench
