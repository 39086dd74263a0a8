// A flag that one thread raises and another waits for, so that tests and scripts meet without sleeping.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace ferry::testing {

// Longer than anything in a test that works may take; whoever waits this long says what it waited for.
inline constexpr std::chrono::seconds patience{10};

class Signal {
public:
    void raise() {
        {
            std::lock_guard lock(mutex_);
            raised_ = true;
        }
        changed_.notify_all();
    }

    // False: it was not raised in time.
    bool wait(std::chrono::milliseconds limit = patience) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, limit, [this] { return raised_; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool raised_ = false;
};

}  // namespace ferry::testing
