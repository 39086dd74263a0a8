// Work that waits for news from any thread, and is run by one thread at a time, without a lock held meanwhile.
#pragma once

#include <ferry/io/handler_memory.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>

namespace ferry::detail {

/// What an operation with many steps is made of. Whatever it waits for holds a ticket and brings its news under the
/// lock; who finds nobody running it, runs it. So steps never overlap, on whatever executor the news come, and the
/// caller's functions are called with no lock held. News of a wait that was given up find their turn over.
class serialized {
public:
    serialized(const serialized&) = delete;
    serialized& operator=(const serialized&) = delete;

protected:
    serialized() = default;
    ~serialized() = default;

    /// A share in what comes. Made with the lock held.
    class ticket {
    public:
        explicit ticket(serialized& s) noexcept : of_(&s), turn_(s.turn_) { ++s.tickets_; }
        ticket(ticket&& o) noexcept : of_(std::exchange(o.of_, nullptr)), turn_(o.turn_) {}
        ticket(const ticket&) = delete;
        ticket& operator=(const ticket&) = delete;
        ~ticket() {
            if (of_) of_->lost();
        }
        template <class Note> void deliver(Note note) {
            if (auto* s = std::exchange(of_, nullptr)) s->arrive(turn_, note);
        }

    private:
        serialized* of_;
        std::uint64_t turn_;
    };

    /// A handler for Asio: `note(results...)` is done under the lock.
    template <class Note> class news {
    public:
        using allocator_type = handler_allocator<void>;
        news(ticket t, handler_memory& m, Note note) : ticket_(std::move(t)), memory_(&m), note_(std::move(note)) {}
        allocator_type get_allocator() const noexcept { return allocator_type(*memory_); }
        template <class... Results> void operator()(const Results&... results) {
            ticket_.deliver([&] { note_(results...); });
        }

    private:
        ticket ticket_;
        handler_memory* memory_;
        Note note_;
    };
    template <class Note> news<Note> on(handler_memory& m, Note note) {
        std::lock_guard lock(mutex_);
        return news<Note>(ticket(*this), m, std::move(note));
    }

    /// Has it run soon, by way of the executor. The lock is held.
    void knock(const asio::any_io_executor& ex) {
        news_ = true;
        if (!busy_ || running_ || knocked_) return;
        knocked_ = true;
        asio::post(ex, news(ticket(*this), knock_memory_, [] {}));
    }

    /// Begins an operation; the caller runs it.
    void begin_running() {
        std::lock_guard lock(mutex_);
        busy_ = running_ = true;
        ++serial_;
    }
    /// Waits, unless there were news meanwhile.
    bool rest() noexcept {
        std::lock_guard lock(mutex_);
        if (std::exchange(news_, false)) return false;
        running_ = false;
        return true;
    }
    /// The operation is over.
    void end_running() noexcept {
        std::unique_lock lock(mutex_);
        busy_ = running_ = news_ = false;
        settle(lock);
    }
    /// Nobody will begin another one. The lock is held, and let go if that was the end of all.
    void begin_no_more(std::unique_lock<std::mutex>& lock) noexcept {
        released_ = true;
        settle(lock);
    }

    virtual void run() = 0;               // it is ours to run: until `rest` says true, or it is over
    virtual void abandon() noexcept = 0;  // what it waits for was destroyed with its context
    virtual void unused() noexcept = 0;   // nobody owns it, and nothing is outstanding

    std::mutex mutex_;
    std::uint64_t turn_ = 0;    // what is outstanding from an earlier one concerns nobody any more
    std::uint64_t serial_ = 0;  // of the operation
    bool busy_ = false;         // there is an operation

private:
    template <class Note> void arrive(std::uint64_t turn, Note note) {
        {
            std::unique_lock lock(mutex_);
            --tickets_;
            knocked_ = false;
            if (!busy_) return settle(lock);
            if (turn == turn_) note();
            news_ = true;
            if (running_) return;
            running_ = true;
            news_ = false;
        }
        run();
    }
    void lost() noexcept {
        {
            std::unique_lock lock(mutex_);
            --tickets_;
            if (!busy_) return settle(lock);
            if (running_ || tickets_ > 0) return;
            running_ = true;
        }
        abandon();
    }
    void settle(std::unique_lock<std::mutex>& lock) noexcept {
        if (!released_ || busy_ || tickets_ > 0) return;
        released_ = false;
        lock.unlock();
        unused();  // and with it, perhaps, this object
    }

    handler_memory knock_memory_;
    std::size_t tickets_ = 0;
    bool released_ = false;
    bool running_ = false;
    bool news_ = false;
    bool knocked_ = false;
};

}  // namespace ferry::detail
