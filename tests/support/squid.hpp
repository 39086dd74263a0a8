// Squid as an HTTP proxy that keeps connections and nothing else: open to all, or for who authenticates. On a second
// port it is spoken to over TLS.
#pragma once

#include "certificates.hpp"
#include "real_server.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace ferry::testing {

struct SquidOptions {
    bool basic = false, digest = false;  // what it asks for; me and secret are let in
    bool counts_nonces = true;           // of Digest: refuses a use that comes after a later one
    unsigned idle_seconds = 120;         // then it closes
};

// Squid sends nobody there, and finds the other by itself alone.
inline constexpr std::string_view squid_refuses = "refused.test", squid_knows = "known-to-squid.test";

inline std::string squid_helper(const std::string& name) {
    for (auto* folder : {"/usr/lib/squid", "/usr/lib64/squid", "/usr/libexec/squid", "/usr/local/libexec/squid",
                         "/opt/homebrew/opt/squid/libexec"})
        if (auto file = std::filesystem::path(folder) / name; std::filesystem::exists(file)) return file.string();
    throw std::runtime_error(name + " of Squid's is not installed");
}

inline std::string squid_members(const TempFolder& folder, const SquidOptions& o) {
    std::string text;
    if (o.basic)
        text += "auth_param basic program " + squid_helper("basic_ncsa_auth") + " " +
                folder.write("users", "me:$apr1$ferry$f.Je6.sesVf4TjetnBWXY.\n").string() +
                "\nauth_param basic realm ferry\nauth_param basic children 1 startup=1 idle=1\n";
    if (o.digest)
        text += "auth_param digest program " + squid_helper("digest_file_auth") + " -c " +
                folder.write("digests", "me:ferry:2ddc97ce090810608d826da31ae3bf0c\n").string() +
                "\nauth_param digest realm ferry\nauth_param digest children 1 startup=1 idle=1" +
                "\nauth_param digest check_nonce_count " + (o.counts_nonces ? "on\n" : "off\n");
    return text + (text.empty() ? "http_access allow all\n"
                                : "acl members proxy_auth REQUIRED\nhttp_access allow members\nhttp_access deny all\n");
}

inline std::string squid_configuration(const TempFolder& folder, std::uint16_t port, std::uint16_t secure,
                                       const SquidOptions& o) {
    const auto in = [&](std::string_view name) { return (folder / name).string(); };
    return "logformat ferry %>p %rm %ru %>Hs %un\nhttp_port 127.0.0.1:" + std::to_string(port) +  //
           "\nhttps_port 127.0.0.1:" + std::to_string(secure) +                                   //
           " tls-cert=" + in("leaf.pem") + " tls-key=" + in("leaf.key") +                         //
           "\nhosts_file " + in("hosts") +                                                        //
           "\ncache_log " + in("log/errors") +                                                    //
           "\naccess_log stdio:" + in("log/asked") + " ferry" +                                   //
           "\nclient_idle_pconn_timeout " + std::to_string(o.idle_seconds) + " seconds" + R"(
visible_hostname squid
pid_filename none
coredump_dir none
netdb_filename none
pinger_enable off
icp_port 0
cache deny all
cache_mem 0
memory_cache_shared off
max_filedescriptors 1024
dns_nameservers 127.0.0.1
dns_timeout 1 second
dns_retransmit_interval 1 second
acl refused dstdomain )" +
           std::string(squid_refuses) + "\nhttp_access deny refused\n" + squid_members(folder, o);
}

class Squid : public RealServer {
public:
    explicit Squid(const SquidOptions& options = {}) : Squid(options, free_port()) {}
    // Squid leaves shared memory behind when it is killed; and asked to go, it takes two seconds.
    ~Squid() {
        crash();
        for (auto* part : {"metadata", "queues", "readers"}) {
            std::error_code ignored;
            std::filesystem::remove("/dev/shm/" + service_name(secure_) + "-cf__" + part + ".shm", ignored);
        }
    }

    // By name, as its certificate has none but that.
    std::string secure_url() const { return "https://localhost:" + std::to_string(secure_); }

    struct Asked {
        std::uint16_t from = 0;
        std::string method, target;
        int status = 0;
        std::string user;
    };
    // What it has written of requests that are over. A tunnel is one until it ends.
    std::vector<Asked> asked(std::string_view method) const {
        std::vector<Asked> found;
        std::istringstream lines(folder().read("log/asked"));
        for (Asked a; lines >> a.from >> a.method >> a.target >> a.status >> a.user;)
            if (a.method == method) found.push_back(a);
        return found;
    }
    // How many connections of ours those came by, once there are so many of them; 0: never.
    std::size_t connections(std::string_view method, std::size_t requests) const {
        if (!eventually([&] { return asked(method).size() >= requests; })) return 0;
        std::set<std::uint16_t> ports;
        for (auto& a : asked(method)) ports.insert(a.from);
        return ports.size();
    }

private:
    Squid(const SquidOptions& options, std::uint16_t secure)
        : RealServer(
              [options, secure](const TempFolder& folder, std::uint16_t port) {
                  const auto leaf = make_certificate({.hosts = "DNS:localhost", .issuer = &test_root()});
                  folder.write("leaf.pem", leaf.pem());
                  folder.write("leaf.key", leaf.key_pem());
                  folder.write("hosts", "127.0.0.1 localhost " + std::string(squid_knows) + "\n");
                  // Started by root it writes as somebody else.
                  std::filesystem::create_directories(folder / "log");
                  std::filesystem::permissions(folder / "log", std::filesystem::perms::all);
                  auto configuration = folder.write("squid.conf", squid_configuration(folder, port, secure, options));
                  return std::vector{*find_program("squid"), std::string("-N"), std::string("-n"),
                                     service_name(secure),   std::string("-f"), configuration.string()};
              },
              {.output = "said", .last_signal = SIGKILL}, secure),
          secure_(secure) {}

    static std::string service_name(std::uint16_t secure) {
        return "ferry" + std::to_string(::getpid()) + "x" + std::to_string(secure);
    }

    std::uint16_t secure_;
};

}  // namespace ferry::testing
