// Receive buffers, lent for the time of a request: an idle connection has none.
#pragma once

#include <ferry/core/of_this_thread.hpp>

#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

namespace ferry::detail {

inline constexpr std::size_t small_buffer = 16 * 1024;   // enough for heads and most bodies
inline constexpr std::size_t large_buffer = 256 * 1024;  // a third of the cost per byte where there are many

/// A block of memory that goes back to its thread's cache, if it is of one of those two sizes.
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

    /// Free blocks of one size, which they link by themselves: as many as a thread has had in use at once, up to 1 MiB.
    /// Blocking calls need one or two, asynchronous ones one for each request under way.
    class shelf {
    public:
        explicit shelf(std::size_t most) : most_(most) {}
        shelf(const shelf&) = delete;
        shelf& operator=(const shelf&) = delete;
        ~shelf() {
            while (top_) take();
        }
        block take() noexcept {
            block b(top_);
            if (top_) std::memcpy(&top_, top_, link), --count_;
            return b;
        }
        void give(block b) noexcept {
            if (count_ == most_) return;
            std::memcpy(b.get(), &top_, link);
            top_ = b.release();
            ++count_;
        }

    private:
        static constexpr std::size_t link = sizeof(char*);
        char* top_ = nullptr;
        std::size_t count_ = 0;
        const std::size_t most_;
    };
    struct shelves {
        shelf small{64}, large{4};
    };
    /// Null for a size that is not kept.
    static shelf* of(std::size_t n) {
        auto* kept = of_this_thread<shelves>();
        return !kept ? nullptr : n == small_buffer ? &kept->small : n == large_buffer ? &kept->large : nullptr;
    }
    static block take(std::size_t n) {
        auto* kept = of(n);
        auto b = kept ? kept->take() : nullptr;
        return b ? std::move(b) : std::make_unique_for_overwrite<char[]>(n);
    }
    void give() noexcept {
        auto* to = memory_ ? of(size_) : nullptr;
        if (to) to->give(std::move(memory_));
        memory_.reset();
        size_ = 0;
    }

    block memory_;
    std::size_t size_ = 0;
};

}  // namespace ferry::detail
