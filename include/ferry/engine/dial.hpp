// To an open socket: resolve, then race the addresses (RFC 8305), all under one deadline.
#pragma once

#include <ferry/engine/transfer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace ferry::detail {

/// How long one address has before the next is tried beside it (RFC 8305 5).
inline constexpr std::chrono::milliseconds attempt_delay{250};

/// The families take turns, the resolver's first choice begins (RFC 8305 4).
inline std::vector<Endpoint> interleave(const std::vector<Endpoint>& found) {
    std::vector<Endpoint> first, second, order;
    for (auto& e : found) (e.v6 == found.front().v6 ? first : second).push_back(e);
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) order.push_back(first[i]);
        if (i < second.size()) order.push_back(second[i]);
    }
    return order;
}

/// Whether an error is what the way to an address is like, and not what this machine lacks.
inline bool tells_of_the_way(std::error_code ec) noexcept {
    return ec == condition::network && ec != std::errc::address_not_available;
}

/// Those who run in a race, and what is learnt of their addresses.
class runners {
public:
    explicit runners(failed_addresses* memory) noexcept : memory_(memory) {}

    std::size_t running() const noexcept { return running_; }

    void begins(const Endpoint& peer, std::size_t number, time_point now) {
        if (all_.empty()) first_ = number;
        all_.push_back({peer, now, true});
        ++running_;
    }
    void cannot_begin(const Endpoint& peer, std::error_code ec, std::string about, time_point now) {
        const bool of_ours = !about.empty();
        note_fault(ec, of_ours ? std::move(about) : to_string(peer));
        if (memory_ && !of_ours && tells_of_the_way(ec)) memory_->failed(peer, now);
    }
    void fails(std::size_t number, std::error_code ec, time_point now) {
        --running_;
        auto* one = find(number);
        note_fault(ec, one ? to_string(one->peer) : std::string());
        if (!one) return;
        one->running = false;
        if (memory_ && ec != std::errc::address_not_available) memory_->failed(one->peer, now);
    }
    void wins(std::size_t number, time_point now) {
        auto* one = find(number);
        if (!one || !memory_) return;
        one->running = false;
        memory_->worked(one->peer, now);
        blame_silent(now);
    }
    void run_out_of_time(time_point now) {
        if (memory_) blame_silent(now);
        if (about_.empty() && !all_.empty()) about_ = to_string(all_.front().peer);
    }

    std::error_code first_error() const noexcept { return first_error_; }
    /// Whose error that is, for people.
    std::string& about() noexcept { return about_; }

private:
    struct runner {
        Endpoint peer;
        time_point since;
        bool running;
    };

    runner* find(std::size_t number) noexcept {
        const auto i = number - first_;
        return i < all_.size() ? &all_[i] : nullptr;
    }
    void note_fault(std::error_code ec, std::string about) {
        if (first_error_) return;
        first_error_ = ec;
        about_ = std::move(about);
    }
    /// Those who have had their turn, and have not been heard of.
    void blame_silent(time_point now) {
        for (auto& one : all_)
            if (one.running && now - one.since >= attempt_delay) memory_->failed(one.peer, now);
    }

    failed_addresses* memory_;
    std::vector<runner> all_;
    std::size_t first_ = 0, running_ = 0;
    std::error_code first_error_;
    std::string about_;
};

/// Begins with the first address, goes on to the next when one has failed or has not answered in time, and is done
/// with the first that succeeds. The error is that of the first that failed, and `about` says which one that was. `now`
/// is the time at the beginning, and at the end that of the success.
inline result race(const std::vector<Endpoint>& peers, time_point until, failed_addresses* memory, time_point& now,
                   std::string& about) {
    runners all(memory);
    std::size_t next = 0;
    bool go_on = true;
    for (;;) {
        if (go_on && next < peers.size()) {
            auto& peer = peers[next++];
            std::string fault;
            auto begun = co_await action{.what = action::kind::start_connect, .text = &fault, .peer = peer};
            go_on = static_cast<bool>(begun.ec);
            if (!go_on) all.begins(peer, begun.n, now);
            else if (begun.ec == errc::cancelled) co_return begun.ec;
            else all.cannot_begin(peer, begun.ec, std::move(fault), now);
            if (go_on) continue;
        }
        if (all.running() == 0) break;
        auto turn = next < peers.size() ? attempt_delay : no_limit;
        auto a = co_await action{.what = action::kind::await_connect, .limit = turn, .until = until};
        if (a.ec == errc::cancelled) co_return a.ec;
        now = a.at;
        if (!a.ec) {
            all.wins(a.n, now);
            co_return a.ec;
        }
        if (a.ec == errc::total_timeout) {
            all.run_out_of_time(now);
            about = std::move(all.about());
            co_return a.ec;
        }
        go_on = true;
        if (a.ec != errc::read_timeout) all.fails(a.n, a.ec, now);  // else only the turn of the last is over
    }
    about = std::move(all.about());
    co_return all.first_error();
}

/// To a unix domain socket. Where its queue is full the system does not wait by itself.
inline result reach(std::string_view path, time_point until, time_point& now, std::string& about) {
    constexpr std::chrono::milliseconds pause{10};
    for (;;) {
        auto begun = co_await action{.what = action::kind::start_connect, .path = path, .text = &about};
        if (!begun.ec) break;
        const bool full = begun.ec == std::errc::resource_unavailable_try_again;
        if (!full) co_return begun.ec;
        auto is = co_await action{.what = action::kind::now};
        if (is.at >= until) co_return errc::total_timeout;
        const auto again = std::min(until, add(is.at, pause));
        auto slept = co_await action{.what = action::kind::sleep, .until = again};
        if (slept.ec) co_return slept.ec;
    }
    auto a = co_await action{.what = action::kind::await_connect, .until = until};
    now = a.at;
    co_return a.ec;
}

/// `until` was the nearer of two deadlines.
inline std::error_code connect_fault(std::error_code ec, bool total) noexcept {
    return ec == errc::total_timeout && !total ? make_error_code(errc::connect_timeout) : ec;
}

/// Whose name is looked up. What the session connects to in place of hosts concerns servers, not proxies.
enum class dialled : bool { server, proxy };

/// Resolves a host by that name, or what is to be connected to in its place; the families take turns. `now` is the time
/// at the end.
inline result resolve(transfer& t, dialled what, std::string_view host, std::uint16_t port, time_point until,
                      std::vector<Endpoint>& peers, time_point& now) {
    t.phase = Phase::resolve;
    std::optional<ResolveOverrides::Target> other;
    if (what == dialled::server) other = t.asked.session->resolve.find(host, port);
    if (other) host = other->host, port = other->port;
    auto begun = co_await action{.what = action::kind::now};
    std::vector<Endpoint> found;
    std::string about;
    auto resolved = co_await action{
        .what = action::kind::resolve, .port = port, .host = host, .text = &about, .found = &found, .until = until};
    now = resolved.at;
    if (other && about.empty()) about = other->host;
    if (resolved.ec && t.particulars.empty()) t.particulars = std::move(about);
    if (resolved.ec) co_return resolved.ec;
    t.response.timings.resolve = resolved.at - begun.at;
    peers = interleave(found);
    if (peers.empty()) co_return errc::no_address;
    co_return std::error_code{};
}

/// Takes out what cannot be reached from the session's local address, and puts last what has failed.
inline std::error_code choose(transfer& t, std::vector<Endpoint>& peers, time_point now) {
    auto& local = t.asked.session->socket.local_address;
    keep_family(peers, local);
    if (t.asked.shared) t.asked.shared->failed.put_last(peers, now);
    if (!peers.empty()) return {};
    if (t.particulars.empty()) t.particulars = "none of the family of local_address " + to_string(*local);
    return errc::no_address;
}

/// Connects to a host by that name, or wherever the session's options lead, and notes how long each part took.
inline result dial(transfer& t, dialled what, std::string_view host, std::uint16_t port, time_point until) {
    const std::string_view path = t.asked.session->socket.unix_socket;
    std::vector<Endpoint> peers;
    std::string about;
    time_point now;
    std::error_code ec;
    if (path.empty()) {
        ec = co_await resolve(t, what, host, port, until, peers, now);
        if (!ec) ec = choose(t, peers, now);
        if (ec) co_return ec;
    } else {
        auto begun = co_await action{.what = action::kind::now};
        now = begun.at;
    }

    t.phase = Phase::connect;
    const auto begun = now;
    auto* memory = t.asked.shared ? &t.asked.shared->failed : nullptr;
    if (path.empty()) ec = co_await race(peers, until, memory, now, about);
    else ec = co_await reach(path, until, now, about);
    if (!ec) t.response.timings.connect = now - begun;
    else if (t.particulars.empty()) t.particulars = about.empty() ? printable_path(path) : std::move(about);
    co_return ec;
}

}  // namespace ferry::detail
