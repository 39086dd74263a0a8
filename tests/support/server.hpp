// A scripted server on loopback: it plays exact bytes, and closes and resets at exact moments.
//
//     Server server;
//     auto& first = server.accept().answers(ok("one"));   // the first connection
//     session.get(server.url());
//     first.closes();
//     REQUIRE(first.delivered());                         // the client's kernel has the FIN
//
// A script that did not run as told, a connection too many or too few, bytes that no step reads: each fails the
// test at the end of the server's life, with what was expected and what came.
#pragma once

#include "acceptor.hpp"
#include "catch.hpp"
#include "script.hpp"

#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferry::testing {

using ServerOptions = AcceptorOptions;

class Server {
public:
    explicit Server(ServerOptions options = {})
        : ipv6_(options.ipv6), acceptor_([this](Descriptor client) { welcome(std::move(client)); }, options) {}
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    ~Server() {
        // When an assertion is on its way out, what failed before may explain it; what is left is of no interest.
        for (auto& failure : stop(std::uncaught_exceptions() > exceptions_)) FAIL_CHECK(failure);
    }

    // The script of the next connection; to be told before the client connects. One too many is closed at once.
    Script& accept() {
        std::lock_guard lock(mutex_);
        return scripts_.emplace_back(scripts_.size() + 1, stop_.get());
    }

    // Ends the server's life early, and returns what went wrong: for tests of the server itself.
    std::vector<std::string> stop(bool drop = false) {
        if (std::exchange(stopped_, true)) return {};
        acceptor_.stop();
        if (drop) note_failures();
        for (auto& script : scripts_) script.finish(drop);
        if (drop) stop_.wake();
        for (auto& script : scripts_) script.join();
        if (!drop) note_failures();
        return failures_;
    }

    std::uint16_t port() const { return acceptor_.port(); }
    // What a client's socket is connected to: the server, or the proxy before it.
    std::uint16_t dialled_port() const { return way() == Way::tunnel ? tunnel_entrance().port() : port(); }
    std::string authority() const { return authority_of(ipv6_ ? "[::1]" : "127.0.0.1"); }
    std::string url(std::string_view target = "/") const { return scheme() + authority() + std::string(target); }
    // By another of its names, or with a user before it.
    std::string url_of(std::string_view host, std::string_view target = "/") const {
        return scheme() + authority_of(host) + std::string(target);
    }

    std::size_t connections() {
        std::lock_guard lock(mutex_);
        return accepted_;
    }

    // Every request read so far, by connection.
    std::vector<Request> requests() {
        std::lock_guard lock(mutex_);
        std::vector<Request> all;
        for (auto& script : scripts_)
            for (auto& request : script.requests()) all.push_back(std::move(request));
        return all;
    }

    // The n-th of them, counted from 0.
    Request request(std::size_t n = 0) { return requests().at(n); }

private:
    std::string authority_of(std::string_view host) const { return std::string(host) + ':' + std::to_string(port()); }

    void welcome(Descriptor client) {
        std::lock_guard lock(mutex_);
        if (++accepted_ <= scripts_.size()) return scripts_[accepted_ - 1].begin(std::move(client));
        failures_.push_back("connection " + std::to_string(accepted_) + " was not expected");
    }

    void note_failures() {
        for (auto& script : scripts_)
            if (auto failure = script.failure()) failures_.push_back(*failure);
    }

    const int exceptions_ = std::uncaught_exceptions();
    const bool ipv6_;
    WakePipe stop_;
    bool stopped_ = false;
    std::mutex mutex_;
    std::deque<Script> scripts_;
    std::size_t accepted_ = 0;
    std::vector<std::string> failures_;
    Acceptor acceptor_;  // last: whom it takes in finds the rest
};

}  // namespace ferry::testing
