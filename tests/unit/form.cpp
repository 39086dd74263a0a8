// Forms: their text, and the body that they become.

#include "catch.hpp"

#include <ferry/form.hpp>
#include <ferry/options.hpp>

#include <string>
#include <string_view>

using namespace ferry;

TEST_CASE("fields are written in order, and names may repeat", "[form]") {
    CHECK(Form{{"b", "1"}, {"a", 2}, {"b", true}, {"x", 0.5}}.str() == "b=1&a=2&b=true&x=0.5");
    CHECK(Form{{"a", "1"}}.str() == "a=1");
}

TEST_CASE("a space is a plus sign in a form, and what is special is encoded", "[form][D7]") {
    CHECK(Form{{"full name", "Ada L"}}.str() == "full+name=Ada+L");
    CHECK(Form{{"a&b=c", "d+e%f"}}.str() == "a%26b%3Dc=d%2Be%25f");
    CHECK(Form{{"k", "-._*~"}}.str() == "k=-._*%7E");
    CHECK(Form{{"k", "grün\r\n"}, {"nul", std::string_view("\0", 1)}}.str() == "k=gr%C3%BCn%0D%0A&nul=%00");
}

TEST_CASE("an empty name or value keeps its equals sign", "[form]") {
    CHECK(Form{{"a", ""}, {"", "b"}, {"", ""}}.str() == "a=&=b&=");
    CHECK(Form{{"", ""}, {"a", ""}}.str() == "=&a=");
}

TEST_CASE("fields can be added, and come from a query", "[form]") {
    CHECK(Form().add("a", 1).add("b", "2").add("a", 3).str() == "a=1&b=2&a=3");
    const Query query{{"q", "c++ x"}};
    CHECK(Form(query).add("page", 2).str() == "q=c%2B%2B+x&page=2");
    CHECK(Form(query).fields() == query);
    CHECK(Form(query) == Form{{"q", "c++ x"}});
}

TEST_CASE("a form is a body in memory that knows its type", "[form][body]") {
    Options options{.body = Form{{"a", "1"}, {"b", 2}}};
    CHECK(options.body.bytes() == "a=1&b=2");
    CHECK(options.body.type() == "application/x-www-form-urlencoded");
    CHECK(options.body.rewindable());
    const Form empty;
    Body body = empty;
    CHECK(body.bytes() == "");
    CHECK_FALSE(body.none());
}
