// Undoes the content codings of a response (RFC 9110 8.4), in pieces or into a string. Of the bodies that have none
// (HEAD, 204, 304) the caller knows.
#pragma once

#include <ferry/core/buffer.hpp>
#include <ferry/error.hpp>
#include <ferry/features.hpp>
#include <ferry/headers.hpp>
#include <ferry/http/decode_brotli.hpp>
#include <ferry/http/decode_step.hpp>
#include <ferry/http/decode_zlib.hpp>
#include <ferry/http/decode_zstd.hpp>
#include <ferry/token.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace ferry::detail {

/// The value of `Accept-Encoding` that names what this build decodes; empty when that is nothing.
constexpr std::string_view accept_encoding() noexcept {
    constexpr std::string_view all =
        ""
#if FERRY_HAS_ZLIB
        ", gzip, deflate"
#endif
#if FERRY_HAS_BROTLI
        ", br"
#endif
#if FERRY_HAS_ZSTD
        ", zstd"
#endif
        ;
    return all.substr(std::min<std::size_t>(all.size(), 2));
}

enum class coding { unknown, identity, gzip, deflate, br, zstd };

/// The coding of that name, `unknown` where this build cannot undo it. An empty name is no coding.
constexpr coding coding_named(std::string_view name) noexcept {
    const auto is = [name](std::string_view other) { return equal_ignoring_case(name, other); };
    if (name.empty() || is("identity")) return coding::identity;
    if (FERRY_HAS_ZLIB && (is("gzip") || is("x-gzip"))) return coding::gzip;
    if (FERRY_HAS_ZLIB && is("deflate")) return coding::deflate;
    if (FERRY_HAS_BROTLI && is("br")) return coding::br;
    if (FERRY_HAS_ZSTD && is("zstd")) return coding::zstd;
    return coding::unknown;
}

inline std::unique_ptr<decode_step> make_step(coding c) {
    switch (c) {
#if FERRY_HAS_ZLIB
    case coding::gzip: return std::make_unique<inflate_step>(inflate_step::format::gzip);
    case coding::deflate: return std::make_unique<inflate_step>(inflate_step::format::deflate);
#endif
#if FERRY_HAS_BROTLI
    case coding::br: return std::make_unique<brotli_step>();
#endif
#if FERRY_HAS_ZSTD
    case coding::zstd: return std::make_unique<zstd_step>();
#endif
    default: return nullptr;
    }
}

/// The codings of one body in the order in which they were applied.
struct coding_list {
    static constexpr std::size_t most = 5;  // as urllib3 and curl
    std::array<coding, most> codings{};
    std::size_t count = 0;  // may be more than were kept
    bool known = true;      // each of them

    void add(std::string_view list) noexcept {
        while (!list.empty()) {
            const auto c = coding_named(next_element(list));
            if (c == coding::unknown) known = false;
            if (c == coding::identity) continue;
            if (count < most) codings[count] = c;
            ++count;
        }
    }
};

/// How many bytes may come out for one that goes in; looked at once there are more than `expansion_unwatched` of them.
inline constexpr std::uint64_t default_expansion = 1000;
inline constexpr std::uint64_t expansion_unwatched = 1024 * 1024;

/// Undoes codings in pieces of any size. Not for use by two threads at once.
class body_decoder {
public:
    /// `max_expansion` 0: without that limit.
    body_decoder(std::span<const coding> applied, std::uint64_t max_expansion) : max_expansion_(max_expansion) {
        links_.reserve(applied.size());
        for (auto i = applied.size(); i-- > 0;)
            links_.push_back({make_step(applied[i]), links_.empty() ? buffer() : buffer(small_buffer), {}, {}});
    }

    /// Takes from `in` and writes `n` bytes into `out`. There is more to be had as long as `in` is not empty or `out`
    /// was filled; then call it again, with an empty `in` too. An error comes with `n` 0, after what was decoded before
    /// it, and stays: `errc::invalid_content_coding`, `errc::expansion_too_large`, `std::errc::not_enough_memory`.
    std::error_code decode(std::string_view& in, std::span<char> out, std::size_t& n) {
        return fill(links_.size() - 1, in, out, n);
    }

    /// To be asked when the coded body has ended and nothing more is to be had: the error that was not told yet, or
    /// `errc::truncated_content_coding`. A body of no bytes is whole.
    std::error_code finish() const noexcept {
        for (auto& l : links_)
            if (l.fault) return l.fault;
        for (auto& l : links_)
            if (!l.step->whole()) return errc::truncated_content_coding;
        return {};
    }

private:
    struct link {
        std::unique_ptr<decode_step> step;
        buffer memory;            // what the link before it gives; the first takes the body's bytes
        std::string_view unread;  // of that
        std::error_code fault;
        std::uint64_t given = 0;
    };

    /// What link `i` gives.
    std::error_code fill(std::size_t i, std::string_view& in, std::span<char> out, std::size_t& n) {
        auto& l = links_[i];
        auto& from = i == 0 ? in : l.unread;
        n = 0;
        while (!l.fault && n < out.size()) {
            n += take(l, from, out.subspan(n), i == 0);
            if (l.fault || i == 0 || n == out.size()) break;
            std::size_t more = 0;
            l.fault = fill(i - 1, in, {l.memory.data(), l.memory.size()}, more);
            l.unread = {l.memory.data(), more};
            if (more == 0) break;
        }
        return n ? std::error_code{} : l.fault;
    }
    std::size_t take(link& l, std::string_view& from, std::span<char> out, bool first) {
        std::size_t n = 0;
        const auto before = from.size();
        l.fault = l.step->decode(from, out, n);
        if (first) taken_ += before - from.size();
        l.given += n;
        if (!l.fault && expands_too_much(l.given)) l.fault = errc::expansion_too_large;
        return n;
    }
    /// Each link is held against the bytes of the body: neither do limits multiply, nor is it free to give a link much
    /// that it ignores.
    bool expands_too_much(std::uint64_t given) const noexcept {
        return given > expansion_unwatched && max_expansion_ && (given - 1) / max_expansion_ >= taken_;
    }

    std::vector<link> links_;  // the coding applied last comes first
    std::uint64_t max_expansion_;
    std::uint64_t taken_ = 0;
};

/// A decoder for a body with these fields; null when there is nothing to undo. That is so, too, if one of the codings
/// is unknown here: the body is passed on as it came, as urllib3 does. More than five codings are
/// `errc::too_many_content_codings`.
inline std::error_code make_decoder(const Headers& fields, std::unique_ptr<body_decoder>& decoder,
                                    std::uint64_t max_expansion = default_expansion) {
    decoder.reset();
    coding_list list;
    for (auto f : fields)
        if (equal_ignoring_case(f.name, "content-encoding")) list.add(f.value);
    if (!list.known || list.count == 0) return {};
    if (list.count > list.most) return errc::too_many_content_codings;
    decoder = std::make_unique<body_decoder>(std::span(list.codings).first(list.count), max_expansion);
    return {};
}

/// Decodes pieces straight into the memory of a string, which meanwhile is longer than what it holds: `finish`, or the
/// end of this object, cuts it. After an error the string holds what came before that.
class string_decoder {
public:
    /// Appends to `to`, until that is `max` bytes long: more are `errc::body_too_large`.
    string_decoder(body_decoder& decoder, std::string& to, std::size_t max) noexcept
        : decoder_(decoder), to_(to), max_(std::min(max, to.max_size())), filled_(to.size()) {}
    string_decoder(const string_decoder&) = delete;
    string_decoder& operator=(const string_decoder&) = delete;
    ~string_decoder() { to_.resize(filled_); }

    /// Bytes decoded and in the string, with those that were there before.
    std::size_t size() const noexcept { return filled_; }

    /// Takes the whole piece. Errors are those of `body_decoder::decode`.
    std::error_code feed(std::string_view piece) {
        for (bool more = true; more;) {
            char beyond = 0;
            if (filled_ == to_.size()) grow(piece.size());
            const bool full = filled_ >= max_;
            const auto room = full ? std::span(&beyond, 1) : std::span(to_).subspan(filled_);
            std::size_t n = 0;
            if (auto ec = decoder_.decode(piece, room, n)) return ec;
            if (full && n) return errc::body_too_large;
            filled_ += n;
            more = n == room.size() || !piece.empty();
        }
        return {};
    }

    /// After the last piece.
    std::error_code finish() {
        to_.resize(filled_);
        return decoder_.finish();
    }

private:
    /// In steps that fit in the cache, since `resize` writes what is then written again. The string's capacity grows by
    /// a factor of its own.
    void grow(std::size_t coded) {
        const auto step = std::clamp(std::max(filled_, coded * 4), least_step, most_step);
        if (filled_ < max_) to_.resize(filled_ + std::min(step, max_ - filled_));
    }

    static constexpr std::size_t least_step = 1024, most_step = 256 * 1024;
    body_decoder& decoder_;
    std::string& to_;
    const std::size_t max_;
    std::size_t filled_;
};

/// A body that is at hand as a whole.
inline std::error_code decode_all(body_decoder& decoder, std::string_view coded, std::string& to, std::size_t max) {
    string_decoder whole(decoder, to, max);
    auto ec = whole.feed(coded);
    return ec ? ec : whole.finish();
}

}  // namespace ferry::detail
