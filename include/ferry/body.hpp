// What a request can carry: bytes in memory, a file, or whatever a function yields.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

namespace ferry {

/// A regular file as a body: read while it is sent, with its size as Content-Length. For pipes and devices write a
/// `source`. A file that changes its size meanwhile
/// ends the request with `errc::body_size_changed`.
struct File {
    std::string path;
};

/// A function as a body. `read` fills (a part of) the span and returns how many bytes it wrote, 0 at the end; what it
/// throws passes through the call. With `size` the body has a Content-Length and `read` must yield exactly that much;
/// without, it goes out chunked. With `rewind`, which makes `read` begin anew, the request can be sent again
/// where that is allowed. It is called from the thread that makes the request.
struct Source {
    std::function<std::size_t(std::span<char>)> read = {};
    std::optional<std::uint64_t> size = {};
    std::function<void()> rewind = {};
    /// In place of `read`, for an AsyncSession: starts to fill the span, and calls `done` once, from any thread, with
    /// an error or the number of bytes; the span is valid as long as a copy of `done` is.
    std::function<void(std::span<char> into, std::function<void(std::error_code, std::size_t)> done)> read_async = {};
};

/// A body from a function, as `Options::body`: `{.body = ferry::source([&](std::span<char> into) { ... })}`.
inline Source source(std::function<std::size_t(std::span<char>)> read, std::optional<std::uint64_t> size = {}) {
    return {std::move(read), size, {}, {}};
}

/// The same for an AsyncSession, from a function that does not block; see `Source::read_async`.
inline Source async_source(std::function<void(std::span<char>, std::function<void(std::error_code, std::size_t)>)> read,
                           std::optional<std::uint64_t> size = {}) {
    return {{}, size, {}, std::move(read)};
}

/// The body of a request; by default there is none. An empty string is a body of no bytes.
class Body {
public:
    Body() = default;
    Body(std::string bytes) : data_(std::move(bytes)) {}
    Body(std::string_view bytes) : data_(std::string(bytes)) {}
    Body(const char* text) : data_(std::string(text)) {}
    Body(std::nullptr_t) = delete;
    /// Contiguous bytes of whatever type: `std::vector<std::byte>`, `std::span<const unsigned char>`.
    template <class Bytes>
    requires requires(const Bytes& b) {
        reinterpret_cast<const char*>(b.data()), b.size();
    } &&(sizeof(*std::declval<const Bytes&>().data()) == 1) &&
        (!std::convertible_to<const Bytes&, std::string_view>)Body(const Bytes& bytes)
        : data_(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size())) {
    }
    Body(File file) : data_(std::move(file)) {}
    Body(Source source) : data_(std::move(source)) {}

    /// Bytes that are not copied: they must outlive the request.
    static Body borrow(std::string_view bytes) {
        Body b;
        b.data_ = bytes;
        return b;
    }

    bool none() const noexcept { return std::holds_alternative<std::monostate>(data_); }
    /// The bytes, if they are in memory.
    std::optional<std::string_view> bytes() const& noexcept {
        if (auto* s = std::get_if<std::string>(&data_)) return *s;
        if (auto* v = std::get_if<std::string_view>(&data_)) return *v;
        return std::nullopt;
    }
    std::optional<std::string_view> bytes() const&& = delete;
    const File* file() const& noexcept { return std::get_if<File>(&data_); }
    const Source* source() const& noexcept { return std::get_if<Source>(&data_); }
    /// Whether it is read piece by piece while it is sent.
    bool pulled() const noexcept { return file() || source(); }
    /// Whether it can be sent a second time.
    bool rewindable() const noexcept { return !source() || source()->rewind; }

private:
    std::variant<std::monostate, std::string, std::string_view, File, Source> data_;
};

}  // namespace ferry
