// A form as a body: names and values as application/x-www-form-urlencoded.
#pragma once

#include <ferry/body.hpp>
#include <ferry/percent.hpp>
#include <ferry/query.hpp>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace ferry {

/// The fields of a form, in the order in which they were given (requests' `data={...}`, cpr's `Payload`).
///
///     session.post(url, {.body = ferry::Form{{"name", "Ada L"}, {"page", 2}}});  // name=Ada+L&page=2
///
/// Values are what a Query's are, and a name may occur more than once. It goes out in memory, with its Content-Type.
class Form {
public:
    Form() = default;
    Form(std::initializer_list<Query::Parameter> fields) : fields_(fields) {}
    explicit Form(Query fields) : fields_(std::move(fields)) {}

    /// Appends a field; one of the same name that is there stays.
    template <detail::query_value T> Form& add(std::string_view name, const T& value) {
        fields_.add(name, value);
        return *this;
    }

    const Query& fields() const& noexcept { return fields_; }
    Query fields() && { return std::move(fields_); }

    /// The encoded text: as a Query's, with `+` for a space and `*` as it is (WHATWG URL 5.2). Line ends stay as they
    /// are.
    std::string str() const {
        std::string out;
        for (const auto& field : fields_) {
            if (!out.empty()) out.push_back('&');
            detail::form_encode(out, field.name);
            out.push_back('=');
            detail::form_encode(out, field.value);
        }
        return out;
    }

    operator Body() const { return Body(str()).with_type("application/x-www-form-urlencoded"); }

    friend bool operator==(const Form&, const Form&) = default;

private:
    Query fields_;
};

}  // namespace ferry
