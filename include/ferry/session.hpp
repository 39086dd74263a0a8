// Session: the verbs, defaults laid under each request, and a pool of connections that they share.
#pragma once

#include <ferry/adapter.hpp>
#include <ferry/configuration.hpp>
#include <ferry/error.hpp>
#include <ferry/event_stream.hpp>
#include <ferry/explanation.hpp>
#include <ferry/options.hpp>
#include <ferry/response.hpp>
#include <ferry/stats.hpp>
#include <ferry/stream.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry {

namespace detail {
class open_pool;
struct session_core;
}  // namespace detail

/// Makes requests and keeps their connections for the next ones (requests' `Session`).
///
/// It owns a pool of keep-alive connections for each origin. A request takes the one used last, after a look whether
/// the server has dropped it meanwhile, and gives it back when the response has been read. If none is left, it
/// opens one.
///
/// A response of any status is returned. What fails on the way throws `ferry::Error`; the overloads that take a
/// `std::error_code&` set it instead, and return what had arrived. Exceptions of the caller's own functions (body
/// sources, callbacks) pass through.
///
/// Thread safety: any number of threads may make requests on one Session at the same time, and call `preconnect`,
/// `stats`, `prune` and `close`. Moving and destroying it are for one thread alone. After fork() a child may go on
/// using it: it opens connections of its own, provided that no other thread was inside the session at that moment.
class Session {
public:
    /// Throws `ferry::Error` for an option, header or base URL that cannot be used.
    explicit Session(SessionOptions options = {}) : Session(std::move(options), detail::configuration()) {}

    /// Moving takes everything along. What is destroyed last, a Session or one of its overlays, closes all connections;
    /// one that a Stream holds, as soon as that is done with it.
    Session(Session&&) noexcept = default;
    Session& operator=(Session&&) noexcept = default;
    ~Session() = default;

    /// A session on the same connections and cookies, adapters and limits, with other defaults laid over this one's:
    /// `auto api = session.with({.headers = {{"X-Team", "blue"}}, .timeout = 5s})`. Throws `ferry::Error` for what
    /// belongs to a single request (`body`, `target`, `stop`, ...).
    Session with(const Options& defaults) const { return Session(*this, {}, defaults); }
    /// The same with another base URL.
    Session with(std::string_view base_url, const Options& defaults = Options::none()) const {
        return Session(*this, base_url, defaults);
    }

    Response get(std::string_view url, const Options& with = Options::none()) { return request("GET", url, with); }
    Response head(std::string_view url, const Options& with = Options::none()) { return request("HEAD", url, with); }
    Response post(std::string_view url, const Options& with = Options::none()) { return request("POST", url, with); }
    Response put(std::string_view url, const Options& with = Options::none()) { return request("PUT", url, with); }
    Response patch(std::string_view url, const Options& with = Options::none()) { return request("PATCH", url, with); }
    Response del(std::string_view url, const Options& with = Options::none()) { return request("DELETE", url, with); }
    Response options(std::string_view url, const Options& with = Options::none()) {
        return request("OPTIONS", url, with);
    }

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

    /// Any method; its name is sent as it is written (RFC 9110 9.1: it is case-sensitive).
    Response request(std::string_view method, std::string_view url, const Options& with = Options::none());
    Response request(std::string_view method, std::string_view url, const Options& with, std::error_code& ec) {
        Response r;
        request(method, url, with, r, ec);
        return r;
    }
    /// Into a Response that has served before: its memory is used again, so that a steady stream of requests allocates
    /// nothing.
    void request(std::string_view method, std::string_view url, const Options& with, Response& into,
                 std::error_code& ec);

    /// Returns as soon as the head is there; the body is pulled from the Stream.
    Stream stream(std::string_view url, const Options& with = Options::none()) { return stream("GET", url, with); }
    Stream stream(std::string_view method, std::string_view url, const Options& with);
    /// With an error the Stream is at its end, and its status is 0.
    Stream stream(std::string_view url, const Options& with, std::error_code& ec) {
        return stream("GET", url, with, ec);
    }
    Stream stream(std::string_view method, std::string_view url, const Options& with, std::error_code& ec);

    /// Server-sent events from a URL. It connects when the first is asked for. Throws `ferry::Error` for bad input.
    EventStream events(std::string_view url, const Options& with = Options::none());

    /// Writes the body of a 2xx response to a file, of any size, in little memory. It is written beside `path` and
    /// renamed when it is whole, so a failure leaves what was there before. The body of another status is in the
    /// Response, and no file is written: ask `ok()`. Throws `ferry::Error`, also when the file cannot be written.
    Response download(std::string_view url, const std::string& path, const Options& with = Options::none());
    Response download(std::string_view url, const std::string& path, const Options& with, std::error_code& ec);

    /// What a GET of this URL would do: which way it would go, with whose credentials, within which limits, and why.
    /// Nothing is sent. Throws `ferry::Error` for what would fail before anything is sent.
    Explanation explain(std::string_view url, const Options& with = Options::none()) const;

    /// The pool at this moment.
    PoolStats stats() const;

    /// Closes idle connections that have expired or that the server has closed; how many. Any request does as much by
    /// itself, at most once a second.
    std::size_t prune();

    /// Closes all idle connections, those in good order too, and forgets which addresses could not be reached: for
    /// when the network has changed. How many. A session finds out by itself that its machine has slept.
    std::size_t prune(All);

    /// Opens `n` more connections to the URL's host, one after the other, and keeps them idle for requests to come. At
    /// a limit of the pool (`max_idle_per_host`, `max_per_host`, ...) no more are opened, and that is no error: what is
    /// open is not closed for them. An idle connection ages as usual (`idle_timeout`). Throws `ferry::Error` if one
    /// cannot be opened.
    void preconnect(std::string_view url, std::size_t n = 1);
    void preconnect(std::string_view url, std::error_code& ec) { preconnect(url, 1, ec); }
    void preconnect(std::string_view url, std::size_t n, std::error_code& ec);

    /// The cookies; null if they are switched off.
    const std::shared_ptr<CookieJar>& cookies() const;

    /// Has requests to URLs that begin with `prefix`, such as `https://api.example.com/v1/`, answered by an adapter
    /// instead of the network; the longest prefix decides. Null takes the adapter of that prefix away (requests'
    /// `mount`). Prefixes are normalized as URLs are, so the case of scheme and host, default ports and userinfo play
    /// no part. The host has to be whole: `https://example.com` is no prefix of `https://example.com.evil.org/`. But
    /// `https://` is all of https, and one that ends with a dot, `https://internal.`, all hosts that begin so. Throws
    /// `ferry::Error` for what no URL begins with.
    void mount(std::string_view prefix, std::shared_ptr<Adapter> adapter);

    /// Closes the idle connections and turns away requests, those in line and those to come, with `errc::pool_closed`.
    /// Requests under way go on to their end; then their connections are closed.
    void close() noexcept;

private:
    Session(SessionOptions&& options, detail::configuration);
    Session(const Session& under, std::string_view base_url, const Options& defaults);

    Stream stream(std::string_view method, std::string_view url, const Options& with, detail::failure& f);
    Response download(std::string_view url, const std::string& path, const Options& with, detail::failure& f);
    detail::failure preconnecting(std::string_view url, std::size_t n);

    const std::shared_ptr<detail::session_core>& alive() const;
    detail::session_core& core() const { return *alive(); }

    std::shared_ptr<detail::session_core> core_;
    std::shared_ptr<detail::open_pool> open_;
};

}  // namespace ferry

#if !FERRY_SEPARATE_COMPILATION
#include <ferry/blocking/session.hpp>
#endif
