// ferry_crawl URL [PAGES]: follows the links of one host, with at most four connections and twenty requests a second,
// and shows what the pool does meanwhile.
#include <ferry/async.hpp>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace {

class Crawler {
public:
    Crawler(asio::io_context& io, std::string_view first, std::size_t pages)
        : start_(first), pages_(pages), timer_(io), http_(io, {.timeout = std::chrono::seconds(10),
                                                               .pool = {.max_per_host = 4},
                                                               .rate = {.requests_per_second = 20, .burst = 4}}) {}

    void run() {
        visit(start_);
        report();
    }

private:
    // Pages in excess wait in the session: for their turn by the rate, and in line for one of the four connections.
    void visit(const ferry::Url& url) {
        auto page = url.str().substr(0, url.str().find('#'));
        if (seen_.size() == pages_ || !seen_.emplace(page).second) return;
        ++open_;
        http_.get(page, [this](std::error_code ec, ferry::Response r) {
            --open_;
            ++(ec ? failed_ : r.ok() ? fetched_ : refused_);
            if (!ec && r.headers["content-type"].starts_with("text/html")) follow_links(r);
            if (open_ == 0) timer_.cancel();
        });
    }

    void follow_links(const ferry::Response& r) {
        constexpr std::string_view mark = "href=\"";
        for (std::string_view rest = r.body;;) {
            auto at = rest.find(mark);
            if (at == rest.npos) return;
            rest.remove_prefix(at + mark.size());
            std::error_code ec;
            ferry::Url next;
            ec = next.assign(r.url, rest.substr(0, rest.find('"')));
            if (!ec && next.scheme() == "http" && next.host_and_port() == start_.host_and_port()) visit(next);
        }
    }

    void report() {
        std::ostringstream pool;
        pool << http_.stats();
        std::printf("%zu pages, %zu refused, %zu failed, %zu under way | %s\n", fetched_, refused_, failed_, open_,
                    pool.str().c_str());
        if (open_ == 0) return;
        timer_.expires_after(std::chrono::milliseconds(250));
        timer_.async_wait([this](std::error_code) { report(); });
    }

    const ferry::Url start_;
    const std::size_t pages_;
    asio::steady_timer timer_;
    ferry::AsyncSession http_;
    std::set<std::string, std::less<>> seen_;
    std::size_t open_ = 0, fetched_ = 0, refused_ = 0, failed_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return std::fprintf(stderr, "usage: %s URL [PAGES]\n", argv[0]), 2;
    try {
        asio::io_context io;
        Crawler crawler(io, argv[1], argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 100);
        crawler.run();
        io.run();
    } catch (const std::exception& e) {
        return std::fprintf(stderr, "%s\n", e.what()), 1;
    }
}
