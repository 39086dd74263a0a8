// llhttp with callbacks that note no more than where things lie: the least that reading a head with it costs.
#pragma once

#include "raw_socket.hpp"

#include <llhttp.h>

#include <string_view>

namespace bench {

class RawParser {
public:
    RawParser() {
        llhttp_settings_init(&settings_);
        settings_.on_header_field = [](llhttp_t* p, const char* at, std::size_t n) { return note(p, at, n); };
        settings_.on_header_value = [](llhttp_t* p, const char* at, std::size_t n) { return note(p, at, n); };
        settings_.on_header_value_complete = [](llhttp_t* p) { return ++self(p).fields_, 0; };
        settings_.on_headers_complete = [](llhttp_t*) { return 1; };
        settings_.on_message_complete = [](llhttp_t*) -> int { return HPE_PAUSED; };
        llhttp_init(&parser_, HTTP_RESPONSE, &settings_);
        parser_.data = this;
    }
    RawParser(const RawParser&) = delete;

    // A head that lies whole in `text`; body bytes may follow it.
    RawHead head(std::string_view text) {
        llhttp_reset(&parser_);
        auto result = llhttp_execute(&parser_, text.data(), text.size());
        expect(result == HPE_PAUSED && fields_ > 0, "not the expected response");
        auto end = static_cast<std::size_t>(llhttp_get_error_pos(&parser_) - text.data());
        return {parser_.status_code, std::size_t(parser_.content_length), text.substr(end)};
    }

private:
    static RawParser& self(llhttp_t* p) { return *static_cast<RawParser*>(p->data); }
    static int note(llhttp_t* p, const char* at, std::size_t n) { return self(p).last_ = {at, n}, 0; }

    llhttp_settings_t settings_;
    llhttp_t parser_;
    std::string_view last_;
    std::size_t fields_ = 0;
};

}  // namespace bench
