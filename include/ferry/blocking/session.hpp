// What Session's functions do.
#pragma once

#include <ferry/blocking/event_stream.hpp>
#include <ferry/blocking/stream.hpp>
#include <ferry/engine/calls.hpp>
#include <ferry/io/session_core.hpp>
#include <ferry/session.hpp>
#include <ferry/token.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry {

FERRY_DECL Session::Session(SessionOptions&& options, detail::configuration)
    : core_(std::make_shared<detail::session_core>(std::move(options))),
      open_(std::make_shared<detail::open_pool>(core_->connections)) {}

FERRY_DECL Session::Session(const Session& under, std::string_view base_url, const Options& defaults)
    : core_(std::make_shared<detail::session_core>(under.core(), base_url, defaults)), open_(under.open_) {}

FERRY_DECL Response Session::request(std::string_view method, std::string_view url, const Options& with) {
    detail::request q;
    Response r;
    auto f = detail::prepare(core(), q, method, url, with);
    if (!f) f = detail::perform(core(), q, r);
    if (f) {
        auto partial = r.status ? std::make_shared<const Response>(std::move(r)) : nullptr;
        detail::raise(std::move(*f), std::move(partial));
    }
    return r;
}

FERRY_DECL void Session::request(std::string_view method, std::string_view url, const Options& with, Response& into,
                                 std::error_code& ec) {
    ec.clear();
    auto& session = core();
    detail::request q;
    const std::string verb(method);  // it may be a part of `into`, from an Allow field for example
    if (!detail::lies_in(into.url.str(), url)) q.url = std::move(into.url);
    auto f = detail::prepare(session, q, verb, url, with);
    into.clear();  // only now: `url` may be a part of it, too
    if (!f) f = detail::perform(session, q, into);
    if (!f) return;
    ec = f->ec;
    into.error = std::make_shared<const Error>(detail::to_error(std::move(*f)));
}

FERRY_DECL Stream Session::stream(std::string_view method, std::string_view url, const Options& with) {
    detail::failure f;
    auto s = stream(method, url, with, f);
    if (f) detail::raise(std::move(f));
    return s;
}

FERRY_DECL Stream Session::stream(std::string_view method, std::string_view url, const Options& with,
                                  std::error_code& ec) {
    detail::failure f;
    auto s = stream(method, url, with, f);
    ec = f.ec;
    return s;
}

FERRY_DECL Stream Session::stream(std::string_view method, std::string_view url, const Options& with,
                                  detail::failure& f) {
    Stream s(std::make_unique<Stream::State>(alive(), method, with));
    auto& state = *s.state_;
    f = state.prepare(url);
    if (!f) f = state.perform([&] { return detail::open_stream(state.transfer); });
    return s;
}

FERRY_DECL EventStream Session::events(std::string_view url, const Options& with) {
    return EventStream(std::make_unique<Stream::State>(alive(), "GET", with), url);
}

FERRY_DECL Response Session::download(std::string_view url, const std::string& path, const Options& with) {
    detail::failure f;
    auto r = download(url, path, with, f);
    if (f) detail::raise(std::move(f), r.status ? std::make_shared<const Response>(std::move(r)) : nullptr);
    return r;
}

FERRY_DECL Response Session::download(std::string_view url, const std::string& path, const Options& with,
                                      std::error_code& ec) {
    detail::failure f;
    auto r = download(url, path, with, f);
    ec = f.ec;
    if (f) r.error = std::make_shared<const Error>(detail::to_error(std::move(f)));
    return r;
}

FERRY_DECL Response Session::download(std::string_view url, const std::string& path, const Options& with,
                                      detail::failure& f) {
    Stream s(std::make_unique<Stream::State>(alive(), "GET", with));
    auto& state = *s.state_;
    f = state.prepare(url);
    if (!f) f = state.perform([&] { return detail::download(state.transfer, path); });
    return std::move(state.response);
}

FERRY_DECL Explanation Session::explain(std::string_view url, const Options& with) const {
    return detail::explain(core(), url, with);
}

FERRY_DECL PoolStats Session::stats() const { return core().shared->complete(core().connections->pool.stats()); }

FERRY_DECL std::size_t Session::prune() {
    return core().connections->pool.prune(detail::clock::now(), std::chrono::milliseconds(0));
}

FERRY_DECL std::size_t Session::prune(All) { return core().shared->leave_network(core().connections->pool); }

FERRY_DECL void Session::preconnect(std::string_view url, std::size_t n) {
    if (auto f = preconnecting(url, n)) detail::raise(std::move(f));
}

FERRY_DECL void Session::preconnect(std::string_view url, std::size_t n, std::error_code& ec) {
    ec = preconnecting(url, n).ec;
}

FERRY_DECL detail::failure Session::preconnecting(std::string_view url, std::size_t n) {
    Stream s(std::make_unique<Stream::State>(alive(), "GET", Options::none()));
    auto& state = *s.state_;
    auto f = state.prepare(url);
    if (!f) f = state.perform([&] { return detail::preconnect(state.transfer, n); });
    return f;
}

FERRY_DECL const std::shared_ptr<CookieJar>& Session::cookies() const { return core().options.cookies; }

FERRY_DECL void Session::mount(std::string_view prefix, std::shared_ptr<Adapter> adapter) {
    core().shared->adapters.mount(prefix, std::move(adapter));
}

FERRY_DECL void Session::close() noexcept {
    if (core_) core_->connections->pool.close();
}

FERRY_DECL const std::shared_ptr<detail::session_core>& Session::alive() const {
    if (!core_) detail::raise({.ec = errc::pool_closed, .particulars = "this Session was moved from"});
    return core_;
}

}  // namespace ferry
