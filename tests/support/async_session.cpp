// The operations that async_session.hpp's calls start and wait for.

#include "async_session.hpp"

#include <future>

namespace ferry::testing {
namespace {

// Starts an operation with a handler for an error code and a result, and waits for them.
template <class Result, class Start> Result await(std::error_code& ec, Start start) {
    std::promise<std::pair<std::error_code, Result>> done;
    start([&done](std::error_code e, Result r) { done.set_value({e, std::move(r)}); });
    auto came = done.get_future().get();
    ec = came.first;
    return std::move(came.second);
}

}  // namespace

std::string_view Stream::next(std::error_code& ec) {
    return await<std::string_view>(ec, [&](auto handler) { stream_->async_next(std::move(handler)); });
}
std::size_t Stream::read_some(std::span<char> into, std::error_code& ec) {
    const auto n = await<std::size_t>(ec, [&](auto handler) {
        stream_->async_read_some(asio::buffer(into.data(), into.size()), std::move(handler));
    });
    if (ec == asio::error::eof) ec = {};
    return n;
}
std::string Stream::read() {
    std::error_code ec;
    auto all = await<std::string>(ec, [&](auto handler) { stream_->async_read(std::move(handler)); });
    return checked(std::move(all), ec);
}
std::optional<std::string_view> Stream::next_line(std::size_t max) {
    std::error_code ec;
    auto line = await<std::optional<std::string_view>>(
        ec, [&](auto handler) { stream_->async_next_line(max, std::move(handler)); });
    return checked(line, ec);
}
void Stream::close() {
    if (!stream_ || !stream_->get_executor()) return;
    std::promise<void> done;
    stream_->async_close([&](std::error_code) { done.set_value(); });
    done.get_future().wait();
}

std::optional<Event> EventStream::next(std::error_code& ec) {
    return await<std::optional<Event>>(ec, [&](auto handler) { events_.async_next(std::move(handler)); });
}

Response Session::request(std::string_view method, std::string_view url, const Options& with, std::error_code& ec) {
    return await<Response>(ec, [&](auto handler) { session_.request(method, url, with, std::move(handler)); });
}
Response Session::download(std::string_view url, const std::string& path, const Options& with, std::error_code& ec) {
    return await<Response>(ec, [&](auto handler) { session_.download(url, path, with, std::move(handler)); });
}
Stream Session::stream(std::string_view method, std::string_view url, const Options& with, std::error_code& ec) {
    auto came = await<AsyncStream>(ec, [&](auto handler) { session_.stream(method, url, with, std::move(handler)); });
    return Stream(loop_, std::move(came));
}
void Session::preconnect(std::string_view url, std::size_t n, std::error_code& ec) {
    std::promise<std::error_code> done;
    session_.async_preconnect(url, n, [&done](std::error_code e) { done.set_value(e); });
    ec = done.get_future().get();
}

}  // namespace ferry::testing
