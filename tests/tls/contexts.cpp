// What TLS options are made into: roots, keys, the key log, the hook, and what is said when something cannot be read.

#include "catch.hpp"
#include "temp_folder.hpp"
#include "tls_pair.hpp"

#include <ferry/tls/channel.hpp>
#include <ferry/tls/contexts.hpp>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

using namespace ferry;
using namespace ferry::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

detail::tls_fault fault_with(TlsOptions options) {
    options.system_roots = false;
    detail::tls_fault fault;
    CHECK_FALSE(detail::tls_context::make(options, fault));
    return fault;
}

Step greet(const TlsOptions& options) {
    detail::tls_fault fault;
    auto context = detail::tls_context::make(options, fault);
    INFO(fault.text);
    REQUIRE(context);
    TlsServer server;
    TlsPair pair(context, server);
    return pair.shake_hands();
}

// The name under which OpenSSL looks for a certificate in a folder.
std::string hashed_name(const Certificate& c) {
    char name[16];
    std::snprintf(name, sizeof name, "%08lx.0",
                  X509_NAME_hash_ex(X509_get_subject_name(c.x509.get()), nullptr, nullptr, nullptr));
    return name;
}

}  // namespace

TEST_CASE("own roots come from a file, a folder or a text", "[tls]") {
    TempFolder folder, empty;
    const auto file = folder.write(hashed_name(test_root()), test_root().pem()).string();
    CHECK(greet({.system_roots = false, .roots_file = file}) == Step::done);
    CHECK(greet({.system_roots = false, .roots_folder = folder.path().string()}) == Step::done);
    CHECK(greet({.system_roots = false, .roots_pem = test_root().pem()}) == Step::done);
    CHECK(greet({.system_roots = false}) == Step::failed);
}

TEST_CASE("the system's roots do not know the test's, and stay beside own ones", "[tls]") {
    detail::tls_fault fault;
    if (!detail::tls_context::make({}, fault)) SKIP(fault.text);
    CHECK(greet({}) == Step::failed);
    CHECK(greet({.roots_pem = test_root().pem()}) == Step::done);
}

TEST_CASE("what cannot be read is named", "[tls]") {
    TempFolder folder;
    const auto junk = folder.write("junk.pem", "no PEM").string();
    const auto absent = (folder / "absent.pem").string();
    const auto place = folder.path().string();
    const auto leaf = test_leaf().pem();
    const std::pair<TlsOptions, std::string> table[] = {
        {{.roots_file = absent}, "trusted roots in " + absent + ": "},
        {{.roots_file = junk}, "trusted roots in " + junk + ": "},
        {{.roots_folder = absent}, "trusted roots in " + absent + ": no files named"},
        {{.roots_folder = place}, "trusted roots in " + place + ": no files named"},
        {{.roots_pem = "junk"}, "option roots_pem: no start line"},
        {{.roots_pem = leaf.substr(0, 100)}, "option roots_pem: "},
        {{.crl_file = absent}, "revocation lists in " + absent + ": "},
        {{.certificate_file = absent}, "the client's certificate in " + absent + ": "},
        {{.certificate_file = junk}, "the client's certificate in " + junk + ": no start line"},
        {{.certificate_pem = leaf}, "the client's key in certificate_pem: "},
        {{.certificate_pem = leaf, .key_file = absent}, "the client's key in " + absent + ": "},
        {{.certificate_pem = leaf, .key_pem = test_root().key_pem()},
         "the client's key in key_pem: key values mismatch"},
        {{.key_pem = test_root().key_pem()}, "a key is given without a certificate"},
        {{.ciphers = "NONESUCH"}, "option ciphers NONESUCH: no cipher match"},
        {{.suites = "NONESUCH"}, "option suites NONESUCH: "},
        {{.keylog_file = place}, "keylog_file " + place + ": "},
    };
    for (auto& [options, text] : table) {
        CAPTURE(text);
        const auto fault = fault_with(options);
        CHECK(fault.ec == errc::tls_context_failed);
        CHECK(fault.ec == condition::tls);
        CHECK_THAT(fault.text, ContainsSubstring(text));
    }
}

TEST_CASE("certificate and key may be files, one file, or texts, and the key encrypted", "[tls]") {
    TempFolder folder;
    const auto certificate = folder.write("me.pem", test_leaf().pem()).string();
    const auto key = folder.write("key.pem", test_leaf().key_pem("secret")).string();
    const auto both = folder.write("both.pem", test_leaf().key_pem() + test_leaf().pem()).string();
    CHECK(make_context({.certificate_file = certificate, .key_file = key, .key_password = "secret"}));
    CHECK(make_context({.certificate_file = both}));
    CHECK(make_context({.certificate_file = certificate, .key_pem = test_leaf().key_pem()}));
    CHECK(make_context({.certificate_pem = test_leaf().pem(), .key_file = key, .key_password = "secret"}));
    const auto wrong = fault_with({.certificate_file = certificate, .key_file = key, .key_password = "wrong"});
    CHECK_THAT(wrong.text, ContainsSubstring("the client's key in " + key + ": "));
    const auto none = fault_with({.certificate_file = certificate, .key_file = key});
    CHECK_THAT(none.text, ContainsSubstring("the client's key in " + key + ": "));
}

TEST_CASE("secrets are logged on request, and appended", "[tls]") {
    TempFolder folder;
    const auto file = folder.write("keys.log", "# earlier\n").string();
    CHECK(greet({.system_roots = false, .roots_pem = test_root().pem(), .keylog_file = file}) == Step::done);
    const auto text = folder.read("keys.log");
    CHECK_THAT(text, ContainsSubstring("# earlier\n") && ContainsSubstring("CLIENT_TRAFFIC_SECRET_0 "));
    CHECK(text.back() == '\n');
}

TEST_CASE("the hook is given the context when all else is set", "[tls]") {
    void* given = nullptr;
    auto context = make_context({.customize = [&](void* ctx) {
        given = ctx;
        SSL_CTX_set_max_proto_version(static_cast<SSL_CTX*>(ctx), TLS1_2_VERSION);
    }});
    CHECK(given == context->native());
    TlsServer server;
    TlsPair pair(context, server);
    REQUIRE(pair.shake_hands() == Step::failed);
    CHECK(pair.client.fault().ec == errc::tls_unsupported_version);
}

TEST_CASE("a hook that throws is a fault", "[tls]") {
    const auto fault = fault_with({.customize = [](void*) { throw std::runtime_error("no"); }});
    CHECK(fault.ec == errc::callback_failed);
}

TEST_CASE("options are equal if all that they say is", "[tls][A10]") {
    const TlsOptions one{.roots_file = "a", .pins = {"x"}};
    auto other = one;
    CHECK(one == other);
    other.dangerously_skip_verification = true;
    CHECK_FALSE(one == other);
    const TlsOptions hooked{.customize = [](void*) {}};
    CHECK(hooked == TlsOptions(hooked));
    CHECK_FALSE(hooked == TlsOptions{.customize = [](void*) {}});
    CHECK(TlsOptions{} == TlsOptions{.customize = {}});
}

TEST_CASE("equal options share one context, which a fault does not become", "[tls][A10]") {
    TempFolder folder;
    detail::tls_contexts contexts;
    detail::tls_fault fault;
    const TlsOptions options{.system_roots = false, .roots_pem = test_root().pem()};
    const auto one = contexts.find_or_make(options, fault);
    const auto other = contexts.find_or_make({.system_roots = false}, fault);
    REQUIRE((one && other));
    CHECK(one != other);
    CHECK(one->id() != other->id());
    CHECK(contexts.find_or_make(options, fault) == one);

    const TlsOptions late{.system_roots = false, .roots_file = (folder / "late.pem").string()};
    CHECK_FALSE(contexts.find_or_make(late, fault));
    CHECK(fault.ec == errc::tls_context_failed);
    folder.write("late.pem", test_root().pem());
    CHECK(contexts.find_or_make(late, fault));
}

TEST_CASE("the contexts that were used last are held", "[tls]") {
    detail::tls_contexts contexts;
    detail::tls_fault fault;
    const auto with = [](int i) { return TlsOptions{.system_roots = false, .server_name = "h" + std::to_string(i)}; };
    const std::weak_ptr first = contexts.find_or_make(with(0), fault), second = contexts.find_or_make(with(1), fault);
    for (int i = 2; i < 32; ++i) contexts.find_or_make(with(i), fault);
    CHECK(contexts.find_or_make(with(0), fault) == first.lock());
    CHECK_FALSE(second.expired());
    contexts.find_or_make(with(32), fault);
    CHECK_FALSE(first.expired());
    CHECK(second.expired());
}
