// An AsyncSession behind Session's face: each call is started, and waited for. So that every test of a session is one
// of both. What starts operations is compiled once, in async_session.cpp.
#pragma once

#include "tunnel_entrance.hpp"

#include <ferry/async.hpp>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <concepts>
#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace ferry::testing {

// A context that two threads run. At its end it is not stopped: it must run out of work by itself.
class Loop {
public:
    Loop() {
        for (int i = 0; i < 2; ++i) threads_.emplace_back([this] { io.run(); });
    }
    ~Loop() {
        guard_.reset();
        for (auto& t : threads_) t.join();
    }
    asio::io_context io;

private:
    asio::executor_work_guard<asio::io_context::executor_type> guard_{io.get_executor()};
    std::vector<std::thread> threads_;
};

// For tests that start the calls themselves.
class AsyncSession : public ferry::AsyncSession {
public:
    template <class Where>
    requires std::constructible_from<ferry::AsyncSession, Where&, SessionOptions>
    explicit AsyncSession(Where& where, SessionOptions options = {})
        : ferry::AsyncSession(where, in_this_way(std::move(options))) {}
};

class Lines;

class Stream {
public:
    Stream(std::shared_ptr<Loop> loop, AsyncStream stream) : loop_(std::move(loop)), stream_(std::move(stream)) {}
    Stream(Stream&&) = default;
    Stream& operator=(Stream&& other) {
        close();
        loop_ = std::move(other.loop_);
        stream_ = std::move(other.stream_);
        return *this;
    }
    ~Stream() { close(); }

    const Response& response() const { return stream_->response(); }
    int status() const { return stream_->status(); }
    bool ok() const { return stream_->ok(); }

    std::string_view next() {
        std::error_code ec;
        return checked(next(ec), ec);
    }
    std::string_view next(std::error_code& ec);
    std::size_t read_some(std::span<char> into) {
        std::error_code ec;
        return checked(read_some(into, ec), ec);
    }
    std::size_t read_some(std::span<char> into, std::error_code& ec);
    std::string read();
    std::optional<std::string_view> next_line(std::size_t max);
    Lines lines(std::size_t max = 1024 * 1024) &;
    Lines lines(std::size_t max = 1024 * 1024) &&;

    void close();

    template <class Of, class Item> class Iterator {
    public:
        using value_type = Item;
        using difference_type = std::ptrdiff_t;
        explicit Iterator(Of* of) : of_(of) { ++*this; }
        Item operator*() const { return *item_; }
        Iterator& operator++() {
            item_ = of_->take();
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(std::default_sentinel_t) const { return !item_; }

    private:
        Of* of_;
        std::optional<Item> item_;
    };
    std::optional<std::string_view> take() {
        auto piece = next();
        return piece.empty() ? std::nullopt : std::optional(piece);
    }
    auto begin() { return Iterator<Stream, std::string_view>(this); }
    std::default_sentinel_t end() const { return {}; }

private:
    template <class T> T checked(T value, std::error_code ec) {
        if (ec) throw Error(*stream_->error(), std::make_shared<const Response>(stream_->response()));
        return value;
    }
    std::shared_ptr<Loop> loop_;
    std::optional<AsyncStream> stream_;
};

class Lines {
public:
    Lines(Stream* from, std::size_t max) : from_(from), max_(max) {}
    Lines(Stream&& owned, std::size_t max)
        : owned_(std::make_unique<Stream>(std::move(owned))), from_(owned_.get()), max_(max) {}
    std::optional<std::string_view> take() { return from_->next_line(max_); }
    auto begin() { return Stream::Iterator<Lines, std::string_view>(this); }
    std::default_sentinel_t end() const { return {}; }
    const Stream& stream() const { return *from_; }

private:
    std::unique_ptr<Stream> owned_;
    Stream* from_;
    std::size_t max_;
};
inline Lines Stream::lines(std::size_t max) & { return Lines(this, max); }
inline Lines Stream::lines(std::size_t max) && { return Lines(std::move(*this), max); }

class EventStream {
public:
    EventStream(std::shared_ptr<Loop> loop, AsyncEventStream events)
        : loop_(std::move(loop)), events_(std::move(events)) {}

    std::optional<Event> next() {
        std::error_code ec;
        auto event = next(ec);
        if (ec) throw Error(*events_.error(ec), std::make_shared<const Response>(events_.response()));
        return event;
    }
    std::optional<Event> next(std::error_code& ec);
    const Response& response() const { return events_.response(); }
    void close() { events_.close(); }

    std::optional<Event> take() { return next(); }
    auto begin() { return Stream::Iterator<EventStream, Event>(this); }
    std::default_sentinel_t end() const { return {}; }

private:
    std::shared_ptr<Loop> loop_;
    AsyncEventStream events_;
};

class Session {
public:
    explicit Session(SessionOptions options = {})
        : session_(ferry::AsyncSession(loop_->io, in_this_way(std::move(options)))) {}
    Session(Session&&) = default;
    Session& operator=(Session&& o) {
        session_ = std::move(o.session_);  // before the loop that it has been running on goes
        loop_ = std::move(o.loop_);
        return *this;
    }

    Response get(std::string_view url, const Options& with = {}) { return request("GET", url, with); }
    Response head(std::string_view url, const Options& with = {}) { return request("HEAD", url, with); }
    Response post(std::string_view url, const Options& with = {}) { return request("POST", url, with); }
    Response put(std::string_view url, const Options& with = {}) { return request("PUT", url, with); }
    Response patch(std::string_view url, const Options& with = {}) { return request("PATCH", url, with); }
    Response del(std::string_view url, const Options& with = {}) { return request("DELETE", url, with); }
    Response options(std::string_view url, const Options& with = {}) { return request("OPTIONS", url, with); }
    Response get(std::string_view url, const Options& with, std::error_code& ec) {
        return request("GET", url, with, ec);
    }
    Response head(std::string_view url, const Options& with, std::error_code& ec) {
        return request("HEAD", url, with, ec);
    }
    Response post(std::string_view url, const Options& with, std::error_code& ec) {
        return request("POST", url, with, ec);
    }
    Response put(std::string_view url, const Options& with, std::error_code& ec) {
        return request("PUT", url, with, ec);
    }
    Response patch(std::string_view url, const Options& with, std::error_code& ec) {
        return request("PATCH", url, with, ec);
    }
    Response del(std::string_view url, const Options& with, std::error_code& ec) {
        return request("DELETE", url, with, ec);
    }
    Response options(std::string_view url, const Options& with, std::error_code& ec) {
        return request("OPTIONS", url, with, ec);
    }

    Response request(std::string_view method, std::string_view url, const Options& with = {}) {
        std::error_code ec;
        return raised(request(method, url, with, ec));
    }
    Response request(std::string_view method, std::string_view url, const Options& with, std::error_code& ec);
    void request(std::string_view method, std::string_view url, const Options& with, Response& into,
                 std::error_code& ec) {
        into = request(method, url, with, ec);
    }

    Response download(std::string_view url, const std::string& path, const Options& with = {}) {
        std::error_code ec;
        return raised(download(url, path, with, ec));
    }
    Response download(std::string_view url, const std::string& path, const Options& with, std::error_code& ec);

    Stream stream(std::string_view url, const Options& with = {}) { return stream("GET", url, with); }
    Stream stream(std::string_view method, std::string_view url, const Options& with) {
        std::error_code ec;
        auto s = stream(method, url, with, ec);
        if (ec) throw Error(*s.response().error);
        return s;
    }
    Stream stream(std::string_view url, const Options& with, std::error_code& ec) {
        return stream("GET", url, with, ec);
    }
    Stream stream(std::string_view method, std::string_view url, const Options& with, std::error_code& ec);

    EventStream events(std::string_view url, const Options& with = {}) {
        return EventStream(loop_, session_.events(url, with));
    }

    Session with(const Options& defaults) const { return Session(loop_, session_.with(defaults)); }
    Session with(std::string_view base_url, const Options& defaults = {}) const {
        return Session(loop_, session_.with(base_url, defaults));
    }
    const std::shared_ptr<CookieJar>& cookies() const { return session_.cookies(); }
    void mount(std::string prefix, std::shared_ptr<Adapter> adapter) {
        session_.mount(std::move(prefix), std::move(adapter));
    }

    Explanation explain(std::string_view url, const Options& with = Options::none()) const {
        return session_.explain(url, with);
    }
    PoolStats stats() const { return session_.stats(); }
    std::size_t prune() { return session_.prune(); }
    std::size_t prune(All everything) { return session_.prune(everything); }

    void preconnect(std::string_view url, std::size_t n = 1) {
        std::error_code ec;
        preconnect(url, n, ec);
        if (ec) throw Error(ec, std::string(url), Phase::connect, RequestState::not_sent);
    }
    void preconnect(std::string_view url, std::size_t n, std::error_code& ec);
    void close() { session_.close(); }

private:
    Session(std::shared_ptr<Loop> loop, ferry::AsyncSession session)
        : loop_(std::move(loop)), session_(std::move(session)) {}
    static Response raised(Response&& r) {
        if (!r.error) return std::move(r);
        auto partial = r.status ? std::make_shared<const Response>(r) : nullptr;
        throw Error(*r.error, std::move(partial));
    }
    std::shared_ptr<Loop> loop_ = std::make_shared<Loop>();
    ferry::AsyncSession session_;
};

}  // namespace ferry::testing
