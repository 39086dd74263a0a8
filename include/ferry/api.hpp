// One-shot calls: a request without a session, on a connection of its own.
#pragma once

#include <ferry/session.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace ferry {

/// A request on a connection that nobody keeps. It says `Connection: close`, so that both ends know that it is a short
/// one; it gives the server up to 50 ms to close first, and so to keep the TIME_WAIT. For more than one request to a
/// host use a Session. Throws `ferry::Error`.
inline Response request(std::string_view method, std::string_view url, const Options& with = Options::none()) {
    return Session({.keep_alive = false}).request(method, url, with);
}

inline Response get(std::string_view url, const Options& with = Options::none()) { return request("GET", url, with); }
inline Response head(std::string_view url, const Options& with = Options::none()) { return request("HEAD", url, with); }
inline Response post(std::string_view url, const Options& with = Options::none()) { return request("POST", url, with); }
inline Response put(std::string_view url, const Options& with = Options::none()) { return request("PUT", url, with); }
inline Response patch(std::string_view url, const Options& with = Options::none()) {
    return request("PATCH", url, with);
}
inline Response del(std::string_view url, const Options& with = Options::none()) {
    return request("DELETE", url, with);
}
inline Response options(std::string_view url, const Options& with = Options::none()) {
    return request("OPTIONS", url, with);
}

/// See `Session::download`.
inline Response download(std::string_view url, const std::string& path, const Options& with = Options::none()) {
    return Session({.keep_alive = false}).download(url, path, with);
}

}  // namespace ferry
