// Header fields: ordered, names compared without case, repeated names allowed. One block of text and offsets into it.
#pragma once

#include <ferry/token.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferry {

namespace detail {
class header_writer;
}

/// The fields of a request or a response, in their order. Names are compared without regard to ASCII case and kept
/// as they were written. The fields of a usual head take one allocation in all.
class Headers {
    struct Place {
        std::uint32_t at = 0, name = 0, value = 0;  // where the field begins; sizes of its two parts
    };

public:
    struct Field {
        std::string_view name, value;
        bool operator==(const Field&) const = default;
    };

    Headers() = default;
    Headers(std::initializer_list<Field> fields) {
        for (auto& f : fields) add(f.name, f.value);
    }

    /// Appends a field, whether or not one of that name is there. What cannot be sent is refused when it is sent.
    void add(std::string_view name, std::string_view value) {
        open_field(name);
        text_.append(value);
        close_field(value.size());
    }

    /// Replaces every field of that name by this one, which goes to the end.
    void set(std::string_view name, std::string_view value) {
        if (!contains(name)) return add(name, value);
        Headers rest;
        for (auto f : *this)
            if (!detail::equal_ignoring_case(f.name, name)) rest.add(f.name, f.value);
        rest.add(name, value);  // before the assignment: `value` may be a view of this object
        *this = std::move(rest);
    }

    /// Removes every field of that name; how many there were.
    std::size_t erase(std::string_view name) {
        Headers rest;
        for (auto f : *this)
            if (!detail::equal_ignoring_case(f.name, name)) rest.add(f.name, f.value);
        auto removed = size() - rest.size();
        if (removed) *this = std::move(rest);
        return removed;
    }

    void clear() noexcept {
        text_.clear();
        size_ = 0;
        more_.clear();
    }

    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    bool contains(std::string_view name) const noexcept { return index_of(name) < size_; }
    std::size_t count(std::string_view name) const noexcept {
        std::size_t n = 0;
        for (auto i = index_of(name); i < size_; i = index_of(name, i + 1)) ++n;
        return n;
    }

    /// The first value of that name, empty when there is none. A temporary gives a string of its own, so that
    /// `session.get(url).headers["etag"]` does not dangle.
    std::string_view operator[](std::string_view name) const& noexcept {
        auto i = index_of(name);
        return i < size_ ? field(i).value : std::string_view{};
    }
    std::string operator[](std::string_view name) const&& { return std::string(std::as_const(*this)[name]); }

    /// The first value of that name, or nothing: tells an empty field from an absent one.
    std::optional<std::string_view> find(std::string_view name) const& noexcept {
        auto i = index_of(name);
        return i < size_ ? std::optional(field(i).value) : std::nullopt;
    }
    std::optional<std::string_view> find(std::string_view) const&& = delete;

    /// Every value of that name, in order (`Set-Cookie` cannot be joined; RFC 9110 5.3).
    std::vector<std::string_view> all(std::string_view name) const& {
        std::vector<std::string_view> values;
        for (auto i = index_of(name); i < size_; i = index_of(name, i + 1)) values.push_back(field(i).value);
        return values;
    }
    std::vector<std::string_view> all(std::string_view) const&& = delete;

    class Iterator {
    public:
        using value_type = Field;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::input_iterator_tag;
        using reference = Field;
        using pointer = void;
        Iterator() = default;
        Field operator*() const noexcept { return of_->field(i_); }
        Iterator& operator++() noexcept { return ++i_, *this; }
        Iterator operator++(int) noexcept { return {of_, i_++}; }
        bool operator==(const Iterator&) const = default;

    private:
        friend Headers;
        Iterator(const Headers* of, std::size_t i) : of_(of), i_(i) {}
        const Headers* of_ = nullptr;
        std::size_t i_ = 0;
    };
    Iterator begin() const noexcept { return {this, 0}; }
    Iterator end() const noexcept { return {this, size_}; }

    /// The fields as they go on the wire: `Name: value` lines ending in CRLF, without the empty line.
    std::string_view block() const& noexcept { return text_; }
    std::string_view block() const&& = delete;

    friend bool operator==(const Headers& a, const Headers& b) noexcept { return a.text_ == b.text_; }
    friend std::ostream& operator<<(std::ostream& os, const Headers& h) { return os << h.text_; }

private:
    friend detail::header_writer;

    Field field(std::size_t i) const noexcept {
        auto p = i < near_.size() ? near_[i] : more_[i - near_.size()];
        std::string_view t = text_;
        return {t.substr(p.at, p.name), t.substr(p.at + p.name + 2, p.value)};
    }
    std::size_t index_of(std::string_view name, std::size_t from = 0) const noexcept {
        for (; from < size_; ++from) {
            auto p = from < near_.size() ? near_[from] : more_[from - near_.size()];
            if (p.name == name.size() && detail::equal_ignoring_case({text_.data() + p.at, p.name}, name)) break;
        }
        return from;
    }
    void open_field(std::string_view name) {
        begin_ = static_cast<std::uint32_t>(text_.size());
        text_.append(name).append(": ");
    }
    void close_field(std::size_t value_size) {
        Place p{begin_, 0, static_cast<std::uint32_t>(value_size)};
        p.name = static_cast<std::uint32_t>(text_.size() - value_size - 2 - begin_);
        text_.append("\r\n");
        if (size_ < near_.size()) near_[size_] = p;
        else more_.push_back(p);
        ++size_;
    }

    std::string text_;
    std::array<Place, 16> near_;  // most heads need no more, so the offsets cost no allocation
    std::vector<Place> more_;
    std::size_t size_ = 0;
    std::uint32_t begin_ = 0;
};

namespace detail {

/// Builds fields from pieces, as a parser meets them.
class header_writer {
public:
    void start(Headers& h) {
        to_ = &h;
        open_ = false;
        if (h.text_.capacity() < 512) h.text_.reserve(512);
    }
    std::size_t bytes() const noexcept { return to_->text_.size(); }
    void name(std::string_view piece) {
        if (!open_) to_->open_field(piece), to_->text_.resize(to_->text_.size() - 2), open_ = true;
        else to_->text_.append(piece);
    }
    std::string_view name_complete() {
        auto& t = to_->text_;
        t.append(": ");
        value_ = t.size();
        return {t.data() + to_->begin_, value_ - 2 - to_->begin_};
    }
    void value(std::string_view piece) { to_->text_.append(piece); }
    /// The value whole, without the white space behind it.
    std::string_view value_complete() {
        auto& t = to_->text_;
        while (t.size() > value_ && (t.back() == ' ' || t.back() == '\t')) t.pop_back();
        auto n = t.size() - value_;
        to_->close_field(n);
        open_ = false;
        return {t.data() + value_, n};
    }

private:
    Headers* to_ = nullptr;
    std::size_t value_ = 0;
    bool open_ = false;
};

}  // namespace detail
}  // namespace ferry
