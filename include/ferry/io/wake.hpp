// Lets a std::stop_token end a wait in poll(2).
#pragma once

#include <ferry/io/descriptor.hpp>
#include <ferry/pool/fork.hpp>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

namespace ferry::detail {

/// What it holds means only "look at your token". It belongs to one waker at a time.
class wake_pipe {
public:
    wake_pipe() {
        int ends[2] = {-1, -1};
#ifdef __linux__
        if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return;
#else
        if (::pipe(ends) != 0) return;
        for (int fd : ends) ::fcntl(fd, F_SETFD, FD_CLOEXEC), ::fcntl(fd, F_SETFL, O_NONBLOCK);
#endif
        read_ = descriptor(ends[0]);
        write_ = descriptor(ends[1]);
    }
    int read_end() const noexcept { return read_.get(); }
    bool usable() const noexcept { return read_ && forks_ == fork_count(); }
    void signal() const noexcept {
        const auto saved = errno;
        [[maybe_unused]] auto n = ::write(write_.get(), "", 1);  // a full pipe wakes as well
        errno = saved;
    }
    void drain() const noexcept {
        char bytes[64];
        while (::read(read_.get(), bytes, sizeof bytes) > 0) {
        }
    }

private:
    descriptor read_, write_;
    unsigned forks_ = fork_count();
};

/// Pipes that no waker has at the moment, so that a call with a token does not make one. Never destroyed: calls may be
/// made until the very end of a program.
class wake_pipes {
public:
    static wake_pipes& instance() {
        static auto& it = *new wake_pipes;
        return it;
    }
    std::unique_ptr<wake_pipe> take() {
        std::lock_guard lock(mutex_);
        while (!free_.empty()) {
            auto pipe = std::move(free_.back());
            free_.pop_back();
            if (pipe->usable()) return pipe;
        }
        return std::make_unique<wake_pipe>();
    }
    void give(std::unique_ptr<wake_pipe> pipe) {
        if (!pipe->usable()) return;
        pipe->drain();
        std::lock_guard lock(mutex_);
        if (free_.size() < free_.capacity()) free_.push_back(std::move(pipe));
    }

private:
    wake_pipes() { free_.reserve(16); }
    std::mutex mutex_;
    std::vector<std::unique_ptr<wake_pipe>> free_;
};

/// A call's token, and its way out of poll. Without a token that can be stopped it costs nothing.
class waker {
public:
    explicit waker(std::stop_token token) : token_(std::move(token)) {
        if (!token_.stop_possible()) return;
        pipe_ = wake_pipes::instance().take();
        callback_.emplace(token_, signaller{pipe_.get()});
    }
    waker(const waker&) = delete;
    waker& operator=(const waker&) = delete;
    ~waker() {
        callback_.reset();  // waits for one that is running, in another thread
        if (pipe_) wake_pipes::instance().give(std::move(pipe_));
    }
    bool armed() const noexcept { return pipe_ != nullptr; }
    bool stopped() const noexcept { return armed() && token_.stop_requested(); }
    const std::stop_token& token() const noexcept { return token_; }
    pollfd to_poll() const noexcept { return {armed() ? pipe_->read_end() : -1, POLLIN, 0}; }
    void drain() const noexcept { pipe_->drain(); }
    /// Without a pipe (no descriptor was left) the token is looked at every so often.
    bool must_look() const noexcept { return armed() && pipe_->read_end() < 0; }

private:
    struct signaller {
        const wake_pipe* pipe;
        void operator()() const noexcept { pipe->signal(); }
    };
    std::stop_token token_;
    std::unique_ptr<wake_pipe> pipe_;
    std::optional<std::stop_callback<signaller>> callback_;
};

}  // namespace ferry::detail
