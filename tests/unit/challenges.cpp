// Challenges: the lists of WWW-Authenticate, as they should be and as they are.

#include "catch.hpp"

#include <ferry/challenge.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

using namespace ferry;

namespace {

/// Readable: `scheme token68 name=[value]`, divided by `; `.
std::string parsed(const std::vector<std::string_view>& fields) {
    std::string out;
    for (const auto& c : detail::parse_challenges(fields)) {
        out += (out.empty() ? "" : "; ") + c.scheme;
        if (!c.token68.empty()) out += " " + c.token68;
        for (const auto& [name, value] : c.params) out += " " + name + "=[" + value + "]";
    }
    return out;
}

}  // namespace

TEST_CASE("a challenge is a scheme with parameters, a token68, or nothing", "[challenges][G2]") {
    CHECK(parsed({"Basic realm=\"simple\""}) == "Basic realm=[simple]");
    CHECK(parsed({"Digest realm=\"a\", nonce=\"b\",stale=true"}) == "Digest realm=[a] nonce=[b] stale=[true]");
    CHECK(parsed({"Negotiate"}) == "Negotiate");
    CHECK(parsed({"Negotiate a87421000492aa874209af8bc028"}) == "Negotiate a87421000492aa874209af8bc028");
    CHECK(parsed({"NTLM TlRMTVNTUAAB+/-._~=="}) == "NTLM TlRMTVNTUAAB+/-._~==");
    CHECK(parsed({}).empty());
    CHECK(parsed({""}).empty());
}

TEST_CASE("one field can hold several challenges, and several fields are one list", "[challenges][G2]") {
    // The example of RFC 9110 11.6.1.
    CHECK(parsed({"Basic realm=\"simple\", Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\""}) ==
          "Basic realm=[simple]; Newauth realm=[apps] type=[1] title=[Login to \"apps\"]");
    CHECK(parsed({"Negotiate, Basic realm=a, NTLM abc=, Bearer"}) == "Negotiate; Basic realm=[a]; NTLM abc=; Bearer");
    CHECK(parsed({"Basic realm=a", "Digest nonce=b"}) == "Basic realm=[a]; Digest nonce=[b]");
}

TEST_CASE("empty list elements and blanks count for nothing", "[challenges][G2]") {
    CHECK(parsed({" , ,Basic  realm = \"a\" ,,\tcharset\t=\tUTF-8 , , Bearer ,"}) ==
          "Basic realm=[a] charset=[UTF-8]; Bearer");
    CHECK(parsed({"Digest , realm=a"}) == "Digest realm=[a]");
    CHECK(parsed({",,,"}).empty());
}

TEST_CASE("commas, equals signs and escapes in quotes are text", "[challenges][G2]") {
    CHECK(parsed({R"(Digest realm="a, Basic realm=\"b\\", nonce="=,=")"}) ==
          R"(Digest realm=[a, Basic realm="b\] nonce=[=,=])");
    CHECK(parsed({R"(Basic realm="")"}) == "Basic realm=[]");
    CHECK(parsed({"Basic realm=\"J\xc3\xa4s\xc3\xb8n\""}) == "Basic realm=[J\xc3\xa4s\xc3\xb8n]");
}

TEST_CASE("what ends like base64 is told from a parameter by what is behind it", "[challenges][G2]") {
    CHECK(parsed({"X abc="}) == "X abc=");
    CHECK(parsed({"X abc=d"}) == "X abc=[d]");
    CHECK(parsed({"X abc=, Y"}) == "X abc=; Y");
    CHECK(parsed({"X a=="}) == "X a==");
    // Base64 without quotes is not a token, but there are servers that send it.
    CHECK(parsed({"Digest realm=a, nonce=ab/+c==, qop=auth"}) == "Digest realm=[a] nonce=[ab/+c==] qop=[auth]");
}

TEST_CASE("a malformed field ends with what was read of it", "[challenges][G2]") {
    CHECK(parsed({"Basic realm=\"a\", Digest realm=\"b"}) == "Basic realm=[a]; Digest");
    CHECK(parsed({"Basic realm=\"a\\"}) == "Basic");
    CHECK(parsed({"Basic realm=\"a\"b, Bearer"}) == "Basic realm=[a]");
    CHECK(parsed({"Digest realm=a nonce=b"}) == "Digest realm=[a]");
    CHECK(parsed({"Digest realm=a, nonce=, qop=auth"}) == "Digest realm=[a]");
    CHECK(parsed({"Negotiate Basic realm=a"}) == "Negotiate");
    CHECK(parsed({"realm=a, Basic realm=b"}).empty());
    CHECK(parsed({"=, Basic realm=b"}).empty());
    CHECK(parsed({"\"Basic\" realm=b"}).empty());
    CHECK(parsed({"Basic/1 realm=b"}) == "Basic");
    CHECK(parsed({"Basic/abc"}) == "Basic");
    CHECK(parsed({"Ba\x01sic realm=b"}) == "Ba");
    CHECK(parsed({"B\xc3\xa4r"}) == "B");
    // The next field is read all the same, and has no part in the one before.
    CHECK(parsed({"Digest realm=\"a", "nonce=b", "Basic realm=c"}) == "Digest; Basic realm=[c]");
}

TEST_CASE("names are found without regard to case, the first of several", "[challenges][G2]") {
    const auto c = detail::parse_challenges({"dIGEST Realm=a, REALM=b"}).at(0);
    CHECK(c.is("Digest"));
    CHECK_FALSE(c.is("Diges"));
    CHECK(c.find("realm") == "a");
    CHECK_FALSE(c.find("nonce"));
    CHECK(c == Challenge{"dIGEST", "", {{"Realm", "a"}, {"REALM", "b"}}});
}

TEST_CASE("a server cannot send more challenges than are read", "[challenges][G2]") {
    std::string schemes, params = "Digest ";
    for (int i = 0; i < 10000; ++i) {
        schemes += "Basic,";
        params += "a=b,";
    }
    CHECK(detail::parse_challenges({schemes, schemes}).size() == detail::max_challenges);
    const auto one = detail::parse_challenges({params});
    REQUIRE(one.size() == 1);
    CHECK(one[0].params.size() == detail::max_challenges);
}

TEST_CASE("every cut and every changed byte of a list ends in some result", "[challenges][G2]") {
    const std::string whole = R"(Basic realm="a", Negotiate abc==, Digest realm="x\"y", nonce="b" , qop=auth)";
    for (std::size_t i = 0; i <= whole.size(); ++i) {
        // The beginning of a parameter's name looks like a fourth scheme.
        CHECK(detail::parse_challenges({std::string_view(whole).substr(0, i)}).size() <= 4);
        detail::parse_challenges({std::string_view(whole).substr(i)});
        for (int c = 0; i < whole.size() && c < 256; ++c) {
            auto changed = whole;
            changed[i] = static_cast<char>(c);
            const auto all = detail::parse_challenges({changed});
            REQUIRE(all.size() <= 6);
        }
    }
}
