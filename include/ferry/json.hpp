// JSON as a body, and out of one: through whatever library the caller uses; ferry includes none.
#pragma once

#include <ferry/body.hpp>

#include <concepts>
#include <string>
#include <string_view>
#include <utility>

namespace ferry {

/// How a type becomes JSON text, and comes from it: to be specialized for types whose library ferry does not see
/// through by itself. Either function may be left out.
///
///     template <> struct ferry::JsonCodec<Person> {
///         static std::string dump(const Person& p);           // or anything that converts to std::string_view
///         static Person parse(std::string_view text);         // throws what it likes
///     };
template <class T> struct JsonCodec;

namespace detail {

template <class T> concept json_text = std::convertible_to<T, std::string_view>;

template <class T> concept codec_dumps = requires(const T& value) {
    { JsonCodec<T>::dump(value) } -> json_text;
};
template <class T> concept dumps_itself = requires(const T& value) {
    { value.dump() } -> json_text;
};
/// By a function beside the type, as Boost.JSON has it.
template <class T> concept serialized_beside = requires(const T& value) {
    { serialize(value) } -> json_text;
};
template <class T> concept codec_parses = requires(std::string_view text) {
    { JsonCodec<T>::parse(text) } -> std::convertible_to<T>;
};
template <class T> concept parses_itself = requires(std::string_view text) {
    { T::parse(text) } -> std::convertible_to<T>;
};
template <class T> inline constexpr bool has_json_text = codec_dumps<T> || dumps_itself<T> || serialized_beside<T>;
template <class T> inline constexpr bool has_json_parser = codec_parses<T> || parses_itself<T>;

inline std::string owned_text(std::string&& text) { return std::move(text); }
inline std::string owned_text(std::string_view text) { return std::string(text); }

template <class T> std::string json_text_of(const T& value) {
    static_assert(
        has_json_text<T>,
        "ferry does not know how this type becomes JSON: give it a member dump(), a function serialize(value) "
        "in its namespace, or a specialization of ferry::JsonCodec with dump(value). A text that is JSON "
        "already is ferry::Body(text).with_type(\"application/json\")");
    if constexpr (codec_dumps<T>) return owned_text(JsonCodec<T>::dump(value));
    else if constexpr (dumps_itself<T>) return owned_text(value.dump());
    else if constexpr (serialized_beside<T>) return owned_text(serialize(value));
    else return {};
}

/// JSON text as a value. What the parser throws passes through.
template <class T> T parse_json(std::string_view text) {
    static_assert(has_json_parser<T>,
                  "ferry does not know how JSON becomes this type: give it a static member parse(text), or a "
                  "specialization of ferry::JsonCodec with parse(text)");
    if constexpr (codec_parses<T>) return JsonCodec<T>::parse(text);
    else if constexpr (parses_itself<T>) return T::parse(text);
}

}  // namespace detail

/// A value as JSON text, with its Content-Type (requests' `json=`): `{.body = ferry::json(value)}`. For types with
/// `dump()`, such as nlohmann::json; with a function `serialize(value)` in their namespace, such as
/// boost::json::value; and with a specialization of `ferry::JsonCodec`, which comes first. What they throw passes
/// through.
template <class T> Body json(const T& value) { return Body(detail::json_text_of(value)).with_type("application/json"); }

}  // namespace ferry
