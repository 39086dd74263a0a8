// The memory that responses lie in, from one to the next: so that a request allocates none, and that it is in a cache
// when a response comes, however many are under way.
#pragma once

#include <ferry/headers.hpp>
#include <ferry/response.hpp>
#include <ferry/url.hpp>

#include <cstddef>
#include <string>
#include <utility>

namespace ferry::detail {

/// One for each thread: that of the response which ended last is the next one's.
class response_memory {
public:
    /// To a response of which nothing has come yet.
    void lend(Response& to) noexcept {
        if (to.status != 0 || !to.body.empty() || !to.headers.block().empty()) return;
        keep(to.body, body_);
        keep(header_writer::memory_of(to.headers), fields_);
    }
    /// To a request's, before it is known.
    void lend(Url& to) noexcept {
        if (to.empty()) to = std::move(url_);
    }
    /// From one that nobody looks at any more.
    void take_back(Response& from) noexcept {
        if (from.url.str().size() <= most) url_ = std::move(from.url);
        url_.clear();
        from.body.clear();
        from.headers.clear();
        keep(body_, from.body);
        keep(fields_, header_writer::memory_of(from.headers));
    }

private:
    static constexpr std::size_t most = 4 * 1024;

    /// `other`'s memory is `mine` then, if it is larger, but not very large. Both are empty.
    static void keep(std::string& mine, std::string& other) noexcept {
        if (other.capacity() > mine.capacity() && other.capacity() <= most) mine = std::move(other);
    }

    std::string body_, fields_;
    Url url_;
};

}  // namespace ferry::detail
