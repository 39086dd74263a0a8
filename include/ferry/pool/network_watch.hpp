// Notices that a machine has slept: what was idle then is suspect, for its network may be another one.
#pragma once

#include <ferry/moment.hpp>

#include <atomic>
#include <chrono>
#include <ctime>

namespace ferry::detail {

/// The monotonic clock stands still while a machine sleeps, that of the wall goes on. One for a session, safe among
/// threads; a look costs two reads of memory and one of a clock that takes no system call.
class network_watch {
public:
    using wall = std::chrono::nanoseconds;

    /// So much can the clock on the wall be set ahead without anybody's suspicion.
    static constexpr std::chrono::seconds tolerated{5};

    /// The time on the wall, to some milliseconds.
    static wall wall_now() noexcept {
#ifdef CLOCK_REALTIME_COARSE
        timespec t{};
        ::clock_gettime(CLOCK_REALTIME_COARSE, &t);
        return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
#else
        return std::chrono::system_clock::now().time_since_epoch();
#endif
    }

    /// Calls `suspect()` when the wall's clock has gone ahead of the other since the last look. No thread is past its
    /// look before that is done.
    template <class Suspect> void look(time_point now, wall on_the_wall, Suspect suspect) {
        const auto lead = (on_the_wall - wall(now.time_since_epoch())).count();
        const auto before = lead_.load(std::memory_order_acquire);
        const auto gained = wall(before == unknown ? 0 : lead - before);
        if (before != unknown && gained < noted && gained > -noted) [[likely]]
            return;
        if (gained > tolerated) suspect();
        lead_.store(lead, std::memory_order_release);
    }
    template <class Suspect> void look(time_point now, Suspect suspect) { look(now, wall_now(), suspect); }

private:
    /// Less than that is not written down, so that threads do not get in each other's way.
    static constexpr std::chrono::milliseconds noted{500};
    static constexpr wall::rep unknown = wall::min().count();

    std::atomic<wall::rep> lead_{unknown};
};

}  // namespace ferry::detail
