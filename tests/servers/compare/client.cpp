// The ferry side of compare_with_requests.py: makes the requests that stand on standard input, one a line, and says
// when each is done. A line `new` begins another session; else its words, parted by tabs, are method, URL and options.

#include <ferry/ferry.hpp>

#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

std::vector<std::string> split(std::string_view text, char at) {
    std::vector<std::string> words;
    for (;;) {
        words.emplace_back(text.substr(0, text.find(at)));
        if (words.back().size() == text.size()) return words;
        text.remove_prefix(words.back().size() + 1);
    }
}

std::pair<std::string, std::string> pair_of(std::string_view text) {
    auto equals = text.find('=');
    return {std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

struct Text {
    std::string json;
    std::string dump() const { return json; }
};

ferry::Body chunks_of(std::string text) {
    ferry::Source from{.read = [text, at = std::size_t{0}](std::span<char> into) mutable {
        auto n = text.copy(into.data(), into.size(), at);
        at += n;
        return n;
    }};
    return from;
}

class Client {
public:
    void run(std::string_view line) {
        auto words = split(line, '\t');
        if (words[0] == "new") return begin();
        ferry::Options with;
        for (std::size_t i = 2; i < words.size(); ++i) add(with, words[i]);
        if (form_) with.body = *std::exchange(form_, std::nullopt);
        if (parts_) with.body = *std::exchange(parts_, std::nullopt);
        session_->request(words[0], words[1], with);
    }

private:
    void begin() {
        session_.emplace();
        digest_.reset();
    }

    void add(ferry::Options& with, std::string_view option) {
        auto [kind, value] = pair_of(option);
        auto [name, text] = pair_of(value);
        if (kind == "text") with.body = value;
        if (kind == "json") with.body = ferry::json(Text{value});
        if (kind == "chunks") with.body = chunks_of(value);
        if (kind == "form") made(form_).add(name, text);
        if (kind == "field") made(parts_).add({.name = name, .value = text});
        if (kind == "file") add_file(split(value, '|'));
        if (kind == "header") with.headers.add(name, text);
        if (kind == "cookie") with.cookies.emplace_back(name, text);
        if (kind == "param") with.params.add(name, text);
        if (kind == "basic") with.auth = ferry::basic(name, text);
        if (kind == "digest") with.auth = digest(name, text);
    }

    template <class T> static T& made(std::optional<T>& one) { return one ? *one : one.emplace(); }
    void add_file(const std::vector<std::string>& words) {
        made(parts_).add({.name = words.at(0), .value = words.at(2), .type = words.at(3), .file_name = words.at(1)});
    }
    const ferry::Auth& digest(const std::string& user, const std::string& password) {
        if (!digest_) digest_ = ferry::digest(user, password);
        return *digest_;
    }

    std::optional<ferry::Session> session_;
    std::optional<ferry::Auth> digest_;
    std::optional<ferry::Multipart> parts_;
    std::optional<ferry::Form> form_;
};

}  // namespace

int main() {
    Client client;
    for (std::string line; std::getline(std::cin, line);) {
        try {
            client.run(line);
            std::cout << "done" << std::endl;
        } catch (const std::exception& error) {
            std::cout << error.what() << std::endl;
        }
    }
}
