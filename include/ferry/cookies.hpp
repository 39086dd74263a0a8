// The cookies of a session: taken from responses, sent with requests, read and set by users, kept in a file.
#pragma once

#include <ferry/cookie.hpp>
#include <ferry/cookie_file.hpp>
#include <ferry/cookie_rules.hpp>
#include <ferry/cookie_store.hpp>
#include <ferry/error.hpp>
#include <ferry/public_suffix.hpp>
#include <ferry/url.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferry {

/// What `CookieJar::save` writes.
struct CookieFileOptions {
    bool session_cookies = false;  ///< also those without an expiry (requests' `ignore_discard`)
};

/// Cookies as RFC 6265bis has a user agent keep them (requests' `RequestsCookieJar`). Every member may be called from
/// any thread at any time; sessions hold a jar by `std::shared_ptr`, so several may share one.
///
///     auto jar = std::make_shared<ferry::CookieJar>();
///     jar->set("theme", "dark", ferry::Url("https://example.com/"));
///     jar->save("cookies.txt");
///
/// A server may set cookies for its own host and for domains above it that are not public suffixes: libpsl's list says
/// which are. In a build without libpsl only single labels (`com`) count as such, so `a.co.uk` can set cookies that
/// `b.co.uk` gets. Secure cookies come from and go to https, and `http://localhost`; a server that http reached cannot
/// replace or delete them. None lives longer than 400 days.
///
/// Not done: SameSite is kept but not enforced, because a client has no site of its own from which its requests could
/// come; and nothing is partitioned (CHIPS), for the same reason. Hosts are names as URLs have them: `example.com.`,
/// with a dot at the end, is another host than `example.com`. The total size of the Cookie field has no limit but those
/// on its cookies.
///
/// Every `now` is the moment to judge expiry by; it is there for tests.
class CookieJar {
public:
    using clock = std::chrono::system_clock;
    using time_point = clock::time_point;

    CookieJar() : CookieJar(CookieLimits()) {}
    explicit CookieJar(CookieLimits limits) : store_(limits) {}

    /// Whether nothing is kept. Takes no lock: requests of sessions without cookies pay for one load.
    bool empty() const noexcept { return size() == 0; }

    /// How many cookies are kept; some may have expired since.
    std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

    /// Takes one Set-Cookie field of a response from `from`. False, and nothing changes, when it is malformed or that
    /// server may not set it. One that has expired deletes the cookie that it names, and counts as taken.
    bool store(const Url& from, std::string_view set_cookie, time_point now = clock::now()) {
        auto cookie = detail::accept_cookie(from, set_cookie, now);
        if (!cookie) return false;
        const Change change(*this);
        if (!cookie->secure && !detail::is_trustworthy(from) && store_.shadows_secure(*cookie)) return false;
        store_.put(std::move(*cookie), now);
        return true;
    }

    /// Appends the value of the Cookie field for a request to this URL: `a=1; b=2`, longer paths first, then the
    /// older ones (RFC 6265bis 5.8.3). Appends nothing when no cookie matches.
    void append_header(const Url& to, std::string& out, time_point now = clock::now()) {
        const std::lock_guard lock(mutex_);
        bool first = true;
        for (const auto* kept : store_.matching(to, now)) {
            if (!std::exchange(first, false)) out.append("; ");
            if (!kept->cookie.name.empty()) out.append(kept->cookie.name).append("=");
            out.append(kept->cookie.value);
            store_.touch(*kept);
        }
    }

    /// Keeps a cookie, in place of the same one if there is one; one that has expired deletes it. A dot before the
    /// domain means that names under it count too (`host_only` false); the domain of an address is itself alone. Throws
    /// `ferry::Error` (`invalid_option`) for what cannot be: control characters, separators or blanks where they would
    /// not come back the same, a domain that is no host or a public suffix, a size beyond the limits, a prefix
    /// `__Host-` or `__Secure-` that is not kept.
    void set(Cookie cookie, time_point now = clock::now()) {
        auto fault = detail::normalize(cookie, now);
        if (fault.empty() && !cookie.host_only && detail::is_public_suffix(cookie.domain)) fault = "a public suffix";
        if (!fault.empty()) refuse(fault);
        const Change change(*this);
        store_.put(std::move(cookie), now);
    }

    /// Keeps a session cookie for the URL's host alone and all its paths, Secure if the URL is https. Throws as above,
    /// and when the URL is empty.
    void set(std::string_view name, std::string_view value, const Url& url, time_point now = clock::now()) {
        set({.name = std::string(name),
             .value = std::string(value),
             .domain = std::string(url.host()),
             .secure = url.secure()},
            now);
    }

    /// The value of the cookie of this name that a request to the URL would carry; the first of several.
    std::optional<std::string> get(std::string_view name, const Url& url, time_point now = clock::now()) const {
        const std::lock_guard lock(mutex_);
        for (const auto* kept : store_.matching(url, now))
            if (kept->cookie.name == name) return kept->cookie.value;
        return std::nullopt;
    }

    /// The cookies that a request to the URL would carry, in their order.
    std::vector<Cookie> matching(const Url& url, time_point now = clock::now()) const {
        const std::lock_guard lock(mutex_);
        std::vector<Cookie> cookies;
        for (const auto* kept : store_.matching(url, now)) cookies.push_back(kept->cookie);
        return cookies;
    }

    /// All cookies that have not expired, the oldest first.
    std::vector<Cookie> all(time_point now = clock::now()) const {
        const std::lock_guard lock(mutex_);
        return store_.all(now);
    }

    /// Removes the cookie of the same name, domain, `host_only` and path; whether there was one.
    bool erase(const Cookie& cookie) {
        const Change change(*this);
        return store_.erase_if([&cookie](const Cookie& c) { return detail::same_cookie(c, cookie); }) != 0;
    }

    /// Removes the cookies of this name that requests to the URL would carry; how many.
    std::size_t erase(std::string_view name, const Url& url, time_point now = clock::now()) {
        const Change change(*this);
        std::vector<Cookie> unwanted;
        for (const auto* kept : store_.matching(url, now))
            if (kept->cookie.name == name) unwanted.push_back(kept->cookie);
        for (const auto& each : unwanted)
            store_.erase_if([&each](const Cookie& c) { return detail::same_cookie(c, each); });
        return unwanted.size();
    }

    /// Removes all cookies.
    void clear() {
        const Change change(*this);
        store_.erase_if([](const Cookie&) { return true; });
    }

    /// Removes those without an expiry, as a browser does when it is closed.
    void clear_session_cookies() {
        const Change change(*this);
        store_.erase_if([](const Cookie& c) { return !c.expires; });
    }

    /// Writes the cookies that have not expired to a file in Netscape's format (curl's `--cookie-jar`, wget's
    /// `--save-cookies`, `MozillaCookieJar`), readable by its owner alone; it replaces what has that name in one step.
    /// Expiry is cut to seconds, and 0 for session cookies; the format has no place for SameSite. Throws
    /// `ferry::Error` with the system's code, and then the old file is as it was.
    void save(const std::string& path, CookieFileOptions options = {}, time_point now = clock::now()) const {
        detail::write_cookie_file(path, detail::cookie_file_text(all(now), options.session_cookies));
    }

    /// Adds the cookies of such a file, in place of the same ones that are here. Comments, empty lines and expired
    /// cookies are left out, a port behind a domain is ignored, and a cookie for a public suffix becomes one for that
    /// host alone. Throws `ferry::Error`, and then nothing was added: `malformed_cookie_file`, whose text names path
    /// and line, or the system's code (EFBIG for more than 32 MiB).
    void load(const std::string& path, time_point now = clock::now()) {
        auto cookies = detail::parse_cookie_file(detail::read_cookie_file(path), path, now);
        const Change change(*this);
        for (auto& cookie : cookies) store_.put(std::move(cookie), now);
    }

private:
    /// Holds the lock while the store changes; at the end, `empty()` knows.
    class Change {
    public:
        explicit Change(CookieJar& jar) : jar_(jar), lock_(jar.mutex_) {}
        Change(const Change&) = delete;
        Change& operator=(const Change&) = delete;
        ~Change() { jar_.size_.store(jar_.store_.size(), std::memory_order_relaxed); }

    private:
        CookieJar& jar_;
        std::lock_guard<std::mutex> lock_;
    };

    [[noreturn]] static void refuse(std::string_view fault) {
        throw Error(errc::invalid_option, {}, Phase::input, RequestState::not_sent,
                    std::string("a cookie cannot be set: ").append(fault));
    }

    mutable std::mutex mutex_;
    detail::CookieStore store_;
    std::atomic<std::size_t> size_{0};
};

}  // namespace ferry
