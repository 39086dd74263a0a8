// What a server asks for in WWW-Authenticate and Proxy-Authenticate (RFC 9110 11.6.1): challenges, and the parser of
// their lists.
#pragma once

#include <ferry/token.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferry {

/// One challenge: a scheme, and either a token68 or parameters, or neither.
struct Challenge {
    std::string scheme;        ///< as the server wrote it; compare with `is`
    std::string token68 = {};  ///< such as Negotiate has
    std::vector<std::pair<std::string, std::string>> params =
        {};  ///< in their order, values without quotes and escapes

    /// Whether this is the scheme of that name, without regard to case (RFC 9110 11.1).
    bool is(std::string_view name) const noexcept { return detail::equal_ignoring_case(scheme, name); }

    /// The first parameter of that name, without regard to case; a view that lasts as long as the challenge.
    std::optional<std::string_view> find(std::string_view name) const& noexcept {
        for (const auto& [key, value] : params)
            if (detail::equal_ignoring_case(key, name)) return value;
        return std::nullopt;
    }
    std::optional<std::string_view> find(std::string_view) const&& = delete;

    bool operator==(const Challenge&) const = default;
};

namespace detail {

/// So many challenges are read of one response, and so many parameters of one challenge.
inline constexpr std::size_t max_challenges = 64;

constexpr bool is_token68_character(char c) noexcept {
    return (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'z') ||
           std::string_view("-._~+/").find(c) != std::string_view::npos;
}

/// How many bytes at the start of `text` are a token68 (RFC 9110 11.2): its characters, then any number of `=`.
constexpr std::size_t token68_length(std::string_view text) noexcept {
    std::size_t i = 0;
    while (i < text.size() && is_token68_character(text[i])) ++i;
    if (i == 0) return 0;
    while (i < text.size() && text[i] == '=') ++i;
    return i;
}

/// Reads one field value. A comma divides parameters as well as challenges, so what a word is shows behind it: a name
/// has an equals sign there, a scheme has not.
class ChallengeParser {
public:
    ChallengeParser(std::string_view text, std::vector<Challenge>& into) : rest_(text), into_(into) {}

    /// Appends the challenges up to the end or to the first fault, whichever is first.
    void run() {
        while (skip(", \t"), !rest_.empty())
            if (!element() || !ends_element()) return;
    }

private:
    bool element() {
        const auto word = token();
        if (word.empty()) return false;
        return equals_follows() ? begun_ && parameter(word) : challenge(word);
    }

    bool challenge(std::string_view scheme) {
        if (into_.size() >= max_challenges) return false;
        into_.push_back({std::string(scheme)});
        begun_ = true;
        if (ends_element()) return true;
        if (rest_.front() != ' ' && rest_.front() != '\t') return false;
        skip(" \t");
        if (token68()) return true;
        return parameter(token());
    }

    /// Takes a token68 if that is all until the next comma: `abc=` is one, `abc=d` is a parameter.
    bool token68() {
        const auto size = token68_length(rest_);
        const auto behind = trim(rest_.substr(size));
        if (size == 0 || (!behind.empty() && behind.front() != ',')) return false;
        into_.back().token68 = rest_.substr(0, size);
        rest_ = behind;
        return true;
    }

    bool parameter(std::string_view name) {
        if (name.empty() || !equals_follows() || into_.back().params.size() >= max_challenges) return false;
        skip(" \t");
        rest_.remove_prefix(1);
        skip(" \t");
        std::string value;
        if (!(rest_.starts_with('"') ? quoted(value) : plain(value))) return false;
        into_.back().params.emplace_back(name, std::move(value));
        return true;
    }

    /// A quoted string (RFC 9110 5.6.4): a backslash makes the next byte plain.
    bool quoted(std::string& value) {
        for (std::size_t i = 1; i < rest_.size(); ++i) {
            if (rest_[i] == '"') {
                rest_.remove_prefix(i + 1);
                return true;
            }
            if (rest_[i] == '\\' && ++i == rest_.size()) return false;
            value.push_back(rest_[i]);
        }
        return false;
    }

    /// More than a token is taken: there are servers that write base64 without quotes.
    bool plain(std::string& value) {
        value = rest_.substr(0, rest_.find_first_of(", \t\""));
        rest_.remove_prefix(value.size());
        return !value.empty();
    }

    std::string_view token() {
        std::size_t size = 0;
        while (size < rest_.size() && token_characters[static_cast<unsigned char>(rest_[size])]) ++size;
        const auto word = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return word;
    }

    bool equals_follows() const noexcept {
        const auto at = rest_.find_first_not_of(" \t");
        return at != std::string_view::npos && rest_[at] == '=';
    }
    bool ends_element() const noexcept {
        const auto at = rest_.find_first_not_of(" \t");
        return at == std::string_view::npos || rest_[at] == ',';
    }
    void skip(const char* characters) noexcept {
        const auto at = rest_.find_first_not_of(characters);
        rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at);
    }

    std::string_view rest_;
    std::vector<Challenge>& into_;
    bool begun_ = false;  // A challenge in this field, so parameters have something to belong to.
};

/// The challenges in all WWW-Authenticate (or Proxy-Authenticate) fields of a response, in their order. A field that
/// is malformed ends with what was read of it until there.
inline std::vector<Challenge> parse_challenges(const std::vector<std::string_view>& fields) {
    std::vector<Challenge> all;
    for (const auto field : fields) ChallengeParser(field, all).run();
    return all;
}

}  // namespace detail
}  // namespace ferry
