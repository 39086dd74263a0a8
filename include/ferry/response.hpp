// What came back: status, header fields, body, and how it came.
#pragma once

#include <ferry/charset.hpp>
#include <ferry/endpoint.hpp>
#include <ferry/error.hpp>
#include <ferry/headers.hpp>
#include <ferry/json.hpp>
#include <ferry/links.hpp>
#include <ferry/url.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferry {

/// The TCP connection that served a request.
struct ConnectionInfo {
    std::uint64_t id = 0;                   ///< counts the connections of a session, from 1
    bool reused = false;                    ///< it had served a request before
    std::uint64_t requests = 0;             ///< how many it has served, this one included
    std::chrono::milliseconds idle_age{0};  ///< how long it had been idle before this request
    Endpoint local, remote;                 ///< its ends; all zero where it is a unix domain socket
};

/// Where the time of a response went. `first_byte` counts from the call's beginning, like `Response::elapsed`, which is
/// all of it; the others are durations, zero for what was not needed because a connection was at hand.
struct Timings {
    std::chrono::nanoseconds wait{0};        ///< in line for a connection
    std::chrono::nanoseconds resolve{0};     ///< the name
    std::chrono::nanoseconds connect{0};     ///< TCP
    std::chrono::nanoseconds tls{0};         ///< the TLS handshake
    std::chrono::nanoseconds first_byte{0};  ///< until the response's head was there
};

/// A response of any status. What fails on the way is an error and not a Response.
struct Response {
    int status = 0;      ///< 200 to 999; 0 when none came
    std::string reason;  ///< the reason phrase, for people only
    int version = 11;    ///< 11 for HTTP/1.1, 10 for HTTP/1.0
    Headers headers;
    std::string body;  ///< whole; empty for streams and downloads
    Headers trailers;  ///< fields behind a chunked body (RFC 9110 6.5); never mixed with `headers`
    Url url;           ///< what was requested
    std::chrono::nanoseconds elapsed{
        0};  ///< from the call to the end of the body; for a Stream, of its head until then
    Timings timings;
    ConnectionInfo connection;
    std::vector<Response> history;  ///< the redirects and challenges that led here, oldest first (requests' `history`)
    /// What ended the call before the response was whole, for those who got a mere `std::error_code`: the phase, the
    /// request's state, the fault's particulars. Null when nothing failed.
    std::shared_ptr<const Error> error;

    /// Whether the status tells of success: 200 to 399 (requests' `ok`).
    bool ok() const noexcept { return status >= 200 && status < 400; }

    /// The body as text, in whatever encoding it came.
    std::string_view text() const& noexcept { return body; }
    std::string text() && { return std::move(body); }

    /// The body's lines, without their ends (LF or CRLF): views that last as long as the body.
    std::vector<std::string_view> lines() const& {
        std::vector<std::string_view> all;
        for (std::string_view rest = body; !rest.empty();) {
            auto line = rest.substr(0, rest.find('\n'));
            rest.remove_prefix(std::min(line.size() + 1, rest.size()));
            if (line.ends_with('\r')) line.remove_suffix(1);
            all.push_back(line);
        }
        return all;
    }
    std::vector<std::string_view> lines() const&& = delete;

    /// The body as a value: of a type with a static `parse` (nlohmann::json), or with a `JsonCodec`. What those throw
    /// passes through (requests' `json()`).
    template <class T> T json() const { return detail::parse_json<T>(body); }

    /// What the body's text is encoded in, as `Content-Type` says it in `charset`, in lower case: `utf-8` where it says
    /// nothing, for that is what text on the web is. ferry does not convert text.
    std::string encoding() const { return detail::charset_of(headers["content-type"]); }

    /// What the `Link` fields say, in their order; malformed ones are left out (requests' `links`).
    std::vector<Link> links() const { return detail::parse_links(headers, url); }
    /// The link of this relation type, such as `next`, if there is one. Relations of other resources (`anchor`) do not
    /// count.
    std::optional<Link> link(std::string_view rel) const {
        const auto all = links();
        const auto* found = find_link(all, rel);
        return found ? std::optional(*found) : std::nullopt;
    }

    /// Throws `ferry::Error` with `errc::client_error_status` or `errc::server_error_status` for a status of 400 to
    /// 599, else returns itself (requests' `raise_for_status`).
    const Response& raise_for_status() const& {
        check_status();
        return *this;
    }
    Response raise_for_status() && {
        check_status();
        return std::move(*this);
    }

    /// Throws what `error` tells, with this response as `Error::partial`, or else returns itself: for those who took a
    /// `std::error_code`, or `asio::as_tuple`, and want the exception after all.
    const Response& raise_for_error() const& {
        if (error) throw Error(*error, std::make_shared<const Response>(*this));
        return *this;
    }
    Response raise_for_error() && {
        std::as_const(*this).raise_for_error();
        return std::move(*this);
    }

    /// Empties it and keeps its memory for the next response.
    void clear() noexcept {
        status = 0;
        reason.clear();
        version = 11;
        headers.clear();
        body.clear();
        trailers.clear();
        url.clear();
        elapsed = {};
        timings = {};
        history.clear();
        connection = {};
        error.reset();
    }

private:
    void check_status() const {
        if (status < 400 || status > 599) return;
        auto code = status < 500 ? errc::client_error_status : errc::server_error_status;
        throw Error(code, to_string(url), Phase::body, RequestState::response_started,
                    std::to_string(status) + (reason.empty() ? "" : " " + reason),
                    std::make_shared<const Response>(*this));
    }
};

/// `200 OK`, the fields and the body, for a log.
inline std::ostream& operator<<(std::ostream& os, const Response& r) {
    return os << r.status << ' ' << r.reason << '\n' << r.headers << '\n' << r.body;
}

}  // namespace ferry
