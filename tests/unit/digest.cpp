// Digest: the examples of the RFCs, which challenge is taken, and how the user is named.

#include "catch.hpp"

#include <ferry/digest.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace ferry;

#if FERRY_HAS_TLS

namespace {

std::optional<detail::DigestChallenge> chosen(std::string_view field) {
    return detail::strongest_digest(detail::parse_challenges({field}));
}

/// The answer to a challenge, taken apart.
Challenge answer(std::string_view field, const detail::DigestUser& user, std::string_view cnonce,
                 std::string_view target, std::uint32_t count = 1) {
    auto challenge = chosen(field);
    REQUIRE(challenge);
    const auto key = detail::make_digest_key(*challenge, user, std::string(cnonce));
    REQUIRE(key);
    const auto text = detail::digest_field(*key, "GET", target, count);
    INFO(text);
    const auto all = detail::parse_challenges({text});
    REQUIRE(all.size() == 1);
    CHECK(all[0].is("Digest"));
    return all[0];
}

std::string algorithm_of(std::string_view field) {
    const auto c = chosen(field);
    return c ? c->algorithm : "none";
}

const detail::DigestUser mufasa{"Mufasa", "Circle of Life"};
const detail::DigestUser doe{"J\xc3\xa4s\xc3\xb8n Doe", "Secret, or not?"};

constexpr std::string_view rfc7616 =
    R"(Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, )"
    R"(nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS")";
constexpr std::string_view cnonce7616 = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

/// The challenge of RFC 7616 3.9.1 with another algorithm.
std::string with_algorithm(std::string_view algorithm) {
    auto text = std::string(rfc7616);
    return text.replace(text.find("SHA-256"), 7, algorithm);
}

std::string response_by(std::string_view algorithm) {
    const auto a = answer(with_algorithm(algorithm), mufasa, cnonce7616, "/dir/index.html");
    CHECK(a.find("algorithm") == algorithm);
    return std::string(a.find("response").value_or(""));
}

}  // namespace

TEST_CASE("the answer to the example of RFC 7616 3.9.1", "[digest][G1]") {
    const auto text = detail::digest_field(*detail::make_digest_key(*chosen(rfc7616), mufasa, std::string(cnonce7616)),
                                           "GET", "/dir/index.html", 1);
    CHECK(text == R"(Digest username="Mufasa", realm="http-auth@example.org", )"
                  R"(nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", uri="/dir/index.html", )"
                  R"(response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1", algorithm=SHA-256, )"
                  R"(qop=auth, nc=00000001, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", )"
                  R"(opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS")");
    CHECK(response_by("MD5") == "8ca523f5e9506fed4657c9700eebdbec");
}

TEST_CASE("every algorithm, and each with -sess", "[digest][G1]") {
    // Values from Python's hashlib, from the formulas of RFC 7616 3.4.
    CHECK(response_by("SHA-512-256") == "430d05014cecc49cab6fbe03176d41a1da86cbfe24a16580e22aaad928d960d0");
    CHECK(response_by("MD5-sess") == "e783283f46242139c486a698fec7211d");
    CHECK(response_by("SHA-256-sess") == "2fd51b3a77ad75bad6afad6003e818d767133c46d9e2749e7f5232ae1ea3efd7");
    CHECK(response_by("sha-512-256-SESS") == "3f2a34f923c38b0fb26dce2fdfc2ce326c23cecf86fbb1444f3e51fbbc2cb92e");
}

TEST_CASE("the answer to the example of RFC 7616 3.9.2, as its erratum 4897 corrects it", "[digest][G1]") {
    // The RFC itself has the first half of SHA-512 in place of SHA-512/256, which begins from other values.
    const auto a = answer(R"(Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, )"
                          R"(nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", )"
                          R"(opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true)",
                          doe, "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v", "/doe.json");
    CHECK(a.find("username") == "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b");
    CHECK(a.find("userhash") == "true");
    CHECK(a.find("response") == "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5");
    CHECK(a.find("opaque") == "HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS");
}

TEST_CASE("the answer to the example of RFC 2617 3.5, and to one of RFC 2069", "[digest][G1]") {
    const auto a = answer(R"(Digest realm="testrealm@host.com", qop="auth,auth-int", )"
                          R"(nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41")",
                          {"Mufasa", "Circle Of Life"}, "0a4f113b", "/dir/index.html");
    CHECK(a.find("response") == "6629fae49393a05397450978507c4ef1");
    CHECK_FALSE(a.find("algorithm"));
    CHECK_FALSE(a.find("userhash"));

    // As erratum 749 corrects it.
    const auto old = answer(R"(Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093")",
                            {"Mufasa", "CircleOfLife"}, "0a4f113b", "/dir/index.html");
    CHECK(old.find("response") == "1949323746fe6a43ef61f9606e7febea");
    for (const auto* name : {"qop", "nc", "cnonce", "opaque", "algorithm"}) CHECK_FALSE(old.find(name));
}

TEST_CASE("the count is eight hexadecimal digits and part of the answer", "[digest][G1]") {
    const auto one = answer(rfc7616, mufasa, "c", "/", 1), more = answer(rfc7616, mufasa, "c", "/", 0xfedcba98);
    CHECK(one.find("nc") == "00000001");
    CHECK(more.find("nc") == "fedcba98");
    CHECK(one.find("response") != more.find("response"));
}

TEST_CASE("the strongest challenge is taken, the first of equals", "[digest][G1][G2]") {
    const auto offer = [](std::string_view a, std::string_view b, std::string_view c) {
        std::string text;
        for (const auto algorithm : {a, b, c})
            text += "Digest realm=r, nonce=n, qop=auth, algorithm=" + std::string(algorithm) + ", Basic realm=r, ";
        return algorithm_of(text);
    };
    CHECK(offer("MD5", "SHA-256", "MD5-sess") == "SHA-256");
    CHECK(offer("MD5", "SHA-512-256", "SHA-256") == "SHA-512-256");
    CHECK(offer("MD5", "SHA-512", "SHA3") == "MD5");
    CHECK(offer("SHA-256-sess", "SHA-256", "MD5") == "SHA-256-sess");
}

TEST_CASE("what cannot be answered is not", "[digest][G1]") {
    for (const auto* field :
         {"Basic realm=r, nonce=n", "Digest realm=r", "Digest nonce=n", "Digest realm=r, nonce=\"\"",
          "Digest realm=r, nonce=n, algorithm=SHA-1", "Digest realm=r, nonce=n, algorithm=-sess, qop=auth",
          "Digest realm=r, nonce=n, qop=auth-int", "Digest realm=r, nonce=n, qop=\"auth-int, x\"",
          "Digest realm=r, nonce=n, algorithm=MD5-sess", "Digest realm=\"a\\\r\\\nX: y\", nonce=n",
          "Digest realm=r, nonce=\"\\\n\"", "Digest realm=r, nonce=n, opaque=\"\\\n\"", ""}) {
        INFO(field);
        CHECK_FALSE(chosen(field));
    }
    CHECK(chosen("Digest realm=r, nonce=n, qop=\"auth-int , AUTH\"")->counted);
    CHECK_FALSE(chosen("Digest realm=r, nonce=n, qop=\"\"")->counted);
    CHECK(chosen("Digest realm=r, nonce=n, stale=TRUE")->stale);
}

TEST_CASE("quotes and backslashes travel escaped and are hashed as they are", "[digest][G1]") {
    const auto a = answer(R"(Digest realm="a\"b\\c", nonce="n\"", opaque="\\")", {R"(u"\)", "p"}, "c", R"(/?q=")");
    CHECK(a.find("realm") == R"(a"b\c)");
    CHECK(a.find("nonce") == R"(n")");
    CHECK(a.find("opaque") == R"(\)");
    CHECK(a.find("username") == R"(u"\)");
    CHECK(a.find("uri") == R"(/?q=")");
    const auto md5 = [](std::string_view text) { return detail::hex_hash(detail::Hash::md5, text); };
    CHECK(a.find("response") == md5(md5(R"(u"\:a"b\c:p)") + R"(:n":)" + md5(R"(GET:/?q=")")));
}

TEST_CASE("a name outside of ASCII is in the extended notation if the server reads UTF-8", "[digest][G1]") {
    const auto extended = answer("Digest realm=r, nonce=n, qop=auth, charset=UTF-8", doe, "c", "/");
    CHECK(extended.find("username*") == "UTF-8''J%C3%A4s%C3%B8n%20Doe");
    CHECK_FALSE(extended.find("username"));
    const auto raw = answer("Digest realm=r, nonce=n, qop=auth, userhash=false", doe, "c", "/");
    CHECK(raw.find("username") == doe.name);
    CHECK_FALSE(raw.find("username*"));
    CHECK(extended.find("response") == raw.find("response"));
    const auto ascii = answer("Digest realm=r, nonce=n, qop=auth, charset=UTF-8", mufasa, "c", "/");
    CHECK(ascii.find("username") == "Mufasa");
}

TEST_CASE("a hash that OpenSSL refuses is not answered, and leaves no error behind", "[digest][G1]") {
    ERR_clear_error();
    REQUIRE(EVP_set_default_properties(nullptr, "no=such") == 1);
    const auto hash = detail::hex_hash(detail::Hash::md5, "");
    const auto challenge = chosen(rfc7616);
    REQUIRE(EVP_set_default_properties(nullptr, "") == 1);
    CHECK(hash.empty());
    CHECK_FALSE(challenge);
    CHECK(ERR_peek_error() == 0);
    CHECK(chosen(rfc7616));
}

TEST_CASE("the client's part is random", "[digest][G1]") {
    const auto a = detail::random_hex(), b = detail::random_hex();
    CHECK(a.size() == 32);
    CHECK(a != b);
    CHECK_FALSE(detail::make_digest_key(*chosen(rfc7616), mufasa, ""));
}

#else

TEST_CASE("without OpenSSL no Digest challenge is answered", "[digest][G1]") {
    CHECK_FALSE(detail::strongest_digest(detail::parse_challenges({"Digest realm=r, nonce=n, qop=auth"})));
}

#endif
