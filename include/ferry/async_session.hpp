// AsyncSession: the verbs of Session under any completion token of Asio's.
#pragma once

#include <ferry/async_events.hpp>
#include <ferry/async_stream.hpp>
#include <ferry/engine/calls.hpp>
#include <ferry/io/async_start.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/compose.hpp>
#include <asio/execution_context.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

namespace ferry {

/// Makes requests on an Asio executor and keeps their connections for the next ones.
///
/// It does what `Session` does, by the same engine, and blocks nobody: each verb takes a completion token last (a
/// callback, `asio::use_future`, `asio::use_awaitable`, `asio::deferred`, ...), whose handler gets
/// `(std::error_code, Response)`. A response of any status is no error. With an error the Response holds what had
/// arrived, and `Response::error` the phase, the URL and how far the request got. What the caller's own functions throw
/// becomes `errc::callback_failed`. A handler that takes `const Response&` leaves its memory for the next request, so
/// that in the long run none is allocated.
///
/// Handlers are called through their associated executor, by default the session's, never from within the function that
/// starts the operation. Cancelling: by Asio's cancellation slots (`terminal` and `partial` always, `total` for as long
/// as the request can have had no effect), by `Options::stop`, by destroying the session; the code is then
/// `errc::cancelled`, which equals `std::errc::operation_canceled`.
///
/// On an io_context's own executor an idle connection is watched: one that the server closes leaves the pool at once.
/// On others, such as a strand, the look at checkout finds it. Neither watching nor time limits keep
/// `io_context::run()` from returning when all requests have ended.
///
/// Thread safety: any number of threads may start requests on one AsyncSession, and the context may run in any number
/// of threads; the steps of one request never overlap. Moving and destroying it are for one thread alone. The
/// executor's context must outlive it.
class AsyncSession {
public:
    using executor_type = asio::any_io_executor;

    /// Throws `ferry::Error` for an option, header or base URL that cannot be used.
    explicit AsyncSession(const executor_type& executor, SessionOptions options = {})
        : core_(std::make_shared<detail::async_core>(executor, std::move(options))),
          open_(std::make_shared<detail::async_core::open_session>(core_)) {}
    /// For an `asio::io_context` or another context with executors.
    template <class Context>
    requires std::convertible_to<Context&, asio::execution_context&>
    explicit AsyncSession(Context& context, SessionOptions options = {})
        : AsyncSession(executor_type(context.get_executor()), std::move(options)) {}

    /// Moving takes everything along. What is destroyed last, a session or one of its overlays, cancels what is under
    /// way and closes all connections; one that an AsyncStream holds, as soon as that is done with it. The handlers are
    /// still called.
    AsyncSession(AsyncSession&&) noexcept = default;
    AsyncSession& operator=(AsyncSession&&) noexcept = default;
    ~AsyncSession() = default;

    /// A session on the same connections and cookies, adapters and limits, with other defaults laid over this one's,
    /// and another base URL if one is given. Throws `ferry::Error` for what belongs to a single request.
    AsyncSession with(const Options& defaults) const { return AsyncSession(*this, {}, defaults); }
    AsyncSession with(std::string_view base_url, const Options& defaults = Options::none()) const {
        return AsyncSession(*this, base_url, defaults);
    }

    executor_type get_executor() const { return core().executor; }

    template <class Token> auto get(std::string_view url, Token&& token) {
        return verb("GET", url, std::forward<Token>(token));
    }
    template <class Token> auto head(std::string_view url, Token&& token) {
        return verb("HEAD", url, std::forward<Token>(token));
    }
    template <class Token> auto post(std::string_view url, Token&& token) {
        return verb("POST", url, std::forward<Token>(token));
    }
    template <class Token> auto put(std::string_view url, Token&& token) {
        return verb("PUT", url, std::forward<Token>(token));
    }
    template <class Token> auto patch(std::string_view url, Token&& token) {
        return verb("PATCH", url, std::forward<Token>(token));
    }
    template <class Token> auto del(std::string_view url, Token&& token) {
        return verb("DELETE", url, std::forward<Token>(token));
    }
    template <class Token> auto options(std::string_view url, Token&& token) {
        return verb("OPTIONS", url, std::forward<Token>(token));
    }

    template <class Token> auto get(std::string_view url, Options with, Token&& token) {
        return verb("GET", url, std::move(with), std::forward<Token>(token));
    }
    template <class Token> auto head(std::string_view url, Options with, Token&& token) {
        return verb("HEAD", url, std::move(with), std::forward<Token>(token));
    }
    template <class Token> auto post(std::string_view url, Options with, Token&& token) {
        return verb("POST", url, std::move(with), std::forward<Token>(token));
    }
    template <class Token> auto put(std::string_view url, Options with, Token&& token) {
        return verb("PUT", url, std::move(with), std::forward<Token>(token));
    }
    template <class Token> auto patch(std::string_view url, Options with, Token&& token) {
        return verb("PATCH", url, std::move(with), std::forward<Token>(token));
    }
    template <class Token> auto del(std::string_view url, Options with, Token&& token) {
        return verb("DELETE", url, std::move(with), std::forward<Token>(token));
    }
    template <class Token> auto options(std::string_view url, Options with, Token&& token) {
        return verb("OPTIONS", url, std::move(with), std::forward<Token>(token));
    }

    /// Any method; its name is sent as it is written. `void(std::error_code, Response)`.
    template <class Token> auto request(std::string_view method, std::string_view url, Options with, Token&& token) {
        auto call = acquire();
        call->method.assign(method);
        call->prepare(call->method, url, std::move(with));
        return fetch(std::move(call), std::forward<Token>(token));
    }

    /// `void(std::error_code, AsyncStream)`, as soon as the head is there; the body is pulled from the stream.
    template <class Token> auto stream(std::string_view url, Token&& token) {
        return stream("GET", url, Options{}, std::forward<Token>(token));
    }
    template <class Token> auto stream(std::string_view url, Options with, Token&& token) {
        return stream("GET", url, std::move(with), std::forward<Token>(token));
    }
    template <class Token> auto stream(std::string_view method, std::string_view url, Options with, Token&& token) {
        auto call = acquire();
        call->method.assign(method);
        call->prepare(call->method, url, std::move(with));
        return detail::start_owned<AsyncStream>(
            std::forward<Token>(token), std::move(call),
            [](detail::async_call& on) { return detail::open_stream(*on.exchange); },
            [](detail::async_call& on, detail::call_owner& owner, std::error_code& ec) {
                on.tell_url();
                on.response.error = on.error_of(ec);
                return std::tuple(AsyncStream(std::move(owner)));
            });
    }

    /// Server-sent events from a URL, as `Session::events`. It connects when the first is asked for; what is wrong with
    /// the request is told then.
    AsyncEventStream events(std::string_view url, Options with = {}) {
        auto call = acquire();
        if (!with.read_timeout) with.read_timeout = no_timeout;
        call->prepare("GET", url, std::move(with));
        auto feed = std::make_shared<detail::event_feed>(call->asked, detail::largest_event(call->asked));
        call->attach(feed);
        return AsyncEventStream(std::move(call), std::move(feed));
    }

    /// Writes the body of a 2xx response to a file, as `Session::download` does. `void(std::error_code, Response)`. The
    /// file is written in pieces of at most 256 KiB, and others have their turn between them.
    template <class Token> auto download(std::string_view url, std::string path, Token&& token) {
        return download(url, std::move(path), Options{}, std::forward<Token>(token));
    }
    template <class Token> auto download(std::string_view url, std::string path, Options with, Token&& token) {
        auto call = acquire();
        call->path = std::move(path);
        call->prepare("GET", url, std::move(with));
        return whole(std::move(call), std::forward<Token>(token),
                     [](detail::async_call& c) { return detail::download(*c.exchange, c.path); });
    }

    /// Opens a connection to the URL's host and keeps it for a request to come, or `n` of them, as
    /// `Session::preconnect` does. `void(std::error_code)`.
    template <class Token> auto async_preconnect(std::string_view url, Token&& token) {
        return async_preconnect(url, std::size_t{1}, std::forward<Token>(token));
    }
    template <class Token> auto async_preconnect(std::string_view url, std::size_t n, Token&& token) {
        auto call = acquire();
        call->prepare("GET", url);
        return detail::start_owned<>(
            std::forward<Token>(token), std::move(call),
            [n](detail::async_call& on) { return detail::preconnect(*on.exchange, n); },
            [](detail::async_call&, detail::call_owner&, std::error_code&) { return std::tuple(); });
    }

    /// As `Session::explain`.
    Explanation explain(std::string_view url, const Options& with = Options::none()) const {
        return detail::explain(defaults(), url, with);
    }

    /// The pool at this moment.
    PoolStats stats() const { return core().shared->complete(core().pool.stats()); }

    /// Closes idle connections that have expired or that the server has closed; how many.
    std::size_t prune() { return core().pool.prune(detail::clock::now(), std::chrono::milliseconds(0)); }

    /// Closes all idle connections and forgets which addresses could not be reached, as `Session::prune(all)`.
    std::size_t prune(All) { return core().shared->leave_network(core().pool); }

    /// The cookies; null if they are switched off.
    const std::shared_ptr<CookieJar>& cookies() const { return core().options.cookies; }

    /// As `Session::mount`.
    void mount(std::string_view prefix, std::shared_ptr<Adapter> adapter) {
        core().shared->adapters.mount(prefix, std::move(adapter));
    }

    /// Closes the idle connections and turns away requests, those in line and those to come, with `errc::pool_closed`.
    /// Requests under way go on to their end.
    void close() noexcept {
        if (core_) core_->close();
    }

    /// The same, and completes when the requests under way have ended, streams included. Those that take longer than
    /// `within` are cancelled, and the code is then `errc::total_timeout`. `void(std::error_code)`.
    template <class Token> auto async_close(std::chrono::milliseconds within, Token&& token) {
        auto timer = std::make_shared<asio::steady_timer>(core().executor);
        timer->expires_at(detail::add(detail::clock::now(), within));
        return asio::async_compose<Token, void(std::error_code)>(
            [core = core_, timer, begun = false](auto& self, std::error_code ec = {}) mutable {
                if (!std::exchange(begun, true)) {
                    core->close();
                    auto of = core;
                    auto until = timer;
                    until->async_wait(std::move(self));
                    return of->when_done(std::move(until));
                }
                if (!ec) core->cancel_all();
                self.complete(ec ? std::error_code{} : errc::total_timeout);
            },
            token, core().executor);
    }

private:
    template <class Token> auto verb(std::string_view method, std::string_view url, Token&& token) {
        auto call = acquire();
        call->prepare(method, url);
        return fetch(std::move(call), std::forward<Token>(token));
    }
    template <class Token> auto verb(std::string_view method, std::string_view url, Options&& with, Token&& token) {
        auto call = acquire();
        call->prepare(method, url, std::move(with));
        return fetch(std::move(call), std::forward<Token>(token));
    }
    template <class Token> auto fetch(detail::call_owner call, Token&& token) {
        return whole(std::move(call), std::forward<Token>(token), [](detail::async_call& c) {
            c.start_clock();
            return detail::fetch(*c.exchange);
        });
    }
    template <class Token, class Make> auto whole(detail::call_owner call, Token&& token, Make make) {
        return detail::start_owned<Response>(std::forward<Token>(token), std::move(call), make,
                                             [](detail::async_call& on, detail::call_owner&, std::error_code& ec) {
                                                 if (ec) on.response.error = on.error_of(ec);
                                                 if (!on.refused()) on.response.url = std::move(on.asked.url);
                                                 return std::tuple(std::move(on.response));
                                             });
    }

    AsyncSession(const AsyncSession& under, std::string_view base_url, const Options& defaults)
        : core_(under.alive()),
          overlay_(std::make_shared<detail::session_defaults>(under.defaults(), base_url, defaults)),
          open_(under.open_) {}

    const detail::session_defaults& defaults() const { return overlay_ ? *overlay_ : core(); }
    detail::call_owner acquire() {
        detail::call_owner call(alive()->acquire());
        if (overlay_) call->take_defaults(overlay_);
        return call;
    }
    const std::shared_ptr<detail::async_core>& alive() const {
        if (!core_) detail::raise({.ec = errc::pool_closed, .particulars = "this AsyncSession was moved from"});
        return core_;
    }
    detail::async_core& core() const { return *alive(); }

    std::shared_ptr<detail::async_core> core_;
    std::shared_ptr<const detail::session_defaults> overlay_;
    std::shared_ptr<detail::async_core::open_session> open_;
};

}  // namespace ferry
