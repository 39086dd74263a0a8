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

/// Memory for the coroutine frames of one chain, which come and go as a stack does: a request allocates none. Frames
/// that do not fit go to the heap.
class frame_stack {
public:
    frame_stack() = default;
    frame_stack(const frame_stack&) = delete;
    frame_stack& operator=(const frame_stack&) = delete;

    void* take(std::size_t n) noexcept {
        if (n > memory_.size() - used_) return nullptr;
        ++live_;
        return memory_.data() + std::exchange(used_, used_ + n);
    }
    void give(void* p, std::size_t n) noexcept {
        if (static_cast<std::byte*>(p) + n == memory_.data() + used_) used_ -= n;
        if (--live_ == 0) used_ = 0;
    }

    /// Where the coroutines that this thread is calling now have their frames; null for the heap.
    static inline constinit thread_local frame_stack* current = nullptr;

    /// Makes it the current one for a while.
    class scope {
    public:
        explicit scope(frame_stack* s) noexcept : before_(std::exchange(current, s)) {}
        scope(const scope&) = delete;
        scope& operator=(const scope&) = delete;
        ~scope() { current = before_; }

    private:
        frame_stack* before_;
    };

private:
    alignas(std::max_align_t) std::array<std::byte, 4096> memory_;
    std::size_t used_ = 0, live_ = 0;
};

/// In front of each frame: where it came from, null for the heap.
struct alignas(std::max_align_t) frame_origin {
    frame_stack* stack;

    static void* frame(std::size_t n) {
        auto* stack = frame_stack::current;
        n = rounded(n);
        void* p = stack ? stack->take(n) : nullptr;
        if (!p) stack = nullptr, p = ::operator new(n);
        return new (p) frame_origin{stack} + 1;
    }
    static void release(void* frame, std::size_t n) noexcept {
        auto* origin = static_cast<frame_origin*>(frame) - 1;
        if (origin->stack) origin->stack->give(origin, rounded(n));
        else ::operator delete(origin);
    }

private:
    static constexpr std::size_t rounded(std::size_t n) noexcept {
        return (n + sizeof(frame_origin) + alignof(frame_origin) - 1) / alignof(frame_origin) * alignof(frame_origin);
    }
};

/// What one chain of coroutines shares with its driver.
struct dialogue {
    const action* asked = nullptr;
    answer got;
    std::coroutine_handle<> next;  // what operation::next() resumes; null when the chain has finished
};

template <class T> class task;

struct promise_base {
    dialogue* talk = nullptr;
    std::coroutine_handle<> caller;
    std::exception_ptr error;

    static void* operator new(std::size_t n) { return frame_origin::frame(n); }
    static void operator delete(void* p, std::size_t n) noexcept { frame_origin::release(p, n); }

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
        const action& wish;  // lives as long as the await expression
        dialogue* talk = nullptr;
        bool await_ready() noexcept { return false; }
        template <class P> void await_suspend(std::coroutine_handle<P> h) noexcept {
            talk = h.promise().talk;
            talk->asked = &wish;
            talk->next = h;
        }
        const answer& await_resume() noexcept { return talk->got; }
    };
    asking await_transform(const action& a) noexcept { return {a}; }
    template <class T> task<T> await_transform(task<T>&& t) noexcept { return std::move(t); }
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
    explicit operation(task<T> t, frame_stack* frames = nullptr) noexcept : root_(std::move(t)), frames_(frames) {
        root_.handle_.promise().talk = &talk_;
        talk_.next = root_.handle_;
    }
    operation(operation&&) = delete;

    /// Runs protocol code until it asks for something; null when it has finished.
    const action* next() {
        frame_stack::scope scope(frames_);
        talk_.asked = nullptr;
        while (!talk_.asked && talk_.next) talk_.next.resume();
        return talk_.asked;
    }
    void reply(const answer& a) noexcept { talk_.got = a; }
    /// The same, with what `perform(action)` makes of the action that was asked for, built in its place: to copy
    /// an answer right after it was written in smaller parts stalls the processor.
    void reply_by(auto&& perform) { ::new (static_cast<void*>(&talk_.got)) answer(perform(*talk_.asked)); }
    T result() { return root_.await_resume(); }

private:
    task<T> root_;
    frame_stack* frames_;
    dialogue talk_;
};

}  // namespace ferry::detail
