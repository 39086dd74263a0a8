// A body into a file: written beside its name, and gone on with where an earlier download has failed.
#pragma once

#include <ferry/engine/stream.hpp>
#include <ferry/http/range.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry::detail {

/// A fault of the file that a body goes to.
inline result end_of_file(transfer& t, std::error_code ec, std::string_view path) {
    t.particulars.assign("writing ").append(path);
    t.phase = Phase::body;
    ec = co_await end_stream(t, ec);
    co_return ec;
}

/// The rest of the body into a file that is there, which gets its name when it is whole: when the body is, or when it
/// has as many bytes as the server has promised.
inline result store_pieces(transfer& t, std::string_view path, std::optional<std::uint64_t> promised = {}) {
    std::string_view piece;
    answer file;
    for (bool last = false; !file.ec && !last; last = piece.empty()) {
        auto ec = co_await stream_piece(t, piece);
        if (ec) co_return ec;
        if (piece.empty() && promised.value_or(t.stored) != t.stored) co_return errc::invalid_content_range;
        action next{.what = piece.empty() ? action::kind::commit : action::kind::store, .from = {piece}};
        file = co_await next;
        t.stored += file.ec ? 0 : piece.size();
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

/// What a response to `ask_for_rest` holds of the file.
enum class holding { rest, whole, nothing, another };

inline holding judge_holding(const transfer& t, std::string_view version) noexcept {
    const auto status = t.response.status;
    if (t.resumed && status == 416) return holding::another;  // it has become shorter
    if (status / 100 != 2) return holding::nothing;
    if (t.resumed == 0 || status != 206) return holding::whole;
    auto tag = t.response.headers.find("etag");
    return tag && trim(*tag) != version ? holding::another : holding::rest;  // If-Range was ignored
}

/// How many bytes the rest has, if it goes on where the file ends and is all that is missing.
inline std::optional<std::uint64_t> size_of_rest(const transfer& t) noexcept {
    auto range = parse_content_range(t.response.headers["content-range"]);
    if (!range || range->first != t.resumed || t.coded) return std::nullopt;
    if (range->total && range->last + 1 != *range->total) return std::nullopt;
    return range->last - range->first + 1;
}

inline result store_rest(transfer& t, std::string_view path) {
    auto promised = size_of_rest(t);
    t.particulars = "Content-Range: " + std::string(t.response.headers["content-range"]);
    std::error_code ec;
    if (promised) ec = co_await store_pieces(t, path, promised);
    else ec = co_await end_stream(t, errc::invalid_content_range);
    co_return ec;
}

/// The file from its beginning, as this version.
inline result begin_file(transfer& t, std::string_view path, std::string& version) {
    t.resumed = 0;
    auto file = co_await action{.what = action::kind::restart, .text = &version};
    std::error_code ec;
    if (file.ec) ec = co_await end_of_file(t, file.ec, path);
    co_return ec;
}

/// The body of a response to `ask_for_rest`; `again` says that another request has to follow.
inline result take_rest(transfer& t, std::string_view path, std::string& version, bool& again) {
    const auto what = judge_holding(t, version);
    std::error_code ec;
    if (what == holding::rest) {
        ec = co_await store_rest(t, path);
    } else if (what == holding::nothing) {
        const auto there = std::exchange(t.resumed, 0);  // for this body has nothing to do with it
        ec = co_await stream_rest(t);
        t.resumed = there;
    } else {
        again = what == holding::another;
        version = again || t.coded ? std::string() : strong_etag(t.response.headers);
        ec = co_await begin_file(t, path, version);
        if (ec) co_return ec;
        if (again) co_await let_go(t, configuration());
        else ec = co_await store_pieces(t, path);
    }
    co_return ec;
}

/// Another attempt at what is missing, if the retry policy wants one.
inline result pause_download(transfer& t, std::error_code ec, bool& again) {
    auto now = co_await action{.what = action::kind::now};
    auto next = judge_retry(t, ec, now.at);
    if (next.what != next_request::kind::retry) co_return not_again(t, ec, next.ec);
    tell_retry(t, t.way->retries->made(), ec, next.wait, false);
    ec = co_await sleep(add(now.at, next.wait));
    again = !ec;
    t.ended = ec;
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
    if (!is_strong_tag(version)) version.clear();
    t.resumed = version.empty() ? 0 : file.n;
    for (bool again = true; again;) {
        again = false;
        put_behind(t);
        ask_for_rest(t, version);
        ec = co_await open_stream(t);
        if (ec) co_return ec;
        t.stored = 0;
        ec = co_await take_rest(t, path, version, again);
        if (!ec) continue;
        t.resumed = version.empty() ? 0 : t.resumed + t.stored;
        ec = co_await pause_download(t, ec, again);
        if (again) forget_response(t);
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

FERRY_DECL result download(transfer& t, std::string_view path) {
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
