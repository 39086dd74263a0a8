// httpbin: what comes back, in every coding, by pieces and lines, in parts, or not at all.

#include "errors.hpp"
#include "httpbin.hpp"

#include <ferry/ferry.hpp>

#include <chrono>
#include <string>
#include <utility>

using namespace ferry::testing;
using namespace std::chrono_literals;

TEST_CASE("httpbin: content codings are undone", "[httpbin][I1]") {
    FERRY_NEEDS_HTTPBIN();
    auto& bin = Httpbin::shared();
    ferry::Session session;
    auto check = [&](const char* path, std::string_view member, std::string_view coding) {
        INFO(path);
        auto r = session.get(bin.url(path));
        CHECK(r.headers["content-encoding"] == coding);
        CHECK(r.body.find(member) != std::string::npos);
        auto raw = session.get(bin.url(path), {.decode = false});
        CHECK(raw.body.find(member) == std::string::npos);
    };
#if FERRY_HAS_ZLIB
    check("/gzip", "\"gzipped\":true", "gzip");
    check("/deflate", "\"deflated\":true", "deflate");
#endif
#if FERRY_HAS_BROTLI
    check("/brotli", "\"brotli\":true", "br");
#endif
    CHECK(session.get(bin.url("/gzip"), {.headers = {{"Accept-Encoding", "gzip"}}}).body.starts_with("\x1f\x8b"));
}

TEST_CASE("httpbin: statuses are results, and errors only for who asks", "[httpbin]") {
    FERRY_NEEDS_HTTPBIN();
    auto& bin = Httpbin::shared();
    ferry::Session session;
    for (auto status : {200, 201, 204, 304, 400, 404, 418, 500, 503}) {
        auto r = session.get(bin.url("/status/" + std::to_string(status)));
        CHECK(r.status == status);
        CHECK(r.ok() == (status < 400));
        if (status >= 400) CHECK(error_of([&] { r.raise_for_status(); }).code() == ferry::condition::status);
        else CHECK_NOTHROW(r.raise_for_status());
    }
}

TEST_CASE("httpbin: a stream by lines, by pieces and slowly", "[httpbin][stream]") {
    FERRY_NEEDS_HTTPBIN();
    auto& bin = Httpbin::shared();
    ferry::Session session;
    int count = 0;
    for (auto line : session.stream(bin.url("/stream/20")).lines()) {
        CHECK(line.find("\"id\": " + std::to_string(count++)) != line.npos);
    }
    CHECK(count == 20);
    std::size_t size = 0;
    auto stream = session.stream(bin.url("/stream-bytes/100000?chunk_size=1000&seed=1"));
    for (auto piece : stream) size += piece.size();
    CHECK(size == 100'000);
    CHECK(session.get(bin.url("/drip?numbytes=5&duration=0.2&delay=0")).body == "*****");
    CHECK(session.get(bin.url("/bytes/1000?seed=1")).body == session.get(bin.url("/bytes/1000?seed=1")).body);
}

TEST_CASE("httpbin: a response that is late ends in a time-out", "[httpbin][K3]") {
    FERRY_NEEDS_HTTPBIN();
    auto& bin = Httpbin::shared();
    ferry::Session session;
    auto error = prompt_error_of([&] { session.get(bin.url("/delay/10"), {.timeout = 100ms}); });
    CHECK(error.code() == ferry::errc::total_timeout);
    CHECK(session.get(bin.url("/get")).status == 200);
}

TEST_CASE("httpbin: a download in parts is whole", "[httpbin][download]") {
    FERRY_NEEDS_HTTPBIN();
    auto& bin = Httpbin::shared();
    TempFolder folder;
    ferry::Session session;
    auto whole = session.get(bin.url("/range/5000")).body;
    CHECK(whole.size() == 5000);
    auto part = session.get(bin.url("/range/5000"), {.headers = {{"Range", "bytes=1000-1999"}}});
    CHECK(part.status == 206);
    CHECK(part.body == whole.substr(1000, 1000));
    session.download(bin.url("/range/5000"), folder / "file", {.resume = true});
    CHECK(folder.read("file") == whole);
    CHECK(folder.files() == 1);
}

TEST_CASE("httpbin: validators save the body", "[httpbin]") {
    FERRY_NEEDS_HTTPBIN();
    auto& bin = Httpbin::shared();
    ferry::Session session;
    CHECK(session.get(bin.url("/etag/seven")).headers["etag"] == "seven");
    CHECK(session.get(bin.url("/etag/seven"), {.headers = {{"If-None-Match", "seven"}}}).status == 304);
    CHECK(session.get(bin.url("/etag/seven"), {.headers = {{"If-Match", "eight"}}}).status == 412);
    auto first = session.get(bin.url("/cache"));
    CHECK(first.status == 200);
    CHECK(session.get(bin.url("/cache"), {.headers = {{"If-None-Match", std::string(first.headers["etag"])}}}).status ==
          304);
}

TEST_CASE("httpbin: retries end where the policy says", "[httpbin][B6]") {
    FERRY_NEEDS_HTTPBIN();
    auto& bin = Httpbin::shared();
    int retries = 0;
    ferry::Hooks hooks;
    hooks.on_retry = [&](const ferry::Retried& r) {
        CHECK(r.status == 503);
        ++retries;
    };
    const ferry::Retry retry{.total = 2, .status_forcelist = {503}, .backoff_factor = 1ms};
    ferry::Session session({.retry = retry, .hooks = hooks});
    CHECK(session.get(bin.url("/status/503")).status == 503);
    CHECK(retries == 2);
    CHECK(session.post(bin.url("/status/503")).status == 503);
    CHECK(retries == 2);
}

TEST_CASE("httpbin: texts in Unicode and fields of any name", "[httpbin]") {
    FERRY_NEEDS_HTTPBIN();
    auto& bin = Httpbin::shared();
    ferry::Session session;
    auto text = session.get(bin.url("/encoding/utf8"));
    CHECK(text.encoding() == "utf-8");
    CHECK(session.get(bin.url("/base64/aGVsbG8=")).text() == "hello");
    auto r = session.get(bin.url("/response-headers"), {.params = {{"X-Odd", "a b"}, {"Link", "</n>; rel=next"}}});
    CHECK(r.headers["x-odd"] == "a b");
    REQUIRE(r.link("next"));
    CHECK(r.link("next")->url.str() == bin.url("/n"));
}
