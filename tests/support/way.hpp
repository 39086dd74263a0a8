// Which way the sessions of a test program reach its scripted servers: $FERRY_TEST_WAY says it, for the whole run.
#pragma once

#include <ferry/options.hpp>

#if FERRY_HAS_TLS
#include "certificates.hpp"
#endif

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ferry::testing {

enum class Way {
    plain,  // TCP; the default
    tls,    // https, with a certificate from the tests' root
    tunnel  // the same through a CONNECT tunnel
};

inline Way way() {
    static const Way chosen = [] {
        const char* text = std::getenv("FERRY_TEST_WAY");
        const std::string_view name = text ? text : "";
        if (name.empty() || name == "plain") return Way::plain;
        if (FERRY_HAS_TLS && name == "tls") return Way::tls;
        if (FERRY_HAS_TLS && name == "tunnel") return Way::tunnel;
        throw std::runtime_error("there is no way " + std::string(name));
    }();
    return chosen;
}
inline bool over_tls() { return way() != Way::plain; }

// What a server's URLs begin with.
inline std::string scheme() { return over_tls() ? "https://" : "http://"; }

// A session's options with the tests' root as the only one. Those that choose something of TLS are left alone.
inline ferry::SessionOptions trusting_root(ferry::SessionOptions o) {
#if FERRY_HAS_TLS
    if (!over_tls() || o.tls != ferry::TlsOptions{}) return o;
    o.tls.system_roots = false;
    o.tls.roots_pem = test_root().pem();
#endif
    return o;
}

}  // namespace ferry::testing
