// Functions of the caller's that make calls themselves, in the middle of the call that they belong to.

#include "loopback.hpp"
#include "service.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>

namespace {

// Tells how long the request's body was; the answer to a GET has an interim response in front.
std::string measure(const Request& r) {
    const auto size = r.bytes.size() - r.bytes.find("\r\n\r\n") - 4;
    return (size ? "" : "HTTP/1.1 103 Early Hints\r\n\r\n") + ok(std::to_string(size));
}

// Calls from within a call: to another session and, where a call blocks its thread, to the same one.
class Within {
public:
    Within(Session& s, std::string url) : session_(s), url_(std::move(url)) {}

    void call() {
        CHECK(other_.get(url_).body == "0");
        std::error_code refused;
        other_.get("http://127.0.0.1:1/", {}, refused);
        CHECK(refused);
#ifndef FERRY_TEST_ASYNC
        CHECK(session_.get(url_).body == "0");
        CHECK(session_.stats().in_use >= 1);  // the call that this one is within
#endif
        ++calls_;
    }
    int calls() const { return calls_; }

private:
    ferry::Session other_;
    [[maybe_unused]] Session& session_;
    std::string url_;
    int calls_ = 0;
};

// A body of so many pieces, before each of which `first` is called.
template <class First> ferry::Source pieces(int count, First first) {
    return {.read = [=, left = count](std::span<char> into) mutable -> std::size_t {
        if (left == 0) return 0;
        first();
        --left;
        const auto n = std::min<std::size_t>(into.size(), 1000);
        std::fill_n(into.begin(), n, 'x');
        return n;
    }};
}

}  // namespace

TEST_CASE("the source of a body makes calls", "[session][threads]") {
    Service service(measure);
    Session session;
    Within within(session, service.url());
    for (int i = 1; i <= 2; ++i) {  // on a fresh connection, and on a kept one
        const auto r = session.post(service.url(), {.body = pieces(4, [&] { within.call(); })});
        CHECK(r.status == 200);
        CHECK(within.calls() == 4 * i);
    }
    CHECK(session.stats().in_use == 0);
}

TEST_CASE("those who watch a call make calls", "[session][threads]") {
    Service service(measure);
    Session session;
    Within within(session, service.url());
    const auto r = session.get(service.url(), {.on_progress = [&](const ferry::Progress&) { within.call(); },
                                               .on_interim = [&](int, const ferry::Headers&) { within.call(); }});
    CHECK(r.body == "0");
    CHECK(within.calls() >= 2);
    CHECK(session.stats().in_use == 0);
}

TEST_CASE("a source throws in the middle of a call that a source makes", "[session][blocking][threads]") {
    Service service(measure);
    Session session;
    auto inner = [&] {
        const auto fails = pieces(1, [] { throw std::runtime_error("inner"); });
        CHECK_THROWS_WITH(session.post(service.url(), {.body = fails}), "inner");
    };
    CHECK(session.post(service.url(), {.body = pieces(2, inner)}).status == 200);
    CHECK(session.stats().in_use == 0);
    CHECK(session.get(service.url()).body == "0");
}
