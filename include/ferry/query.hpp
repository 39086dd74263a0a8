// Query parameters: an ordered list of names and values, and its text in a URL.
#pragma once

#include <ferry/percent.hpp>

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace ferry {

namespace detail {

template <class T> concept text_value = std::convertible_to<const T&, std::string_view>;

/// Numbers, but not the character types: whether 'a' means "a" or "97" should not need a guess, except for `char`.
template <class T>
concept number_value = std::floating_point<T> ||
    (std::integral<T> && !std::same_as<T, char> && !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> &&
     !std::same_as<T, char16_t> && !std::same_as<T, char32_t>);

template <class T> concept query_value = text_value<T> || number_value<T> || std::same_as<T, char>;

/// A value as text: `true` and `false`, integers in decimal, floating point in the shortest form that reads back
/// as the same number.
template <query_value T> std::string query_text(const T& value) {
    if constexpr (text_value<T>) {
        return std::string(std::string_view(value));
    } else if constexpr (std::same_as<T, char>) {
        return std::string(1, value);
    } else if constexpr (std::same_as<T, bool>) {
        return value ? "true" : "false";
    } else {
        char digits[std::is_same_v<T, long double> ? 5120 : 512];
        const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
        return std::string(digits, end);
    }
}

}  // namespace detail

/// The parameters of a URL's query, in the order in which they were given (requests' `params`).
///
///     ferry::Query q{{"q", "c++"}, {"page", 2}, {"exact", true}};
///     q.str();  // "q=c%2B%2B&page=2&exact=true"
///
/// A name may occur more than once. Values are strings, integers, floating point or `bool`.
class Query {
public:
    /// One parameter, as plain text: nothing in it is encoded.
    struct Parameter {
        template <detail::query_value T>
        Parameter(std::string_view name_text, const T& value_of)
            : name(name_text), value(detail::query_text(value_of)) {}

        std::string name;
        std::string value;

        friend bool operator==(const Parameter&, const Parameter&) = default;
    };

    using const_iterator = std::vector<Parameter>::const_iterator;

    Query() = default;
    Query(std::initializer_list<Parameter> parameters) : parameters_(parameters) {}

    /// Appends a parameter; one of the same name that is there stays.
    template <detail::query_value T> Query& add(std::string_view name, const T& value) {
        parameters_.emplace_back(name, value);
        return *this;
    }

    /// Gives the first parameter of this name the value, and removes the others; appends one if there is none.
    template <detail::query_value T> Query& set(std::string_view name, const T& value) {
        Parameter replacement(name, value);  // Built first: name or value may view what is about to be removed.
        const auto same = [&replacement](const Parameter& p) { return p.name == replacement.name; };
        const auto first = std::find_if(parameters_.begin(), parameters_.end(), same);
        if (first == parameters_.end()) {
            parameters_.push_back(std::move(replacement));
            return *this;
        }
        parameters_.erase(std::remove_if(first + 1, parameters_.end(), same), parameters_.end());
        *first = std::move(replacement);
        return *this;
    }

    /// The value of the first parameter of this name; a view that lasts until the query changes.
    std::optional<std::string_view> find(std::string_view name) const& {
        for (const auto& p : parameters_) {
            if (p.name == name) return p.value;
        }
        return std::nullopt;
    }
    std::optional<std::string_view> find(std::string_view name) const&& = delete;

    std::size_t size() const noexcept { return parameters_.size(); }
    bool empty() const noexcept { return parameters_.empty(); }
    const_iterator begin() const noexcept { return parameters_.begin(); }
    const_iterator end() const noexcept { return parameters_.end(); }

    /// Appends the encoded text to `out`: `name=value` pairs joined by `&`. Letters, digits and `- . _ ~` stay,
    /// every other byte is %XX, a space too: `+` means a space in form data only (RFC 3986 2.3, 3.4). An empty
    /// value gives `name=`.
    void append_to(std::string& out) const {
        bool first = true;
        for (const auto& p : parameters_) {
            if (!std::exchange(first, false)) out.push_back('&');
            detail::percent_encode(out, p.name, detail::CharSet::unreserved);
            out.push_back('=');
            detail::percent_encode(out, p.value, detail::CharSet::unreserved);
        }
    }

    /// The encoded text, without a question mark.
    std::string str() const {
        std::string out;
        append_to(out);
        return out;
    }

    friend bool operator==(const Query&, const Query&) = default;

private:
    std::vector<Parameter> parameters_;
};

inline std::string to_string(const Query& query) { return query.str(); }

inline std::ostream& operator<<(std::ostream& out, const Query& query) { return out << query.str(); }

}  // namespace ferry
