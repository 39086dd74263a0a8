// Error codes, the conditions that group them, and the line that an exception makes of them.

#include "catch.hpp"

#include <ferry/error.hpp>
#include <ferry/response.hpp>

#include <memory>
#include <set>
#include <string>
#include <system_error>
#include <vector>

using namespace ferry;

namespace {

std::vector<errc> all() {
    std::vector<errc> codes;
    for (int i = 1; i <= static_cast<int>(errc::server_error_status); ++i) codes.push_back(static_cast<errc>(i));
    return codes;
}

constexpr condition conditions[] = {condition::input, condition::network, condition::timeout, condition::protocol,
                                    condition::tls,   condition::pool,    condition::status,  condition::redirect};

std::vector<condition> groups_of(std::error_code ec) {
    std::vector<condition> groups;
    for (auto c : conditions)
        if (ec == c) groups.push_back(c);
    return groups;
}

using Groups = std::vector<condition>;

}  // namespace

TEST_CASE("every code has a text of its own", "[error]") {
    std::set<std::string> texts;
    for (auto code : all()) {
        std::error_code ec = code;
        CHECK(ec.category().name() == std::string("ferry"));
        CHECK(ec.message() != "unknown error");
        CHECK_FALSE(ec.message().empty());
        texts.insert(ec.message());
    }
    CHECK(texts.size() == all().size());
    CHECK(category().message(0) == "unknown error");
    CHECK(category().message(9999) == "unknown error");
}

TEST_CASE("every code but cancelled belongs to a group", "[error]") {
    for (auto code : all()) {
        INFO(std::error_code(code).message());
        CHECK(groups_of(code).empty() == (code == errc::cancelled));
    }
}

TEST_CASE("codes belong where one looks for them", "[error]") {
    CHECK(groups_of(errc::url_invalid_host) == Groups{condition::input});
    CHECK(groups_of(errc::body_not_rewindable) == Groups{condition::input});
    CHECK(groups_of(errc::tls_not_available) == Groups{condition::input, condition::tls});
    CHECK(groups_of(errc::certificate_expired) == Groups{condition::tls});
    CHECK(groups_of(errc::tls_context_failed) == Groups{condition::tls});
    CHECK(groups_of(errc::tls_handshake_closed) == Groups{condition::network, condition::tls});
    CHECK(groups_of(errc::tls_truncated) == Groups{condition::network, condition::tls});
    CHECK(groups_of(errc::pool_empty) == Groups{condition::pool});
    CHECK(groups_of(errc::pool_timeout) == Groups{condition::timeout, condition::pool});
    CHECK(groups_of(errc::host_not_found) == Groups{condition::network});
    CHECK(groups_of(errc::incomplete_body) == Groups{condition::network});
    CHECK(groups_of(errc::invalid_proxy) == Groups{condition::input});
    CHECK(groups_of(errc::proxy_refused) == Groups{condition::network});
    CHECK(groups_of(errc::proxy_malformed) == Groups{condition::network, condition::protocol});
    CHECK(groups_of(errc::read_timeout) == Groups{condition::timeout});
    CHECK(groups_of(errc::malformed_chunk) == Groups{condition::protocol});
    CHECK(groups_of(errc::line_too_long) == Groups{condition::protocol});
    CHECK(groups_of(errc::server_error_status) == Groups{condition::status});
    CHECK(groups_of(errc::invalid_content_coding) == Groups{condition::protocol});
    CHECK(groups_of(errc::redirect_loop) == Groups{condition::redirect});
    CHECK(groups_of({}).empty());
}

TEST_CASE("the operating system's codes take part", "[error]") {
    for (auto e : {std::errc::connection_refused, std::errc::connection_reset, std::errc::broken_pipe,
                   std::errc::host_unreachable, std::errc::network_unreachable, std::errc::timed_out}) {
        CHECK(groups_of(std::make_error_code(e)) == Groups{condition::network});
        CHECK(groups_of({static_cast<int>(e), std::system_category()}) == Groups{condition::network});
    }
    CHECK(groups_of(std::make_error_code(std::errc::no_such_file_or_directory)).empty());
}

TEST_CASE("ferry's codes answer to the standard's conditions", "[error]") {
    for (auto code :
         {errc::pool_timeout, errc::connect_timeout, errc::read_timeout, errc::write_timeout, errc::total_timeout})
        CHECK(std::error_code(code) == std::errc::timed_out);
    CHECK(std::error_code(errc::cancelled) == std::errc::operation_canceled);
    CHECK_FALSE(std::error_code(errc::cancelled) == std::errc::timed_out);
    CHECK_FALSE(std::error_code(errc::pool_empty) == std::errc::timed_out);
}

TEST_CASE("conditions have names", "[error]") {
    CHECK(std::error_condition(condition::input).message() == "input");
    CHECK(std::error_condition(condition::status).message() == "status");
    CHECK(condition_category().message(0) == "unknown condition");
    CHECK(condition_category().message(9) == "unknown condition");
    CHECK(condition_category().name() == std::string("ferry.condition"));
}

TEST_CASE("an exception is one line with everything in it", "[error][B5]") {
    Error e(errc::read_timeout, "http://h/p", Phase::head, RequestState::maybe_sent, "particulars");
    CHECK(std::string(e.what()) ==
          "ferry: waiting for the response for http://h/p (request maybe sent): particulars: " +
              std::error_code(errc::read_timeout).message());
    CHECK(e.code() == errc::read_timeout);
    CHECK(e.url() == "http://h/p");
    CHECK(e.phase() == Phase::head);
    CHECK(e.request_state() == RequestState::maybe_sent);
    CHECK(e.partial() == nullptr);
}

TEST_CASE("an exception about an input says nothing of a request", "[error]") {
    Error e(errc::invalid_option, "", Phase::input, RequestState::not_sent);
    CHECK(std::string(e.what()) == "ferry: checking the request: " + std::error_code(errc::invalid_option).message());
}

TEST_CASE("an exception carries what had arrived, and so do its copies", "[error][C7]") {
    auto partial = std::make_shared<Response>();
    partial->status = 200;
    partial->body = "hel";
    Error e(errc::incomplete_body, "http://h/", Phase::body, RequestState::response_started, {}, std::move(partial));
    Error copy = e;
    REQUIRE(copy.partial());
    CHECK(copy.partial()->body == "hel");
}

TEST_CASE("phases and states have names", "[error]") {
    for (auto p : {Phase::input, Phase::pool, Phase::resolve, Phase::connect, Phase::proxy, Phase::tls, Phase::send,
                   Phase::head, Phase::body})
        CHECK(to_string(p) != "unknown phase");
    CHECK(to_string(static_cast<Phase>(99)) == "unknown phase");
    CHECK(to_string(RequestState::not_sent) == "not sent");
    CHECK(to_string(RequestState::response_started) == "response started");
    CHECK(to_string(static_cast<RequestState>(99)) == "unknown state");
}
