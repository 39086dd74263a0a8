// tinyproxy as an HTTP proxy: it closes behind each response that it forwards, often without having said so.
#pragma once

#include "real_server.hpp"

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ferry::testing {

struct TinyproxyOptions {
    bool basic = false;  // me and secret are let in
};

inline constexpr std::string_view tinyproxy_refuses = "refused.test";

inline std::string tinyproxy_configuration(const TempFolder& folder, std::uint16_t port, const TinyproxyOptions& o) {
    const auto in = [&](std::string_view name) { return "\"" + (folder / name).string() + "\"\n"; };
    return std::string(::geteuid() == 0 ? "User nobody\nGroup nogroup\n" : "") +  //
           "Port " + std::to_string(port) + "\nListen 127.0.0.1\nAllow 127.0.0.1\n" + "LogLevel Connect\nLogFile " +
           in("log/connections") +  //
           "Filter " + in("filter") + "ViaProxyName \"tinyproxy\"\nTimeout 60\nMaxClients 100\n" +
           (o.basic ? "BasicAuth me secret\n" : "");
}

class Tinyproxy : public RealServer {
public:
    explicit Tinyproxy(const TinyproxyOptions& options = {})
        : RealServer(
              [options](const TempFolder& folder, std::uint16_t port) {
                  folder.write("filter", "refused[.]test\n");
                  // Started by root it writes as somebody else.
                  std::filesystem::create_directories(folder / "log");
                  std::filesystem::permissions(folder / "log", std::filesystem::perms::all);
                  auto configuration = folder.write("tinyproxy.conf", tinyproxy_configuration(folder, port, options));
                  return std::vector{*find_program("tinyproxy"), std::string("-d"), std::string("-c"),
                                     configuration.string()};
              },
              {.output = "said"}) {}

    // How many requests with this method it has been sent.
    std::size_t asked(std::string_view method) const {
        const auto log = folder().read("log/connections");
        std::size_t count = 0;
        const auto words = "): " + std::string(method) + " ";
        for (auto at = log.find(words); at != log.npos; at = log.find(words, at + 1)) ++count;
        return count;
    }
};

}  // namespace ferry::testing
