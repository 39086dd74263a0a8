// libcurl: the multi interface driven by epoll, as its documentation advises for many transfers; an easy handle for
// each lane, reused.
#include "lanes.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <sys/epoll.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;

void check(CURLMcode code) { bench::expect(code == CURLM_OK, curl_multi_strerror(code)); }

class Client final : public bench::Lanes {
public:
    explicit Client(bench::Run& run)
        : Lanes(run), multi_(curl_multi_init()), queue_(::epoll_create1(EPOLL_CLOEXEC)), transfers_(run.concurrency) {
        check(curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, long(run.concurrency)));
        check(curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, watch));
        check(curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this));
        check(curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, set_timer));
        check(curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this));
        for (std::size_t lane = 0; lane < run.concurrency; ++lane) {
            auto& t = transfers_[lane];
            t.lane = lane;
            t.easy = curl_easy_init();
            curl_easy_setopt(t.easy, CURLOPT_URL, run.url_of(lane).c_str());
            curl_easy_setopt(t.easy, CURLOPT_NOSIGNAL, 1L);
            curl_easy_setopt(t.easy, CURLOPT_WRITEFUNCTION, append);
            curl_easy_setopt(t.easy, CURLOPT_WRITEDATA, &t.body);
            curl_easy_setopt(t.easy, CURLOPT_PRIVATE, &t);
        }
    }
    ~Client() override {
        drop_handles();
        curl_multi_cleanup(multi_);
        ::close(queue_);
    }

    // The connections stay, in the pool of the multi handle.
    void drop_handles() {
        for (auto& t : transfers_) curl_easy_cleanup(t.easy);
        transfers_ = {};
    }

private:
    struct Transfer {
        std::size_t lane = 0;
        CURL* easy = nullptr;
        std::string body;
    };

    void begin(std::size_t lane) override { check(curl_multi_add_handle(multi_, transfers_[lane].easy)); }

    void work() override {
        epoll_event events[128];
        for (int running = 0; under_way();) {
            int ready = ::epoll_wait(queue_, events, 128, patience());
            for (int i = 0; i < ready; ++i) {
                auto flags = (events[i].events & ~std::uint32_t(EPOLLOUT) ? CURL_CSELECT_IN : 0) |
                             (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0);
                check(curl_multi_socket_action(multi_, events[i].data.fd, flags, &running));
            }
            if (timer_set_ && Clock::now() >= timer_) {
                timer_set_ = false;
                check(curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running));
            }
            finish();
        }
    }

    int patience() const {
        if (!timer_set_) return 30'000;
        auto left = std::chrono::ceil<std::chrono::milliseconds>(timer_ - Clock::now()).count();
        return int(std::clamp<decltype(left)>(left, 0, 30'000));
    }

    void finish() {
        for (int left; auto* message = curl_multi_info_read(multi_, &left);) {
            bench::expect(message->data.result == CURLE_OK, curl_easy_strerror(message->data.result));
            Transfer* t = nullptr;
            long status = 0;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
            curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
            check(curl_multi_remove_handle(multi_, t->easy));
            auto body = std::move(t->body);
            t->body.clear();
            done(t->lane, int(status), body);
        }
    }

    static int watch(CURL*, curl_socket_t fd, int what, void* self, void* known) {
        auto& client = *static_cast<Client*>(self);
        epoll_event event{};
        event.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
        event.data.fd = fd;
        if (what == CURL_POLL_REMOVE) return ::epoll_ctl(client.queue_, EPOLL_CTL_DEL, fd, &event), 0;
        auto operation = known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
        bench::expect(::epoll_ctl(client.queue_, operation, fd, &event) == 0, "epoll_ctl");
        return known ? 0 : int(curl_multi_assign(client.multi_, fd, &client));
    }

    static int set_timer(CURLM*, long milliseconds, void* self) {
        auto& client = *static_cast<Client*>(self);
        client.timer_set_ = milliseconds >= 0;
        client.timer_ = Clock::now() + std::chrono::milliseconds(milliseconds);
        return 0;
    }

    static std::size_t append(char* data, std::size_t, std::size_t size, void* body) {
        static_cast<std::string*>(body)->append(data, size);
        return size;
    }

    CURLM* multi_;
    int queue_;
    std::vector<Transfer> transfers_;
    bool timer_set_ = false;
    Clock::time_point timer_{};
};

void idle(bench::Run& run) {
    std::unique_ptr<Client> client;
    run.concurrency = run.count;
    run.hold([&] {
        client = std::make_unique<Client>(run);
        client->exchange(run.count);
        client->drop_handles();
    });
}

}  // namespace

int main(int argc, char** argv) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return bench::main(argc, argv, {{"get", bench::get<Client>}, {"idle", idle}});
}
