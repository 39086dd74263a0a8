// Between the engine and a driver: what is asked of a connection with TLS becomes reads and writes of ciphertext.
#pragma once

#include <ferry/core/action.hpp>
#include <ferry/http/connection.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>
#include <system_error>

namespace ferry::detail {

#if FERRY_HAS_TLS

/// Takes one action of the engine's at a time. Those of the driver that it comes to are performed one after the other,
/// until there are no more and `result` is the engine's answer.
class secured {
public:
    /// Whether this stage has a part in an action on that connection.
    static bool concerns(const action& a, const connection* c) noexcept {
        if (!c || !c->tls) return false;
        return a.what == action::kind::read || a.what == action::kind::write || a.what == action::kind::handshake;
    }

    /// The driver's first action, or null.
    const action* begin(const action& wish, connection& c) { return begin(wish, *c.tls); }
    /// What came of it; the next, or null.
    const action* next(const answer& a) {
        if (!below_ || !below_->active()) return lower(account(a));
        if (const auto* raw = below_->next(a)) return raw;
        return lower(account(below_->result()));
    }
    bool active() const noexcept { return wish_ != nullptr; }
    const answer& result() const noexcept { return result_; }

private:
    using step = tls_channel::step;

    /// A read begins with no more than one write's ciphertext; beyond that are answers that a peer makes us heap up.
    static constexpr std::size_t most_unsent = 128 * 1024;

    const action* begin(const action& wish, tls_channel& tls) {
        wish_ = &wish;
        tls_ = &tls;
        result_ = {};
        left_ = wish.from;
        if (wish.what == action::kind::write && hears_already()) return done({.readable = true});
        return lower(go_on());
    }
    /// What this layer asks for is the wish of the one that carries it, and only what the last one asks is the
    /// driver's.
    const action* lower(const action* raw) {
        while (raw && tls_->carrier()) {
            if (!below_) below_ = std::make_unique<secured>();
            if (const auto* deeper = below_->begin(*raw, *tls_->carrier())) return deeper;
            raw = account(below_->result());
        }
        return raw;
    }
    const action* account(const answer& a) {
        const bool reading = raw_.what == action::kind::read;
        if (!reading) tls_->sent(a.n);  // by a carrier some may be taken whatever else it says
        // Neither a write that fails nor one that has to wait keeps a reader from what has come.
        if (!reading && (a.readable || (a.ec && hears_out(a.ec)))) return ask_to_read();
        if (a.ec) return done({.ec = a.ec, .n = taken()});
        if (reading && a.n > 0) tls_->received(a.n);
        if (reading && a.n == 0) tls_->input_ended();
        if (reading && wish_->what == action::kind::write && tls_->listen())
            return done({.n = taken(), .readable = true});
        if (reading && wish_->what == action::kind::handshake && a.n == 0) return end_handshake();
        return go_on();
    }
    /// No more will come. What is still to be sent is not waited for, which might be for ever.
    const action* end_handshake() {
        if (tls_->handshake() == step::done) return done({});
        return done({.ec = tls_->fault().ec});
    }

    const action* go_on() {
        const bool reads = wish_->what == action::kind::read;
        for (;;) {
            if (!reads && tls_->withholds()) return ask_to_write();
            std::size_t n = 0;
            switch (attempt(n)) {
            case step::done:
                if (wish_->what == action::kind::write && take(n)) break;
                if (wish_->what == action::kind::handshake && !tls_->to_send().empty()) break;
                return done({.n = reads ? n : taken()});
            case step::wants_input:
                if (reads && tls_->to_send().size() > most_unsent) return done({.ec = errc::tls_protocol_error});
                return tls_->to_send().empty() ? ask_to_read() : ask_to_write();  // first what the peer waits for
            case step::closed: return done({.n = taken(), .readable = wish_->what == action::kind::write});
            case step::failed: return done({.ec = tls_->fault().ec, .n = taken()});
            }
        }
    }
    step attempt(std::size_t& n) {
        switch (wish_->what) {
        case action::kind::handshake: return tls_->handshake();
        case action::kind::read: return tls_->read(wish_->into, n);
        default: return all_taken() ? step::done : tls_->write(left_[0].empty() ? left_[1] : left_[0], n);
        }
    }

    // What is written: all of it, before the engine hears that it is.

    bool all_taken() const noexcept { return left_[0].empty() && left_[1].empty(); }
    std::size_t taken() const noexcept {
        if (wish_->what != action::kind::write) return 0;
        return wish_->from[0].size() + wish_->from[1].size() - left_[0].size() - left_[1].size();
    }
    /// False when nothing is left to do.
    bool take(std::size_t n) noexcept {
        if (n == 0) return false;
        (left_[0].empty() ? left_[1] : left_[0]).remove_prefix(n);
        return true;
    }

    /// Whether there may be an answer, although the peer takes nothing more (RFC 9112 9.5).
    bool hears_out(std::error_code ec) const noexcept {
        return wish_->what == action::kind::read &&
               (ec == std::errc::connection_reset || ec == std::errc::broken_pipe ||
                ec == std::errc::connection_aborted);
    }
    /// Before a write: whether there is something that the driver cannot see, as it was received long ago.
    bool hears_already() const { return tls_->heard() || (wish_->watch && tls_->unread() && tls_->listen()); }

    const action* ask_to_read() {
        raw_ = {.what = action::kind::read, .into = tls_->input_room(wish_->into.size())};
        return bounded();
    }
    const action* ask_to_write() {
        raw_ = {.what = action::kind::write,
                .watch = wish_->what == action::kind::write && wish_->watch,
                .from = {tls_->to_send()}};
        return bounded();
    }
    const action* bounded() noexcept {
        raw_.limit = wish_->limit;
        raw_.until = wish_->until;
        return &raw_;
    }
    const action* done(const answer& a) noexcept {
        wish_ = nullptr;
        result_ = a;
        return nullptr;
    }

    const action* wish_ = nullptr;
    tls_channel* tls_ = nullptr;
    std::array<std::string_view, 2> left_;
    action raw_{.what = action::kind::now};
    answer result_;
    std::unique_ptr<secured> below_;  // made when there is a carrier
};

#else

class secured {
public:
    static constexpr bool concerns(const action&, const connection*) noexcept { return false; }
    const action* begin(const action&, connection&) noexcept { return nullptr; }
    const action* next(const answer&) noexcept { return nullptr; }
    static constexpr bool active() noexcept { return false; }
    answer result() const noexcept { return {}; }
};

#endif

}  // namespace ferry::detail
