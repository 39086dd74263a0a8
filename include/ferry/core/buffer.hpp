// Receive buffers, lent for the time of a request: an idle connection has none.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <utility>

namespace ferry::detail {

inline constexpr std::size_t small_buffer = 16 * 1024;   // enough for heads and most bodies
inline constexpr std::size_t large_buffer = 256 * 1024;  // a third of the cost per byte where there are many

/// A block of memory that goes back to its thread's cache.
class buffer {
public:
    buffer() = default;
    explicit buffer(std::size_t n) : memory_(take(n)), size_(n) {}
    buffer(buffer&& o) noexcept : memory_(std::move(o.memory_)), size_(std::exchange(o.size_, 0)) {}
    buffer& operator=(buffer&& o) noexcept {
        give();
        memory_ = std::move(o.memory_);
        size_ = std::exchange(o.size_, 0);
        return *this;
    }
    ~buffer() { give(); }

    char* data() const noexcept { return memory_.get(); }
    std::size_t size() const noexcept { return size_; }

private:
    using block = std::unique_ptr<char[]>;

    // Two small ones and a large one for each thread, enough for a request and one inside it.
    struct cache {
        std::array<block, 2> small;
        std::array<block, 1> large;
        template <std::size_t N> static block* find(std::array<block, N>& shelf, bool filled) noexcept {
            for (auto& b : shelf)
                if (static_cast<bool>(b) == filled) return &b;
            return nullptr;
        }
        block* find(std::size_t n, bool filled) noexcept {
            return n == small_buffer ? find(small, filled) : find(large, filled);
        }
    };
    static cache& local() {
        thread_local cache instance;
        return instance;
    }
    static block take(std::size_t n) {
        if (auto* b = local().find(n, true)) return std::move(*b);
        return std::make_unique_for_overwrite<char[]>(n);
    }
    void give() noexcept {
        if (!memory_) return;
        if (auto* place = local().find(size_, false)) *place = std::move(memory_);
        memory_.reset();
        size_ = 0;
    }

    block memory_;
    std::size_t size_ = 0;
};

}  // namespace ferry::detail
