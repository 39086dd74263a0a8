// What it costs to take a connection from a pool of many origins and to give it back: `bench_checkout ORIGINS COUNT`.
// The pool is an AsyncSession's and a Session's; what it keeps here is no socket.
#include <ferry/origin.hpp>
#include <ferry/pool/pool.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <sys/resource.h>

namespace {

using namespace ferry;

struct Fake {
    detail::verdict probe() const noexcept { return detail::verdict::alive; }
};
using Pool = detail::pool<Origin, Fake, detail::origin_hash, detail::origin_equal>;

double used() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    auto seconds = [](timeval t) { return double(t.tv_sec) + double(t.tv_usec) / 1e6; };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void expect(bool holds) {
    if (holds) return;
    std::fputs("bench_checkout: the pool did not do what it should\n", stderr);
    std::exit(1);
}

void take_and_keep(Pool& pool, const std::string& authority, bool fresh) {
    const auto now = std::chrono::steady_clock::time_point(std::chrono::hours(1));
    Pool::lease lease;
    expect(pool.checkout(detail::origin_view("http", authority), now, fresh, nullptr, lease) == Pool::outcome::granted);
    expect(lease.reused() != fresh);
    if (fresh) {
        lease.emplace();
        lease.opened(now);
    }
    lease.keep(now);
}

}  // namespace

int main(int argc, char** argv) {
    expect(argc == 3);
    const std::size_t origins = std::strtoull(argv[1], nullptr, 10), count = std::strtoull(argv[2], nullptr, 10);
    expect(origins > 0);
    Pool pool(PoolLimits{.max_idle = origins});
    std::vector<std::string> authorities;
    for (std::size_t i = 0; i < origins; ++i) {
        authorities.push_back("host-" + std::to_string(100'000 + i) + ".example");  // all of one length
        take_and_keep(pool, authorities.back(), true);
    }
    const auto before = used();
    std::uint64_t random = 1;
    for (std::size_t i = 0; i < count; ++i) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        take_and_keep(pool, authorities[(random >> 33) % origins], false);
    }
    std::printf("checkouts=%zu cpu=%.6f\n", count, used() - before);
}
