// The netrc file: its words, the choice of an entry, and faults by line.

#include "catch.hpp"
#include "errors.hpp"
#include "temp_folder.hpp"

#include <ferry/netrc.hpp>

#include <stdlib.h>

#include <optional>
#include <string>
#include <string_view>

using namespace ferry;
using ferry::testing::error_of;
using ferry::testing::says;
using ferry::testing::TempFolder;

namespace {

/// `user password` of a host; "-" when there is no entry.
std::string login(std::string_view text, std::string_view host = "h") {
    const auto entry = detail::netrc_lookup(text, host);
    return entry ? entry->user() + " " + entry->password : "-";
}

std::string fault(std::string_view text) {
    const auto error = error_of([&] { static_cast<void>(Netrc::parse(text, "some.netrc")); });
    CHECK(error.code() == errc::invalid_option);
    CHECK(error.phase() == Phase::input);
    const std::string what = error.what();
    const auto at = what.find("some.netrc, line ");
    CHECK(at != std::string::npos);
    CHECK(what.find("secret") == std::string::npos);
    return what.substr(at + 17, what.find(':', at) - at - 17);
}

/// Sets a variable of the environment for as long as it lives.
class Variable {
public:
    Variable(const char* name, const char* value) : name_(name) {
        if (const char* old = ::getenv(name)) old_ = old;
        if (value) ::setenv(name, value, 1);
        else ::unsetenv(name);
    }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;
    ~Variable() {
        if (old_) ::setenv(name_, old_->c_str(), 1);
        else ::unsetenv(name_);
    }

private:
    const char* name_;
    std::optional<std::string> old_;
};

}  // namespace

TEST_CASE("an entry may be on one line or on several", "[netrc][G4]") {
    CHECK(login("machine h login u password p") == "u p");
    CHECK(login("machine h\n\tlogin u\r\n\r\n  password p\n") == "u p");
    CHECK(login("MACHINE h LOGIN u Password p") == "u p");
    CHECK(login("machine h user u password p") == "u p");
    CHECK(login("machine h password p login u account a") == "u p");
    CHECK(login("") == "-");
    CHECK(login(" \n\n") == "-");
}

TEST_CASE("the host is exactly that of the entry", "[netrc][G4]") {
    const std::string text = "machine example.com login u password p\nmachine ::1 login six password q";
    CHECK(login(text, "example.com") == "u p");
    CHECK(login(text, "EXAMPLE.com") == "u p");
    CHECK(login(text, "::1") == "six q");
    for (const auto* other : {"www.example.com", "example.co", "example.com.", "xample.com", "ample.com", "com", ""})
        CHECK(login(text, other) == "-");
}

TEST_CASE("the first entry for a host is used, and default for hosts without one", "[netrc][G4]") {
    const std::string text = "default login d password e machine h login u password p machine h login v password q";
    CHECK(login(text) == "u p");
    CHECK(login(text, "other") == "d e");
    const auto all = Netrc::parse(text);
    CHECK(all.find("other", false) == nullptr);
    REQUIRE(all.find("h", false) != nullptr);
    CHECK(all.find("h", false)->login == "u");
    CHECK(login("machine \"\" login u password p", "other") == "-");
}

TEST_CASE("an entry may lack what others have", "[netrc][G4]") {
    CHECK(login("machine h login u machine g password p") == "u ");
    CHECK(login("machine h login u machine g password p", "g") == " p");
    CHECK(login("machine h account a password p") == "a p");
    const auto entry = detail::netrc_lookup("machine h machine g login u", "h");
    REQUIRE(entry);
    CHECK_FALSE(entry->usable());
}

TEST_CASE("values in quotes hold blanks, escapes and number signs", "[netrc][G4]") {
    CHECK(login(R"(machine h login "a b" password "c\"d\\e#f")") == R"(a b c"d\e#f)");
    CHECK(login(R"(machine "h" login "" password "\p")") == " p");
    CHECK(login(R"(machine h login a\b password c"d)") == R"(a\b c"d)");
    CHECK(login("machine h login machine password default") == "machine default");
}

TEST_CASE("a number sign where a keyword could stand makes the rest a comment", "[netrc][G4]") {
    CHECK(login("# machine h login no\nmachine h # login no\nlogin u #login no\n#\n  password #p") == "u #p");
    CHECK(login("machine h login u#v password p\n#machine h") == "u#v p");
    CHECK(login("#machine h login no password no") == "-");
}

TEST_CASE("macros are passed over up to an empty line", "[netrc][G4]") {
    CHECK(login("macdef init\nmachine h login no\nquit\n\nmachine h login u password p") == "u p");
    CHECK(login("machine h login u macdef init\r\npassword no\r\n\r\npassword p") == "u p");
    CHECK(login("machine h login u password p\nmacdef end\npassword no") == "u p");
}

TEST_CASE("a fault names file and line, and no word of the file", "[netrc][G4]") {
    CHECK(fault("secret") == "1");
    CHECK(fault("\n\nlogin secret") == "3");
    CHECK(fault("machine h\nlogin u password my secret") == "2");
    CHECK(fault("machine h login u\npassword") == "2");
    CHECK(fault("machine") == "1");
    CHECK(fault("macdef m\nx\n\n\nsecret") == "5");
    CHECK(fault("machine h\npassword \"secret\nlogin u\"") == "2");
    CHECK(fault("machine h password \"secret\\") == "1");
    CHECK(says(error_of([] { static_cast<void>(Netrc::parse("machine h login \"u\npassword p\"")); }),
               "a quoted word does not end on its line"));
    CHECK(fault(R"(machine h password "secret\r\nX: y")") == "1");
    CHECK(fault(std::string_view("machine h password sec\0ret", 26)) == "1");
}

TEST_CASE("every cut of a netrc file ends in entries or a fault", "[netrc][G4]") {
    const std::string text = "# c\nmachine \"h\\t\" login u\nmacdef m\nx\n\ndefault password \"p\\\"\" account #\n";
    for (std::size_t i = 0; i <= text.size(); ++i) {
        for (const auto part : {std::string_view(text).substr(0, i), std::string_view(text).substr(i)}) {
            try {
                static_cast<void>(Netrc::parse(part));
            } catch (const Error& e) {
                CHECK(e.code() == errc::invalid_option);
            }
        }
    }
}

TEST_CASE("the file is that of NETRC, else the one at home", "[netrc][G4]") {
    const TempFolder folder;
    const auto named = folder.write("named", "machine h login named password p");
    folder.write(".netrc", "machine h login home password p");
    const Variable home("HOME", folder.path().c_str());
    {
        const Variable variable("NETRC", named.c_str());
        const auto all = Netrc::load();
        REQUIRE(all.find("h") != nullptr);
        CHECK(all.find("h")->login == "named");
    }
    {
        const Variable variable("NETRC", nullptr);
        const auto all = Netrc::load();
        REQUIRE(all.find("h") != nullptr);
        CHECK(all.find("h")->login == "home");
        const Variable nowhere("HOME", nullptr);
        const auto none = Netrc::load();
        CHECK(none.find("h") == nullptr);
    }
}

TEST_CASE("a file that is not there has nothing; one that cannot be read is an error", "[netrc][G4]") {
    const TempFolder folder;
    const auto none = Netrc::load((folder / "missing").string());
    CHECK(none.find("h") == nullptr);
    const auto file = folder.write("file", "machine h\nlogin");
    const auto inside = Netrc::load((file / "below").string());
    CHECK(inside.find("h") == nullptr);

    const auto malformed = error_of([&] { static_cast<void>(Netrc::load(file.string())); });
    CHECK(says(malformed, file.string() + ", line 2: login has no value"));
    const auto unreadable = error_of([&] { static_cast<void>(Netrc::load(folder.path().string())); });
    CHECK(unreadable.code() == std::errc::is_a_directory);
    CHECK(says(unreadable, folder.path().string()));
    const auto endless = error_of([] { static_cast<void>(Netrc::load("/dev/zero")); });
    CHECK(endless.code() == errc::invalid_option);
}
