// ferry_demo [URL]: what a session does with its connections, told beside what the kernel says of the same sockets.
// Without a URL it brings its own server. It ends with status 1 when something that it claims does not hold.
#include "demo/page.hpp"
#include "demo/server.hpp"
#include "demo/tcp_table.hpp"

#include <ferry/ferry.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
using seconds = std::chrono::duration<double>;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr int times = 5;
constexpr auto keep_alive_time = 1s;  // of the demo's own server

std::string decimal(double value, const char* unit) {
    char text[64];
    std::snprintf(text, sizeof text, "%.2f %s", value, unit);
    return text;
}
std::string count(std::uint64_t n, std::string_view one) {
    return std::to_string(n) + " " + std::string(one) + (n == 1 ? "" : "s");
}
std::string duration_of(const ferry::Response& r) { return decimal(Milliseconds(r.elapsed).count(), "ms"); }

std::string quickest(const std::vector<ferry::Response>& all) {
    auto quicker = [](auto& a, auto& b) { return a.elapsed < b.elapsed; };
    return duration_of(*std::min_element(all.begin(), all.end(), quicker));
}

std::string address_of(const ferry::Endpoint& e) { return to_string(demo::plain(e)); }

/// Both ends of a connection, as the kernel sees them.
struct Ends {
    std::optional<demo::SocketState> ours, theirs;
    bool operator==(const Ends&) const = default;
};
Ends ends_of(const ferry::ConnectionInfo& c) {
    Ends first, second;
    for (int looks = 0; looks < 10 && (looks < 2 || first != second); ++looks) {  // it may change between two looks
        first = std::exchange(second, {demo::find_socket(c.local, c.remote), demo::find_socket(c.remote, c.local)});
    }
    return second;
}
std::string name_of(const std::optional<demo::SocketState>& s) { return s ? std::string(s->name) : "gone"; }

/// Whether nothing more will happen to an end that is being closed.
bool is_settled(const std::optional<demo::SocketState>& s) { return !s || s->name == "TIME_WAIT"; }

/// The ends of a connection that is being closed, once they have come to rest.
Ends settled_ends(const ferry::ConnectionInfo& c, bool server_is_here) {
    auto ends = ends_of(c);
    for (auto give_up = clock::now() + 2s; clock::now() < give_up; ends = ends_of(c)) {
        if (is_settled(ends.ours) && (!server_is_here || is_settled(ends.theirs))) break;
        std::this_thread::sleep_for(1ms);
    }
    return ends;
}

class Demo {
public:
    explicit Demo(const std::optional<std::string>& given) {
        if (!given) server_.emplace(keep_alive_time);
        url_ = given ? *given : server_->url();
    }

    /// Whether everything held.
    bool run() {
        introduce();
        five_on_one();
        five_on_five();
        if (session_.stats().idle > 0) {
            server_closes();
            probe_finds_it();
        } else {
            page_.gap();
            page_.say("This server keeps no connection open, so there is none to watch: parts 3 and 4 are left out.");
        }
        statistics();
        return !page_.failed();
    }

private:
    ferry::Response get() {
        ++requests_;
        return session_.get(url_, limits_);
    }

    void introduce() {
        auto first = get();
        auto ends = ends_of(first.connection);
        has_table_ = ends.ours || (demo::has_tcp_table() && session_.stats().idle == 0);
        server_is_here_ = ends.theirs.has_value();
        kept_.push_back(std::move(first));

        page_.title("ferry " FERRY_VERSION ": what happens on the sockets");
        page_.gap();
        page_.fact("server", address_of(kept_[0].connection.remote) + whose_server());
        page_.fact("kernel", what_is_seen());
    }
    std::string whose_server() const {
        if (server_) return ", the demo's own; it closes a connection that has been idle for 1 s";
        return ", for " + to_string(kept_[0].url);
    }
    std::string what_is_seen() const {
        if (!has_table_) return "this system has no TCP table that could be read here, so states are not shown";
        if (server_is_here_) return "/proc/net/tcp lists both ends of each connection, and their states";
        return "/proc/net/tcp lists our end of each connection; the other is in the server's own kernel";
    }

    std::vector<demo::Table::Column> with_states(std::vector<demo::Table::Column> columns, bool queue = false) const {
        if (has_table_) columns.push_back({"our side", 14});
        if (has_table_ && queue) columns.push_back({"rx_queue", 11});
        if (server_is_here_) columns.push_back({"server's side", 14});
        return columns;
    }
    std::vector<std::string> with_states(std::vector<std::string> cells, const Ends& ends, bool queue = false) const {
        if (has_table_) cells.push_back(name_of(ends.ours));
        if (has_table_ && queue) cells.push_back(std::to_string(ends.ours ? ends.ours->unread : 0));
        if (server_is_here_) cells.push_back(name_of(ends.theirs));
        return cells;
    }

    demo::Table table_of_requests() {
        return {page_, with_states({{"get", 6}, {"status", 9}, {"time", 12}, {"connection", 13}, {"our port", 11}})};
    }
    std::vector<std::string> request_row(int i, const ferry::Response& r, std::string connection,
                                         const Ends& ends) const {
        return with_states({std::to_string(i + 1), std::to_string(r.status), duration_of(r), std::move(connection),
                            std::to_string(r.connection.local.port)},
                           ends);
    }

    void five_on_one() {
        page_.heading(1, "session.get(url), five times");
        auto table = table_of_requests();
        for (int i = 0; i < times; ++i) {
            if (i > 0) kept_.push_back(get());
            auto& r = kept_.back();
            auto how = std::to_string(r.connection.id) + (r.connection.reused ? ", reused" : ", new");
            table.row(request_row(i, r, how, ends_of(r.connection)));
        }
        idle_since_ = clock::now();

        std::set<std::pair<std::uint64_t, unsigned>> different;
        for (auto& r : kept_) different.emplace(r.connection.id, r.connection.local.port);
        page_.gap();
        if (!page_.claim(different.size() == 1 && session_.stats().opened == 1, "five requests, one TCP connection"))
            page_.say("    it took " + std::to_string(different.size()) +
                      "; the last answer said \"Connection: " + std::string(kept_.back().headers["connection"]) + "\"");
    }

    void five_on_five() {
        page_.heading(2, "ferry::get(url), five times, without a session");
        auto table = table_of_requests();
        std::set<unsigned> ports;
        int ours = 0, theirs = 0;  // in TIME_WAIT
        for (int i = 0; i < times; ++i) {
            single_.push_back(ferry::get(url_, limits_));
            auto& r = single_.back();
            auto ends = settled_ends(r.connection, server_is_here_);
            table.row(request_row(i, r, "its own", ends));
            ports.insert(r.connection.local.port);
            ours += name_of(ends.ours) == "TIME_WAIT";
            theirs += name_of(ends.theirs) == "TIME_WAIT";
        }
        page_.gap();
        page_.claim(ports.size() == times, "five requests, five TCP connections");
        if (has_table_) who_waits(ours, theirs);
    }

    /// Whoever closes first is left with the TIME_WAIT. A one-shot call asks the server to be that.
    void who_waits(int ours, int theirs) {
        if (server_) page_.claim(ours == 0 && theirs == times, "each left its TIME_WAIT on the server's side");
        else page_.say("    left in TIME_WAIT on our side: " + std::to_string(ours));
        page_.say("    the request said \"Connection: close\", which asks the server to close first");
    }

    void server_closes() {
        page_.heading(
            3, "Nobody uses connection " + std::to_string(kept_.back().connection.id) + ", and the server closes it");
        if (!has_table_) return wait_unseen();
        auto end = watch(kept_.back().connection).ours;
        closed_by_server_ = name_of(end) != "ESTABLISHED";
        page_.gap();
        if (!closed_by_server_ && !server_) return page_.say("it is still open: this server keeps it for longer");
        if (!end && !server_) return page_.say("our socket is gone: the server has reset the connection");
        bool waiting = end && end->name == "CLOSE_WAIT" && (end->unread == 1 || !server_);
        page_.claim(waiting, "our socket is in CLOSE_WAIT, with one byte to be read: the server's FIN");
        page_.say("    a request written to it now would be lost");
    }

    /// Shows each change of an idle connection's ends, until the server has closed it.
    Ends watch(const ferry::ConnectionInfo& c) {
        demo::Table table(page_, with_states({{"idle for", 11}}, true));
        auto show = [&](const Ends& e, bool passing) {
            table.row(with_states({decimal(seconds(clock::now() - idle_since_).count(), "s")}, e, true), passing);
        };
        auto ends = ends_of(c);
        show(ends, false);
        for (auto until = clock::now() + patience(); clock::now() < until;) {
            std::this_thread::sleep_for(10ms);
            auto now = ends_of(c);
            show(now, now == ends);
            if (is_open(ends) && !is_open(now)) until = clock::now() + 100ms;  // the server's side has yet to follow
            ends = now;
        }
        if (is_open(ends)) show(ends, false);
        return ends;
    }
    static bool is_open(const Ends& e) { return name_of(e.ours) == "ESTABLISHED"; }
    std::chrono::seconds patience() const { return server_ ? 5s : has_table_ ? 80s : 20s; }

    void wait_unseen() {
        auto time = server_ ? keep_alive_time + 1s : patience();
        page_.say("waiting " + std::to_string(time.count()) + " s");
        std::this_thread::sleep_for(time);
    }

    void probe_finds_it() {
        page_.heading(4, "The next session.get(url) notices");
        auto& old = kept_.back().connection;
        auto before = session_.stats();
        auto r = get();
        auto after = session_.stats();
        auto why = reasons(before, after);

        if (r.connection.reused) step("probe", "connection " + std::to_string(old.id) + " is alive");
        else step("discard", "connection " + std::to_string(old.id) + ": " + why + explain(why));
        if (!r.connection.reused)
            step("connect", "connection " + std::to_string(r.connection.id) + ", opened for this request");
        step("answer", std::to_string(r.status) + " in " + duration_of(r) + ", and no error");
        page_.gap();
        show_connections(old, r.connection);
        bool fresh = r.connection.id != old.id && after.opened == before.opened + 1;
        judge(r.connection.reused, fresh, why);
    }
    void step(std::string_view name, std::string_view text) {
        page_.say(page_.paint(demo::Page::padded(name, 11), "2") + std::string(text));
    }

    /// The reasons of what was discarded between two moments.
    static std::string reasons(const ferry::PoolStats& before, const ferry::PoolStats& after) {
        std::string all;
        for (std::size_t i = 0; i < ferry::discard_reasons; ++i) {
            auto reason = static_cast<ferry::DiscardReason>(i);
            if (after.discarded[reason] == before.discarded[reason]) continue;
            all += (all.empty() ? "" : ", ") + std::string(to_string(reason));
        }
        return all;
    }
    std::string explain(std::string_view why) const {
        if (why == "peer_closed") return " (the probe: readable, and at its end)";
        if (why == "hint_expired")
            return " (the server had said: Keep-Alive: " + std::string(kept_.back().headers["keep-alive"]) + ")";
        return "";
    }

    void show_connections(const ferry::ConnectionInfo& old, const ferry::ConnectionInfo& now) {
        if (!has_table_) return;
        demo::Table table(page_, with_states({{"connection", 13}, {"our port", 11}}));
        auto row = [&](const ferry::ConnectionInfo& c, const Ends& ends) {
            table.row(with_states({std::to_string(c.id), std::to_string(c.local.port)}, ends));
        };
        if (now.id != old.id) row(old, settled_ends(old, server_is_here_));
        row(now, ends_of(now));
        page_.gap();
    }

    void judge(bool reused, bool fresh, std::string_view why) {
        if (!server_ && !closed_by_server_) return page_.say(reused ? "it was still good" : "it was no longer good");
        bool expected = server_ ? why == "peer_closed" : !why.empty();
        page_.claim(fresh && expected, "the dropped connection was found before it was used");
    }

    void statistics() {
        page_.heading(5, "session.stats()");
        auto s = session_.stats();
        auto row = [&](std::string_view name, std::uint64_t n, std::string_view text) {
            page_.say(demo::Page::padded(name, 11) + demo::Page::padded(std::to_string(n), 4) + std::string(text));
        };
        row("opened", s.opened, "TCP connections established");
        row("reused", s.reused, "requests on a connection that had served one before");
        row("discarded", s.discarded.total(), reasons({}, s));
        row("idle", s.idle, "kept for the next request");
        row("in use", s.in_use, "by a request at this moment");
        page_.gap();
        page_.claim(s.opened + s.reused == requests_ && s.in_use == 0,
                    count(requests_, "request") + ", " + count(s.opened, "connection"));
        page_.say("    the quickest get took " + quickest(kept_) + " in the session, " + quickest(single_) +
                  " without");
    }

    demo::Page page_;
    std::optional<demo::Server> server_;  // unless a URL was given
    std::string url_;
    // The connection is the server's to close here, so the session sets no limit of its own.
    ferry::Session session_{{.pool = {.idle_timeout = ferry::no_timeout}}};
    const ferry::Options limits_{.timeout = 15s, .max_body = 8 * 1024 * 1024};

    bool has_table_ = false;
    bool server_is_here_ = false;  // so that the kernel lists its ends, too
    bool closed_by_server_ = false;
    clock::time_point idle_since_;
    std::uint64_t requests_ = 0;  // of the session
    std::vector<ferry::Response> kept_, single_;
};

int usage(int status) {
    std::puts(
        "usage: ferry_demo [URL]\n\n"
        "Shows what happens on the sockets of a session: eleven requests to the demo's own server,\n"
        "or to the http:// URL given.");
    return status;
}

}  // namespace

int main(int argc, char** argv) {
    std::string_view first = argc > 1 ? argv[1] : "";
    if (first == "-h" || first == "--help") return usage(0);
    if (argc > 2 || first.starts_with('-')) return usage(2);
    try {
        return Demo(first.empty() ? std::nullopt : std::optional(std::string(first))).run() ? 0 : 1;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
