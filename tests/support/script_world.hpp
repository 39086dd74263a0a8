// A world for the engine that is a list: what it will ask for, in order, and what comes of it. Time is virtual.
#pragma once

#include "catch.hpp"
#include "parts.hpp"

#include <ferry/engine/calls.hpp>
#include <ferry/engine/fetch.hpp>

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ferry::testing {

inline constexpr detail::time_point beginning{std::chrono::hours(1)};

inline Endpoint v4(unsigned char last) {
    Endpoint e;
    e.address[0] = 192, e.address[2] = 2, e.address[3] = last;
    e.port = 80;
    return e;
}
inline Endpoint v6(unsigned char last) {
    Endpoint e;
    e.v6 = true;
    e.address[0] = 0x20, e.address[1] = 0x01, e.address[15] = last;
    e.port = 80;
    return e;
}

class World {
    using Kind = detail::action::kind;
    struct Step {
        Kind kind;
        std::string name;
        std::function<detail::answer(const detail::action&)> play;
    };

public:
    // The steps, in the order in which the engine is to ask for them. `now` is answered whenever it is asked.

    // A connection that has served before, or one yet to be opened.
    World& hands_out_kept() { return hands_out(true, false); }
    World& hands_out_blank() { return hands_out(false, false); }
    // The same, where only a fresh one will do.
    World& hands_out_fresh() { return hands_out(false, true); }
    World& has_no_place(std::error_code ec) { return fails(Kind::checkout, "has no place", ec); }

    World& resolves(std::vector<Endpoint> found) {
        return step(Kind::resolve, "resolves", [this, found = std::move(found)](const detail::action& a) {
            resolved = std::string(a.host) + ":" + std::to_string(a.port);
            *a.found = found;
            return detail::answer{.at = now};
        });
    }
    World& resolves_nothing(std::error_code ec) { return fails(Kind::resolve, "resolves nothing", ec); }

    World& starts(const Endpoint& peer, std::error_code ec = {}) {
        return step(Kind::start_connect, "starts " + to_string(peer), [this, peer, ec](const detail::action& a) {
            CHECK(a.path.empty());
            CHECK(a.peer == peer);
            return begun(ec);
        });
    }
    // One of the machine's own faults, with what the driver has to say about it.
    World& cannot_start(const Endpoint& peer, std::error_code ec, std::string about) {
        return step(Kind::start_connect, "cannot start " + to_string(peer), [peer, ec, about](const detail::action& a) {
            CHECK(a.peer == peer);
            *a.text = about;
            return detail::answer{.ec = ec};
        });
    }
    World& starts_at(std::string path, std::error_code ec = {}) {
        return step(Kind::start_connect, "starts " + path, [this, path, ec](const detail::action& a) {
            CHECK(a.path == path);
            return begun(ec);
        });
    }
    // The attempt that was begun last of those that run, or this one, counted from 0.
    World& connects(std::optional<std::size_t> which = {}) {
        return step(Kind::await_connect, "connects", [this, which](const detail::action&) {
            REQUIRE(held_);
            held_->open = true;
            return detail::answer{.n = ended(which), .at = now};
        });
    }
    World& refuses(std::error_code ec = std::make_error_code(std::errc::connection_refused),
                   std::optional<std::size_t> which = {}) {
        return step(Kind::await_connect, "refuses", [this, ec, which](const detail::action&) {
            return detail::answer{.ec = ec, .n = ended(which), .at = now};
        });
    }
    // A blank connection to one address, in no time.
    World& dials() { return hands_out_blank().resolves({v4(1)}).starts(v4(1)).connects(); }
    World& dials_fresh() { return hands_out_fresh().resolves({v4(1)}).starts(v4(1)).connects(); }

    // Takes all that is offered, or some bytes of it.
    World& takes(std::size_t n = std::size_t(-1)) {
        return step(Kind::write, "takes", [this, n](const detail::action& a) {
            auto offered = std::string(a.from[0]).append(a.from[1]);
            sent += offered.substr(0, n);
            watched = a.watch;
            return detail::answer{.n = std::min(n, offered.size())};
        });
    }
    // Takes all, and that is exactly this.
    World& takes_exactly(std::string bytes) {
        return step(Kind::write, "takes exactly", [this, bytes = std::move(bytes)](const detail::action& a) {
            auto offered = std::string(a.from[0]).append(a.from[1]);
            CHECK(offered == bytes);
            sent += offered;
            return detail::answer{.n = offered.size()};
        });
    }
    // Takes nothing, because there is something to read.
    World& speaks_up() {
        return step(Kind::write, "speaks up", [](const detail::action&) { return detail::answer{.readable = true}; });
    }
    World& breaks_on_write(std::errc e = std::errc::broken_pipe) {
        return fails(Kind::write, "breaks on write", std::make_error_code(e));
    }

    World& sends(std::string bytes) {
        auto left = std::make_shared<std::string>(std::move(bytes));
        return step(Kind::read, "sends", [this, left](const detail::action& a) {
            auto n = std::min({left->size(), a.into.size(), piece});
            REQUIRE(n > 0);
            std::memcpy(a.into.data(), left->data(), n);
            left->erase(0, n);
            again_ = !left->empty();
            return detail::answer{.n = n};
        });
    }
    World& closes() {
        return step(Kind::read, "closes", [](const detail::action&) { return detail::answer{}; });
    }
    World& resets() { return fails(Kind::read, "resets", std::make_error_code(std::errc::connection_reset)); }
    // Sends bytes that the engine wants to have dropped.
    World& sends_to_be_dropped(std::size_t n) {
        return step(Kind::read, "sends to be dropped", [this, left = n](const detail::action& a) mutable {
            CHECK(a.skip);
            auto taken = std::min(left, a.into.size());
            left -= taken;
            again_ = left > 0;
            return detail::answer{.n = taken};
        });
    }

    World& opens_body(std::size_t size) {
        return step(Kind::open_body, "opens the body",
                    [size](const detail::action&) { return detail::answer{.n = size}; });
    }
    World& opens_no_body(std::error_code ec) { return fails(Kind::open_body, "opens no body", ec); }
    World& yields(std::string bytes) {
        return step(Kind::pull, "yields", [bytes = std::move(bytes)](const detail::action& a) {
            REQUIRE(a.into.size() >= bytes.size());
            std::memcpy(a.into.data(), bytes.data(), bytes.size());
            return detail::answer{.n = bytes.size()};
        });
    }
    World& yields_no_more() { return yields(""); }
    World& yields_nothing(std::error_code ec) { return fails(Kind::pull, "yields nothing", ec); }

    World& is_given_back(std::optional<std::chrono::milliseconds> hint = {}) {
        return step(Kind::release, "is given back", [this, hint](const detail::action& a) {
            CHECK(a.keep);
            CHECK(a.hint == hint);
            return let_go(a);
        });
    }
    World& is_discarded(DiscardReason reason) {
        return step(Kind::release, "is discarded", [this, reason](const detail::action& a) {
            CHECK_FALSE(a.keep);
            CHECK(a.reason == reason);
            return let_go(a);
        });
    }

    // Nothing happens, until the engine's patience is over: as a driver would end it.
    World& is_silent_on(Kind kind) {
        return step(kind, "is silent", [this](const detail::action& a) { return over(a); });
    }
    World& takes_nothing() { return is_silent_on(Kind::write); }
    World& says_nothing() { return is_silent_on(Kind::read); }
    World& connects_nothing() { return is_silent_on(Kind::await_connect); }

    // The engine wants to wait for so long, and does.
    World& sleeps(std::chrono::milliseconds time) {
        return step(Kind::sleep, "sleeps " + std::to_string(time.count()) + " ms",
                    [this, time](const detail::action& a) {
                        CHECK(a.until == now + time);
                        now = a.until;
                        return detail::answer{};
                    });
    }
    World& is_woken(std::error_code ec) { return fails(Kind::sleep, "is woken", ec); }

    // Time that passes before the next step.
    World& after(std::chrono::milliseconds time) {
        pause_ += time;
        return *this;
    }

    // What is said ends here with an error in place of step `number`, and from then on everything fails.
    void fail_at(std::size_t number, std::error_code ec) {
        failing_ = number;
        failure_ = ec;
    }

    detail::answer perform(const detail::action& a) {
        INFO("asked: " << a << ", at step " << played_);
        if (++asked_ > 10000) FAIL("no end");
        if (a.what == Kind::now) return {.at = now};
        if (played_ == failing_ && a.what != Kind::release) dead_ = true;
        if (dead_) return play_dead(a);
        if (steps_.empty()) FAIL("nothing more was told, but the engine asked: " << a);
        auto& next = steps_.front();
        if (next.kind != a.what) FAIL("told: " << next.name << ", but the engine asked: " << a);
        if (!again_) now += next_pause();
        again_ = false;
        auto answer = next.play(a);
        if (!again_) {
            steps_.pop_front();
            ++played_;
        }
        return answer;
    }

    bool finished() const { return steps_.empty(); }
    std::size_t played() const { return played_; }
    bool died() const { return dead_; }

    detail::time_point now = beginning;
    std::size_t piece = std::size_t(-1);  // `sends` gives no more at once
    std::string sent;                     // all that was written
    std::string resolved;                 // host and port that were asked for
    bool watched = false;                 // the last write looked for an early answer
    int handed_out = 0, given_back = 0, discarded = 0;
    bool last_was_kept = false;

private:
    World& step(Kind kind, std::string name, std::function<detail::answer(const detail::action&)> play) {
        steps_.push_back({kind, std::move(name), std::move(play)});
        pauses_.push_back(std::exchange(pause_, {}));
        return *this;
    }
    World& fails(Kind kind, std::string name, std::error_code ec) {
        return step(kind, std::move(name), [ec](const detail::action&) { return detail::answer{.ec = ec}; });
    }
    World& hands_out(bool kept, bool fresh) {
        return step(Kind::checkout, kept ? "hands out a kept one" : "hands out a blank one",
                    [this, kept, fresh](const detail::action& a) {
                        CHECK(a.fresh == fresh);
                        REQUIRE_FALSE(held_);
                        held_ = std::make_unique<detail::connection>();
                        held_->open = held_->info.reused = kept;
                        running_.clear();
                        begun_ = 0;
                        ++handed_out;
                        return detail::answer{.conn = held_.get(), .at = now};
                    });
    }
    detail::answer begun(std::error_code ec) {
        if (ec) return {.ec = ec};
        running_.push_back(begun_);
        return {.n = begun_++};
    }
    std::size_t ended(std::optional<std::size_t> which) {
        REQUIRE_FALSE(running_.empty());
        const auto number = which.value_or(running_.back());
        REQUIRE(std::erase(running_, number) == 1);
        return number;
    }
    detail::answer let_go(const detail::action& a) {
        REQUIRE(held_);
        held_.reset();
        a.keep ? ++given_back : ++discarded;
        last_was_kept = a.keep;
        return {.at = now};
    }
    std::chrono::milliseconds next_pause() {
        auto pause = pauses_.front();
        pauses_.pop_front();
        return pause;
    }
    detail::answer over(const detail::action& a) {
        auto own = detail::add(now, a.limit);
        if (a.limit == detail::no_limit) own = detail::never;
        if (own == detail::never && a.until == detail::never) FAIL("this would never end: " << a);
        const bool total = a.until <= own;
        now = total ? std::max(now, a.until) : own;
        return {.ec = total ? errc::total_timeout : errc::read_timeout, .at = now};
    }
    detail::answer play_dead(const detail::action& a) {
        if (a.what == Kind::release) return let_go(a);
        if (failure_ == errc::read_timeout && a.limit == detail::no_limit) return {.ec = errc::total_timeout};
        return {.ec = failure_};
    }

    std::deque<Step> steps_;
    std::deque<std::chrono::milliseconds> pauses_;
    std::chrono::milliseconds pause_{};
    std::unique_ptr<detail::connection> held_;
    std::vector<std::size_t> running_;  // attempts to connect
    std::size_t begun_ = 0;
    std::size_t played_ = 0, asked_ = 0;
    std::size_t failing_ = std::size_t(-1);
    std::error_code failure_;
    bool dead_ = false;
    bool again_ = false;  // the step at hand has more to give
};

// What came of a call.
struct Came {
    std::error_code ec;
    Response response;
    Phase phase;
    RequestState reached;
    std::string particulars;
};

template <class T> T play(World& world, detail::task<T> work) {
    detail::operation<T> op(std::move(work));
    while (auto* a = op.next()) op.got() = world.perform(*a);
    return op.result();
}

inline Came play_dry(World& world, const Asked& asked) {
    Came came{};
    auto request = asked.request;  // which a redirect changes
    detail::transfer t(request, came.response);
    came.ec = play(world, detail::fetch(t));
    came.phase = t.phase;
    came.reached = t.reached();
    came.particulars = t.particulars;
    return came;
}

// Runs a call to its end; all that was told must have happened.
inline Came fetch(World& world, const Asked& asked) {
    auto came = play_dry(world, asked);
    INFO(came.ec.message() << ' ' << came.particulars);
    CHECK(world.finished());
    CHECK(world.handed_out == world.given_back + world.discarded);
    return came;
}

// The same call with a failure in place of each step in turn, and of each kind: an error comes back, every connection
// is let go once, none in doubt is kept, and nothing hangs.
inline void fails_everywhere(const std::function<void(World&)>& tell, const Asked& asked) {
    World whole;
    tell(whole);
    play_dry(whole, asked);
    const std::error_code failures[] = {std::make_error_code(std::errc::io_error),
                                        std::make_error_code(std::errc::connection_reset), errc::read_timeout,
                                        errc::total_timeout, errc::cancelled};
    for (auto failure : failures) {
        for (std::size_t k = 0; k < whole.played(); ++k) {
            INFO("step " << k << " fails with: " << failure.message());
            World world;
            tell(world);
            world.fail_at(k, failure);
            auto came = play_dry(world, asked);
            if (!world.died()) continue;  // the step was a release, and the last
            CHECK(came.ec);
            CHECK(world.handed_out == world.given_back + world.discarded);
            CHECK((world.handed_out == 0 || !world.last_was_kept));
        }
    }
}

inline std::string response(std::string_view status, std::string_view body = {}, std::string_view fields = {}) {
    return "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(fields) +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace ferry::testing
