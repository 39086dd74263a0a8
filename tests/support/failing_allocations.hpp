// Memory that runs out when a test says so, on its own thread. One file of a program includes this: it replaces
// operator new and delete.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

namespace ferry::testing {

// So many more allocations of this thread succeed; then all fail, or one, while it lives.
class FailingAllocations {
public:
    enum class Then { one_fails, all_fail };
    FailingAllocations(int succeeding, Then then) { left = succeeding, rule = then, some_failed = false; }
    FailingAllocations(const FailingAllocations&) = delete;
    ~FailingAllocations() { left = unlimited; }
    // What remains of those that succeed.
    int remaining() const noexcept { return left; }
    // Whether the last one of this thread has let any fail.
    static bool failed() noexcept { return some_failed; }

    static void count() {
        if (left > 0) --left;
        else if (left == 0) {
            some_failed = true;
            if (rule == Then::one_fails) left = unlimited;
            throw std::bad_alloc();
        }
    }

private:
    static constexpr int unlimited = -1;
    static inline thread_local int left = unlimited;
    static inline thread_local Then rule = Then::one_fails;
    static inline thread_local bool some_failed = false;
};

}  // namespace ferry::testing

// All forms: a sanitizer's own do not call each other.
void* operator new(std::size_t n) {
    ferry::testing::FailingAllocations::count();
    if (void* p = std::malloc(n ? n : 1)) return p;
    throw std::bad_alloc();
}
void* operator new(std::size_t n, const std::nothrow_t&) noexcept {
    try {
        return operator new(n);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}
void* operator new[](std::size_t n) { return operator new(n); }
void* operator new[](std::size_t n, const std::nothrow_t& t) noexcept { return operator new(n, t); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, const std::nothrow_t&) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, const std::nothrow_t&) noexcept { std::free(p); }
