// The coroutine kernel: protocol code awaits an `action`; whoever drives it performs the action and answers.
// No sockets, no Asio, no threads here.
#pragma once

#include <ferry/core/action.hpp>

#include <array>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <new>
#include <utility>

namespace ferry::detail {

/// Coroutine frames, recycled per thread so that a steady stream of requests allocates none.
class frame_cache {
public:
    static frame_cache& local() {
        thread_local frame_cache instance;
        return instance;
    }
    frame_cache() = default;
    frame_cache(const frame_cache&) = delete;
    frame_cache& operator=(const frame_cache&) = delete;
    ~frame_cache() {
        while (used_) ::operator delete(slots_[--used_].memory);
    }

    void* take(std::size_t n) {
        n = rounded(n);
        for (auto i = used_; i-- > 0;)
            if (slots_[i].size == n) return std::exchange(slots_[i], slots_[--used_]).memory;
        return ::operator new(n);
    }
    void give(void* p, std::size_t n) noexcept {
        if (used_ < slots_.size()) slots_[used_++] = {p, rounded(n)};
        else ::operator delete(p);
    }

private:
    struct slot {
        void* memory;
        std::size_t size;
    };
    static constexpr std::size_t rounded(std::size_t n) noexcept { return (n + 127) & ~std::size_t{127}; }

    std::array<slot, 16> slots_{};
    std::size_t used_ = 0;
};

/// What one chain of coroutines shares with its driver.
struct dialogue {
    const action* asked = nullptr;
    answer got;
    std::coroutine_handle<> next;  // what operation::next() resumes; null when the chain has finished
};

struct promise_base {
    dialogue* talk = nullptr;
    std::coroutine_handle<> caller;
    std::exception_ptr error;

    static void* operator new(std::size_t n) { return frame_cache::local().take(n); }
    static void operator delete(void* p, std::size_t n) noexcept { frame_cache::local().give(p, n); }

    // Calls and returns go through operation::next() and not by symmetric transfer, which g++ turns into a tail
    // call only when it optimizes: so the stack stays flat in every build.
    struct return_to_caller {
        bool await_ready() noexcept { return false; }
        template <class P> void await_suspend(std::coroutine_handle<P> h) noexcept {
            h.promise().talk->next = h.promise().caller;
        }
        void await_resume() noexcept {}
    };
    std::suspend_always initial_suspend() noexcept { return {}; }
    return_to_caller final_suspend() noexcept { return {}; }
    void unhandled_exception() noexcept { error = std::current_exception(); }

    struct asking {
        action wish;
        dialogue* talk = nullptr;
        bool await_ready() noexcept { return false; }
        template <class P> void await_suspend(std::coroutine_handle<P> h) noexcept {
            talk = h.promise().talk;
            talk->asked = &wish;
            talk->next = h;
        }
        answer await_resume() noexcept { return talk->got; }
    };
    asking await_transform(action a) noexcept { return {a}; }
    template <class T> T&& await_transform(T&& t) noexcept { return static_cast<T&&>(t); }
};

/// A coroutine that other coroutines await, and that an operation drives.
template <class T> class [[nodiscard]] task {
public:
    struct promise_type : promise_base {
        T value{};
        task get_return_object() { return task(std::coroutine_handle<promise_type>::from_promise(*this)); }
        void return_value(T v) noexcept { value = std::move(v); }
    };
    task(task&& o) noexcept : handle_(std::exchange(o.handle_, {})) {}
    task& operator=(task&&) = delete;
    ~task() {
        if (handle_) handle_.destroy();
    }

    bool await_ready() noexcept { return false; }
    template <class P> void await_suspend(std::coroutine_handle<P> caller) noexcept {
        auto& own = handle_.promise();
        own.caller = caller;
        own.talk = caller.promise().talk;
        own.talk->next = handle_;
    }
    T await_resume() {
        if (handle_.promise().error) std::rethrow_exception(handle_.promise().error);
        return std::move(handle_.promise().value);
    }

private:
    template <class> friend class operation;
    explicit task(std::coroutine_handle<promise_type> h) noexcept : handle_(h) {}
    std::coroutine_handle<promise_type> handle_;
};

/// What a driver holds: `while (auto* a = op.next()) op.reply(perform(*a));` and then `op.result()`.
template <class T> class operation {
public:
    explicit operation(task<T> t) noexcept : root_(std::move(t)) {
        root_.handle_.promise().talk = &talk_;
        talk_.next = root_.handle_;
    }
    operation(operation&&) = delete;

    /// Runs protocol code until it asks for something; null when it has finished.
    const action* next() {
        talk_.asked = nullptr;
        while (!talk_.asked && talk_.next) talk_.next.resume();
        return talk_.asked;
    }
    void reply(const answer& a) noexcept { talk_.got = a; }
    T result() { return root_.await_resume(); }

private:
    task<T> root_;
    dialogue talk_;
};

}  // namespace ferry::detail
