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
        request.method = method_;
        request.session = &session;
        request.options = &options;
        request.defaults = defaults_;
        request.total = options.timeout.value_or(session.timeout);
        request.connect = options.connect_timeout.value_or(session.connect_timeout);
        request.pool_wait = options.pool_timeout.value_or(session.pool_timeout.value_or(request.connect));
        request.read = options.read_timeout.value_or(session.read_timeout);
        request.write = options.write_timeout.value_or(session.write_timeout);
        request.max_body = options.max_body.value_or(session.max_body);
        request.lenient = options.lenient.value_or(session.lenient);
        request.keep_alive = options.keep_alive.value_or(session.keep_alive);
        request.idempotent = options.idempotent || detail::is_idempotent(method_);
    }
    Asked(const Asked&) = delete;
    Asked& operator=(const Asked&) = delete;

private:
    std::string method_, defaults_;
};

}  // namespace ferry::testing
