// Which certificates are taken, and what is said of those that are not.

#include "catch.hpp"
#include "temp_folder.hpp"
#include "tls_pair.hpp"

#include <ferry/tls/channel.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace ferry;
using namespace ferry::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

struct Met {
    std::error_code ec;
    std::string text;
};

Met meet(const TlsServerOptions& how, const TlsOptions& options = {}, std::string_view host = "example.com") {
    TlsServer server(how);
    TlsPair pair(make_context(options), server, host);
    const auto s = pair.shake_hands();
    CHECK((s == Step::done || s == Step::failed));
    return {pair.client.fault().ec, pair.client.fault().text};
}

Met meet(const CertificateOptions& how, const TlsOptions& options = {}, std::string_view host = "example.com") {
    auto from_root = how;
    if (!from_root.issuer) from_root.issuer = &test_root();
    const auto leaf = make_certificate(from_root);
    return meet(TlsServerOptions{.certificate = &leaf}, options, host);
}

std::error_code code_for(std::string hosts, std::string_view host) {
    return meet(CertificateOptions{.hosts = std::move(hosts)}, {}, host).ec;
}

}  // namespace

TEST_CASE("a sound certificate is taken", "[tls]") {
    CHECK_FALSE(meet(TlsServerOptions{}).ec);
    CHECK_FALSE(meet(TlsServerOptions{.version = TLS1_2_VERSION}).ec);
    CHECK_FALSE(meet(CertificateOptions{.rsa_bits = 2048}).ec);
    CHECK_FALSE(meet(CertificateOptions{.usage = ""}).ec);
}

TEST_CASE("an expired certificate is refused, and the text names it", "[tls]") {
    const auto met = meet(CertificateOptions{.name = "old one", .from_days = -30, .to_days = -1});
    CHECK(met.ec == errc::certificate_expired);
    CHECK(met.ec == condition::tls);
    CHECK_THAT(met.text, ContainsSubstring("host example.com; certificate: subject CN=old one; "
                                           "issuer CN=ferry test root; valid from 20"));
    CHECK_THAT(met.text, ContainsSubstring(" UTC to 20"));
    CHECK_THAT(met.text, ContainsSubstring("; certificate has expired"));
}

TEST_CASE("a certificate from the future is refused", "[tls]") {
    CHECK(meet(CertificateOptions{.from_days = 1, .to_days = 30}).ec == errc::certificate_not_yet_valid);
}

TEST_CASE("a certificate for another host is refused, and the text tells for which it is", "[tls][K1]") {
    const auto met = meet(CertificateOptions{.hosts = "DNS:example.org,IP:10.0.0.1,DNS:*.example.net"});
    CHECK(met.ec == errc::certificate_wrong_host);
    CHECK_THAT(met.text, ContainsSubstring("host example.com; "));
    CHECK_THAT(met.text, ContainsSubstring("names DNS:example.org, IP Address:10.0.0.1, DNS:*.example.net"));
}

TEST_CASE("names are matched as RFC 6125 has it", "[tls][K1]") {
    CHECK_FALSE(code_for("DNS:example.com", "EXAMPLE.com"));
    CHECK_FALSE(code_for("DNS:example.com", "example.com."));
    CHECK_FALSE(code_for("DNS:*.example.com", "a.example.com"));
    CHECK_FALSE(code_for("DNS:first.example,DNS:second.example", "second.example"));
    CHECK(code_for("DNS:*.example.com", "example.com") == errc::certificate_wrong_host);
    CHECK(code_for("DNS:*.example.com", "a.b.example.com") == errc::certificate_wrong_host);
    CHECK(code_for("DNS:a*.example.com", "ab.example.com") == errc::certificate_wrong_host);
    CHECK(code_for("DNS:*", "localhost") == errc::certificate_wrong_host);
    CHECK(code_for("DNS:*.com", "example.com") == errc::certificate_wrong_host);
    CHECK(code_for("DNS:example.com.evil.example", "example.com") == errc::certificate_wrong_host);
}

TEST_CASE("a common name is no host name", "[tls][K1]") {
    CHECK(meet(CertificateOptions{.name = "example.com", .hosts = ""}).ec == errc::certificate_wrong_host);
    CHECK(meet(CertificateOptions{.name = "example.com", .hosts = "IP:127.0.0.1"}).ec == errc::certificate_wrong_host);
}

TEST_CASE("addresses are matched with addresses", "[tls][K1]") {
    CHECK_FALSE(code_for("IP:127.0.0.1", "127.0.0.1"));
    CHECK_FALSE(code_for("IP:2001:db8::1", "[2001:db8::1]"));
    CHECK_FALSE(code_for("IP:fe80::1", "[fe80::1%25eth0]"));
    CHECK_FALSE(code_for("IP:::1", "0:0:0:0:0:0:0:1"));
    CHECK(code_for("DNS:127.0.0.1", "127.0.0.1") == errc::certificate_wrong_host);
    CHECK(code_for("IP:127.0.0.2", "127.0.0.1") == errc::certificate_wrong_host);
    CHECK(code_for("DNS:example.com", "127.0.0.1") == errc::certificate_wrong_host);
}

TEST_CASE("a certificate that vouches for itself is refused", "[tls]") {
    const auto leaf = make_certificate({.name = "alone"});
    CHECK(meet(TlsServerOptions{.certificate = &leaf}).ec == errc::certificate_self_signed);
    CHECK_FALSE(meet(TlsServerOptions{.certificate = &leaf}, {.roots_pem = leaf.pem()}).ec);
}

TEST_CASE("a certificate from an unknown root is refused, whether the root was sent or not", "[tls]") {
    const auto root = make_certificate({.name = "stranger", .ca = true});
    const auto leaf = make_certificate({.issuer = &root});
    for (const std::vector<const Certificate*>& chain : {std::vector<const Certificate*>{}, {&root}}) {
        const auto met = meet(TlsServerOptions{.certificate = &leaf, .chain = chain});
        CHECK(met.ec == errc::certificate_unknown_issuer);
        CHECK_THAT(met.text, ContainsSubstring("issuer CN=stranger"));
    }
}

TEST_CASE("a root of the same name and another key is not trusted", "[tls]") {
    const auto impostor = make_certificate({.name = "ferry test root", .ca = true});
    const auto leaf = make_certificate({.issuer = &impostor});
    const auto met = meet(TlsServerOptions{.certificate = &leaf});
    CHECK(met.ec == condition::tls);
}

TEST_CASE("what lies between a certificate and its root has to be sent", "[tls]") {
    const auto middle = make_certificate({.name = "between", .issuer = &test_root(), .ca = true});
    const auto plain = make_certificate({.issuer = &middle});
    const auto telling = make_certificate({.issuer = &middle, .issuer_address = "http://ca.example/between.crt"});
    CHECK_FALSE(meet(TlsServerOptions{.certificate = &plain, .chain = {&middle}}).ec);
    CHECK(meet(TlsServerOptions{.certificate = &telling}).ec == errc::certificate_incomplete_chain);
    CHECK(meet(TlsServerOptions{.certificate = &plain}).ec == errc::certificate_unknown_issuer);
    CHECK_FALSE(meet(TlsServerOptions{.certificate = &plain}, {.roots_pem = middle.pem()}).ec);
}

TEST_CASE("the certificate between may be the one at fault", "[tls]") {
    const auto old = make_certificate(
        {.name = "old", .issuer = &test_root(), .ca = true, .from_days = -9, .to_days = -1});
    const auto leaf = make_certificate({.issuer = &old});
    const auto met = meet(TlsServerOptions{.certificate = &leaf, .chain = {&old}});
    CHECK(met.ec == errc::certificate_expired);
    CHECK_THAT(met.text, ContainsSubstring("subject CN=old;"));
}

TEST_CASE("a certificate for another purpose is refused", "[tls]") {
    CHECK(meet(CertificateOptions{.usage = "clientAuth"}).ec == errc::certificate_wrong_purpose);
    const auto no_ca = make_certificate({.name = "no authority", .issuer = &test_root()});
    const auto leaf = make_certificate({.issuer = &no_ca});
    CHECK(meet(TlsServerOptions{.certificate = &leaf, .chain = {&no_ca}}).ec == errc::certificate_wrong_purpose);
}

TEST_CASE("a weak key is refused unless the ciphers allow it", "[tls]") {
    CHECK(meet(CertificateOptions{.rsa_bits = 1024}).ec == errc::certificate_too_weak);
    CHECK_FALSE(meet(CertificateOptions{.rsa_bits = 1024}, {.ciphers = "DEFAULT@SECLEVEL=1"}).ec);
}

TEST_CASE("a revoked certificate is refused, if there is a list", "[tls]") {
    TempFolder folder;
    const auto bad = make_certificate({.issuer = &test_root()});
    TlsOptions options{.crl_file = folder.write("list.pem", revocation_list(test_root(), {bad})).string()};
    CHECK(meet(TlsServerOptions{.certificate = &bad}, options).ec == errc::certificate_revoked);
    CHECK_FALSE(meet(TlsServerOptions{}, options).ec);
    CHECK_FALSE(meet(TlsServerOptions{.certificate = &bad}).ec);
}

TEST_CASE("verification is switched off by its loud name only", "[tls]") {
    const auto leaf = make_certificate({.hosts = "DNS:elsewhere.example", .from_days = -9, .to_days = -1});
    CHECK(meet(TlsServerOptions{.certificate = &leaf}).ec == condition::tls);
    CHECK_FALSE(meet(TlsServerOptions{.certificate = &leaf}, {.dangerously_skip_verification = true}).ec);
}

TEST_CASE("a pinned key is held to, even where nothing else is verified", "[tls]") {
    const auto good = detail::pin_of(test_leaf().x509.get());
    CHECK(good.size() == 44);
    const auto other = detail::pin_of(test_root().x509.get());
    CHECK_FALSE(meet(TlsServerOptions{}, {.pins = {good}}).ec);
    CHECK_FALSE(meet(TlsServerOptions{}, {.pins = {other, "sha256//" + good}}).ec);
    const auto met = meet(TlsServerOptions{}, {.pins = {other}, .dangerously_skip_verification = true});
    CHECK(met.ec == errc::certificate_pin_mismatch);
    CHECK_THAT(met.text, ContainsSubstring("its key is sha256//" + good));
    CHECK(meet(TlsServerOptions{}, {.pins = {""}}).ec == errc::certificate_pin_mismatch);
}

TEST_CASE("a renewed certificate with the same key has the same pin", "[tls]") {
    const auto renewed = make_certificate({.issuer = &test_root(), .same_key_as = &test_leaf()});
    CHECK(detail::pin_of(renewed.x509.get()) == detail::pin_of(test_leaf().x509.get()));
}

TEST_CASE("hostile names in a certificate are shown without their control characters, and cut", "[tls]") {
    const auto met = meet(
        CertificateOptions{.name = "evil\r\n\x1b[2J; issuer \xc3\xa4", .from_days = -9, .to_days = -1});
    CHECK(met.ec == errc::certificate_expired);
    CHECK_THAT(met.text, ContainsSubstring(R"(CN=evil\0D\0A\1B[2J\; issuer \C3\A4; issuer CN=ferry)"));
    for (const char c : met.text) CHECK((c >= ' ' && c <= '~'));
    const auto long_list = meet(CertificateOptions{.hosts = [] {
        std::string hosts = "DNS:h0.example";
        for (int i = 1; i < 500; ++i) hosts += ",DNS:h" + std::to_string(i) + ".example";
        return hosts;
    }()});
    CHECK(long_list.ec == errc::certificate_wrong_host);
    CHECK(long_list.text.size() < 700);
    CHECK_THAT(long_list.text, ContainsSubstring("DNS:h7.example, ..."));
}
