// Memory for what Asio keeps of an operation under way, so that a request allocates none.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <new>
#include <utility>

namespace ferry::detail {

/// Room for one operation at a time; a second one, or a larger one, goes to the heap. Those who take do so one after
/// the other; who gives may be on another thread.
class handler_memory {
public:
    handler_memory() = default;
    handler_memory(const handler_memory&) = delete;
    handler_memory& operator=(const handler_memory&) = delete;

    void* take(std::size_t n) {
        if (n > room_.size() || taken_.load(std::memory_order_acquire)) return ::operator new(n);
        taken_.store(true, std::memory_order_relaxed);
        return room_.data();
    }
    void give(void* p) noexcept {
        if (p == room_.data()) taken_.store(false, std::memory_order_release);
        else ::operator delete(p);
    }

private:
    std::atomic<bool> taken_{false};  // beside what is touched first
    alignas(std::max_align_t) std::array<std::byte, 320> room_;
};

template <class T> class handler_allocator {
public:
    using value_type = T;
    explicit handler_allocator(handler_memory& m) noexcept : memory_(&m) {}
    template <class U> handler_allocator(const handler_allocator<U>& o) noexcept : memory_(o.memory_) {}
    T* allocate(std::size_t n) const { return static_cast<T*>(memory_->take(n * sizeof(T))); }
    void deallocate(T* p, std::size_t) const noexcept { memory_->give(p); }
    bool operator==(const handler_allocator&) const = default;

private:
    template <class> friend class handler_allocator;
    handler_memory* memory_;
};

}  // namespace ferry::detail
