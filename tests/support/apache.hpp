// Apache's httpd with Digest authentication, brotli and gzip.
#pragma once

#include "real_server.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ferry::testing {

struct ApacheOptions {
    unsigned nonce_lifetime = 300;  // seconds
};

inline std::string apache_configuration(const std::string& folder, std::uint16_t port, ApacheOptions options) {
    std::string text;
    for (auto* module : {"mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_digest", "alias",
                         "mime", "deflate", "brotli", "filter"})
        text += std::string("LoadModule ") + module + "_module /usr/lib/apache2/modules/mod_" + module + ".so\n";
    return text + R"(
ServerName localhost
ServerRoot )" +
           folder + R"(
DefaultRuntimeDir .
PidFile apache.pid
ErrorLog error.log
User www-data
Group www-data
TypesConfig /dev/null
DocumentRoot www
StartServers 1
KeepAliveTimeout 1
Listen 127.0.0.1:)" +
           std::to_string(port) + R"(
Alias /br www
Alias /gz www
Alias /private www
Redirect 307 /moved /hello
<Location /br>
    SetOutputFilter BROTLI_COMPRESS
</Location>
<Location /gz>
    SetOutputFilter DEFLATE
</Location>
<Location /private>
    AuthType Digest
    AuthName ferry
    AuthDigestDomain /private
    AuthDigestNonceLifetime )" +
           std::to_string(options.nonce_lifetime) + R"(
    AuthUserFile users
    Require valid-user
</Location>
)";
}

class Apache : public RealServer {
public:
    explicit Apache(ApacheOptions options = {})
        : RealServer([options](const TempFolder& folder, std::uint16_t port) {
              std::filesystem::create_directories(folder / "www");
              folder.write("www/hello", "hello from Apache\n");
              folder.write("users", "me:ferry:2ddc97ce090810608d826da31ae3bf0c\n");
              auto root = folder.path().string();
              auto configuration = folder.write("apache.conf", apache_configuration(root, port, options));
              return std::vector{*find_program("apache2"), std::string("-DFOREGROUND"), std::string("-f"),
                                 configuration.string()};
          }) {}
};

}  // namespace ferry::testing
