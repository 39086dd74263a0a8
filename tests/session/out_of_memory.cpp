// Memory that runs out anywhere in a call: std::bad_alloc for its caller, and a session that goes on.

#include "failing_allocations.hpp"
#include "loopback.hpp"
#include "service.hpp"
#include "temp_folder.hpp"

#include <functional>
#include <new>
#include <stop_token>

namespace {

std::string answer_to(const Request& r) {
    if (r.target() == "/moved") return moved("/chunks");
    if (r.target() == "/chunks") return chunked({"first\n", "second\n"}, "Some: trailer\r\n");
    if (r.target() == "/last") return ok("the last one here", "Connection: close\r\n");
    return ok(std::string(3000, 'x'), "Set-Cookie: name=value\r\n");
}

void check_everywhere(Session& session, const std::string& url, const std::function<void()>& call) {
    for (auto then : {FailingAllocations::Then::one_fails, FailingAllocations::Then::all_fail}) {
        int n = 0;
        do {
            CAPTURE(n);
            try {
                FailingAllocations memory(n++, then);
                call();
            } catch (const std::bad_alloc&) {
            }
            CHECK(session.get(url).body.size() == 3000);
            CHECK(session.stats().in_use == 0);
        } while (FailingAllocations::failed());
        CHECK(n > 3);
    }
}

}  // namespace

TEST_CASE("memory that runs out anywhere in a call leaves a session that goes on", "[session]") {
    Service service(answer_to);
    TempFolder folder;
    std::size_t lines = 0;
    Session session({.hooks = {.log = [&](std::string_view) { ++lines; }}});
    const auto whole = [&](const char* target) {
        check_everywhere(session, service.url(), [&] { session.get(service.url(target)); });
    };
    SECTION("a body of known length") { whole("/"); }
    SECTION("a redirect to chunks and trailers") { whole("/moved"); }
    SECTION("a connection that is closed") { whole("/last"); }
    SECTION("a stream by pieces, left early") {
        check_everywhere(session, service.url(), [&] {
            auto stream = session.stream(service.url());
            stream.next();
        });
    }
    SECTION("a stream by lines") {
        check_everywhere(session, service.url(), [&] {
            auto stream = session.stream(service.url("/moved"));
            for (auto line : stream.lines()) static_cast<void>(line);
        });
    }
    SECTION("a stream of what is the last of its connection") {
        check_everywhere(session, service.url(), [&] { session.stream(service.url("/last")).read(); });
    }
    SECTION("a download") {
        const std::string path = folder / "file";
        check_everywhere(session, service.url(), [&] { session.download(service.url(), path); });
        CHECK(folder.files() == 1);
    }
    SECTION("a body that is sent from a file") {
        const std::string path = folder.write("file", "content");
        check_everywhere(session, service.url(), [&] { session.post(service.url(), {.body = ferry::File{path}}); });
    }
    SECTION("a token to be stopped by") {
        std::stop_source source;
        check_everywhere(session, service.url(),
                         [&] { session.stream(service.url("/moved"), {.stop = source.get_token()}).read(); });
    }
    CHECK(lines > 0);
}
