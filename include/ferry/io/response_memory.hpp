// The memory that responses lie in, from one to the next: so that a request allocates none, and that it is in a cache
// when a response comes, however many are under way.
#pragma once

#include <ferry/headers.hpp>
#include <ferry/response.hpp>

#include <cstddef>
#include <string>
#include <utility>

namespace ferry::detail {

/// One for each thread: that of the response which ended last is the next one's.
class response_memory {
public:
    /// To a response of which nothing has come yet.
    void lend(Response& to) noexcept {
        if (to.status != 0 || !to.body.empty() || !to.headers.empty()) return;
        change(body_, to.body);
        change(fields_, header_writer::memory_of(to.headers));
    }
    /// From one that nobody looks at any more, which is empty then. Much memory is not kept.
    void take_back(Response& from) noexcept {
        if (from.body.capacity() + from.headers.block().size() + from.trailers.block().size() + from.reason.size() >
            most)
            const Response gone = std::move(from);
        from.clear();
        change(from.body, body_);
        change(header_writer::memory_of(from.headers), fields_);
    }

private:
    static constexpr std::size_t most = 4 * 1024;

    /// Both are empty; the larger memory goes to `to`.
    static void change(std::string& from, std::string& to) noexcept {
        if (from.capacity() > to.capacity()) to = std::move(from);
    }

    std::string body_, fields_;
};

}  // namespace ferry::detail
