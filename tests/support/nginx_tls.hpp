// nginx with TLS on one port and without on another, its certificate made on the spot.
#pragma once

#include "certificates.hpp"
#include "nginx.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ferry::testing {

struct NginxTlsOptions {
    std::string protocol = "TLSv1.2 TLSv1.3";
    std::string tickets = "on";
    bool demands_certificate = false;  // from the tests' root
};

inline std::string nginx_tls_server(std::uint16_t port, const NginxTlsOptions& o) {
    return R"(
    server {
        listen 127.0.0.1:)" +
           std::to_string(port) + R"( ssl;
        ssl_certificate leaf.pem;
        ssl_certificate_key leaf.key;
        ssl_client_certificate root.pem;
        ssl_verify_client )" +
           (o.demands_certificate ? "on" : "off") + R"(;
        ssl_protocols )" +
           o.protocol + R"(;
        ssl_session_tickets )" +
           o.tickets + R"(;
        ssl_session_cache shared:sessions:1m;
        root www;
        location /chunked/ { alias www/; ssi on; ssi_types *; }
        location /echo { return 200 "$request_method"; }
        location /what { return 200 "$ssl_protocol $ssl_session_reused $ssl_server_name"; }
        location /who { return 200 "$ssl_client_verify $ssl_client_s_dn"; }
)" + nginx_common_locations +
           "    }\n";
}

class NginxTls : public Nginx {
public:
    explicit NginxTls(const NginxTlsOptions& options) : NginxTls(options, free_port()) {}

    std::uint16_t secure_port() const { return secure_; }
    // By name: nginx is to be told which.
    std::string secure_url(std::string_view target) const {
        return "https://localhost:" + std::to_string(secure_) + std::string(target);
    }

private:
    NginxTls(const NginxTlsOptions& options, std::uint16_t secure)
        : Nginx({.more = nginx_tls_server(secure, options),
                 .second_port = secure,
                 .files =
                     [](const TempFolder& folder) {
                         const auto leaf = make_certificate({.hosts = "DNS:localhost", .issuer = &test_root()});
                         folder.write("leaf.pem", leaf.pem());
                         folder.write("leaf.key", leaf.key_pem());
                         folder.write("root.pem", test_root().pem());
                     }}),
          secure_(secure) {}

    std::uint16_t secure_;
};

}  // namespace ferry::testing
