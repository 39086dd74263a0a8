// Responses as bytes, for scripted servers.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace ferry::testing {

// `fields` are whole lines, each with its CRLF.
inline std::string reply(std::string_view status, std::string_view body = {}, std::string_view fields = {}) {
    return "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(fields) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

inline std::string ok(std::string_view body = {}, std::string_view fields = {}) {
    return reply("200 OK", body, fields);
}

// A redirect, its status with the reason phrase.
inline std::string moved(std::string_view location, std::string_view status = "302 Found", std::string_view body = {}) {
    return reply(status, body, "Location: " + std::string(location) + "\r\n");
}

// A head alone, with whatever framing its fields say.
inline std::string head(std::string_view fields, std::string_view status = "200 OK") {
    return "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(fields) + "\r\n";
}

// One chunk, of less than 16 bytes.
inline std::string chunk(std::string_view data) {
    return std::string(1, "0123456789abcdef"[data.size() & 15]) + "\r\n" + std::string(data) + "\r\n";
}

inline std::string chunked(std::initializer_list<std::string_view> pieces, std::string_view trailers = {}) {
    auto bytes = head("Transfer-Encoding: chunked\r\n");
    for (auto piece : pieces) bytes += chunk(piece);
    return bytes + "0\r\n" + std::string(trailers) + "\r\n";
}

}  // namespace ferry::testing
