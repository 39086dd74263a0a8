// Lets a std::stop_token end a wait in poll(2).
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <stop_token>
#include <utility>

namespace ferry::detail {

/// A pipe for each thread that ever waits with a token: what it holds means only "look at your token".
class wake_pipe {
public:
    static wake_pipe& local() {
        thread_local wake_pipe instance;
        return instance;
    }
    wake_pipe() {
        if (::pipe(ends_.data()) != 0) ends_ = {-1, -1};
        for (int fd : ends_)
            if (fd >= 0) ::fcntl(fd, F_SETFD, FD_CLOEXEC), ::fcntl(fd, F_SETFL, O_NONBLOCK);
    }
    wake_pipe(const wake_pipe&) = delete;
    wake_pipe& operator=(const wake_pipe&) = delete;
    ~wake_pipe() {
        for (int fd : ends_)
            if (fd >= 0) ::close(fd);
    }
    int read_end() const noexcept { return ends_[0]; }
    void signal() const noexcept {
        const auto saved = errno;
        [[maybe_unused]] auto n = ::write(ends_[1], "", 1);  // a full pipe wakes as well
        errno = saved;
    }
    void drain() const noexcept {
        char bytes[64];
        while (::read(ends_[0], bytes, sizeof bytes) > 0) {
        }
    }

private:
    std::array<int, 2> ends_{-1, -1};
};

/// A call's token, and its way out of poll. Without a token that can be stopped it costs nothing.
class waker {
public:
    explicit waker(std::stop_token token) : token_(std::move(token)) {
        if (token_.stop_possible()) callback_.emplace(token_, signaller{&wake_pipe::local()});
    }
    bool armed() const noexcept { return callback_.has_value(); }
    bool stopped() const noexcept { return armed() && token_.stop_requested(); }
    const std::stop_token& token() const noexcept { return token_; }
    pollfd to_poll() const noexcept { return {armed() ? wake_pipe::local().read_end() : -1, POLLIN, 0}; }
    /// Without a pipe (no descriptor was left) the token is looked at every so often.
    bool must_look() const noexcept { return armed() && wake_pipe::local().read_end() < 0; }

private:
    struct signaller {
        const wake_pipe* pipe;
        void operator()() const noexcept { pipe->signal(); }
    };
    std::stop_token token_;
    std::optional<std::stop_callback<signaller>> callback_;
};

}  // namespace ferry::detail
