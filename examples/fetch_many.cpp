// ferry_fetch_many FOLDER URL...: downloads all of them at once, with a progress bar for each.
#include "terminal/progress_bar.hpp"

#include <ferry/async.hpp>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace {

// One file on its way. A failure leaves what was there before.
class Download {
public:
    Download(std::string url, const std::filesystem::path& folder, std::size_t number)
        : url_(std::move(url)), path_(folder / name_of(url_, number)) {}

    void start(ferry::AsyncSession& http) {
        ferry::Options with{.on_progress = [this](const ferry::Progress& p) { progress_ = p; }};
        http.download(url_, path_.string(), std::move(with), [this](std::error_code ec, const ferry::Response& r) {
            done_ = true;
            if (ec) failure_ = r.error->what();
            else if (!r.ok()) failure_ = "status " + std::to_string(r.status);
        });
    }

    bool done() const { return done_; }
    bool failed() const { return done_ && !failure_.empty(); }
    std::string bar() const {
        const auto name = path_.filename().string();
        return failed() ? name + ": " + failure_ : progress_bar(progress_) + "  " + name;
    }

private:
    static std::string name_of(std::string_view url, std::size_t number) {
        const ferry::Url parsed(url);
        auto path = parsed.path();
        auto name = path.substr(path.rfind('/') + 1);
        return name.empty() ? "download-" + std::to_string(number) : std::string(name);
    }

    std::string url_, failure_;
    std::filesystem::path path_;
    ferry::Progress progress_;
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
