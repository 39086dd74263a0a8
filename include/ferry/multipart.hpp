// A form with files as a body: multipart/form-data (RFC 7578), as the HTML standard has browsers write it.
#pragma once

#include <ferry/body.hpp>
#include <ferry/error.hpp>
#include <ferry/headers.hpp>
#include <ferry/percent.hpp>
#include <ferry/query.hpp>
#include <ferry/token.hpp>

#include <cstddef>
#include <initializer_list>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferry {

/// Fields and files, in the order in which they were given (requests' `files=`, cpr's `Multipart`).
///
///     session.post(url, {.body = ferry::Multipart{
///         {.name = "title", .value = "Holidays"},
///         {.name = "year", .value = 2024},
///         {.name = "photo", .value = ferry::File{"a.jpg"}, .type = "image/jpeg"},
///         {.name = "log", .value = ferry::source(read), .file_name = "today.log"}}});
///
/// Values are what a Body is made from, or numbers. Files and sources are read while they are sent, in little memory;
/// the body has a Content-Length if all sizes are known, else it goes out chunked, and it can be sent again if all its
/// sources can be rewound. A file that changes its size meanwhile ends the request with `errc::body_size_changed`.
class Multipart {
public:
    /// What is in a part: whatever can be a body, or a number, which is written as in a Query.
    class Value : public Body {
    public:
        using Body::Body;
        Value() = default;
        Value(Body body) : Body(std::move(body)) {}
        template <detail::number_value T> Value(T number) : Body(detail::query_text(number)) {}
    };

    struct Part {
        std::string name = {};
        Value value = {};
        std::string type = {};       ///< by default the value's own; else for files `application/octet-stream`
        std::string file_name = {};  ///< makes the part a file; by default the last component of a File's path
        Headers headers = {};        ///< what else the part's head says
    };

    Multipart() : boundary_(random_boundary()) {}
    /// Copies the parts; `add` moves them. Throws as `add` does.
    Multipart(std::initializer_list<Part> parts) : Multipart() {
        for (auto& part : parts) add(part);
    }

    /// Appends a part; one of the same name that is there stays. In names and file names, quotes and line ends are
    /// written as %22, %0D and %0A. Throws `ferry::Error` for what cannot be sent: `errc::invalid_header_value` for
    /// other control characters in a name, a file name, a type or a header; `errc::invalid_header_name`;
    /// `errc::invalid_option` for headers that are the other members' affair.
    Multipart& add(Part part) {
        std::string head = head_of(part);
        parts_.push_back({std::move(head), std::move(part.value)});
        return *this;
    }

    /// What stands between the parts: 128 random bits, unless it was chosen.
    const std::string& boundary() const& noexcept { return boundary_; }
    std::string boundary() && { return std::move(boundary_); }
    /// The same form with this boundary, which no part may hold, so this is for tests. Throws `ferry::Error` with
    /// `errc::invalid_option` for one that RFC 2046 5.1.1 does not allow.
    Multipart with_boundary(std::string boundary) const& { return Multipart(*this).with_boundary(std::move(boundary)); }
    Multipart with_boundary(std::string boundary) && {
        if (!is_boundary(boundary)) refuse(errc::invalid_option, "the boundary");
        boundary_ = std::move(boundary);
        return std::move(*this);
    }

    operator Body() const& { return Multipart(*this).body(); }
    operator Body() && { return body(); }

private:
    struct written_part {
        std::string head;
        Body content;
    };

    Body body() {
        std::vector<Body> row;
        row.reserve(3 * parts_.size() + 1);
        for (auto& part : parts_) {
            row.push_back("--" + boundary_ + "\r\n" + part.head + "\r\n");
            row.push_back(std::move(part.content));
            row.push_back("\r\n");
        }
        row.push_back("--" + boundary_ + "--\r\n");
        parts_.clear();
        const char* quote = detail::is_token(boundary_) ? "" : "\"";
        return Body::join(std::move(row)).with_type("multipart/form-data; boundary=" + (quote + boundary_) + quote);
    }

    static std::string head_of(const Part& part) {
        const auto* file = part.value.file();
        const auto file_name = part.file_name.empty() && file ? last_component(file->path) : part.file_name;
        std::string head = "Content-Disposition: form-data; name=\"";
        append_quoted(head, part.name, "the name of a part");
        if (file || !file_name.empty()) append_quoted(head.append("\"; filename=\""), file_name, "the name of a file");
        head.append("\"\r\n");

        auto type = part.type.empty() ? part.value.type() : part.type;
        if (type.empty() && (file || !file_name.empty())) type = "application/octet-stream";
        if (!detail::is_field_value(type)) refuse(errc::invalid_header_value, "the type of part " + part.name);
        if (!type.empty()) head.append("Content-Type: ").append(type).append("\r\n");
        check(part.headers);
        return head.append(part.headers.block());
    }

    static void check(const Headers& headers) {
        for (auto f : headers) {
            if (!detail::is_token(f.name)) refuse(errc::invalid_header_name, "\"" + std::string(f.name) + "\"");
            if (!detail::is_field_value(f.value)) refuse(errc::invalid_header_value, f.name);
        }
        for (auto name : {"Content-Disposition", "Content-Type"})
            if (headers.contains(name))
                refuse(errc::invalid_option, std::string(name) + " comes from name, file_name and type of a part");
    }

    /// In the manner of the HTML standard (4.10.21.8), which knows no other escapes; bytes beyond ASCII stay.
    static void append_quoted(std::string& head, std::string_view text, std::string_view what) {
        const auto from = head.size();
        for (char c : text) {
            if (c == '"' || c == '\r' || c == '\n') detail::append_escape(head, c);
            else head.push_back(c);
        }
        if (!detail::is_field_value(std::string_view(head).substr(from))) refuse(errc::invalid_header_value, what);
    }

    /// What other machines may know of a path (RFC 7578 4.2).
    static std::string last_component(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

    static bool is_boundary(std::string_view text) noexcept {
        for (char c : text)
            if (!detail::is(detail::CharSet::unreserved, c) && std::string_view("'()+,/:=?").find(c) == text.npos)
                return false;
        return !text.empty() && text.size() <= 70 && text.find('~') == text.npos;
    }
    static std::string random_boundary() {
        std::random_device random;
        std::string text = "ferry-";
        for (int i = 0; i < 16; ++i) {
            constexpr char digits[] = "0123456789abcdef";
            const auto byte = random() & 0xff;
            text.push_back(digits[byte >> 4]);
            text.push_back(digits[byte & 15]);
        }
        return text;
    }

    [[noreturn]] static void refuse(errc code, std::string_view about) {
        throw Error(code, {}, Phase::input, RequestState::not_sent, about);
    }

    std::vector<written_part> parts_;
    std::string boundary_;
};

}  // namespace ferry
