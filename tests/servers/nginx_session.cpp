// nginx: its gzip, its ranges and its Basic authentication.

#include "errors.hpp"
#include "nginx.hpp"

#include <ferry/ferry.hpp>

#include <string>

using namespace ferry::testing;

namespace {

std::string compressible(std::size_t size) {
    std::string text(size, 'x');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * i % 23);
    return text;
}

}  // namespace

#if FERRY_HAS_ZLIB
TEST_CASE("nginx: what it compresses comes back whole, in one piece or many", "[nginx][I1]") {
    FERRY_NEEDS_SERVER("nginx");
    Nginx nginx;
    const auto text = compressible(1'000'000);
    nginx.folder().write("www/text", text);
    TempFolder folder;
    ferry::Session session;
    auto r = session.get(nginx.url("/coded/text"));
    CHECK(r.headers["content-encoding"] == "gzip");
    CHECK((r.body == text));
    auto stream = session.stream(nginx.url("/coded/text"));
    CHECK((stream.read() == text));
    session.download(nginx.url("/coded/text"), folder / "file");
    CHECK((folder.read("file") == text));
    auto raw = session.get(nginx.url("/coded/text"), {.decode = false});
    CHECK(raw.body.size() < text.size());
    CHECK(session.head(nginx.url("/coded/text")).body.empty());
    CHECK(session.stats().opened == 1);
}
#endif

TEST_CASE("nginx: a download goes on where it was cut off", "[nginx][download]") {
    FERRY_NEEDS_SERVER("nginx");
    Nginx nginx;
    const auto text = compressible(3'000'000);
    nginx.folder().write("www/text", text);
    TempFolder folder;
    ferry::Session session;
    bool cut = true;
    auto cut_short = [&](const ferry::Progress& p) {
        if (cut && p.received > 1'000'000) throw std::runtime_error("cut short");
    };
    CHECK_THROWS(session.download(nginx.url("/text"), folder / "file", {.resume = true, .on_progress = cut_short}));
    CHECK_FALSE(std::filesystem::exists(folder / "file"));
    cut = false;
    auto r = session.download(nginx.url("/text"), folder / "file", {.resume = true, .on_progress = cut_short});
    CHECK(r.status == 206);
    CHECK((folder.read("file") == text));
    CHECK(folder.files() == 1);
}

TEST_CASE("nginx: Basic opens its doors, and a kept connection stays open", "[nginx][G1]") {
    FERRY_NEEDS_SERVER("nginx");
    Nginx nginx;
    ferry::Session session;
    auto refused = session.get(nginx.url("/private/hello"));
    CHECK(refused.status == 401);
    CHECK(refused.headers["www-authenticate"] == "Basic realm=\"for members\"");
    CHECK(session.get(nginx.url("/private/hello"), {.auth = ferry::basic("me", "wrong")}).status == 401);
    CHECK(session.get(nginx.url("/private/hello"), {.auth = ferry::basic("me", "secret")}).body ==
          "hello from nginx\n");
    CHECK(session.get("http://me:secret@127.0.0.1:" + std::to_string(nginx.port()) + "/private/hello").status == 200);
    CHECK(session.stats().opened == 1);
}
