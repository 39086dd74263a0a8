// The protocol's side of one connection: parser, bytes received and not yet read, and what is known of it. No socket.
#pragma once

#include <ferry/core/buffer.hpp>
#include <ferry/features.hpp>
#include <ferry/http/parser.hpp>
#include <ferry/tls/channel.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace ferry::detail {

/// A connection that was idle for less than this is likely to be wanted again as soon.
inline constexpr std::chrono::milliseconds quick_succession{1000};

struct connection {
    response_parser parser;
    ConnectionInfo info;
    bool open = false;
    // With TLS, what is received here is plaintext.
#if FERRY_HAS_TLS
    std::unique_ptr<tls_channel> tls;
#endif
    std::string out;  // memory for the request's head, and a small body behind it

    /// Whether more than the response has come: nobody will ever ask for that (RFC 9112 9.2).
    bool has_leftover() const {
#if FERRY_HAS_TLS
        if (tls && tls->settle() != verdict::alive) return true;
#endif
        return begin_ != end_;
    }
    /// Whether some of what was written is still here.
    bool withholds() const noexcept {
#if FERRY_HAS_TLS
        return tls && tls->withholds();
#else
        return false;
#endif
    }
    /// The peer's data has ended, and nobody knows whether that was its will (RFC 9112 9.8).
    bool truncated() const noexcept {
#if FERRY_HAS_TLS
        return tls && tls->truncated();
#else
        return false;
#endif
    }

    /// What was received and not yet read.
    std::string_view unread() const noexcept { return {in_.data() + begin_, end_ - begin_}; }
    char* unread_data() noexcept { return in_.data() + begin_; }
    void consume(std::size_t n) noexcept {
        begin_ += n;
        if (begin_ == end_) begin_ = end_ = 0;
    }

    /// Where to receive next; what is unread stays. `much`: a long body is expected.
    std::span<char> room(bool much) {
        if (begin_ == end_ && in_.size() < (much ? large_buffer : small_buffer))
            in_ = buffer(much ? large_buffer : small_buffer);
        if (end_ == in_.size() && begin_ > 0) {
            std::char_traits<char>::move(in_.data(), in_.data() + begin_, end_ - begin_);
            end_ -= std::exchange(begin_, 0);
        }
        return {in_.data() + end_, in_.size() - end_};
    }
    void received(std::size_t n) noexcept { end_ += n; }

    /// Between two requests it holds as little memory as it can. Only when no read into `room` is under way. Where
    /// requests follow each other quickly, what each would have to allocate again is left to `cool`.
    void rest() noexcept {
        in_ = {};
        begin_ = end_ = 0;
        if (out.capacity() > 4096) std::string().swap(out);
#if FERRY_HAS_TLS
        if (tls) tls->rest();
#endif
        if (!in_quick_succession()) cool();
    }
    /// When it has been idle for a while.
    void cool() noexcept {
#if FERRY_HAS_TLS
        if (tls) tls->cool();
#endif
    }
    bool in_quick_succession() const noexcept { return info.reused && info.idle_age < quick_succession; }

private:
    buffer in_;
    std::size_t begin_ = 0, end_ = 0;
};

}  // namespace ferry::detail
