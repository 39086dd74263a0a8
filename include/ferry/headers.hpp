// Header fields: ordered, names compared without case, repeated names allowed. One block of text and offsets into it.
#pragma once

#include <ferry/token.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
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
        std::uint32_t at, name, value_at, value;  // where name and value begin in the text, and their sizes
    };

public:
    struct Field {
        std::string_view name, value;
        bool operator==(const Field&) const = default;
    };

    Headers() = default;
    Headers(const Headers&) = default;
    Headers& operator=(const Headers&) = default;
    ~Headers() = default;
    /// What was moved from is empty.
    Headers(Headers&& o) noexcept : text_(std::move(o.text_)), more_(std::move(o.more_)), size_(o.size_) {
        copy_near(o);
        o.clear();
    }
    Headers& operator=(Headers&& o) noexcept {
        if (this == &o) return *this;
        text_ = std::move(o.text_);
        more_ = std::move(o.more_);
        size_ = o.size_;
        copy_near(o);
        o.clear();
        return *this;
    }
    Headers(std::initializer_list<Field> fields) {
        for (auto& f : fields) add(f.name, f.value);
    }

    /// Appends a field, whether or not one of that name is there. What cannot be sent is refused when it is sent.
    void add(std::string_view name, std::string_view value) {
        if (owns(name) || owns(value)) return add(std::string(name), std::string(value));
        const auto at = text_.size();
        place(at, name.size(), at + name.size() + 2, value.size());
        try {
            text_.append(name).append(std::string_view(": ")).append(value).append(std::string_view("\r\n"));
        } catch (...) {  // all of it, or nothing
            text_.resize(at);
            displace();
            throw;
        }
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
    bool contains(std::string_view name) const noexcept { return !empty() && index_of(name) < size_; }
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
        auto i = empty() ? size_ : index_of(name);
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

    /// The fields as lines, `Name: value` and CRLF, without the empty line.
    std::string_view block() const& noexcept { return text_; }
    std::string_view block() const&& = delete;

    /// The same names, to the letter, and values in the same order.
    friend bool operator==(const Headers& a, const Headers& b) noexcept {
        return std::equal(a.begin(), a.end(), b.begin(), b.end());
    }
    friend std::ostream& operator<<(std::ostream& os, const Headers& h) { return os << h.text_; }

private:
    friend detail::header_writer;

    bool owns(std::string_view view) const noexcept { return detail::lies_in(text_, view); }
    /// Those of our fields, and not the memory of all.
    void copy_near(const Headers& o) noexcept {
        std::copy_n(o.near_.begin(), std::min(size_, near_.size()), near_.begin());
    }
    const Place& at(std::size_t i) const noexcept { return i < near_.size() ? near_[i] : more_[i - near_.size()]; }
    Field field(std::size_t i) const noexcept {
        auto& p = at(i);
        return {{text_.data() + p.at, p.name}, {text_.data() + p.value_at, p.value}};
    }
    std::size_t index_of(std::string_view name, std::size_t from = 0) const noexcept {
        for (; from < size_; ++from) {
            auto& p = at(from);
            if (p.name == name.size() && detail::equal_ignoring_case({text_.data() + p.at, p.name}, name)) break;
        }
        return from;
    }
    static Place place_of(std::size_t at, std::size_t name, std::size_t value_at, std::size_t value) noexcept {
        return {static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(name), static_cast<std::uint32_t>(value_at),
                static_cast<std::uint32_t>(value)};
    }
    void place(std::size_t at, std::size_t name, std::size_t value_at, std::size_t value) {
        if (size_ >= near_.size()) [[unlikely]]
            return place_far(at, name, value_at, value);
        near_[size_++] = place_of(at, name, value_at, value);
    }
    /// The last one.
    void displace() noexcept {
        if (--size_ >= near_.size()) more_.pop_back();
    }
    [[gnu::noinline]] void place_far(std::size_t at, std::size_t name, std::size_t value_at, std::size_t value) {
        more_.push_back(place_of(at, name, value_at, value));
        ++size_;
    }

    std::string text_;
    std::array<Place, 16> near_;  // most heads need no more, so the offsets cost no allocation
    std::vector<Place> more_;
    std::size_t size_ = 0;
};

namespace detail {

/// Builds fields as a parser meets them. What lies together in the bytes at hand is copied as one piece; a field that
/// is cut by their end, or folded, is put together in the text.
class header_writer {
public:
    /// What fields will be written to, where nothing of any has been.
    static std::string& memory_of(Headers& none) noexcept { return none.text_; }

    void start(Headers& h) {
        to_ = &h;
        at_hand_ = at_hand::nothing;
        first_ = nullptr;
        end_ = nowhere;
        plain_ = true;
    }

    /// The line in front of the fields ends its text here.
    void line(const char* end) noexcept { end_ = end; }
    void name(std::string_view piece) {
        if (at_hand_ != at_hand::nothing) [[unlikely]]
            return more_name(piece);
        name_ = piece;
        at_hand_ = at_hand::name;
    }
    void value(std::string_view piece) {
        if (at_hand_ != at_hand::name) [[unlikely]]
            return more_value(piece);
        value_ = piece;
        at_hand_ = at_hand::value;
    }
    /// The field is whole.
    void complete() {
        if (at_hand_ != at_hand::value) [[unlikely]]
            return complete_pieces();
        complete_whole();
        at_hand_ = at_hand::nothing;
    }
    /// A whole field, from a line `Name: value` and CRLF.
    void whole(Headers::Field f) {
        name_ = f.name;
        value_ = f.value;
        complete_whole();
    }
    /// What has come of a field that is not complete: something, and its value too.
    bool within_field() const noexcept { return at_hand_ != at_hand::nothing; }
    bool has_value() const noexcept { return at_hand_ == at_hand::value; }
    /// The bytes at hand end here: what they hold moves into the text.
    void flush() {
        copy();
        if (at_hand_ != at_hand::nothing) cut();
    }

    std::size_t count() const noexcept { return to_->size(); }
    /// The field completed last.
    Headers::Field last() const noexcept { return {name_, value_}; }

    /// Whether all lines, from the one in front of the fields to the empty one that ends before `end`, were seen to be
    /// `Name: value` and CRLF, and none to be folded. False says nothing. The bytes must not have moved since.
    bool regular(const char* end) const noexcept {
        return plain_ && end_ + 4 == end && ends_line(end_) && ends_line(end_ + 2);
    }
    void irregular() noexcept { plain_ = false; }

private:
    static constexpr char nowhere[4] = {};

    static bool is_space(char c) noexcept { return c == ' ' || c == '\t'; }
    static bool ends_line(const char* p) noexcept { return std::memcmp(p, "\r\n", 2) == 0; }

    void complete_whole() {
        const char* name_end = name_.data() + name_.size();
        plain_ = plain_ && end_ + 2 == name_.data() && ends_line(end_) && name_end + 2 == value_.data() &&
                 name_end[1] == ' ';
        while (!value_.empty() && is_space(value_.back())) value_.remove_suffix(1);
        if (!first_) first_ = name_.data(), base_ = to_->text_.size();
        const auto at = base_ + static_cast<std::size_t>(name_.data() - first_);
        to_->place(at, name_.size(), at + static_cast<std::size_t>(value_.data() - name_.data()), value_.size());
        end_ = value_.data() + value_.size();
    }
    /// Copies the fields that lie whole in the bytes at hand.
    void copy() {
        if (!first_) return;
        const bool with_end = plain_ && ends_line(end_);  // a plain line that is whole has been read beyond its end
        to_->text_.append(first_, static_cast<std::size_t>(end_ - first_) + (with_end ? 2 : 0));
        if (!with_end) to_->text_.append(std::string_view("\r\n"));
        first_ = nullptr;
    }

    // What is rare stays out of line: with it, each callback of the parser would save and restore many registers.

    [[gnu::noinline]] void more_name(std::string_view piece) {
        if (at_hand_ == at_hand::name) name_ = {name_.data(), name_.size() + piece.size()};
        else to_->text_.append(piece), name_size_ += piece.size();
    }
    /// Cut by the end of the bytes, or folded (RFC 9112 5.2).
    [[gnu::noinline]] void more_value(std::string_view piece) { cut(), cut_value(piece); }
    [[gnu::noinline]] void complete_pieces() {
        cut(), cut_value({});
        auto& t = to_->text_;
        while (t.size() > value_at_ && is_space(t.back())) t.pop_back();
        to_->place(at_, name_size_, value_at_, t.size() - value_at_);
        t.append(std::string_view("\r\n"));
        name_ = {t.data() + at_, name_size_};
        value_ = {t.data() + value_at_, t.size() - 2 - value_at_};
        plain_ = false;
        at_hand_ = at_hand::nothing;
    }

    void cut() {
        if (at_hand_ == at_hand::pieces) return;
        copy();
        auto& t = to_->text_;
        at_ = t.size();
        name_size_ = name_.size();
        value_at_ = 0;
        t.append(name_);
        if (at_hand_ == at_hand::value) cut_value(value_);
        at_hand_ = at_hand::pieces;
    }
    void cut_value(std::string_view piece) {
        auto& t = to_->text_;
        if (value_at_ == 0) value_at_ = t.append(std::string_view(": ")).size();
        t.append(piece);
    }

    Headers* to_ = nullptr;
    /// What there is of the next field: name, or name and value, as they lie in the bytes at hand; or pieces in the
    /// text.
    enum class at_hand : unsigned char { nothing, name, value, pieces } at_hand_ = at_hand::nothing;
    bool plain_ = true;  // all lines so far, as `regular` says
    std::string_view name_, value_;
    const char* first_ = nullptr;  // the first whole field in the bytes at hand
    std::size_t base_ = 0;         // where it will lie in the text
    const char* end_ = nowhere;    // of the text of the last whole line
    std::size_t at_ = 0, name_size_ = 0, value_at_ = 0;
};

}  // namespace detail
}  // namespace ferry
