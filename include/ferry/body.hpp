// What a request can carry: bytes in memory, a file, whatever a function yields, or several of these in a row.
#pragma once

#include <ferry/error.hpp>
#include <ferry/token.hpp>

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
#include <vector>

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

/// The body of a request; by default there is none. An empty string is a body of no bytes. It may know its media type,
/// which goes out as Content-Type where the headers have none.
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

    /// Several bodies as one, sent in this order: `Body::join({"head", File{"a.bin"}, "tail"})`. It has a
    /// Content-Length if each of them has, and can be sent again if each of them can. Each file
    /// must be there at the beginning, and is opened when its turn comes. Small bytes next to each other are copied
    /// together; so what is made of nothing else is a body in memory. It has no type, and those of its parts do not
    /// count.
    static Body join(std::vector<Body> bodies) {
        row to;
        for (auto& body : bodies) {
            if (auto* nested = std::get_if<std::vector<Body>>(&body.data_)) {
                for (auto& part : *nested) to.add(std::move(part));
            } else {
                to.add(std::move(body));
            }
        }
        Body whole;
        if (to.parts.empty()) whole.data_.emplace<std::string>();
        else if (to.parts.size() == 1) whole.data_ = std::move(to.parts.front().data_);
        else whole.data_ = std::move(to.parts);
        return whole;
    }

    /// The media type, such as `image/png`; empty if it is not known.
    const std::string& type() const& noexcept { return type_; }
    std::string type() && { return std::move(type_); }
    /// The same body with this type. Throws `ferry::Error` with `errc::invalid_header_value` if it cannot be sent.
    Body with_type(std::string type) const& { return Body(*this).with_type(std::move(type)); }
    Body with_type(std::string type) && {
        if (!detail::is_field_value(type))
            throw Error(errc::invalid_header_value, {}, Phase::input, RequestState::not_sent, "Content-Type");
        type_ = std::move(type);
        return std::move(*this);
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
    /// What it is made of, in order: bytes, files and sources; itself, if it is one of these.
    std::span<const Body> parts() const& noexcept {
        if (auto* joined = std::get_if<std::vector<Body>>(&data_)) return *joined;
        return {this, none() ? std::size_t{0} : 1};
    }
    std::span<const Body> parts() const&& = delete;
    /// Whether it is read piece by piece while it is sent.
    bool pulled() const noexcept { return !none() && !bytes(); }
    /// Whether it can be sent a second time.
    bool rewindable() const noexcept {
        for (auto& part : parts())
            if (auto* s = part.source(); s && !s->rewind) return false;
        return true;
    }

private:
    /// Puts together what `join` joins.
    struct row {
        static constexpr std::size_t small = 16 * 1024;

        std::vector<Body> parts = {};
        bool growing = false;  // the last one is a string that began small

        void add(Body&& part) {
            auto bytes = part.bytes();
            if (part.none() || (bytes && bytes->empty())) return;
            if (!bytes || bytes->size() > small) {
                growing = false;
                parts.push_back(std::move(part));
            } else if (growing) {
                std::get<std::string>(parts.back().data_).append(*bytes);
            } else {
                growing = true;
                parts.push_back(std::string(*bytes));
            }
        }
    };

    std::variant<std::monostate, std::string, std::string_view, File, Source, std::vector<Body>> data_;
    std::string type_;
};

}  // namespace ferry
