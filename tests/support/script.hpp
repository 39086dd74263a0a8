// What a test server does with one connection: a list of steps that a thread of its own plays, one after the
// other, as soon as they are told. So a test can tell everything beforehand, or go on telling while it runs.
#pragma once

#include "line.hpp"
#include "request.hpp"
#include "signal.hpp"
#include "sockets.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace ferry::testing {

class Script {
public:
    Script(std::size_t number, int stop) : number_(number), stop_(stop) {}
    Script(const Script&) = delete;
    Script& operator=(const Script&) = delete;
    ~Script() {
        if (thread_.joinable()) thread_.join();
    }

    // The steps. Those that read fail when the client closes, or sends nothing for too long.

    // One whole request by its own framing, kept for `requests()`.
    Script& reads_request() {
        return step("reads_request", [this] { keep(read_until(request_end)); });
    }

    // The head of a request, without its body; kept likewise.
    Script& reads_head() {
        return step("reads_head", [this] { keep(read_until(head_end)); });
    }

    Script& reads(std::size_t size) {
        return step("reads " + std::to_string(size), [this, size] {
            read_until(
                [size](std::string_view bytes) { return bytes.size() < size ? std::nullopt : std::optional(size); });
        });
    }

    // Whatever else the client sends, until it closes or resets.
    Script& reads_to_the_end() {
        return step("reads_to_the_end", [this] {
            unread_.clear();
            while (receive()) unread_.clear();
        });
    }

    // The client closes or resets, and has sent nothing more.
    Script& sees_the_end() {
        return step("sees_the_end", [this] {
            if (receive() || !unread_.empty()) fail("the client sent " + as_shown(unread_));
        });
    }

    Script& sends(std::string bytes) {
        auto name = "sends " + as_shown(bytes, 40);
        return step(std::move(name), [this, bytes = std::move(bytes)] {
            if (!send_all(bytes)) fail("the client no longer takes it");
        });
    }

    // As much as the client takes before it closes or resets.
    Script& sends_what_is_taken(std::string bytes) {
        return step("sends_what_is_taken", [this, bytes = std::move(bytes)] { send_all(bytes); });
    }

    // Each piece in a segment of its own.
    Script& sends_pieces(std::vector<std::string> pieces, std::chrono::milliseconds pause = {}) {
        return step("sends_pieces", [this, pieces = std::move(pieces), pause] {
            for (auto& piece : pieces) {
                if (!send_all(piece)) return;
                acknowledged();
                if (pause > pause.zero()) sleep(pause);
            }
        });
    }

    Script& sends_bytewise(std::string_view bytes, std::chrono::milliseconds pause = {}) {
        std::vector<std::string> pieces;
        for (char c : bytes) pieces.emplace_back(1, c);
        return sends_pieces(std::move(pieces), pause);
    }

    Script& answers(std::string bytes) { return reads_request().sends(std::move(bytes)); }

    // FIN, as close(2) sends it: what the client sends from then on is answered by a reset. Bytes that the script
    // left unread make it a reset at once, as they do with close(2). TLS first says that this is the end.
    Script& closes() {
        return step("closes", [this] { close(true); });
    }

    // The same, but TLS says nothing.
    Script& drops() {
        return step("drops", [this] { close(false); });
    }

    // FIN, and goes on reading.
    Script& half_closes() {
        return step("half_closes", [this] {
            line_.say_goodbye();
            ::shutdown(line_.fd(), SHUT_WR);
        });
    }

    Script& resets() {
        return step("resets", [this] { reset(); });
    }

    Script& pauses(std::chrono::milliseconds time) {
        return step("pauses", [this, time] { sleep(time); });
    }

    Script& waits_for(Signal& signal) {
        return step("waits_for", [&signal] {
            if (!signal.wait()) fail("the signal was not raised");
        });
    }

    Script& raises(Signal& signal) {
        return step("raises", [&signal] { signal.raise(); });
    }

    // What the client sends beyond the script is no fault.
    Script& ignores_the_rest() {
        return step("ignores_the_rest", [this] { ignores_rest_ = true; });
    }

    // For the test's threads.

    // Waits until every step told so far has been played, and the client's kernel has all of it: bytes, FIN, reset.
    bool delivered() { return played() && acknowledged(); }

    bool played() {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, patience, [this] { return failure_ || (begun_ && idle_ && steps_.empty()); });
        return !failure_ && begun_ && idle_ && steps_.empty();
    }

    // The client's address, once it has connected.
    std::string client() {
        std::lock_guard lock(mutex_);
        return client_;
    }

    // For the server.

    void begin(Descriptor fd) {
        std::lock_guard lock(mutex_);
        client_ = peer_address(fd.get());
        line_ = Line(std::move(fd));
        begun_ = true;
        thread_ = std::thread([this] { play(); });
    }

    // No more steps: the thread ends after the last one. With `drop`, the rest of them is skipped.
    void finish(bool drop) {
        {
            std::lock_guard lock(mutex_);
            finished_ = true;
            if (drop) steps_.clear();
        }
        changed_.notify_all();
    }

    void join() {
        if (thread_.joinable()) thread_.join();
    }

    std::optional<std::string> failure() {
        std::lock_guard lock(mutex_);
        if (failure_) return failure_;
        if (!begun_) return "connection " + std::to_string(number_) + ": the client did not connect";
        return std::nullopt;
    }

    std::vector<Request> requests() {
        std::lock_guard lock(mutex_);
        return requests_;
    }

private:
    struct Step {
        std::string name;
        std::function<void()> play;
    };

    Script& step(std::string name, std::function<void()> play) {
        {
            std::lock_guard lock(mutex_);
            steps_.push_back({std::move(name), std::move(play)});
        }
        changed_.notify_all();
        return *this;
    }

    std::string told(const std::string& text) const {
        return "connection " + std::to_string(number_) + ", " + name_ + ": " + text;
    }

    [[noreturn]] static void fail(const std::string& text) { throw std::runtime_error(text); }

    void play() {
        try {
            shake_hands();
            while (auto next = next_step()) {
                if (ended_) fail("a step after the end of the connection");
                next->play();
            }
            if (auto rest = rest_sent(); !rest.empty() && !ignores_rest_)
                fail("the client also sent " + as_shown(rest));
        } catch (const std::exception& failure) {
            line_.close();  // a client that waits for the rest of the script must not wait for long
            std::lock_guard lock(mutex_);
            failure_ = told(failure.what());
        }
        changed_.notify_all();
    }

    std::optional<Step> next_step() {
        std::unique_lock lock(mutex_);
        idle_ = true;
        changed_.notify_all();
        changed_.wait(lock, [this] { return finished_ || !steps_.empty(); });
        if (steps_.empty()) {
            name_ = "after the last step";
            return std::nullopt;
        }
        idle_ = false;
        auto next = std::move(steps_.front());
        steps_.pop_front();
        name_ = next.name;
        return next;
    }

    template <class End> std::string read_until(End end) {
        for (;;) {
            if (auto size = end(std::string_view(unread_))) {
                auto bytes = unread_.substr(0, *size);
                unread_.erase(0, *size);
                return bytes;
            }
            if (!receive()) fail("the client closed after " + as_shown(unread_));
        }
    }

    // With TLS nothing else can be played before.
    void shake_hands() {
        name_ = "handshake";
        while (!line_.open())
            if (!receive_some()) fail("the client gave up; " + line_.trouble());
    }

    // Appends what comes next to `unread_`; false at the end of the connection.
    bool receive() {
        const auto before = unread_.size();
        while (unread_.size() == before)
            if (!receive_some()) return false;
        return true;
    }

    bool receive_some() {
        for (;;) {
            const auto came = line_.receive(unread_);
            if (came != Line::Came::nothing) return came == Line::Came::something;
            if (!ready(POLLIN, patience)) fail("the client sent no more than " + as_shown(unread_));
        }
    }

    bool send_all(std::string_view bytes) {
        while (!bytes.empty())
            if (!send_raw(line_.sealed(bytes))) return false;
        return true;
    }

    bool send_raw(std::string_view bytes) {
        while (!bytes.empty()) {
            auto n = send_some(line_.fd(), bytes.data(), bytes.size());
            if (n >= 0) bytes.remove_prefix(static_cast<std::size_t>(n));
            else if (errno != EAGAIN && errno != EINTR) return false;
            else if (!ready(POLLOUT, patience))
                fail("the client read nothing more, " + std::to_string(bytes.size()) + " bytes are left");
        }
        return true;
    }

    void close(bool with_goodbye) {
        if (!rest_sent().empty()) return reset();
        if (with_goodbye) line_.say_goodbye();
        ::shutdown(line_.fd(), SHUT_RDWR);
        acknowledged();
        leave();
    }

    void reset() {
        auto client = peer_port(line_.fd()), server = local_port(line_.fd());
        linger hard{1, 0};
        ::setsockopt(line_.fd(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        leave();
        eventually([=] { return kernel_state(client, server) == 0; });
    }

    void leave() {
        line_.close();
        ended_ = true;
    }

    // Throws when the server is being stopped.
    bool ready(short events, std::chrono::milliseconds limit) {
        pollfd wanted[] = {{line_.fd(), events, 0}, {stop_, POLLIN, 0}};
        auto n = ::poll(wanted, 2, static_cast<int>(limit.count()));
        if (n > 0 && wanted[1].revents) fail("the test ended");
        return n > 0;
    }

    void sleep(std::chrono::milliseconds time) {
        pollfd wanted{stop_, POLLIN, 0};
        if (::poll(&wanted, 1, static_cast<int>(time.count())) > 0) fail("the test ended");
    }

    bool acknowledged() {
        return !line_ || eventually([this] { return unacknowledged(line_.fd()) == 0; });
    }

    void keep(std::string bytes) {
        std::lock_guard lock(mutex_);
        requests_.push_back({number_, std::move(bytes)});
    }

    // What the client has sent and no step has read.
    std::string rest_sent() {
        while (line_ && line_.receive(unread_) == Line::Came::something) {
        }
        return std::exchange(unread_, {});
    }

    const std::size_t number_;
    const int stop_;
    Line line_;
    std::thread thread_;

    // Of the thread alone.
    std::string unread_;
    bool ended_ = false;
    bool ignores_rest_ = false;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Step> steps_;
    std::vector<Request> requests_;
    std::optional<std::string> failure_;
    std::string client_;
    std::string name_;
    bool begun_ = false;
    bool idle_ = false;
    bool finished_ = false;
};

}  // namespace ferry::testing
