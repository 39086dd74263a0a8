// What each consumer project builds: a request to a port where nobody listens, and the errors that it has to end in.
#include <ferry/ferry.hpp>

#include <chrono>
#include <functional>
#include <iostream>
#include <system_error>

namespace {

bool fails_with(std::error_code expected, const std::function<void()>& call) {
    try {
        call();
        std::cerr << "this was to fail: " << expected.message() << '\n';
    } catch (const ferry::Error& e) {
        if (e.code() == expected) return true;
        std::cerr << "expected \"" << expected.message() << "\", not: " << e.what() << '\n';
    }
    return false;
}

}  // namespace

int main() {
    using namespace std::chrono_literals;
    ferry::Session session({.headers = {{"Accept", "text/plain"}}, .connect_timeout = 5s});
    auto get = [&](const char* url) { return [&session, url] { session.get(url, {.params = {{"page", 2}}}); }; };
    const auto refused = std::make_error_code(std::errc::connection_refused);
    bool well = fails_with({refused.value(), std::system_category()}, get("http://127.0.0.1:1/"));

    // What is not built in says so at the call that needs it.
#if FERRY_HAS_TLS
    well = fails_with({refused.value(), std::system_category()}, get("https://127.0.0.1:1/")) && well;
    ferry::digest("ada", "secret");
#else
    well = fails_with(ferry::errc::tls_not_available, get("https://127.0.0.1:1/")) && well;
    well = fails_with(ferry::errc::digest_not_available, [] { ferry::digest("ada", "secret"); }) && well;
#endif
#if !FERRY_HAS_ZLIB
    auto packed = [&] { session.post("http://127.0.0.1:1/", {.body = "text", .compress = true}); };
    well = fails_with(ferry::errc::coding_not_available, packed) && well;
#endif
    return well ? 0 : 1;
}
