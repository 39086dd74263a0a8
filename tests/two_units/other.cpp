// The second translation unit; see main.cpp.
#include <ferry/async.hpp>
#include <ferry/ferry.hpp>

#include <system_error>

const std::error_category& category_of_other_unit();
ferry::Headers headers_of_other_unit();

const std::error_category& category_of_other_unit() { return std::error_code(ferry::errc::pool_closed).category(); }
ferry::Headers headers_of_other_unit() { return {{"Accept", "*/*"}}; }
