// HAProxy in front of an HTTP server, with TLS on one port and without on another; or with TLS in front of anything.
#pragma once

#include "certificates.hpp"
#include "real_server.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ferry::testing {

struct HaproxyOptions {
    std::uint16_t server = 0;       // the port behind it
    bool http = true;               // false: bytes of whatever kind, and TLS on both ports
    std::string keep_alive = "1s";  // a connection may idle
    std::string request = "1s";     // may take to arrive, or HAProxy answers 408
    std::string more = "";          // for its frontends
};

inline std::string haproxy_configuration(const TempFolder& folder, std::uint16_t port, std::uint16_t secure,
                                         const HaproxyOptions& o) {
    // It has both names, so that a client that could speak HTTP/2 would.
    const auto tls = " ssl crt " + (folder / "leaf.pem").string() + (o.http ? " alpn h2,http/1.1" : "");
    return R"(
global
    nbthread 1
    maxconn 256
defaults
    mode )" +
           std::string(o.http ? "http" : "tcp") + R"(
    timeout connect 10s
    timeout client 60s
    timeout server 60s
    retries 0
)" + (o.http ? "    timeout http-keep-alive " + o.keep_alive + "\n    timeout http-request " + o.request + "\n" : "") +
           "frontend front\n    bind 127.0.0.1:" + std::to_string(port) + (o.http ? "" : tls) +  //
           "\n    bind 127.0.0.1:" + std::to_string(secure) + tls +                              //
           "\n    default_backend back\n" +
           (o.http ? R"(
    http-request return status 200 content-type text/plain lf-string "%cp" if { path /connection }
    http-request return status 200 content-type text/plain lf-string "%[ssl_fc_protocol] %[ssl_fc_alpn] %[ssl_fc_is_resumed]" if { path /tls }
)"
                   : "") +
           o.more + "backend back\n    server behind 127.0.0.1:" + std::to_string(o.server) + "\n";
}

class Haproxy : public RealServer {
public:
    explicit Haproxy(const HaproxyOptions& options) : Haproxy(options, free_port()) {}

    std::uint16_t secure_port() const { return secure_; }
    std::string secure_url(std::string_view target = "") const {
        return "https://localhost:" + std::to_string(secure_) + std::string(target);
    }

private:
    Haproxy(const HaproxyOptions& options, std::uint16_t secure)
        : RealServer(
              [options, secure](const TempFolder& folder, std::uint16_t port) {
                  const auto leaf = make_certificate({.hosts = "DNS:localhost", .issuer = &test_root()});
                  folder.write("leaf.pem", leaf.pem() + leaf.key_pem());
                  auto configuration = folder.write("haproxy.conf",
                                                    haproxy_configuration(folder, port, secure, options));
                  return std::vector{*find_program("haproxy"), std::string("-db"), std::string("-f"),
                                     configuration.string()};
              },
              {.output = "said"}, secure),
          secure_(secure) {}

    std::uint16_t secure_;
};

}  // namespace ferry::testing
