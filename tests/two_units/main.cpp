// With other.cpp: ferry included by two translation units of one program links, and both see the same objects.
#include <ferry/async.hpp>
#include <ferry/ferry.hpp>

#include <iostream>
#include <system_error>

const std::error_category& category_of_other_unit();
ferry::Headers headers_of_other_unit();

int main() {
    const std::error_code here = ferry::errc::pool_closed;
    const bool same = &here.category() == &category_of_other_unit() && headers_of_other_unit().contains("accept");
    if (!same) std::cerr << "the two translation units do not share ferry's objects\n";
    return same ? 0 : 1;
}
