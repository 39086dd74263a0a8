// Reads a request's body while it is sent: bytes, files and functions, one after the other.
#pragma once

#include <ferry/body.hpp>
#include <ferry/core/action.hpp>
#include <ferry/io/descriptor.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>
#include <vector>

namespace ferry::detail {

/// Where an answer carries an error, its `n` is the number of the part at fault.
class body_reader {
public:
    /// With `asynchronous`, functions that answer later are for the driver to call: see `later`.
    explicit body_reader(bool asynchronous = false) noexcept : asynchronous_(asynchronous) {}

    /// From its beginning, also for the second time: how long it will be, or unknown_size. Every file is looked at, and
    /// the first one stays open; so most bodies open theirs once, and a body of many needs no more than two
    /// descriptors.
    answer open(const Body& body) {
        parts_ = body.parts();
        sizes_.clear();
        opened_ = nothing;
        std::uint64_t total = 0;
        for (auto& part : parts_) {
            if (auto ec = measure(part)) return {.ec = ec, .n = sizes_.size()};
            const auto size = sizes_.back();
            if (total == unknown_size || size == unknown_size) total = unknown_size;
            else if (size >= unknown_size - total) return {.ec = too_large(), .n = sizes_.size() - 1};
            else total += size;
        }
        for (auto& part : parts_)
            if (auto* s = part.source(); s && used_ && s->rewind) s->rewind();
        used_ = true;
        begin(0);
        return {.n = static_cast<std::size_t>(total)};
    }

    /// The next bytes, as many as can be had without a wait for a function; none at the end. None also where the next
    /// ones come `later`.
    answer read(std::span<char> into) {
        std::size_t filled = 0;
        while (at_ < parts_.size() && filled < into.size()) {
            const bool may_wait = parts_[at_].source();
            if (may_wait && (filled > 0 || later())) break;  // what is there goes out first
            auto got = take(read_part(into.subspan(filled)));
            if (got.ec) return got;
            filled += got.n;
        }
        return {.n = filled};
    }

    /// The function that the next bytes come from, if it is one that answers later.
    const Source* later() const noexcept {
        auto* source = asynchronous_ && at_ < parts_.size() ? parts_[at_].source() : nullptr;
        return source && source->read_async ? source : nullptr;
    }

    /// Takes note of what the part at hand gave, and goes on to the next one after its end. One of known size must
    /// give exactly that much: a function is not asked again after its last byte, for which it might wait, but a file
    /// is, as it may have grown.
    answer take(answer got) noexcept {
        const bool known = left_ != unknown_size;
        if (!got.ec && (got.n > left_ || (got.n == 0 && known && left_ > 0))) got.ec = errc::body_size_changed;
        if (got.ec) return {.ec = got.ec, .n = at_};
        if (known) left_ -= got.n;
        if (got.n == 0 || (left_ == 0 && !parts_[at_].file())) begin(at_ + 1);
        return got;
    }

    static std::error_code too_large() noexcept { return std::make_error_code(std::errc::value_too_large); }

private:
    /// The part from which on there is something to be asked.
    void begin(std::size_t part) noexcept {
        for (at_ = part; at_ < parts_.size(); ++at_) {
            left_ = sizes_[at_];
            if (left_ > 0 || parts_[at_].file()) return;
        }
    }

    std::error_code measure(const Body& part) {
        std::uint64_t size = unknown_size;
        if (auto bytes = part.bytes()) size = bytes->size();
        else if (auto* s = part.source()) {
            if (!s->read && !(asynchronous_ && s->read_async)) return errc::invalid_option;
            size = s->size.value_or(unknown_size);
        } else {
            descriptor file;
            if (auto ec = open_file(*part.file(), file, size)) return ec;
            if (opened_ == nothing) keep_open(file, sizes_.size());
        }
        sizes_.push_back(size);
        return {};
    }

    answer read_part(std::span<char> into) {
        if (auto bytes = parts_[at_].bytes()) {
            auto rest = bytes->substr(bytes->size() - static_cast<std::size_t>(left_));
            return {.n = rest.copy(into.data(), into.size())};
        }
        if (auto* s = parts_[at_].source()) {
            auto n = s->read(into);
            return {.ec = n > into.size() ? too_large() : std::error_code{}, .n = n};
        }
        return read_file(into);
    }

    answer read_file(std::span<char> into) {
        if (opened_ != at_)
            if (auto ec = open_again()) return {.ec = ec};
        for (;;) {
            auto n = ::read(file_.get(), into.data(), into.size());
            if (n >= 0) return {.n = static_cast<std::size_t>(n)};
            if (errno != EINTR) return {.ec = last_error()};
        }
    }

    std::error_code open_again() {
        descriptor file;
        std::uint64_t size = 0;
        if (auto ec = open_file(*parts_[at_].file(), file, size)) return ec;
        if (size != left_) return errc::body_size_changed;
        keep_open(file, at_);
        return {};
    }
    void keep_open(descriptor& file, std::size_t part) noexcept {
        file_ = std::move(file);
        opened_ = part;
    }

    static std::error_code open_file(const File& f, descriptor& file, std::uint64_t& size) {
        file = descriptor(::open(f.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a FIFO would wait for a writer
        if (!file) return last_error();
        struct stat s {};
        if (::fstat(file.get(), &s) != 0) return last_error();
        if (S_ISDIR(s.st_mode)) return std::make_error_code(std::errc::is_a_directory);
        if (!S_ISREG(s.st_mode)) return std::make_error_code(std::errc::not_supported);
        size = static_cast<std::uint64_t>(s.st_size);
        return {};
    }

    static constexpr std::size_t nothing = static_cast<std::size_t>(-1);

    std::span<const Body> parts_;
    std::vector<std::uint64_t> sizes_;  // of the parts
    std::size_t at_ = 0;                // the part at hand
    std::uint64_t left_ = 0;            // of it
    descriptor file_;
    std::size_t opened_ = nothing;  // which part that is
    bool asynchronous_;
    bool used_ = false;
};

}  // namespace ferry::detail
