// The coroutine kernel: protocol code awaits an `action`; whoever drives it performs the action and answers, at once
// where that can be.
// No sockets, no Asio, no threads here.
#pragma once

#include <ferry/core/action.hpp>

#include <array>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <utility>

namespace ferry::detail {

/// Performs what is asked for as soon as it is: the chain goes on without having stopped, and nothing that it holds in
/// registers is put away.
class performer {
public:
    /// Writes the answer. False when there is none yet: the chain stops, and gets it by way of `operation::got`.
    virtual bool perform(const action& a, answer& got) = 0;

protected:
    ~performer() = default;
};

/// What one chain of coroutines shares with its driver.
struct dialogue {
    performer* driver = nullptr;
    const action* asked = nullptr;
    answer got;
    std::coroutine_handle<> next;  // what operation::next() resumes; null when the chain has finished
    std::exception_ptr thrown;     // on its way to whoever awaits

    void rethrow() {
        if (thrown) [[unlikely]]
            std::rethrow_exception(std::exchange(thrown, nullptr));
    }
};

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

    dialogue* talk = nullptr;  // while an operation runs the chain

    /// That of the chain whose coroutines this thread is calling now; null where their frames are on the heap.
    static inline constinit thread_local frame_stack* current = nullptr;

    /// Makes it the current one for a while: when a chain begins, and as long as it is run.
    class scope {
    public:
        explicit scope(frame_stack& s) noexcept : before_(std::exchange(current, &s)) {}
        scope(const scope&) = delete;
        scope& operator=(const scope&) = delete;
        ~scope() { current = before_; }

    private:
        frame_stack* before_;
    };

private:
    std::size_t used_ = 0, live_ = 0;  // beside the first frames
    alignas(std::max_align_t) std::array<std::byte, 4096> memory_;
};

/// In front of each frame: where it came from, null for the heap.
struct alignas(std::max_align_t) frame_origin {
    frame_stack* stack;

    static void* frame(std::size_t n) {
        auto* stack = frame_stack::current;
        n = rounded(n);
        void* p = stack ? stack->take(n) : nullptr;
        if (!p) [[unlikely]]
            stack = nullptr, p = ::operator new(n);
        return new (p) frame_origin{stack} + 1;
    }
    static void release(void* frame, std::size_t n) noexcept {
        auto* origin = static_cast<frame_origin*>(frame) - 1;
        if (origin->stack) [[likely]]
            origin->stack->give(origin, rounded(n));
        else ::operator delete(origin);
    }

private:
    static constexpr std::size_t rounded(std::size_t n) noexcept {
        return (n + sizeof(frame_origin) + alignof(frame_origin) - 1) / alignof(frame_origin) * alignof(frame_origin);
    }
};

template <class T> class task;

struct promise_base {
    dialogue* talk = frame_stack::current ? frame_stack::current->talk : nullptr;
    std::coroutine_handle<> caller;

    static void* operator new(std::size_t n) { return frame_origin::frame(n); }
    static void operator delete(void* p, std::size_t n) noexcept { frame_origin::release(p, n); }

    /// Begins at once where it is known whom to ask, and else when it is awaited.
    struct begin {
        bool at_once;
        bool await_ready() const noexcept { return at_once; }
        void await_suspend(std::coroutine_handle<>) const noexcept {}
        void await_resume() const noexcept {}
    };
    begin initial_suspend() const noexcept { return {talk != nullptr}; }

    struct asking {
        const action& wish;  // lives as long as the await expression
        dialogue& talk;
        bool await_ready() const { return talk.driver && talk.driver->perform(wish, talk.got); }
        void await_suspend(std::coroutine_handle<> h) const noexcept {
            talk.asked = &wish;
            talk.next = h;
        }
        const answer& await_resume() const noexcept { return talk.got; }
    };
    asking await_transform(const action& a) noexcept { return {a, *talk}; }
    template <class T> auto await_transform(task<T>&& t) noexcept { return typename task<T>::call{t, *talk}; }
};

/// A coroutine that other coroutines await, right where they call it, and that an operation drives. Its frame is gone
/// when it has ended; its result is in here.
template <class T> class [[nodiscard]] task {
public:
    struct promise_type : promise_base {
        task* to = nullptr;

        task get_return_object() noexcept { return task(*this); }
        void return_value(T v) noexcept { to->value_.emplace(std::move(v)); }
        void unhandled_exception() noexcept { talk->thrown = std::current_exception(); }
        // Calls and returns go through operation::next() and not by symmetric transfer, which g++ turns into a tail
        // call only when it optimizes: so the stack stays flat in every build.
        std::suspend_never final_suspend() noexcept {
            to->handle_ = {};
            talk->next = caller;
            return {};
        }
    };
    task(task&& o) noexcept : handle_(std::exchange(o.handle_, {})), value_(std::move(o.value_)) {
        if (handle_) handle_.promise().to = this;
    }
    task& operator=(task&&) = delete;
    ~task() {
        if (handle_) handle_.destroy();
    }

    /// What its caller waits for.
    struct call {
        task& called;
        dialogue& talk;
        bool await_ready() const noexcept { return !called.handle_; }
        void await_suspend(std::coroutine_handle<> caller) const noexcept {
            auto& own = called.handle_.promise();
            own.caller = caller;
            if (!own.talk) called.begin(talk);
        }
        T await_resume() const {
            talk.rethrow();
            return *std::move(called.value_);
        }
    };

private:
    template <class> friend class operation;
    explicit task(promise_type& p) noexcept : handle_(std::coroutine_handle<promise_type>::from_promise(p)) {
        p.to = this;
    }
    void begin(dialogue& talk) noexcept {
        handle_.promise().talk = &talk;
        talk.next = handle_;
    }

    std::coroutine_handle<promise_type> handle_;  // null when it has ended
    std::optional<T> value_;
};

/// What a driver holds: `while (auto* a = op.next()) op.got() = perform(*a);` and then `op.result()`. Without a
/// performer, the chain stops at each action.
template <class T> class operation {
public:
    explicit operation(task<T> t, frame_stack* frames = nullptr, performer* driver = nullptr) noexcept
        : root_(std::move(t)), frames_(frames) {
        talk_.driver = driver;
        root_.begin(talk_);
        if (frames_) frames_->talk = &talk_;
    }
    operation(operation&&) = delete;
    ~operation() {
        if (frames_) frames_->talk = nullptr;
    }

    /// Runs protocol code until it has to wait for what it asks; null when it has finished. The chain's frames, if it
    /// was given any, are the current ones.
    const action* next() {
        talk_.asked = nullptr;
        while (!talk_.asked && talk_.next) talk_.next.resume();
        return talk_.asked;
    }
    /// Where the answer is read. To copy one right after it was written in smaller parts stalls the processor, so that
    /// it is best made here.
    answer& got() noexcept { return talk_.got; }
    T result() {
        talk_.rethrow();
        return *std::move(root_.value_);
    }

private:
    task<T> root_;
    frame_stack* frames_;
    dialogue talk_;
};

}  // namespace ferry::detail
