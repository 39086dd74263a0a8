// A response whose body is pulled by the caller: piece by piece, line by line, or into memory of the caller's own.
#pragma once

#include <ferry/configuration.hpp>
#include <ferry/error.hpp>
#include <ferry/response.hpp>

#include <cstddef>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry {

namespace detail {
struct failure;
}

class Lines;

/// The head of a response, and its body as it comes. It holds a connection until the body has been read to its end, or
/// until it is closed or destroyed; then a small rest is dropped so that the connection can serve again, and a
/// large one costs the connection. Not to be used by two threads at once; it may outlive its Session's variable.
class Stream {
public:
    Stream(Stream&&) noexcept;
    Stream& operator=(Stream&& other) noexcept;
    ~Stream();

    /// Everything but the body; trailers are there once the body has been read.
    const Response& response() const& noexcept;
    const Response& response() const&& = delete;
    int status() const noexcept { return response().status; }
    bool ok() const noexcept { return response().ok(); }

    /// The next bytes of the body, at least one, and none at its end. They last until the next call. Throws
    /// `ferry::Error`.
    std::string_view next() &;
    std::string_view next(std::error_code& ec) &;

    /// Reads up to `into.size()` bytes of the body, at least one, and 0 at its end. Throws `ferry::Error`.
    std::size_t read_some(std::span<char> into);
    std::size_t read_some(std::span<char> into, std::error_code& ec);

    /// The rest of the body, within `max_body`. Throws `ferry::Error`.
    std::string read();

    /// The body by lines, without their ends (LF or CRLF), from where it has been read to. A line longer than
    /// `max_line` bytes is an error.
    Lines lines(std::size_t max_line = 1024 * 1024) &;
    Lines lines(std::size_t max_line = 1024 * 1024) &&;

    /// Gives the connection back; what was not read is lost. Never throws.
    void close() noexcept;

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

    struct State;
    explicit Stream(std::unique_ptr<State> s) noexcept;

    detail::failure next(std::string_view& piece);
    detail::failure read_some(std::span<char> into, std::size_t& n);
    [[noreturn]] void raise(detail::failure&& f) const;

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
    Lines(Stream* from, std::size_t max) : from_(from), max_(max) {}
    Lines(Stream&& owned, std::size_t max)
        : owned_(std::make_unique<Stream>(std::move(owned))), from_(owned_.get()), max_(max) {}

    bool advance();

    std::unique_ptr<Stream> owned_;
    Stream* from_;
    std::size_t max_;
    std::string_view line_;
};

inline Lines Stream::lines(std::size_t max_line) & { return Lines(this, max_line); }
inline Lines Stream::lines(std::size_t max_line) && { return Lines(std::move(*this), max_line); }

}  // namespace ferry

#if !FERRY_SEPARATE_COMPILATION
#include <ferry/blocking/stream.hpp>
#endif
