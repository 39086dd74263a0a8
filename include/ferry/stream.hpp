// A response whose body is pulled by the caller: piece by piece, line by line, or into memory of the caller's own.
#pragma once

#include <ferry/io/file_writer.hpp>
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
        detail::failure f;
        auto piece = state_->next(f);
        if (f) raise(std::move(f));
        return piece;
    }
    std::string_view next(std::error_code& ec) & {
        detail::failure f;
        auto piece = state_->next(f);
        ec = f.ec;
        return piece;
    }

    /// Reads up to `into.size()` bytes of the body, at least one, and 0 at its end. Throws `ferry::Error`.
    std::size_t read_some(std::span<char> into) {
        detail::failure f;
        auto n = state_->read_some(into, f);
        if (f) raise(std::move(f));
        return n;
    }
    std::size_t read_some(std::span<char> into, std::error_code& ec) {
        detail::failure f;
        auto n = state_->read_some(into, f);
        ec = f.ec;
        return n;
    }

    /// The rest of the body, within `max_body`. Throws `ferry::Error`.
    std::string read() {
        if (auto f = state_->load()) raise(std::move(f));
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

    /// Everything that a call refers to, at one place while the Stream moves.
    struct State {
        State(std::shared_ptr<detail::session_core> c, std::string_view m, const Options& o)
            : core(std::move(c)), method(m), options(o) {}

        detail::failure open(std::string_view url) {
            if (auto c = core->prepare(asked, method, url, options)) return detail::refused(std::move(c), url);
            driver = std::make_unique<detail::blocking_driver>(core->connections, asked);
            response.url = asked.url;
            if (auto ec = perform([&] { return detail::fetch_head(transfer); })) return detail::failed(transfer, ec);
            if (transfer.body_whole) end({});
            return {};
        }
        /// What a caller's function throws in the middle of it leaves nothing to go on with.
        std::error_code perform(auto make) {
            if (detail::fork_count() != forks) return abandon(), errc::connection_closed;  // the parent reads on
            try {
                return detail::run(*driver, transfer, make);
            } catch (...) {
                abandon();
                throw;
            }
        }
        void abandon() noexcept {
            transfer.conn = nullptr;
            driver.reset();
            if (!failed)
                failed = {
                    errc::connection_closed, Phase::body, RequestState::response_started, to_string(asked.url), {}};
        }

        std::string_view next(detail::failure& f) {
            std::string_view piece;
            f = failed;
            if (!transfer.conn) return piece;
            if (auto ec = perform([&] { return detail::next_piece(transfer, piece); })) f = fail(ec);
            else if (piece.empty()) end({});
            return piece;
        }
        std::size_t read_some(std::span<char> into, detail::failure& f) {
            std::size_t n = 0;
            f = failed;
            if (!transfer.conn || into.empty()) return n;
            if (auto ec = perform([&] { return detail::read_some(transfer, into, n); })) f = fail(ec);
            else if (transfer.body_whole && transfer.decoded.empty()) end({});
            return n;
        }
        /// The rest of the body into the Response, within `max_body`.
        detail::failure load() {
            detail::failure f;
            for (auto piece = next(f); !piece.empty() && !f; piece = next(f)) {
                if (response.body.size() + piece.size() > asked.max_body) return fail(errc::body_too_large);
                response.body.append(piece);
            }
            return f;
        }
        /// The rest of the body into a file.
        detail::failure save(const std::string& path) {
            detail::failure f;
            detail::file_writer file;
            auto ec = file.open(path);
            while (detail::out_of_descriptors(ec) && core->connections.pool.evict()) ec = file.open(path);
            while (!ec && !f) {
                auto piece = next(f);
                if (f) return f;
                ec = piece.empty() ? file.commit() : file.write(piece);
                if (piece.empty()) break;
            }
            if (ec) fail(ec), failed.particulars = "writing " + path, f = failed;
            return f;
        }
        detail::failure fail(std::error_code ec) {
            failed = detail::failed(transfer, ec);
            end(ec);
            return failed;
        }
        void end(std::error_code ec) {
            if (transfer.conn) perform([&] { return detail::finish(transfer, ec); });
        }
        void close() noexcept {
            if (!transfer.conn) return;
            try {
                perform([&] { return detail::drain(transfer); });
                end({});
            } catch (...) {  // out of memory; the connection is gone
            }
        }

        std::shared_ptr<detail::session_core> core;
        std::string method;
        Options options;
        detail::request asked;
        Response response;
        detail::transfer transfer{asked, response};
        detail::failure failed;  // what ended the body; every later read says so again
        unsigned forks = detail::fork_count();
        std::unique_ptr<detail::blocking_driver> driver;
    };

    explicit Stream(std::unique_ptr<State> s) : state_(std::move(s)) {}

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
    Lines(Stream* from, std::size_t max) : from_(from), max_(max) {}
    Lines(Stream&& owned, std::size_t max)
        : owned_(std::make_unique<Stream>(std::move(owned))), from_(owned_.get()), max_(max) {}

    /// The next line into `line_`: straight from the piece when it lies whole in it, else put together in `partial_`.
    bool advance() {
        partial_.clear();
        for (;;) {
            if (auto end = rest_.find('\n'); end != std::string_view::npos) {
                take(rest_.substr(0, end));
                rest_.remove_prefix(end + 1);
                return true;
            }
            check(partial_.size() + rest_.size());
            partial_.append(rest_);
            rest_ = from_->next();
            if (rest_.empty()) break;
        }
        take({});
        return !partial_.empty();
    }
    void take(std::string_view end) {
        check(partial_.size() + end.size());
        line_ = end;
        if (!partial_.empty()) line_ = partial_.append(end);
        if (line_.ends_with('\r')) line_.remove_suffix(1);
    }
    void check(std::size_t size) {
        if (size > max_) from_->raise(from_->state_->fail(errc::line_too_long));
    }

    std::unique_ptr<Stream> owned_;
    Stream* from_;
    std::size_t max_;
    std::string_view rest_;
    std::string partial_;
    std::string_view line_;
};

inline Lines Stream::lines(std::size_t max_line) & { return Lines(this, max_line); }
inline Lines Stream::lines(std::size_t max_line) && { return Lines(std::move(*this), max_line); }

}  // namespace ferry
