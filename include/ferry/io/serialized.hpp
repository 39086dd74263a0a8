// Work that waits for news from any thread, and is run by one thread at a time, without a lock.
#pragma once

#include <ferry/io/handler_memory.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>

#include <atomic>
#include <cstdint>
#include <utility>

namespace ferry::detail {

/// What an operation with many steps is made of. Whatever it waits for holds a ticket, writes its news where only it
/// writes, and then arrives; who finds nobody running the operation, runs it. So steps never overlap, on whatever
/// executor the news come. What was given up has written to where nobody looks any more, and its arrival is a look at
/// nothing new.
class serialized {
    using word = std::uint64_t;

public:
    serialized(const serialized&) = delete;
    serialized& operator=(const serialized&) = delete;

protected:
    serialized() = default;
    ~serialized() = default;

    /// A share in what comes.
    class ticket {
    public:
        explicit ticket(serialized& s) noexcept : of_(&s) { s.state_.fetch_add(one_ticket, std::memory_order_relaxed); }
        /// That of a knock was counted with the decision to knock.
        ticket(serialized& s, word knock) noexcept : of_(&s), knock_(knock) {}
        ticket(ticket&& o) noexcept : of_(std::exchange(o.of_, nullptr)), knock_(o.knock_) {}
        ticket(const ticket&) = delete;
        ticket& operator=(const ticket&) = delete;
        ~ticket() {
            if (of_) of_->lost(knock_);
        }
        /// Once. `elsewhere`: not by way of `home()`.
        template <class Note> void deliver(Note note, bool elsewhere) {
            auto* s = std::exchange(of_, nullptr);
            if (!s) return;
            note();
            s->arrive(knock_, elsewhere);
        }

    private:
        serialized* of_;
        word knock_ = 0;
    };

    /// A handler for Asio: `note(results...)` writes the news.
    template <class Note> class news {
    public:
        using allocator_type = handler_allocator<void>;
        news(ticket t, handler_memory& m, Note note) : ticket_(std::move(t)), memory_(&m), note_(std::move(note)) {}
        allocator_type get_allocator() const noexcept { return allocator_type(*memory_); }
        template <class... Results> void operator()(const Results&... results) {
            ticket_.deliver([&] { note_(results...); }, false);
        }

    private:
        ticket ticket_;
        handler_memory* memory_;
        Note note_;
    };
    template <class Note> news<Note> on(handler_memory& m, Note note) { return {ticket(*this), m, std::move(note)}; }

    // Of knocks: who calls them sees to it that this object lasts until they return.

    /// Has the operation at hand look soon, by way of `home()`, if there is one.
    void knock() noexcept {
        knock_after(announce(0, [](word) { return true; }));
    }
    /// The same, and it finds itself `interrupted`. False when there is none.
    bool interrupt() noexcept {
        return interrupt_if([](word) { return true; });
    }
    /// The same, if it is that one.
    bool interrupt(std::uint32_t operation) noexcept {
        return interrupt_if([operation](word s) { return serial_of(s) == operation; });
    }
    bool interrupted() const noexcept { return state_.load(std::memory_order_acquire) & interrupted_; }

    /// The operation at hand, or the last one.
    std::uint32_t serial() const noexcept { return serial_of(state_.load(std::memory_order_relaxed)); }

    /// Begins an operation; the caller runs it.
    void begin_running() noexcept {
        change([](word s) { return (s | busy_ | running_) + one_operation; });
    }
    /// Waits, unless there were news meanwhile.
    bool rest() noexcept {
        return !(change([](word s) { return s & news_ ? s & ~news_ : s & ~running_; }).was & news_);
    }
    /// The operation is over.
    void end_running() noexcept {
        settle(change([](word s) { return s & ~(busy_ | running_ | news_ | interrupted_); }).is);
    }
    /// Nobody will begin another one.
    void begin_no_more() noexcept {
        settle(change([](word s) { return s | released_; }).is);
    }

    virtual const asio::any_io_executor& home() const noexcept = 0;
    virtual void knock_later() noexcept = 0;  // there was no memory for a knock: try again
    virtual void run(bool elsewhere) = 0;     // it is ours to run: until `rest` says true, or it is over
    virtual void abandon() noexcept = 0;      // what it waits for was destroyed with its context
    virtual void unused() noexcept = 0;       // nobody owns it, and nothing is outstanding

private:
    // One word holds all that has to change at once.
    static constexpr word busy_ = 1;      // there is an operation
    static constexpr word running_ = 2;   // somebody runs it
    static constexpr word news_ = 4;      // and has to look again
    static constexpr word knocking_ = 8;  // a knock is on its way
    static constexpr word interrupted_ = 16;
    static constexpr word released_ = 32;  // there will be no other operation
    static constexpr word one_ticket = 1u << 8;
    static constexpr word one_operation = word(1) << 32;
    static constexpr word tickets_of(word s) noexcept { return s & (one_operation - one_ticket); }
    static constexpr std::uint32_t serial_of(word s) noexcept { return static_cast<std::uint32_t>(s / one_operation); }

    struct changed {
        word was, is;
        bool gained(word flag) const noexcept { return is & ~was & flag; }
    };
    /// Who says nothing new to an operation still says it after all that they wrote before.
    template <class Next> changed change(Next next) noexcept {
        auto s = state_.load(std::memory_order_acquire);
        for (;;) {
            const auto to = next(s);
            if (to == s && !(s & busy_)) return {s, s};
            if (state_.compare_exchange_weak(s, to, std::memory_order_acq_rel, std::memory_order_acquire))
                return {s, to};
        }
    }

    template <class Which> changed announce(word flag, Which which) noexcept {
        return change([&](word s) {
            if (!(s & busy_) || !which(s)) return s;
            s |= flag;
            if (s & running_) return s | news_;
            return s & knocking_ ? s : (s | knocking_) + one_ticket;
        });
    }
    template <class Which> bool interrupt_if(Which which) noexcept {
        const auto c = announce(interrupted_, which);
        knock_after(c);
        return c.is & busy_;
    }
    void knock_after(changed c) noexcept {
        if (!c.gained(knocking_)) return;
        const auto before = std::exchange(knocker, this);
        try {
            asio::post(home(), [t = ticket(*this, knocking_)]() mutable { t.deliver([] {}, false); });
            knocker = before;
        } catch (...) {
            knocker = before;
            knock_later();
        }
    }

    void arrive(word knock, bool elsewhere) {
        const auto c = change([knock](word s) {
            s = (s - one_ticket) & ~knock;
            if (!(s & busy_)) return s;
            return s | (s & running_ ? news_ : running_);
        });
        if (c.gained(running_)) return run(elsewhere);
        if (!(c.is & busy_)) settle(c.is);
    }
    /// Destroyed with a context, or a knock that there was no memory for: then the caller may hold locks, and what the
    /// operation waits for is still to come.
    void lost(word knock) noexcept {
        const bool in_vain = knock && knocker == this;
        const auto c = change([knock, in_vain](word s) {
            s = (s - one_ticket) & ~knock;
            return !in_vain && s & busy_ && tickets_of(s) == 0 ? s | running_ : s;
        });
        if (c.gained(running_)) return abandon();
        if (!(c.is & busy_)) settle(c.is);
    }
    void settle(word s) noexcept {
        if (!(s & released_) || s & busy_ || tickets_of(s) > 0) return;
        state_.store(s & ~released_, std::memory_order_relaxed);
        unused();  // and with it, perhaps, this object
    }

    static inline constinit thread_local const serialized* knocker = nullptr;  // whose knock is being posted

    std::atomic<word> state_{0};
};

}  // namespace ferry::detail
