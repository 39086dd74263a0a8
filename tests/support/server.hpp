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

#include "catch.hpp"
#include "script.hpp"

#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace ferry::testing {

struct ServerOptions {
    int receive_buffer = 0;  // bytes; small to make the client's writes block early
    bool ipv6 = false;
    std::string path = {};  // of a unix domain socket, in place of a port
};

class Server {
public:
    explicit Server(ServerOptions options = {})
        : ipv6_(options.ipv6),
          listener_(options.path.empty() ? listen_on_loopback(128, options.receive_buffer, options.ipv6)
                                         : listen_at(options.path)),
          port_(local_port(listener_.get())), thread_([this] { serve(); }) {}
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
        if (!thread_.joinable()) return {};
        quit_.wake();
        thread_.join();  // first those that wait to be accepted
        if (drop) note_failures();
        for (auto& script : scripts_) script.finish(drop);
        if (drop) stop_.wake();
        for (auto& script : scripts_) script.join();
        if (!drop) note_failures();
        return failures_;
    }

    std::uint16_t port() const { return port_; }
    std::string authority() const { return (ipv6_ ? "[::1]:" : "127.0.0.1:") + std::to_string(port_); }
    std::string url(std::string_view target = "/") const { return "http://" + authority() + std::string(target); }

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
    void serve() {
        pollfd wanted[] = {{listener_.get(), POLLIN, 0}, {quit_.get(), POLLIN, 0}};
        for (auto quit = false; !quit;) {
            ::poll(wanted, 2, -1);
            quit = wanted[1].revents != 0;
            while (auto client = Descriptor(::accept(listener_.get(), nullptr, nullptr))) welcome(std::move(client));
        }
    }

    void welcome(Descriptor client) {
        ::fcntl(client.get(), F_SETFD, FD_CLOEXEC);
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
    Descriptor listener_;
    const std::uint16_t port_;
    WakePipe quit_, stop_;
    std::mutex mutex_;
    std::deque<Script> scripts_;
    std::size_t accepted_ = 0;
    std::vector<std::string> failures_;
    std::thread thread_;
};

}  // namespace ferry::testing
