// nginx as it is found in the world, but for short limits: connections idle for 1 s or after 3 requests are closed.
#pragma once

#include "real_server.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace ferry::testing {

struct NginxOptions {
    unsigned keepalive_requests = 1000;
    std::string more = {};                              // another server
    std::uint16_t second_port = 0;                      // which that has
    std::function<void(const TempFolder&)> files = {};  // that it needs
};

// In each of its servers: what tells how a request came, and a folder that files can be put into.
inline constexpr const char* nginx_common_locations = R"(
        location /connection { return 200 "$connection"; }
        location /fields { return 200 "host: $http_host, via: $http_via, for the proxy: $http_proxy_authorization"; }
        location /files/ { alias files/; dav_methods PUT; client_max_body_size 0; }
)";

inline std::string nginx_configuration(std::uint16_t port, const NginxOptions& options) {
    return R"(
daemon off;
master_process off;
pid nginx.pid;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path temp/body;
    proxy_temp_path temp/proxy;
    fastcgi_temp_path temp/fastcgi;
    uwsgi_temp_path temp/uwsgi;
    scgi_temp_path temp/scgi;
    default_type text/plain;
    sendfile on;
    gzip off;
    keepalive_timeout 1s;
    keepalive_requests )" +
           std::to_string(options.keepalive_requests) + R"(;
    client_max_body_size 1m;
    server {
        listen 127.0.0.1:)" +
           std::to_string(port) + R"(;
        root www;
        location /chunked/ { alias www/; ssi on; ssi_types *; }
        location /coded/ { alias www/; gzip on; gzip_types *; gzip_min_length 0; }
        location /private/ { alias www/; auth_basic "for members"; auth_basic_user_file users; }
        location /echo { return 200 "$request_method $request_uri $http_user_agent"; }
        location /moved { return 302 /hello; }
        location /nothing { return 204; }
        location /rude { return 444; }
)" + nginx_common_locations +
           "    }\n" + options.more + "}\n";
}

class Nginx : public RealServer {
public:
    explicit Nginx(const NginxOptions& options = {})
        : RealServer(
              [options](const TempFolder& folder, std::uint16_t port) {
                  std::filesystem::create_directories(folder / "www");
                  std::filesystem::create_directories(folder / "temp");
                  std::filesystem::create_directories(folder / "files");
                  if (options.files) options.files(folder);
                  folder.write("www/hello", "hello from nginx\n");
                  folder.write("users", "me:{PLAIN}secret\n");
                  auto configuration = folder.write("nginx.conf", nginx_configuration(port, options));
                  auto prefix = folder.path().string() + "/";
                  return std::vector{
                      *find_program("nginx"), std::string("-e"),     prefix + "error.log", std::string("-p"), prefix,
                      std::string("-c"),      configuration.string()};
              },
              {}, options.second_port) {}
};

}  // namespace ferry::testing
