// ferry_fetch_many FOLDER URL...: downloads all of them at once, with a progress bar for each.
#include <ferry/async.hpp>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace {

// One file on its way: its stream is pulled piece by piece, and each piece goes to the disk.
class Download {
public:
    Download(std::string url, const std::filesystem::path& folder, std::size_t number)
        : url_(std::move(url)), path_(folder / name_of(url_, number)) {}

    void start(ferry::AsyncSession& http) {
        http.stream(url_, [this](std::error_code ec, ferry::AsyncStream stream) {
            stream_ = std::move(stream);
            if (ec) return end(stream_.response().error->what());
            if (!stream_.ok()) return end("status " + std::to_string(stream_.status()));
            auto length = stream_.response().headers["content-length"];
            if (!length.empty()) expected_ = std::stoull(std::string(length));
            file_.open(path_, std::ios::binary);
            pull();
        });
    }

    bool done() const { return done_; }
    bool failed() const { return done_ && !failure_.empty(); }

    std::string bar() const {
        if (failed()) return path_.filename().string() + ": " + failure_;
        constexpr std::size_t width = 30;
        auto share = expected_ ? double(received_) / double(expected_) : done_ ? 1.0 : 0.0;
        auto full = static_cast<std::size_t>(share * width);
        return "[" + std::string(full, '#') + std::string(width - full, '.') + "] " + std::to_string(received_ / 1024) +
               " KiB  " + path_.filename().string();
    }

private:
    static std::string name_of(std::string_view url, std::size_t number) {
        const ferry::Url parsed(url);
        auto path = parsed.path();
        auto name = path.substr(path.rfind('/') + 1);
        return name.empty() ? "download-" + std::to_string(number) : std::string(name);
    }
    void pull() {
        stream_.async_next([this](std::error_code ec, std::string_view piece) {
            if (ec) return end(stream_.error()->what());
            received_ += piece.size();
            file_.write(piece.data(), static_cast<std::streamsize>(piece.size()));
            if (!file_) return end("cannot be written");
            if (piece.empty()) end({});
            else pull();
        });
    }
    void end(std::string failure) {
        failure_ = std::move(failure);
        done_ = true;
        file_.close();
        stream_.close();
        if (failed()) std::filesystem::remove(path_);
    }

    std::string url_, failure_;
    std::filesystem::path path_;
    std::ofstream file_;
    ferry::AsyncStream stream_;
    std::size_t expected_ = 0, received_ = 0;
    bool done_ = false;
};

// Draws the bars ten times a second, over each other where that can be.
class Screen {
public:
    Screen(asio::io_context& io, const std::vector<std::unique_ptr<Download>>& all) : timer_(io), all_(all) {}

    void draw() {
        const bool finished = std::all_of(all_.begin(), all_.end(), [](auto& d) { return d->done(); });
        if (finished || terminal_) show();
        if (finished) return;
        timer_.expires_after(std::chrono::milliseconds(100));
        timer_.async_wait([this](std::error_code) { draw(); });
    }

private:
    void show() {
        if (std::exchange(drawn_, true) && terminal_) std::printf("\033[%zuA", all_.size());
        for (auto& d : all_) std::printf("%s%s\n", terminal_ ? "\033[K" : "", d->bar().c_str());
        std::fflush(stdout);
    }
    asio::steady_timer timer_;
    const std::vector<std::unique_ptr<Download>>& all_;
    const bool terminal_ = ::isatty(STDOUT_FILENO) != 0;
    bool drawn_ = false;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) return std::fprintf(stderr, "usage: %s FOLDER URL...\n", argv[0]), 2;
    try {
        asio::io_context io;
        ferry::AsyncSession http(io, {.pool = {.max_per_host = 6}});
        std::vector<std::unique_ptr<Download>> all;
        for (int i = 2; i < argc; ++i)
            all.push_back(std::make_unique<Download>(argv[i], argv[1], static_cast<std::size_t>(i - 1)));
        for (auto& d : all) d->start(http);
        Screen screen(io, all);
        screen.draw();
        io.run();
        return std::any_of(all.begin(), all.end(), [](auto& d) { return d->failed(); });
    } catch (const std::exception& e) {
        return std::fprintf(stderr, "%s\n", e.what()), 1;
    }
}
