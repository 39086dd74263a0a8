// httpbin, as Debian packages it: a server whose every URL is a word of HTTP's vocabulary, and which says what it saw.
#pragma once

#include "real_server.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ferry::testing {

// The system's own Python: one that stands before it in PATH does not have the system's packages.
inline constexpr const char* system_python = "/usr/bin/python3";

inline bool has_python_package(std::string_view name) {
    const auto folder = std::filesystem::path("/usr/lib/python3/dist-packages") / name;
    return std::filesystem::exists(system_python) && std::filesystem::exists(folder);
}

inline constexpr std::string_view httpbin_program = R"(
import logging, sys
from httpbin import app
from werkzeug.serving import WSGIRequestHandler, make_server
logging.getLogger('werkzeug').disabled = True
WSGIRequestHandler.protocol_version = 'HTTP/1.1'
make_server('127.0.0.1', int(sys.argv[1]), app, threaded=True).serve_forever()
)";

class Httpbin : public RealServer {
public:
    Httpbin()
        : RealServer([](const TempFolder& folder, std::uint16_t port) {
              auto program = folder.write("server.py", httpbin_program);
              return std::vector{std::string(system_python), program.string(), std::to_string(port)};
          }) {}

    // One for all tests of a program: it takes a second to start, and remembers nothing.
    static const Httpbin& shared() {
        static const Httpbin server;
        return server;
    }
};

}  // namespace ferry::testing

#define FERRY_NEEDS_HTTPBIN() FERRY_NEEDS(ferry::testing::has_python_package("httpbin"), "python3-httpbin")
