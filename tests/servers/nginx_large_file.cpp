// A file of 1 GiB from nginx, with memory that does not grow with it.

#include "nginx.hpp"

#include <ferry/ferry.hpp>

#include <sys/resource.h>

#include <cstdint>
#include <filesystem>
#include <fstream>

using namespace ferry::testing;

namespace {

constexpr std::uintmax_t gibibyte = std::uintmax_t{1} << 30;

void add_sparse_file(const Nginx& nginx) {
    nginx.folder().write("www/large", "");
    std::filesystem::resize_file(nginx.folder() / "www/large", gibibyte);
}

// The most memory that this process has had, in MiB.
long peak_memory() {
    rusage usage = {};
    ::getrusage(RUSAGE_SELF, &usage);
#if defined(__APPLE__)
    return usage.ru_maxrss >> 20;
#else
    return usage.ru_maxrss >> 10;
#endif
}

}  // namespace

TEST_CASE("nginx: 1 GiB is streamed with flat memory", "[nginx][stream]") {
    FERRY_NEEDS_SERVER("nginx");
    Nginx nginx;
    add_sparse_file(nginx);
    ferry::Session session;
    auto before = peak_memory();
    std::uintmax_t size = 0;
    {
        auto stream = session.stream(nginx.url("/large"));
        for (std::string_view piece : stream) size += piece.size();
    }
    CHECK(size == gibibyte);
    CHECK(peak_memory() - before < 32);
    CHECK(session.stats().idle == 1);
}

TEST_CASE("nginx: 1 GiB is downloaded with flat memory", "[nginx][download]") {
    FERRY_NEEDS_SERVER("nginx");
    Nginx nginx;
    add_sparse_file(nginx);
    TempFolder folder;
    ferry::Session session;
    auto before = peak_memory();
    session.download(nginx.url("/large"), folder / "file");
    CHECK(std::filesystem::file_size(folder / "file") == gibibyte);
    CHECK(peak_memory() - before < 32);
}

TEST_CASE("nginx: a stream of 1 GiB that is dropped closes its connection at once", "[nginx][stream]") {
    FERRY_NEEDS_SERVER("nginx");
    Nginx nginx;
    add_sparse_file(nginx);
    ferry::Session session;
    { session.stream(nginx.url("/large")); }
    CHECK(session.stats().discarded[ferry::DiscardReason::not_drained] == 1);
    CHECK(session.stats().idle == 0);
}
