// What the pool of an asynchronous session keeps: a socket that an executor waits for, and the protocol's state on it.
#pragma once

#include <ferry/http/connection.hpp>
#include <ferry/io/socket.hpp>
#include <ferry/origin.hpp>
#include <ferry/pool/pool.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/basic_stream_socket.hpp>
#include <asio/generic/stream_protocol.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>
#include <utility>

namespace ferry::detail {

using async_socket = asio::basic_stream_socket<asio::generic::stream_protocol, asio::any_io_executor>;

/// What came of something that was begun: written once, and then it is `done`.
struct async_outcome {
    std::atomic<bool> done{false};
    std::error_code ec{};
    std::size_t n = 0;

    void write(std::error_code what, std::size_t size) noexcept {
        ec = what;
        n = size;
        done.store(true, std::memory_order_release);
    }
    bool written() const noexcept { return done.load(std::memory_order_acquire); }
    /// For the next time.
    void clear() noexcept { done.store(false, std::memory_order_relaxed); }
};

/// Shared with what is outstanding on it: a read that was given up still has its buffer, and its outcome, here.
struct async_channel {
    async_channel(const asio::any_io_executor& executor, std::uint64_t id) : socket(executor) { http.info.id = id; }

    async_socket socket;
    connection http;
    async_outcome received;
    std::atomic<bool> writing{false};  // a write waits for room
    void* place = nullptr;             // in the pool while it is idle; guarded by the pool's lock
    std::atomic<bool> watched{false};  // somebody waits for news of it
};

/// The pool's share: without it the channel is closed.
class pooled_channel {
public:
    pooled_channel(const asio::any_io_executor& executor, std::uint64_t id)
        : channel_(std::make_shared<async_channel>(executor, id)) {}
    pooled_channel(pooled_channel&&) = delete;
    ~pooled_channel() {
        std::error_code ignored;
        if (channel_->socket.is_open() && forks_ == fork_count())
            say_goodbye(channel_->socket.native_handle(), channel_->http);
        channel_->socket.close(ignored);
    }
    async_channel* operator->() const noexcept { return channel_.get(); }
    const std::shared_ptr<async_channel>& share() const noexcept { return channel_; }

    verdict probe() noexcept { return detail::probe(channel_->socket.native_handle(), channel_->http); }
    void cool() noexcept { channel_->http.cool(); }
    const ConnectionInfo& info() const noexcept { return channel_->http.info; }
    void idle_at(void* place) noexcept { channel_->place = place; }

private:
    std::shared_ptr<async_channel> channel_;
    unsigned forks_ = fork_count();
};

using async_pool = pool<Origin, pooled_channel, origin_hash, origin_equal>;

}  // namespace ferry::detail
