// A program that a test starts and that ends with it.
#pragma once

#include "sockets.hpp"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

extern char** environ;

namespace ferry::testing {

// Where a program is, in PATH or where servers are installed beside it.
inline std::optional<std::string> find_program(std::string_view name) {
    auto path = std::getenv("PATH");
    std::istringstream folders(std::string(path ? path : "") + ":/usr/sbin:/usr/local/sbin:/opt/homebrew/bin");
    for (std::string folder; std::getline(folders, folder, ':');) {
        auto file = std::filesystem::path(folder) / name;
        if (!folder.empty() && ::access(file.c_str(), X_OK) == 0) return file.string();
    }
    return std::nullopt;
}

struct ProcessOptions {
    std::string output = {};  // the file to which it says what it has to say; by default where we do
    int last_signal = SIGTERM;
};

class Process {
public:
    explicit Process(std::vector<std::string> command, const ProcessOptions& options = {})
        : last_signal_(options.last_signal) {
        std::vector<char*> arguments;
        for (auto& word : command) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        posix_spawn_file_actions_t files;
        ::posix_spawn_file_actions_init(&files);
        if (!options.output.empty())
            for (int fd : {STDOUT_FILENO, STDERR_FILENO})
                ::posix_spawn_file_actions_addopen(&files, fd, options.output.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                                   0644);
        const auto error = ::posix_spawn(&id_, arguments[0], &files, nullptr, arguments.data(), environ);
        ::posix_spawn_file_actions_destroy(&files);
        if (error) {
            errno = error;
            throw_errno("posix_spawn");
        }
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() {
        if (!running()) return;
        ::kill(id_, last_signal_);
        if (!eventually([this] { return !running(); }, std::chrono::seconds(3))) kill();
    }

    bool running() {
        if (id_ > 0 && ::waitpid(id_, nullptr, WNOHANG) != 0) id_ = 0;
        return id_ > 0;
    }

    // As a crash would end it.
    void kill() {
        if (!running()) return;
        ::kill(id_, SIGKILL);
        ::waitpid(std::exchange(id_, 0), nullptr, 0);
    }

private:
    pid_t id_ = 0;
    int last_signal_;
};

// A port that nobody listens on at the moment.
inline std::uint16_t free_port() { return local_port(listen_on_loopback().get()); }

inline bool listens(std::uint16_t port) {
    try {
        connect_to(port);
        return true;
    } catch (const std::system_error&) {
        return false;
    }
}

}  // namespace ferry::testing
