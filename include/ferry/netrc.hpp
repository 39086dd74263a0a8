// The netrc file: credentials by host, as ftp, curl and requests keep them.
#pragma once

#include <ferry/error.hpp>
#include <ferry/percent.hpp>
#include <ferry/token.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace ferry {

/// What a netrc file says of a host.
struct NetrcEntry {
    std::string machine = {};  ///< empty for `default`
    std::string login = {};
    std::string password = {};
    std::string account = {};

    /// The account stands in for a login that is not there, as in requests.
    const std::string& user() const noexcept { return login.empty() ? account : login; }
    /// Whether there is anything to send.
    bool usable() const noexcept { return !user().empty() || !password.empty(); }

    bool operator==(const NetrcEntry&) const = default;
};

/// A netrc file, read once. A value that never changes can be read by all threads.
///
/// Words are divided by spaces, tabs and line ends: `machine <name>` or `default`, then any of `login` (or `user`),
/// `password` and `account`, each with its value. Where a keyword could stand, `#` makes the rest of the line a
/// comment. A value may be in double quotes, with `\n`, `\r`, `\t` and otherwise a backslash before any character that
/// is meant as such; without quotes a backslash is a backslash, as for curl. `macdef` and its lines up to an empty one
/// are passed over.
class Netrc {
public:
    /// A file of more bytes is refused.
    static constexpr std::size_t max_size = 1024 * 1024;

    /// Nothing for any host.
    Netrc() = default;

    /// Reads the text of a file called `file`. Throws `ferry::Error` (`errc::invalid_option`) with name and line.
    static Netrc parse(std::string_view text, std::string_view file = "netrc");

    /// Reads the file that `NETRC` in the environment names, else `.netrc` in the folder that `HOME` names. No such
    /// file: nothing for any host. Throws `ferry::Error` for one that cannot be read (the system's code) or is
    /// malformed (`errc::invalid_option`). Its permissions are not looked at.
    static Netrc load();
    static Netrc load(const std::string& path);

    /// The first entry for exactly this host, but for the case of ASCII letters; else that for `default`. Null when
    /// there is none. An IPv6 address has no brackets.
    const NetrcEntry* find(std::string_view host, bool with_default = true) const& noexcept {
        for (const auto& e : machines_)
            if (detail::equal_ignoring_case(e.machine, host)) return &e;
        return with_default && default_ ? &*default_ : nullptr;
    }
    const NetrcEntry* find(std::string_view, bool = true) const&& = delete;

private:
    std::vector<NetrcEntry> machines_;
    std::optional<NetrcEntry> default_;
};

namespace detail {

/// Divides a netrc file into words. Faults are told without the words: one of them may be a password.
class NetrcWords {
public:
    NetrcWords(std::string_view text, std::string_view file) : rest_(text), file_(file) {}

    /// The next word where a keyword stands; empty at the end. Comments are passed over.
    std::string keyword() {
        for (;;) {
            skip_spaces();
            if (!rest_.starts_with('#')) return take();
            skip_line();
        }
    }

    std::string value(const char* of) {
        skip_spaces();
        if (rest_.empty()) refuse(std::string(of) + " has no value");
        auto word = take();
        if (has_control(word)) refuse(std::string(of) + " has a value with a control character");
        return word;
    }

    /// Passes over the lines of a macro: up to an empty one, or the end.
    void skip_macro() {
        skip_line();
        while (!rest_.empty())
            if (trim(skip_line()).empty()) return;
    }

    [[noreturn]] void refuse(const std::string& why) const {
        throw Error(errc::invalid_option, {}, Phase::input, RequestState::not_sent,
                    std::string(file_) + ", line " + std::to_string(line_) + ": " + why);
    }

private:
    static constexpr std::string_view spaces = " \t\r\n";

    void skip_spaces() noexcept {
        for (; !rest_.empty() && spaces.find(rest_.front()) != std::string_view::npos; rest_.remove_prefix(1))
            if (rest_.front() == '\n') ++line_;
    }

    /// Takes a line with its end; returns it without.
    std::string_view skip_line() noexcept {
        const auto end = rest_.find('\n');
        auto line = rest_.substr(0, end);
        rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
        if (end != std::string_view::npos) ++line_;
        if (line.ends_with('\r')) line.remove_suffix(1);
        return line;
    }

    std::string take() {
        if (rest_.starts_with('"')) return quoted();
        std::string word(rest_.substr(0, rest_.find_first_of(spaces)));
        rest_.remove_prefix(word.size());
        return word;
    }

    std::string quoted() {
        std::string word;
        for (std::size_t i = 1; i < rest_.size() && rest_[i] != '\n'; ++i) {
            if (rest_[i] == '"') {
                rest_.remove_prefix(i + 1);
                return word;
            }
            const bool escape = rest_[i] == '\\' && i + 1 < rest_.size() && rest_[i + 1] != '\n';
            word.push_back(escape ? unescaped(rest_[++i]) : rest_[i]);
        }
        refuse("a quoted word does not end on its line");
    }

    static char unescaped(char c) noexcept { return c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c; }

    std::string_view rest_, file_;
    std::size_t line_ = 1;
};

/// Reads all of a file; nothing if it is not there.
inline std::optional<std::string> read_netrc(const std::string& path) {
    const auto refuse = [&](std::error_code ec, std::string_view why) {
        throw Error(ec, {}, Phase::input, RequestState::not_sent, path + std::string(why));
    };
    errno = 0;
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
    if (!file && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
    if (!file) refuse({errno, std::system_category()}, "");
    std::string text;
    char some[4096];
    while (const auto n = std::fread(some, 1, sizeof some, file.get())) {
        text.append(some, n);
        if (text.size() > Netrc::max_size) refuse(errc::invalid_option, ": is too large for a netrc file");
    }
    if (std::ferror(file.get()) != 0) refuse({errno, std::system_category()}, "");
    return text;
}

/// Where the netrc file is looked for; empty: nowhere.
inline std::string netrc_path() {
    const auto variable = [](const char* name) {
        const char* value = std::getenv(name);
        return std::string(value ? value : "");
    };
    if (auto path = variable("NETRC"); !path.empty()) return path;
    const auto home = variable("HOME");
    return home.empty() ? home : home + "/.netrc";
}

}  // namespace detail

inline Netrc Netrc::parse(std::string_view text, std::string_view file) {
    Netrc all;
    detail::NetrcWords words(text, file);
    NetrcEntry* at = nullptr;
    for (auto word = words.keyword(); !word.empty(); word = words.keyword()) {
        const auto is = [&](std::string_view name) { return detail::equal_ignoring_case(word, name); };
        if (is("machine")) at = &all.machines_.emplace_back(NetrcEntry{words.value("machine")});
        else if (is("default")) at = &all.default_.emplace();
        else if (is("macdef")) words.skip_macro();
        else if (!at) words.refuse("a word that is none of machine, default and macdef");
        else if (is("login") || is("user")) at->login = words.value("login");
        else if (is("password")) at->password = words.value("password");
        else if (is("account")) at->account = words.value("account");
        else words.refuse("a word that is not a keyword");
    }
    return all;
}

inline Netrc Netrc::load(const std::string& path) {
    const auto text = detail::read_netrc(path);
    return text ? parse(*text, path) : Netrc();
}

inline Netrc Netrc::load() {
    const auto path = detail::netrc_path();
    return path.empty() ? Netrc() : load(path);
}

namespace detail {

/// What a netrc text has for a host.
inline std::optional<NetrcEntry> netrc_lookup(std::string_view text, std::string_view host) {
    const auto all = Netrc::parse(text);
    const auto* entry = all.find(host);
    return entry ? std::optional(*entry) : std::nullopt;
}

}  // namespace detail
}  // namespace ferry
