// Adapters for tests that answer with what they were told.
#pragma once

#include <ferry/adapter.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ferry::testing {

inline Response canned(int status, std::string body = {}, Headers headers = {}) {
    Response r;
    r.status = status;
    r.body = std::move(body);
    r.headers = std::move(headers);
    return r;
}

// Says what it is called.
inline std::shared_ptr<MockAdapter> named(std::string name) {
    return std::make_shared<MockAdapter>([name](const AdapterRequest&) { return canned(200, name); });
}

// Gives one response after the other, and the last one for ever.
inline std::shared_ptr<MockAdapter> plays(std::vector<Response> answers) {
    return std::make_shared<MockAdapter>([answers, n = std::size_t{0}](const AdapterRequest&) mutable {
        return answers.at(std::min(n++, answers.size() - 1));
    });
}

}  // namespace ferry::testing
