// A real server on a free loopback port, with its files in a folder of its own; stopped at the end.
#pragma once

#include "catch.hpp"
#include "process.hpp"
#include "temp_folder.hpp"

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Where FERRY_REQUIRE_SERVERS is 1, a server that is not installed is a failure; elsewhere its tests are left out.
#define FERRY_NEEDS(present, name)                                                     \
    if (!(present)) {                                                                  \
        if (ferry::testing::servers_are_required()) FAIL(name << " is not installed"); \
        SKIP(name << " is not installed");                                             \
    }
#define FERRY_NEEDS_SERVER(program) FERRY_NEEDS(ferry::testing::find_program(program), program)

namespace ferry::testing {

inline bool servers_are_required() {
    auto value = std::getenv("FERRY_REQUIRE_SERVERS");
    return value && std::string_view(value) == "1";
}

class RealServer {
public:
    // Writes the server's files into the folder for that port, and returns the command that runs it.
    using Setup = std::function<std::vector<std::string>(const TempFolder&, std::uint16_t port)>;

    // The output's file is in the server's folder. One that has a second port is waited for on that too.
    explicit RealServer(const Setup& setup, ProcessOptions options = {}, std::uint16_t second_port = 0)
        : second_port_(second_port), options_(std::move(options)) {
        if (!options_.output.empty()) options_.output = (folder_ / options_.output).string();
        // Another program may take the port between our look and the server's start.
        for (int attempts = 0; attempts < 3; ++attempts)
            if (start(setup)) return;
        throw std::runtime_error("the server does not start: " + said());
    }

    std::uint16_t port() const { return port_; }
    std::string url(std::string_view target = "/") const {
        return "http://127.0.0.1:" + std::to_string(port_) + std::string(target);
    }
    std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }
    const TempFolder& folder() const { return folder_; }

    // Ends it as a crash would.
    void crash() { process_->kill(); }
    // Another process in place of the one before, on the same port.
    void start_again() {
        crash();
        if (!run()) throw std::runtime_error("the server does not start again: " + said());
    }

private:
    std::string said() const { return options_.output.empty() ? command_.front() : folder_.read(options_.output); }
    bool start(const Setup& setup) {
        port_ = free_port();
        command_ = setup(folder_, port_);
        return run();
    }
    bool run() {
        process_ = std::make_unique<Process>(command_, options_);
        return eventually([this] { return !process_->running() || ready(); }) && process_->running();
    }
    bool ready() const { return listens(port_) && (second_port_ == 0 || listens(second_port_)); }

    TempFolder folder_;
    std::uint16_t port_ = 0, second_port_;
    ProcessOptions options_;
    std::vector<std::string> command_;
    std::unique_ptr<Process> process_;
};

}  // namespace ferry::testing
