// What the fuzzers have tried and found, run again; the build names the corpus's folder.

#include "../fuzz/cookie.hpp"
#include "../fuzz/decode.hpp"
#include "../fuzz/events.hpp"
#include "../fuzz/fields.hpp"
#include "../fuzz/proxy.hpp"
#include "../fuzz/response.hpp"
#include "../fuzz/url.hpp"
#include "catch.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

std::vector<std::uint8_t> bytes_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    return {text.begin(), text.end()};
}

/// Every file of one parser's corpus; a property that does not hold ends the program and names itself.
template <class Fuzz> int replay(const char* parser, Fuzz fuzz) {
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(FERRY_FUZZ_CORPUS) / parser)) {
        UNSCOPED_INFO(entry.path().filename().string());
        fuzz(bytes_of(entry.path()));
        ++files;
    }
    return files;
}

}  // namespace

TEST_CASE("the URL corpus holds no surprise", "[url][fuzz]") { CHECK(replay("url", ferry::testing::fuzz_url) >= 30); }

TEST_CASE("the response corpus holds no surprise", "[parser][fuzz]") {
    CHECK(replay("response", ferry::testing::fuzz_response) >= 30);
}

TEST_CASE("the corpus of events holds no surprise", "[events][fuzz]") {
    CHECK(replay("events", ferry::testing::fuzz_events) >= 15);
}

TEST_CASE("the corpus of fields that steer a session holds no surprise", "[redirect][retry][links][fuzz]") {
    CHECK(replay("fields", ferry::testing::fuzz_fields) >= 30);
}

TEST_CASE("the corpus of cookies holds no surprise", "[cookies][fuzz]") {
    CHECK(replay("cookie", ferry::testing::fuzz_cookie) >= 30);
}

TEST_CASE("the corpus of coded bodies holds no surprise", "[decode][fuzz]") {
    CHECK(replay("decode", ferry::testing::fuzz_decode) >= 40);
}

TEST_CASE("the corpus of proxies holds no surprise", "[proxy][fuzz]") {
    CHECK(replay("proxy", ferry::testing::fuzz_proxy) >= 30);
}
