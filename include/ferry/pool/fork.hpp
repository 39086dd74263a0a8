// Notices fork(): a child must not use the connections of its parent.
#pragma once

#include <pthread.h>

#include <atomic>

namespace ferry::detail {

/// How many forks lie between this process and the first. Counted by a handler that runs in each child, because
/// asking for the process id would cost a system call for each request.
inline unsigned fork_count() noexcept {
    static std::atomic<unsigned> count{0};
    static const int registered = ::pthread_atfork(nullptr, nullptr,
                                                   [] { count.fetch_add(1, std::memory_order_relaxed); });
    static_cast<void>(registered);
    return count.load(std::memory_order_relaxed);
}

}  // namespace ferry::detail
