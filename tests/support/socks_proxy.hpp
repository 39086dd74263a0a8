// SOCKS5 proxies: Dante, which asks for nothing and has rules; microsocks, which asks for user and password.
#pragma once

#include "real_server.hpp"

#include <pwd.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ferry::testing {

inline std::size_t count_lines_with(std::string_view text, std::string_view words) {
    std::size_t count = 0;
    for (auto at = text.find(words); at != text.npos; at = text.find(words, text.find('\n', at))) ++count;
    return count;
}

// Dante connects to no such port.
inline constexpr std::uint16_t dante_refuses = 9;

inline std::string dante_configuration(const TempFolder& folder, std::uint16_t port) {
    const auto* me = ::getpwuid(::geteuid());
    const std::string user = me ? me->pw_name : "nobody";
    return "logoutput: " + (folder / "log").string() +                       //
           "\ninternal: 127.0.0.1 port = " + std::to_string(port) +          //
           "\nexternal: 127.0.0.1\nclientmethod: none\nsocksmethod: none" +  //
           "\nuser.privileged: " + user +                                    //
           "\nuser.unprivileged: " + (::geteuid() == 0 ? "nobody" : user) + R"(
client pass {
    from: 127.0.0.0/8 to: 0.0.0.0/0
}
socks block {
    from: 0.0.0.0/0 to: 0.0.0.0/0 port = )" +
           std::to_string(dante_refuses) + R"(
}
socks pass {
    from: 0.0.0.0/0 to: 0.0.0.0/0
    command: connect
    log: connect
}
)";
}

class Dante : public RealServer {
public:
    Dante()
        : RealServer(
              [](const TempFolder& folder, std::uint16_t port) {
                  auto configuration = folder.write("dante.conf", dante_configuration(folder, port));
                  return std::vector{*find_program("danted"),  std::string("-N"),      std::string("1"),
                                     std::string("-f"),        configuration.string(), std::string("-p"),
                                     (folder / "pid").string()};
              },
              {.output = "said"}) {}

    // How many connections it has made for clients.
    std::size_t made() const { return count_lines_with(folder().read("log"), "tcp/connect ["); }
};

class Microsocks : public RealServer {
public:
    Microsocks()
        : RealServer(
              [](const TempFolder&, std::uint16_t port) {
                  return std::vector{*find_program("microsocks"), std::string("-i"),    std::string("127.0.0.1"),
                                     std::string("-p"),           std::to_string(port), std::string("-u"),
                                     std::string("me"),           std::string("-P"),    std::string("secret")};
              },
              {.output = "said"}) {}

    // How many connections it has made to a host, as it was named to it.
    std::size_t made(std::string_view host, std::uint16_t port) const {
        const auto words = "connected to " + std::string(host) + ":" + std::to_string(port) + "\n";
        return count_lines_with(folder().read("said"), words);
    }
};

}  // namespace ferry::testing
