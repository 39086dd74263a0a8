// Link fields, taken apart: whatever is well-formed is found, and whatever is not harms only itself.

#include "catch.hpp"

#include <ferry/links.hpp>
#include <ferry/response.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

using namespace ferry;
using namespace std::string_literals;

namespace {

const Url base("http://h/a/b?c#d");

std::vector<Link> links(std::string_view field) { return detail::parse_links({{"Link", field}}, base); }

// `url rel` of each.
std::vector<std::string> found(std::string_view field) {
    std::vector<std::string> all;
    for (auto& link : links(field)) all.push_back(std::string(link.url.str()) + " " + link.rel);
    return all;
}

using List = std::vector<std::string>;

}  // namespace

TEST_CASE("links are found and resolved", "[links]") {
    CHECK(found("<http://x/>; rel=next") == List{"http://x/ next"});
    CHECK(found("<?page=2>; rel=\"next\", <../z>;rel=last") == List{"http://h/a/b?page=2 next", "http://h/z last"});
    CHECK(found("</x,y;z>; rel=\"a\"") == List{"http://h/x,y;z a"});
    CHECK(found("<>;rel=self") == List{"http://h/a/b?c self"});
    CHECK(found("< /x > ; rel = \"a\"") == List{"http://h/x a"});
    CHECK(found("</\xc3\xa4 b>; rel=a") == List{"http://h/%C3%A4%20b a"});
    CHECK(found(" ,, </x>;rel=a ,,\t, </y>;rel=b, ,") == List{"http://h/x a", "http://h/y b"});
    CHECK(found("</x>;rel=a;,</y>;;rel=b") == List{"http://h/x a", "http://h/y b"});
    CHECK(found("").empty());
}

TEST_CASE("several fields are one list", "[links]") {
    auto all = detail::parse_links({{"Link", "</1>;rel=a"}, {"X", "</2>;rel=a"}, {"LINK", "</3>;rel=b,</4>;rel=c"}},
                                   base);
    REQUIRE(all.size() == 3);
    CHECK(all[0].url.path() == "/1");
    CHECK(all[1].url.path() == "/3");
    CHECK(all[2].url.path() == "/4");
}

TEST_CASE("quoted strings hold commas, semicolons and escapes", "[links]") {
    auto all = links(R"(</x>; title="a, <b>; rel=c \"d\" \\"; rel="next", </y>; rel=e)");
    REQUIRE(all.size() == 2);
    CHECK(all[0].title() == R"(a, <b>; rel=c "d" \)");
    CHECK(all[0].rel == "next");
    CHECK(all[1].rel == "e");
}

TEST_CASE("parameters keep their order, and names are in lower case", "[links]") {
    auto all = links("</x>; REL=next; Type=\"text/html\"; flag; media=; type=b");
    REQUIRE(all.size() == 1);
    using Params = decltype(Link::params);
    CHECK(all[0].params == Params{{"rel", "next"}, {"type", "text/html"}, {"flag", ""}, {"media", ""}, {"type", "b"}});
    CHECK(all[0].param("type") == "text/html");
    CHECK(all[0].param("none").empty());
}

TEST_CASE("a link may have several relation types, compared without case", "[links]") {
    auto all = links("</x>; rel=\"prev  START\thttp://r/t \"; rel=next");
    REQUIRE(all.size() == 1);
    CHECK(all[0].is("prev"));
    CHECK(all[0].is("start"));
    CHECK(all[0].is("http://R/t"));
    CHECK_FALSE(all[0].is("next"));  // of two `rel` the first counts
    CHECK_FALSE(all[0].is("pre"));
    CHECK_FALSE(all[0].is(""));
    CHECK_FALSE(all[0].is("prev  START"));
}

TEST_CASE("title* wins over title", "[links]") {
    CHECK(links("</x>;rel=a;title=plain;title*=UTF-8'de'%e2%82%ac%20x")[0].title() == "\xe2\x82\xac x");
    CHECK(links("</x>;rel=a;title*=utf-8''n%c3%a4chstes;title=\"plain\"")[0].title() ==
          "n\xc3\xa4"
          "chstes");
    for (auto bad : {"UTF-8'de", "UTF-8", "", "''x", "ISO-8859-1''%e4", "UTF-8''%e", "UTF-8''%zz", "UTF-8''100%"}) {
        INFO(bad);
        auto all = links("</x>;rel=a;title=plain;title*="s + bad);
        REQUIRE(all.size() == 1);
        CHECK(all[0].title() == "plain");
        CHECK(all[0].params.size() == 2);
    }
}

TEST_CASE("a malformed link is left out, and those around it stay", "[links]") {
    for (auto bad : {"x",
                     "x; rel=a",
                     "</x>",
                     "</x>; title=a",
                     "</x>; rel",
                     "</x>; rel=",
                     "</x>; rel=\"\"",
                     "</x>; rel=\" \"",
                     "</x> rel=a",
                     "</x> y; rel=a",
                     "<mailto:a@b>; rel=a",
                     "<ftp://h/>; rel=a",
                     "<http://>; rel=a",
                     "</x\x01>; rel=a",
                     "</x>; r(l=a; rel=b",
                     "</x>; title=\"a, b\" c; rel=d",
                     "</x>; title=\"a\\\", b\"",
                     "rel=a; </x>",
                     "</x, y; rel=a>",
                     "</x>; a=b\"c",
                     "</?a=\"b>; title=c",
                     "http://h/; rel=a"}) {
        INFO(bad);
        CHECK(found("</1>;rel=p, "s + bad + ", </2>;rel=q") == List{"http://h/1 p", "http://h/2 q"});
        CHECK(found(bad).empty());
    }
    for (auto unfinished : {"<", "</x", "</x>; rel=\"a", "</x>; rel=\"a\\", "</x>; rel=\"a\\\""}) {
        INFO(unfinished);
        CHECK(found("</1>;rel=p, "s + unfinished) == List{"http://h/1 p"});
    }
}

TEST_CASE("a relation is looked up", "[links]") {
    const auto all = links("</0>;rel=next;anchor=\"/other\", </1>;rel=prev, </2>;rel=\"x next\", </3>;rel=next");
    REQUIRE(all.size() == 4);
    REQUIRE(find_link(all, "NEXT"));
    CHECK(find_link(all, "next")->url.path() == "/2");
    CHECK(find_link(all, "last") == nullptr);

    Response r;
    r.url = Url("http://other/dir/");
    r.headers = {{"Link", "<p2>;rel=next"}};
    REQUIRE(r.link("next"));
    CHECK(r.link("next")->url.str() == "http://other/dir/p2");
    CHECK_FALSE(r.link("prev"));
    CHECK(r.links().size() == 1);
}

TEST_CASE("any cut of a field is read to its end", "[links]") {
    const auto whole = R"(</x>; title="a, \"b"; rel="next", </y>; rel=e; title*=UTF-8''%e2, bad, <z>;rel=f)"s;
    for (std::size_t i = 0; i <= whole.size(); ++i)
        for (std::size_t j = i; j <= whole.size(); ++j)
            CHECK(links(std::string_view(whole).substr(i, j - i)).size() <= 3);
}

TEST_CASE("hostile fields take little time and memory", "[links]") {
    auto repeated = [](std::string_view piece) {
        std::string all;
        while (all.size() < 64 * 1024) all.append(piece);
        return all;
    };
    const auto begin = std::chrono::steady_clock::now();
    CHECK(links(repeated("<>;rel=a,")).size() == detail::max_links);
    for (auto piece : {"<", "<>", "<>;", "<>,", "\"", "<>;x=a\";y=\"b,", "<>;x=\"", ",", ";", "=", "=\"", "\\",
                       "<>;rel=\"\\", "<>;a"})
        CHECK(links(repeated(piece)).size() <= detail::max_links);
    CHECK(links("<>;rel=\"" + repeated("a ") + "\"").size() == 1);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
}
