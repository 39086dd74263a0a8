// What each thread has one of.
#pragma once

namespace ferry::detail {

/// Null at the thread's end, once its own is gone: what is destroyed after that has to do without.
template <class T> T* of_this_thread() noexcept {
    static constinit thread_local bool gone = false;
    struct owner {
        T value{};
        ~owner() { gone = true; }
    };
    static thread_local owner own;
    return gone ? nullptr : &own.value;
}

}  // namespace ferry::detail
