// A response whose body is pulled asynchronously: as bytes, as pieces, by lines.
#pragma once

#include <ferry/io/async_start.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/buffer.hpp>
#include <asio/error.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

namespace ferry {

/// The head of a response, and its body as it comes; the asynchronous counterpart of `Stream`. It holds a connection
/// until the body has been read to its end, or until it is closed or destroyed; then a small rest is dropped in the
/// background so that the connection can serve again. One operation at a time; a Stream must not be destroyed by
/// another thread meanwhile. Destroying it during an operation cancels that. It may outlive its session's variable.
///
/// It is an AsyncReadStream: `asio::async_read` and its relations work on it.
class AsyncStream {
public:
    using executor_type = asio::any_io_executor;

    /// Of no use before another one is moved into it.
    AsyncStream() = default;

    /// Everything but the body; trailers are there once the body has been read.
    const Response& response() const& noexcept { return call_ ? call_->response : none(); }
    const Response& response() const&& = delete;
    int status() const noexcept { return response().status; }
    bool ok() const noexcept { return response().ok(); }
    executor_type get_executor() const { return call_ ? call_->core()->executor : executor_type(); }

    /// `void(std::error_code, std::size_t)`. Some bytes of the body, at least one; `asio::error::eof` at its end.
    template <class Buffers, class Token> auto async_read_some(const Buffers& buffers, Token&& token) {
        asio::mutable_buffer first;
        for (auto it = asio::buffer_sequence_begin(buffers); it != asio::buffer_sequence_end(buffers); ++it)
            if (first = *it; first.size() > 0) break;
        std::span<char> into(static_cast<char*>(first.data()), first.size());
        return detail::start_beside<std::size_t>(
            std::forward<Token>(token), *call_,
            [into](detail::async_call& c) {
                return detail::stream_some(detail::without_lines(*c.exchange), into, c.count);
            },
            [into](detail::async_call& c, std::error_code& ec) {
                if (!ec && c.count == 0 && !into.empty()) ec = asio::error::eof;
                return std::tuple(c.count);
            });
    }

    /// `void(std::error_code, std::string_view)`. The next bytes of the body, at least one, and none at its end. They
    /// last until the next operation.
    template <class Token> auto async_next(Token&& token) {
        return detail::start_beside<std::string_view>(
            std::forward<Token>(token), *call_,
            [](detail::async_call& c) { return detail::stream_piece(detail::without_lines(*c.exchange), c.piece); },
            [](detail::async_call& c, std::error_code&) { return std::tuple(c.piece); });
    }

    /// `void(std::error_code, std::optional<std::string_view>)`. The next line without its end (LF or CRLF), nothing
    /// after the last. It lasts until the next operation. A line longer than `max_line` bytes is an error.
    template <class Token> auto async_next_line(std::size_t max_line, Token&& token) {
        return detail::start_beside<std::optional<std::string_view>>(
            std::forward<Token>(token), *call_,
            [max_line](detail::async_call& c) { return detail::stream_line(*c.exchange, max_line, c.piece, c.found); },
            [](detail::async_call& c, std::error_code& ec) {
                return std::tuple(!ec && c.found ? std::optional(c.piece) : std::nullopt);
            });
    }
    template <class Token> auto async_next_line(Token&& token) {
        return async_next_line(std::size_t{1024} * 1024, std::forward<Token>(token));
    }

    /// `void(std::error_code, std::string)`. The rest of the body, within `max_body`.
    template <class Token> auto async_read(Token&& token) {
        return detail::start_beside<std::string>(
            std::forward<Token>(token), *call_,
            [](detail::async_call& c) { return detail::stream_rest(detail::without_lines(*c.exchange)); },
            [](detail::async_call& c, std::error_code&) { return std::tuple(std::exchange(c.response.body, {})); });
    }

    /// What the last operation's error code stands for, with phase and particulars; null when there was no error.
    std::shared_ptr<const Error> error() const {
        return call_ && call_->exchange ? call_->error_of(call_->exchange->ended) : nullptr;
    }

    /// `void(std::error_code)`. Gives the connection back; what was not read is lost. Completes when that is done.
    template <class Token> auto async_close(Token&& token) {
        return detail::start_beside<>(
            std::forward<Token>(token), *call_, [](detail::async_call& c) { return detail::let_go(*c.exchange); },
            [](detail::async_call&, std::error_code&) { return std::tuple(); });
    }
    /// The same in the background. The stream is empty then.
    void close() noexcept { call_.release(); }

private:
    friend class AsyncSession;
    explicit AsyncStream(detail::call_owner c) : call_(std::move(c)) {}
    static const Response& none() noexcept {
        static const Response instance{};
        return instance;
    }

    detail::call_owner call_;
};

}  // namespace ferry
