// A response whose body is pulled by the caller: piece by piece, line by line, or into memory of the caller's own.
#pragma once

#include <ferry/engine/stream.hpp>
#include <ferry/io/session_core.hpp>

#include <cstddef>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry {

class Lines;

/// The head of a response, and its body as it comes. It holds a connection until the body has been read to its end, or
/// until it is closed or destroyed; then a small rest is dropped so that the connection can serve again, and a
/// large one costs the connection. Not to be used by two threads at once; it may outlive its Session's variable.
class Stream {
public:
    Stream(Stream&&) noexcept = default;
    Stream& operator=(Stream&& other) noexcept {
        close();
        state_ = std::move(other.state_);
        return *this;
    }
    ~Stream() { close(); }

    /// Everything but the body; trailers are there once the body has been read.
    const Response& response() const& noexcept { return state_->response; }
    const Response& response() const&& = delete;
    int status() const noexcept { return state_->response.status; }
    bool ok() const noexcept { return state_->response.ok(); }

    /// The next bytes of the body, at least one, and none at its end. They last until the next call. Throws
    /// `ferry::Error`.
    std::string_view next() & {
        std::string_view piece;
        if (auto f = next(piece)) raise(std::move(f));
        return piece;
    }
    std::string_view next(std::error_code& ec) & {
        std::string_view piece;
        ec = next(piece).ec;
        return piece;
    }

    /// Reads up to `into.size()` bytes of the body, at least one, and 0 at its end. Throws `ferry::Error`.
    std::size_t read_some(std::span<char> into) {
        std::size_t n = 0;
        if (auto f = read_some(into, n)) raise(std::move(f));
        return n;
    }
    std::size_t read_some(std::span<char> into, std::error_code& ec) {
        std::size_t n = 0;
        ec = read_some(into, n).ec;
        return n;
    }

    /// The rest of the body, within `max_body`. Throws `ferry::Error`.
    std::string read() {
        auto& t = state_->transfer;
        if (auto f = state_->perform([&] { return detail::stream_rest(t); })) raise(std::move(f));
        return std::exchange(state_->response.body, {});
    }

    /// The body by lines, without their ends (LF or CRLF). A line longer than `max_line` bytes is an error.
    Lines lines(std::size_t max_line = 1024 * 1024) &;
    Lines lines(std::size_t max_line = 1024 * 1024) &&;

    /// Gives the connection back; what was not read is lost. Never throws.
    void close() noexcept {
        if (state_) state_->close();
    }

    /// `for (std::string_view chunk : stream)`.
    class Iterator {
    public:
        using value_type = std::string_view;
        using difference_type = std::ptrdiff_t;
        Iterator() = default;
        explicit Iterator(Stream* of) : of_(of) { ++*this; }
        std::string_view operator*() const noexcept { return piece_; }
        Iterator& operator++() {
            piece_ = of_->next();
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(std::default_sentinel_t) const noexcept { return piece_.empty(); }

    private:
        Stream* of_ = nullptr;
        std::string_view piece_;
    };
    Iterator begin() { return Iterator(this); }
    std::default_sentinel_t end() const noexcept { return {}; }

private:
    friend class Session;
    friend class Lines;
    friend class EventStream;

    /// Everything that a call refers to, at one place while the Stream moves.
    struct State {
        State(std::shared_ptr<detail::session_core> c, std::string_view m, const Options& o)
            : core(std::move(c)), method(m), options(o) {}

        /// Ready to be performed: `perform([&] { return open_stream(transfer); })`.
        detail::failure prepare(std::string_view url) {
            if (auto c = core->prepare(asked, method, url, options)) return detail::refused(std::move(c), url);
            driver = std::make_unique<detail::blocking_driver>(*core->connections, asked);
            response.url = asked.url;
            return {};
        }
        /// What a caller's function throws in the middle of it leaves nothing to go on with.
        detail::failure perform(auto make) {
            if (!driver) return {};                                         // it never got so far
            if (transfer.conn && detail::fork_count() != forks) abandon();  // the parent reads on
            try {
                auto ec = detail::run(*driver, transfer, make);
                return ec ? detail::failed(transfer, ec) : detail::failure{};
            } catch (...) {
                abandon();
                throw;
            }
        }
        void abandon() noexcept {
            transfer.conn = nullptr;
            transfer.decoded = {};  // it lay in the connection
            transfer.coded.reset();
            forks = detail::fork_count();
            transfer.ended = errc::connection_closed;
            driver = std::make_unique<detail::blocking_driver>(*core->connections, asked);
        }
        void close() noexcept {
            if (!transfer.conn) {
                transfer.decoded = {};  // an adapter's
                return;
            }
            try {
                perform([&] { return detail::let_go(transfer); });
            } catch (...) {  // out of memory; the connection is gone
            }
        }

        std::shared_ptr<detail::session_core> core;
        std::string method;
        Options options;
        detail::request asked;
        Response response;
        detail::transfer transfer{asked, response};
        unsigned forks = detail::fork_count();
        std::unique_ptr<detail::blocking_driver> driver;
    };

    explicit Stream(std::unique_ptr<State> s) : state_(std::move(s)) {}

    detail::failure next(std::string_view& piece) {
        return state_->perform([&] { return detail::stream_piece(state_->transfer, piece); });
    }
    detail::failure read_some(std::span<char> into, std::size_t& n) {
        return state_->perform([&] { return detail::stream_some(state_->transfer, into, n); });
    }

    [[noreturn]] void raise(detail::failure&& f) const {
        detail::raise(std::move(f), std::make_shared<const Response>(state_->response));
    }

    std::unique_ptr<State> state_;
};

/// The lines of a body: `for (std::string_view line : stream.lines())`. A line lasts until the next one is asked for.
class Lines {
public:
    class Iterator {
    public:
        using value_type = std::string_view;
        using difference_type = std::ptrdiff_t;
        Iterator() = default;
        explicit Iterator(Lines* of) : of_(of) { ++*this; }
        std::string_view operator*() const noexcept { return of_->line_; }
        Iterator& operator++() {
            done_ = !of_->advance();
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(std::default_sentinel_t) const noexcept { return done_; }

    private:
        Lines* of_ = nullptr;
        bool done_ = false;
    };
    Iterator begin() { return Iterator(this); }
    std::default_sentinel_t end() const noexcept { return {}; }

    /// The stream that the lines come from.
    const Stream& stream() const noexcept { return *from_; }

    Lines(const Lines&) = delete;
    Lines& operator=(const Lines&) = delete;

private:
    friend Stream;
    Lines(Stream* from, std::size_t max) : from_(from), splitter_(max) {}
    Lines(Stream&& owned, std::size_t max)
        : owned_(std::make_unique<Stream>(std::move(owned))), from_(owned_.get()), splitter_(max) {}

    bool advance() {
        bool found = false;
        auto& state = *from_->state_;
        if (auto f = state.perform([&] { return detail::stream_line(state.transfer, splitter_, line_, found); }))
            from_->raise(std::move(f));
        return found;
    }

    std::unique_ptr<Stream> owned_;
    Stream* from_;
    detail::line_splitter splitter_;
    std::string_view line_;
};

inline Lines Stream::lines(std::size_t max_line) & { return Lines(this, max_line); }
inline Lines Stream::lines(std::size_t max_line) && { return Lines(std::move(*this), max_line); }

}  // namespace ferry
