// A request with everything decided, for the layers below a session.
#pragma once

#include <ferry/request.hpp>

#include <string>
#include <utility>

namespace ferry::testing {

// Owns what a request borrows. Its limits are wide; the tests narrow them.
struct Asked {
    SessionOptions session;
    Options options;
    detail::request request;

    explicit Asked(std::string_view method = "GET", std::string_view url = "http://h/", Options with = {},
                   SessionOptions of = {})
        : session(std::move(of)), options(std::move(with)), method_(method), defaults_(session.headers.block()) {
        request.url = Url(url);
        detail::merge(request, method_, session, options, detail::settle(detail::settle(session), session, options));
        request.defaults = defaults_;
    }
    Asked(const Asked&) = delete;
    Asked& operator=(const Asked&) = delete;

private:
    std::string method_, defaults_;
};

}  // namespace ferry::testing
