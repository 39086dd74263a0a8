// What Stream's functions do, and what they do it with.
#pragma once

#include <ferry/engine/calls.hpp>
#include <ferry/io/session_core.hpp>
#include <ferry/stream.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry {

/// Everything that a call refers to, at one place while the Stream moves.
struct Stream::State {
    State(std::shared_ptr<detail::session_core> c, std::string_view m, const Options& o)
        : core(std::move(c)), method(m), options(o) {}

    /// Ready to be performed: `perform([&] { return open_stream(transfer); })`.
    detail::failure prepare(std::string_view url) {
        if (auto c = core->prepare(asked, method, url, options)) return detail::refused(std::move(c), url);
        driver.emplace(*core->connections, asked);
        response.url = asked.url;
        return {};
    }
    /// What a caller's function throws in the middle of it leaves nothing to go on with.
    detail::failure perform(auto make) {
        if (!driver) return {};                                         // it never got so far
        if (transfer.conn && detail::fork_count() != forks) abandon();  // the parent reads on
        try {
            auto ec = detail::run(*driver, make);
            return ec ? detail::failed(transfer, ec) : detail::failure{};
        } catch (...) {
            abandon();
            throw;
        }
    }
    void abandon() {
        transfer.conn = nullptr;
        transfer.decoded = {};  // it lay in the connection
        transfer.lines.reset();
        transfer.coded.reset();
        forks = detail::fork_count();
        transfer.ended = errc::connection_closed;
        driver.emplace(*core->connections, asked);
    }
    void close() noexcept {
        if (!transfer.conn) {
            transfer.decoded = {};  // an adapter's
            transfer.lines.reset();
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
    std::optional<detail::blocking_driver> driver;
};

FERRY_DECL Stream::Stream(std::unique_ptr<State> s) noexcept : state_(std::move(s)) {}
FERRY_DECL Stream::Stream(Stream&&) noexcept = default;
FERRY_DECL Stream& Stream::operator=(Stream&& other) noexcept {
    close();
    state_ = std::move(other.state_);
    return *this;
}
FERRY_DECL Stream::~Stream() { close(); }

FERRY_DECL const Response& Stream::response() const& noexcept { return state_->response; }

FERRY_DECL std::string_view Stream::next() & {
    std::string_view piece;
    if (auto f = next(piece)) raise(std::move(f));
    return piece;
}
FERRY_DECL std::string_view Stream::next(std::error_code& ec) & {
    std::string_view piece;
    ec = next(piece).ec;
    return piece;
}
FERRY_DECL detail::failure Stream::next(std::string_view& piece) {
    return state_->perform([&] { return detail::stream_piece(detail::without_lines(state_->transfer), piece); });
}

FERRY_DECL std::size_t Stream::read_some(std::span<char> into) {
    std::size_t n = 0;
    if (auto f = read_some(into, n)) raise(std::move(f));
    return n;
}
FERRY_DECL std::size_t Stream::read_some(std::span<char> into, std::error_code& ec) {
    std::size_t n = 0;
    ec = read_some(into, n).ec;
    return n;
}
FERRY_DECL detail::failure Stream::read_some(std::span<char> into, std::size_t& n) {
    return state_->perform([&] { return detail::stream_some(detail::without_lines(state_->transfer), into, n); });
}

FERRY_DECL std::string Stream::read() {
    if (auto f = state_->perform([&] { return detail::stream_rest(detail::without_lines(state_->transfer)); }))
        raise(std::move(f));
    return std::exchange(state_->response.body, {});
}

FERRY_DECL void Stream::close() noexcept {
    if (state_) state_->close();
}

FERRY_DECL void Stream::raise(detail::failure&& f) const {
    detail::raise(std::move(f), std::make_shared<const Response>(state_->response));
}

FERRY_DECL bool Lines::advance() {
    bool found = false;
    auto& state = *from_->state_;
    if (auto f = state.perform([&] { return detail::stream_line(state.transfer, max_, line_, found); }))
        from_->raise(std::move(f));
    return found;
}

}  // namespace ferry
