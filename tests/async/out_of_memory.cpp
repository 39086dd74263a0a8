// Memory that runs out anywhere in an asynchronous call: no connection is lost, and the session goes on.

#include "catch.hpp"
#include "failing_allocations.hpp"
#include "replies.hpp"
#include "service.hpp"
#include "temp_folder.hpp"

#include <ferry/async.hpp>

#include <asio/io_context.hpp>

#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

using namespace ferry::testing;

namespace {

std::string answer_to(const Request& r) {
    if (r.target() == "/moved") return moved("/chunks");
    if (r.target() == "/chunks") return chunked({"first\n", "second\n"}, "Some: trailer\r\n");
    return ok(std::string(3000, 'x'));
}

// What a call's exception leaves behind ends with the next run.
void run(asio::io_context& context) {
    context.restart();
    try {
        context.run();
    } catch (const std::bad_alloc&) {
        run(context);
    }
}

using Call = std::function<void(ferry::AsyncSession&, const std::string& url)>;

void check_everywhere(const Call& call) {
    Service service(answer_to);
    int n = 0;
    for (bool failed = true; failed;) {
        CAPTURE(n);
        asio::io_context context(1);
        ferry::AsyncSession session(context, {.pool = {.max_per_host = 1}});
        try {
            FailingAllocations memory(n++, FailingAllocations::Then::one_fails);
            call(session, service.url());
            context.run();
        } catch (const std::bad_alloc&) {
        }
        failed = FailingAllocations::failed();
        run(context);
        std::string body;
        session.get(service.url(), [&](std::error_code, const ferry::Response& r) { body = r.body; });
        run(context);
        CHECK(body.size() == 3000);
        CHECK(session.stats().in_use == 0);
    }
    CHECK(n > 3);
}

// A stream's lines, up to the end of them.
struct Reading : std::enable_shared_from_this<Reading> {
    ferry::AsyncStream stream;
    explicit Reading(ferry::AsyncStream s) : stream(std::move(s)) {}
    void go_on() {
        stream.async_next_line([self = shared_from_this()](std::error_code ec, std::optional<std::string_view> line) {
            if (!ec && line) self->go_on();
        });
    }
};

}  // namespace

TEST_CASE("memory that runs out anywhere in an asynchronous call leaves a session that goes on", "[async]") {
    SECTION("a body of known length") {
        check_everywhere([](auto& session, auto& url) { session.get(url, [](std::error_code, ferry::Response) {}); });
    }
    SECTION("a redirect to chunks and trailers") {
        check_everywhere(
            [](auto& session, auto& url) { session.get(url + "moved", [](std::error_code, ferry::Response) {}); });
    }
    SECTION("a stream by lines") {
        check_everywhere([](auto& session, auto& url) {
            session.stream(url + "moved", [](std::error_code ec, ferry::AsyncStream s) {
                if (!ec) std::make_shared<Reading>(std::move(s))->go_on();
            });
        });
    }
    SECTION("a download") {
        TempFolder folder;
        check_everywhere([&](auto& session, auto& url) {
            session.download(url, (folder / "file").string(), [](std::error_code, ferry::Response) {});
        });
    }
    SECTION("an exception of the caller's") {
        check_everywhere([](auto& session, auto& url) {
            ferry::Options with;
            with.on_progress = [](const ferry::Progress&) {
                throw std::runtime_error("a text of more bytes than lie in a string itself");
            };
            session.get(url, std::move(with), [](std::error_code, ferry::Response) {});
        });
    }
}

TEST_CASE("each URL has its result where memory runs out, or the exception comes out of run()", "[async][get_all]") {
    Service service(answer_to);
    bool failed = true;
    for (int n = 0; failed; ++n) {
        CAPTURE(n);
        asio::io_context context(1);
        ferry::AsyncSession session(context);
        std::size_t results = 0;
        bool done = false, threw = false;
        std::vector<std::string> urls(4, service.url());
        // Not while it is made: Asio 1.22 does not survive a strand for which there is no memory.
        ferry::get_all(
            session, urls, {.concurrency = 2}, [&](std::size_t, std::error_code, const ferry::Response&) { ++results; },
            [&](std::error_code) { done = true; });
        try {
            FailingAllocations memory(n, FailingAllocations::Then::one_fails);
            context.run();
        } catch (const std::bad_alloc&) {
            threw = true;
        }
        failed = FailingAllocations::failed();
        run(context);
        CHECK((threw || (done && results == urls.size())));
    }
}
