// Bytes to responses, on llhttp: a head into a Response, and chunked bodies decoded in place. Bodies of other
// framing never pass through here.
#pragma once

#include <ferry/http/framing.hpp>
#include <ferry/http/known_head.hpp>
#include <ferry/http/line_ends.hpp>
#include <ferry/http/telling_fields.hpp>
#include <ferry/response.hpp>

#include <llhttp.h>
#ifndef LLHTTP_STRICT_MODE
#define LLHTTP_STRICT_MODE 0
#endif
/// 9.1.3 is 90103.
#define FERRY_LLHTTP_VERSION (LLHTTP_VERSION_MAJOR * 10000 + LLHTTP_VERSION_MINOR * 100 + LLHTTP_VERSION_PATCH)

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace ferry::detail {

/// Limits that llhttp does not have.
struct head_limits {
    std::size_t bytes = 64 * 1024;
    std::size_t fields = 256;
};

class response_parser {
public:
    response_parser() {
        llhttp_init(&parser_, HTTP_RESPONSE, &settings());
        parser_.data = this;
    }
    response_parser(const response_parser&) = delete;
    response_parser& operator=(const response_parser&) = delete;

    /// What one call made of its bytes.
    struct fed {
        std::error_code ec{};
        std::size_t used = 0;  // bytes read of those given
        std::size_t body = 0;  // decoded bytes, now at the beginning of those given
    };

    /// Begins a response to a request of which only the method matters here. `server` is a number that tells it from
    /// most others.
    void start(Response& into, bool head_request, head_limits limits, bool lenient, std::size_t server = 0) {
        server_ = server;
        limits_ = limits;
        lenient_ = lenient && !forgets_length;
        head_request_ = head_request;
        if (connect_request_) expect_tunnel(false);
        next_head(into);
    }
    /// Begins a proxy's response to CONNECT.
    void start_tunnel(Response& into, head_limits limits) {
        start(into, false, limits, false);
        expect_tunnel(true);
    }
    /// Begins the response that follows an interim one.
    void next_head(Response& into) {
        into_ = &into;
        fields_.start(into.headers);
        into.headers.clear();
        into.reason.clear();
        step_ = step::head;
        meaning_ = {};
        code_ = {};
        told_ = false;
        bytes_ = overhead_ = 0;
        ends_.begin();
    }

    /// Reads up to the end of a head and no further. When memory runs out, there is nothing of it in the response.
    fed feed_head(std::string_view bytes) {
        try {
            return read_head(bytes);
        } catch (...) {
            into_->headers.clear();
            into_->status = 0;
            throw;
        }
    }
    /// Decodes a chunked body in place: `body` bytes of it lie at `bytes` afterwards. Likewise with trailers.
    fed feed_chunks(char* bytes, std::size_t n) {
        try {
            return read_chunks(bytes, n);
        } catch (...) {
            into_->trailers.clear();
            throw;
        }
    }

    bool head_complete() const noexcept { return step_ != step::head; }
    bool complete() const noexcept { return step_ == step::complete; }
    /// 1xx: another response follows.
    bool interim() const noexcept { return head_complete() && meaning_.status < 200; }
    framing body_framing() const noexcept { return meaning_.body; }
    telling_fields telling() const noexcept { return meaning_.telling; }
    std::uint64_t content_length() const noexcept { return meaning_.length; }
    /// Whether the peer lets the connection live: version and `Connection` fields (RFC 9112 9.3).
    bool keep_alive() const noexcept { return meaning_.keep_alive; }

    /// What was wrong and where, for people.
    [[gnu::cold]] std::string fault() const {
        auto code = llhttp_get_errno(&parser_);
        std::string s = in_head_ ? "near byte " + std::to_string(bytes_) + " of the head" : "in the chunked body";
        if (code_ == errc{} && code != HPE_OK && code != HPE_PAUSED)
            s.append(": ").append(llhttp_get_error_reason(&parser_));
        return s;
    }

private:
    enum class step { head, body, complete };

    /// Before version 9, llhttp lets through some stray CRs unless it was built to be strict.
    static constexpr bool lax_llhttp = FERRY_LLHTTP_VERSION < 90000 && !LLHTTP_STRICT_MODE;

    /// From 9.0 to 9.1.1, it forgets a length in front of a bare LF: these read no lenient profile.
    static constexpr bool forgets_length = FERRY_LLHTTP_VERSION >= 90000 && FERRY_LLHTTP_VERSION < 90102;

    /// Before version 9.1.3, it drops the `;` between a chunk extension's value and the next extension, and then asks
    /// for one (RFC 9112 7.1.1). So it is told to pause behind each value, and given that `;` once more.
    static constexpr bool drops_semicolons = FERRY_LLHTTP_VERSION < 90103;

    fed read_head(std::string_view bytes) {
        in_head_ = true;
        auto* known = bytes_ == 0 && !lenient_ && !connect_request_ ? known_heads<llhttp_t>::of(server_) : nullptr;
        if (known && known->begins(bytes, head_request_) && fits(*known)) return repeat(*known);
        if (bytes_ == 0) reset();
        std::size_t used = 0;
        auto e = check_version(bytes);
        if (e == errc{}) {
            e = known && known->compare_now() ? feed_news(*known, bytes, used) : feed(bytes, used);
            auto seen = bytes.substr(0, e == errc{} ? used : used + 1);
            if (auto line = check_head_lines(seen); line != errc{} && code_ == errc{}) e = line;
        }
        bytes_ += used;
        if (e == errc{} && bytes_ > limits_.bytes) e = errc::head_too_large;
        if (e == errc{} && known && head_complete()) remember(*known, bytes.substr(0, used));
        return {to_error(e), used};
    }
    fed read_chunks(char* bytes, std::size_t n) {
        if (std::exchange(in_head_, false)) fields_.start(into_->trailers);
        to_ = bytes;
        since_ = bytes;
        llhttp_resume(&parser_);
        std::size_t used = 0;
        auto e = feed({bytes, n}, used);
        auto end = check_overhead(bytes + used);
        if (e == errc{}) e = end;
        if (e != errc{}) step_ = step::body;
        return {to_error(e), used, static_cast<std::size_t>(to_ - bytes)};
    }

    llhttp_errno_t execute(const char* at, const char* end) noexcept {
        auto e = llhttp_execute(&parser_, at, static_cast<std::size_t>(end - at));
        while (e == HPE_PAUSED && std::exchange(behind_value_, false)) {
            at = llhttp_get_error_pos(&parser_);
            llhttp_resume(&parser_);
            if (at[-1] == ';') llhttp_execute(&parser_, ";", 1);
            e = llhttp_execute(&parser_, at, static_cast<std::size_t>(end - at));
        }
        return e;
    }

    // A fault is an `errc` in here, `errc{}` for none: each `std::error_code` costs a call for its category.

    static std::error_code to_error(errc e) noexcept { return e == errc{} ? std::error_code{} : make_error_code(e); }

    errc feed(std::string_view bytes, std::size_t& used) {
        return outcome_of(execute(bytes.data(), bytes.data() + bytes.size()), bytes, used);
    }
    errc outcome_of(llhttp_errno_t e, std::string_view bytes, std::size_t& used) {
        if (std::exchange(out_of_memory_, false)) throw std::bad_alloc();
        fields_.flush();
        auto* at = e == HPE_OK ? nullptr : llhttp_get_error_pos(&parser_);
        used = at ? static_cast<std::size_t>(at - bytes.data()) : bytes.size();
        if (code_ != errc{} || e == HPE_OK || e == HPE_PAUSED) return code_;
        return code_of(e);
    }

    // What this server's last head said need not be read again (known_head.hpp).

    using last_head = known_head<llhttp_t>;

    bool fits(const last_head& k) const noexcept {
        return k.size() <= limits_.bytes && k.fields().size() <= limits_.fields;
    }

    /// The very same head.
    fed repeat(last_head& k) {
        k.seen_again();
        auto& r = *into_;
        meaning_ = k.meaning();
        r.status = meaning_.status;
        r.version = meaning_.version;
        r.reason = k.reason();
        r.headers = k.fields();
        ends_.passed_over();
        bytes_ = k.size();
        step_ = step::complete;
        if (meaning_.body == framing::chunked) {
            parser_ = k.state();
            parser_.data = this;
            step_ = step::body;
            r.trailers.clear();
        }
        return {{}, k.size()};
    }

    /// As `feed`, but llhttp gets only lines that are new to it and those that say something of framing.
    errc feed_news(last_head& k, std::string_view bytes, std::size_t& used) {
        const char* from = bytes.data();
        known_lines lines(k, bytes);
        for (; lines.find(); from = lines.end()) {
            if (from != lines.begin()) {
                if (auto e = execute(from, lines.begin()); e != HPE_OK) return outcome_of(e, bytes, used);
                from = lines.begin();
                if (!end_line()) return refused_at(from, bytes, used);
                if (fields_.within_field()) break;
            }
            fields_.whole(lines.field());
            if (note_field() != 0) return refused_at(lines.end(), bytes, used);
        }
        k.compared(lines.found());
        return outcome_of(execute(from, bytes.data() + bytes.size()), bytes, used);
    }
    /// llhttp finds that a line does not go on in the next only when it gets that. False if the line is refused.
    bool end_line() {
        if (!fields_.has_value()) return true;
        told_ = true;
        return field_complete() == 0;
    }
    [[gnu::cold]] errc refused_at(const char* at, std::string_view bytes, std::size_t& used) {
        fields_.flush();
        used = static_cast<std::size_t>(at - bytes.data());
        return code_;
    }

    void remember(last_head& k, std::string_view head) {
        if (!fields_.regular(head.data() + head.size()) || !k.replace_now() || !may_be_kept()) return;
        if (head.size() > last_head::most_bytes || into_->headers.size() > last_head::most_fields) return;
        k.remember(head, into_->reason, into_->headers, meaning_, head_request_, parser_);
    }
    /// A secret does not stay here when the response is gone.
    bool may_be_kept() const noexcept {
        const bool usual = meaning_.status / 100 == 2 || meaning_.status == 304;
        return usual && !meaning_.telling.set_cookie && !into_->headers.contains("Location") &&
               !into_->headers.contains("Authentication-Info");
    }

    [[gnu::cold]] errc code_of(llhttp_errno_t e) const noexcept {
        switch (e) {
        case HPE_INVALID_VERSION: return errc::unsupported_version;
        case HPE_INVALID_STATUS: return errc::invalid_status;
        case HPE_INVALID_CONSTANT: return errc::malformed_status_line;
        case HPE_LF_EXPECTED:
        case HPE_CR_EXPECTED: return in_head_ ? errc::malformed_header : errc::malformed_chunk;
        case HPE_INVALID_HEADER_TOKEN: return errc::malformed_header;
        case HPE_INVALID_CONTENT_LENGTH:
            return parser_.flags & F_TRANSFER_ENCODING ? errc::conflicting_framing : errc::invalid_content_length;
        case HPE_UNEXPECTED_CONTENT_LENGTH:
        case HPE_INVALID_TRANSFER_ENCODING: return errc::conflicting_framing;
        case HPE_INVALID_CHUNK_SIZE: return errc::malformed_chunk;
        default: return step_ == step::body ? errc::malformed_chunk : errc::malformed_response;
        }
    }

    /// Only HTTP/1.x: llhttp would also take RTSP, ICE, HTTP/0.9 and HTTP/2.0.
    errc check_version(std::string_view bytes) const noexcept {
        constexpr std::string_view expected = "HTTP/1.";
        if (bytes_ >= expected.size() || (bytes_ == 0 && bytes.starts_with(expected))) return {};
        auto rest = expected.substr(bytes_);
        for (std::size_t i = 0; i < std::min(rest.size(), bytes.size()); ++i)
            if (bytes[i] != rest[i]) return bytes_ + i < 5 ? errc::malformed_status_line : errc::unsupported_version;
        return {};
    }

    /// Chunk lines and trailers up to here: their size, and their line ends.
    errc check_overhead(const char* end) noexcept {
        std::string_view lines(since_, static_cast<std::size_t>(end - since_));
        overhead_ += lines.size();
        if (overhead_ > limits_.bytes) return errc::chunk_overhead_too_large;
        if (ends_.at_beginning() && !lines.empty() && lines.front() != '\r') return errc::malformed_chunk;
        return check_lines(lines);
    }

    /// A whole head that lies in these bytes has had its lines looked at in passing.
    errc check_head_lines(std::string_view bytes) noexcept {
        const bool seen = !lax_llhttp && bytes_ == 0 && head_complete() && fields_.regular(bytes.data() + bytes.size());
        if (!seen) {
            fields_.irregular();
            return check_lines(bytes);
        }
        ends_.passed_over();
        return {};
    }
    errc check_lines(std::string_view bytes) noexcept {
        switch (ends_.check(bytes, {lax_llhttp, !lenient_})) {
        case line_fault::stray_return: return in_head_ ? errc::malformed_header : errc::malformed_chunk;
        case line_fault::bare_line_feed: return errc::bare_line_feed;
        case line_fault::obsolete_fold: return errc::obsolete_fold;
        default: return {};
        }
    }

    /// Contradicting lengths are looked at here, when the status is known.
    void expect_tunnel(bool on) noexcept {
        connect_request_ = on;
        llhttp_set_lenient_chunked_length(&parser_, on);
    }

    void reset() noexcept {
        llhttp_reset(&parser_);
        llhttp_set_lenient_headers(&parser_, lenient_);
#if FERRY_LLHTTP_VERSION >= 90102
        llhttp_set_lenient_optional_cr_before_lf(&parser_, lenient_);
#endif
    }

    [[gnu::cold]] int refuse(errc e) noexcept {
        code_ = e;
        return HPE_USER;
    }

    void status(std::string_view reason) {
        into_->reason.append(reason);
        fields_.line(reason.data() + reason.size());
    }
    int field_complete() {
        fields_.complete();
        if (fields_.last().name.empty() || ((lax_llhttp || lenient_) && has_stray_bytes()))
            return refuse(errc::malformed_header);
        return note_field();
    }
    int note_field() {
        note_telling(meaning_.telling, fields_.last().name);
        return fields_.count() > limits_.fields ? refuse(errc::too_many_fields) : 0;
    }
    /// What only a lax or a lenient llhttp lets through: white space in a name (RFC 9112 5.1), NUL in a value (RFC 9110
    /// 5.5).
    bool has_stray_bytes() const noexcept {
        auto f = fields_.last();
        return f.name.find(' ') != std::string_view::npos || (lenient_ && f.value.find('\0') != std::string_view::npos);
    }

    int headers_complete() {
        auto& r = *into_;
        r.status = meaning_.status = parser_.status_code;
        r.version = meaning_.version = parser_.http_major * 10 + parser_.http_minor;
        if (r.version != 10 && r.version != 11) return refuse(errc::unsupported_version);
        if (r.status < 100 || r.status > 999) return refuse(errc::invalid_status);
        parser_.upgrade = 0;  // an `Upgrade` field on another status only advertises
        fields_.flush();
        if (auto e = decide_framing()) return refuse(*e);
        auto flags = parser_.flags;
        meaning_.keep_alive = !(flags & F_CONNECTION_CLOSE) && (r.version == 11 || (flags & F_CONNECTION_KEEP_ALIVE)) &&
                              meaning_.body != framing::until_close &&
                              !(r.version == 10 && (flags & F_TRANSFER_ENCODING));
        step_ = step::body;
        if (meaning_.body != framing::chunked) return 1;  // to llhttp, it has no body
        into_->trailers.clear();
        return HPE_PAUSED;
    }

    std::optional<errc> decide_framing() {
        auto flags = parser_.flags;
        meaning_.length = 0;
        const bool tunnel = begins_tunnel(into_->status, connect_request_);
        if (!tunnel && (flags & F_TRANSFER_ENCODING) && (flags & F_CONTENT_LENGTH)) return errc::conflicting_framing;
        if (tunnel || never_has_body(into_->status, head_request_)) {
            meaning_.body = framing::none;
        } else if (flags & F_TRANSFER_ENCODING) {
            auto asked = transfer_framing(into_->headers);
            if (!asked || (*asked == framing::chunked) != ((flags & F_CHUNKED) != 0))
                return errc::invalid_transfer_encoding;
            meaning_.body = *asked;
        } else if (flags & F_CONTENT_LENGTH) {
            meaning_.length = parser_.content_length;
            meaning_.body = meaning_.length ? framing::length : framing::none;
        } else {
            meaning_.body = framing::until_close;
        }
        return std::nullopt;
    }

    int body(const char* bytes, std::size_t n) noexcept {
        if (auto e = check_overhead(bytes); e != errc{}) return refuse(e);
        overhead_ = 0;
        ends_.begin();
        since_ = bytes + n;
        if (to_ != bytes) std::memmove(to_, bytes, n);  // never overtakes what is still to be read
        to_ += n;
        return 0;
    }
    int extension_value_complete() noexcept {
        behind_value_ = true;
        return HPE_PAUSED;
    }
    int message_complete() noexcept {
        step_ = step::complete;
        return HPE_PAUSED;  // so that what follows is seen, not parsed
    }

    static response_parser& self(llhttp_t* p) noexcept { return *static_cast<response_parser*>(p->data); }
    /// What llhttp calls, in C: an exception waits until that has returned.
    template <class F> static int called(llhttp_t* p, F f) noexcept {
        auto& mine = self(p);
        try {
            return f(mine);
        } catch (const std::bad_alloc&) {
            mine.out_of_memory_ = true;
            return HPE_USER;
        }
    }
    static const llhttp_settings_t& settings() noexcept {
        static const llhttp_settings_t instance = [] {
            llhttp_settings_t s;
            llhttp_settings_init(&s);
            s.on_status = [](llhttp_t* p, const char* at, std::size_t n) {
                return called(p, [&](auto& mine) { return mine.status({at, n}), 0; });
            };
            s.on_header_field = [](llhttp_t* p, const char* at, std::size_t n) {
                return called(p, [&](auto& mine) { return mine.fields_.name({at, n}), 0; });
            };
            s.on_header_value = [](llhttp_t* p, const char* at, std::size_t n) {
                return called(p, [&](auto& mine) { return mine.fields_.value({at, n}), 0; });
            };
            s.on_header_value_complete = [](llhttp_t* p) {
                return called(p,
                              [](auto& mine) { return std::exchange(mine.told_, false) ? 0 : mine.field_complete(); });
            };
            s.on_headers_complete = [](llhttp_t* p) {
                return called(p, [](auto& mine) { return mine.headers_complete(); });
            };
            if (drops_semicolons)
                s.on_chunk_extension_value_complete = [](llhttp_t* p) { return self(p).extension_value_complete(); };
            s.on_body = [](llhttp_t* p, const char* at, std::size_t n) { return self(p).body(at, n); };
            s.on_message_complete = [](llhttp_t* p) { return self(p).message_complete(); };
            return s;
        }();
        return instance;
    }

    llhttp_t parser_;
    Response* into_ = nullptr;
    header_writer fields_;
    head_limits limits_;
    char* to_ = nullptr;
    const char* since_ = nullptr;  // the end of the last body bytes, or the beginning of those at hand
    head_meaning meaning_;
    errc code_{};  // a fault found in a callback
    std::size_t server_ = 0;
    std::size_t bytes_ = 0;     // of this head so far
    std::size_t overhead_ = 0;  // of chunk lines and trailers since the last byte of body
    step step_ = step::head;
    line_ends ends_;
    bool in_head_ = true;        // the last bytes given were of a head
    bool behind_value_ = false;  // where a chunk extension's value ends
    bool head_request_ = false;
    bool connect_request_ = false;
    bool lenient_ = false;
    bool told_ = false;  // the field that llhttp will say is complete has been dealt with
    bool out_of_memory_ = false;
};

}  // namespace ferry::detail
