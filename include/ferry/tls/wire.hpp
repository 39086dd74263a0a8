// The two ends of a TLS connection's ciphertext: what was received and what is to be sent, and OpenSSL's way to them.
#pragma once

#include <ferry/features.hpp>

#if FERRY_HAS_TLS

#include <ferry/core/buffer.hpp>
#include <ferry/tls/openssl.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace ferry::detail {

/// OpenSSL takes ciphertext straight from the buffer that it was received into, and puts it into the one that it is
/// sent from.
class tls_wire {
public:
    tls_wire() = default;
    tls_wire(const tls_wire&) = delete;
    tls_wire& operator=(const tls_wire&) = delete;

    /// Where to receive next; larger where a read of `wanted` bytes is to be served. Empty only if 256 KiB are unread.
    std::span<char> room(std::size_t wanted) {
        if (!lent_) make_room(wanted);
        return {in_.data() + end_, in_.size() - end_};
    }
    /// The same for a receive that goes on by itself: the room stays where it is until something was received.
    std::span<char> lend() {
        const auto to = room(0);
        lent_ = true;
        return to;
    }
    void received(std::size_t n) noexcept {
        end_ += n;
        lent_ = false;
    }
    bool unread() const noexcept { return begin_ != end_; }
    /// Whether OpenSSL has been given a part of a record and not the rest.
    bool inside_record() const noexcept { return head_ != 0 || body_ != 0; }

    std::string_view to_send() const noexcept { return std::string_view(out_).substr(sent_); }
    void sent(std::size_t n) noexcept {
        sent_ += n;
        if (sent_ == out_.size()) out_.clear(), sent_ = 0;
    }

    /// Holds no memory that it can do without.
    void rest() noexcept {
        if (!unread()) in_ = {}, begin_ = end_ = 0;
        if (out_.empty() && out_.capacity() > 4096) std::string().swap(out_);
    }

    /// A BIO that reads and writes here; null if there is no memory. It must not outlive this object.
    BIO* bio() {
        BIO* b = BIO_new(method());
        if (!b) return nullptr;
        BIO_set_data(b, this);
        BIO_set_init(b, 1);
        return b;
    }

private:
    static constexpr unsigned head_size = 5;  // type, version and length of a record (RFC 8446 5.1)

    void make_room(std::size_t wanted) {
        const bool full = end_ - begin_ == in_.size();
        const auto size = wanted > small_buffer || (full && unread()) ? large_buffer : small_buffer;
        if (in_.size() < size && (full || !unread())) {
            buffer larger(size);
            if (unread()) std::memcpy(larger.data(), in_.data() + begin_, end_ - begin_);
            in_ = std::move(larger);
        } else if (begin_ > 0) {
            std::memmove(in_.data(), in_.data() + begin_, end_ - begin_);
        }
        end_ -= std::exchange(begin_, 0);
    }
    std::size_t read(char* into, std::size_t n) noexcept {
        n = std::min(n, end_ - begin_);
        if (n == 0) return 0;
        std::memcpy(into, in_.data() + begin_, n);
        follow({into, n});
        begin_ += n;
        return n;
    }
    /// Keeps account of where records begin and end.
    void follow(std::string_view bytes) noexcept {
        while (!bytes.empty()) {
            if (body_ != 0) {
                const auto some = std::min(body_, bytes.size());
                body_ -= some;
                bytes.remove_prefix(some);
                continue;
            }
            length_ = (length_ << 8 | static_cast<unsigned char>(bytes[0])) & 0xffff;  // ends with the length's bytes
            bytes.remove_prefix(1);
            if (++head_ == head_size) head_ = 0, body_ = length_;
        }
    }

    static tls_wire& of(BIO* b) noexcept { return *static_cast<tls_wire*>(BIO_get_data(b)); }
    static int bio_read(BIO* b, char* into, int n) noexcept {
        BIO_clear_retry_flags(b);
        const auto got = n > 0 ? of(b).read(into, static_cast<std::size_t>(n)) : 0;
        if (got == 0) BIO_set_retry_read(b);  // so is the end: OpenSSL would forbid to resume the session after it
        return got == 0 ? -1 : static_cast<int>(got);
    }
    static int bio_write(BIO* b, const char* from, int n) noexcept {
        BIO_clear_retry_flags(b);
        try {
            of(b).out_.append(from, static_cast<std::size_t>(n));
        } catch (const std::bad_alloc&) {
            return -1;
        }
        return n;
    }
    static long bio_ctrl(BIO*, int what, long, void*) noexcept { return what == BIO_CTRL_FLUSH ? 1 : 0; }

    /// Made once, and never freed: connections may outlive any order in which statics end.
    static const BIO_METHOD* method() {
        static const BIO_METHOD* const made = [] {
            BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ferry");
            if (!m) return m;
            BIO_meth_set_read(m, bio_read);
            BIO_meth_set_write(m, bio_write);
            BIO_meth_set_ctrl(m, bio_ctrl);
            return m;
        }();
        return made;
    }

    buffer in_;
    std::size_t begin_ = 0, end_ = 0;
    bool lent_ = false;
    std::size_t body_ = 0, length_ = 0;  // bytes of the record at hand that are still to come
    unsigned head_ = 0;                  // bytes of its head that have been read
    std::string out_;
    std::size_t sent_ = 0;
};

}  // namespace ferry::detail

#endif
