// A body into a file: written beside its name, and gone on with where an earlier download has failed.
#pragma once

#include <ferry/engine/stream.hpp>
#include <ferry/http/range.hpp>

#include <string>
#include <string_view>
#include <system_error>

namespace ferry::detail {

/// A fault of the file that a body goes to.
inline result end_of_file(transfer& t, std::error_code ec, std::string_view path) {
    t.particulars.assign("writing ").append(path);
    t.phase = Phase::body;
    ec = co_await end_stream(t, ec);
    co_return ec;
}

/// The rest of the body into a file that is there, which gets its name when it is whole.
inline result store_pieces(transfer& t, std::string_view path) {
    std::string_view piece;
    answer file;
    for (bool last = false; !file.ec && !last; last = piece.empty()) {
        auto ec = co_await stream_piece(t, piece);
        if (ec) co_return ec;
        t.stored += piece.size();
        action next{.what = piece.empty() ? action::kind::commit : action::kind::store, .from = {piece}};
        file = co_await next;
    }
    std::error_code ec;
    if (file.ec) ec = co_await end_of_file(t, file.ec, path);
    co_return ec;
}

/// Asks for what is not there yet, if the file is still the one whose part that is (RFC 9110 13.1.5).
inline void ask_for_rest(transfer& t, std::string_view version) {
    way_of(t).extra.clear();
    set_field(t, "Accept-Encoding", "identity");
    if (t.resumed == 0) return;
    set_field(t, "Range", "bytes=" + std::to_string(t.resumed) + "-");
    set_field(t, "If-Range", version);
}

/// Whether the response goes on where the file ends.
inline bool continues(const transfer& t) noexcept {
    auto range = parse_content_range(t.response.headers["content-range"]);
    return range && range->first == t.resumed && !t.coded;
}

/// Another attempt at what is missing, if the retry policy wants one.
inline result pause_download(transfer& t, std::error_code ec, bool& again) {
    auto now = co_await action{.what = action::kind::now};
    auto next = judge_retry(t, ec, now.at);
    again = next.what == next_request::kind::retry;
    if (!again) co_return ec;
    tell_retry(t, t.way->retries->made(), ec, next.wait, false);
    ec = co_await sleep(add(now.at, next.wait));
    again = !ec;
    t.ended = {};
    co_return ec;
}

/// The body of a response to `ask_for_rest`; `again` says that another request has to follow.
inline result take_rest(transfer& t, std::string_view path, std::string& version, bool& again) {
    const auto status = t.response.status;
    std::error_code ec;
    if (t.resumed && status == 206 && !continues(t)) {
        t.particulars = "Content-Range: " + std::string(t.response.headers["content-range"]);
        ec = co_await end_stream(t, errc::invalid_content_range);
        co_return ec;
    }
    again = t.resumed && status == 416;  // the file has become shorter
    if (again || (status / 100 == 2 && !(t.resumed && status == 206))) {
        version = again || t.coded ? std::string() : strong_etag(t.response.headers);
        t.resumed = 0;
        auto file = co_await action{.what = action::kind::restart, .text = &version};
        if (file.ec) {
            ec = co_await end_of_file(t, file.ec, path);
            co_return ec;
        }
    }
    if (again) co_await let_go(t);
    else if (status / 100 == 2) ec = co_await store_pieces(t, path);
    else ec = co_await stream_rest(t);
    co_return ec;
}

/// A download that goes on from what an earlier one has left, and leaves what it has when it fails.
inline result download_on(transfer& t, std::string_view path) {
    std::string version;
    auto file = co_await action{.what = action::kind::resume, .path = path, .text = &version};
    std::error_code ec;
    if (file.ec) {
        ec = co_await end_of_file(t, file.ec, path);
        co_return ec;
    }
    t.resumed = file.n;
    for (bool again = true; again;) {
        again = false;
        ask_for_rest(t, version);
        ec = co_await open_stream(t);
        if (ec) co_return ec;
        t.stored = 0;
        ec = co_await take_rest(t, path, version, again);
        if (!ec) continue;
        t.resumed = version.empty() ? 0 : t.resumed + t.stored;
        ec = co_await pause_download(t, ec, again);
        t.stored = 0;
    }
    co_return ec;
}

inline result stream_into_file(transfer& t, std::string_view path) {
    auto file = co_await action{.what = action::kind::create, .path = path};
    std::error_code ec;
    if (file.ec) ec = co_await end_of_file(t, file.ec, path);
    else ec = co_await store_pieces(t, path);
    co_return ec;
}

/// A whole call, the body of a 2xx response into a file, that of another into the Response.
inline result download(transfer& t, std::string_view path) {
    std::error_code ec;
    if (t.asked.options->resume) {
        ec = co_await download_on(t, path);
        co_return ec;
    }
    ec = co_await open_stream(t);
    if (ec) co_return ec;
    if (t.response.status / 100 == 2) ec = co_await stream_into_file(t, path);
    else ec = co_await stream_rest(t);
    co_return ec;
}

}  // namespace ferry::detail
