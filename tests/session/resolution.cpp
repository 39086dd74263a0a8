// Calls that end while their name is still being looked up: by a stop, by a limit, and what becomes of the answer then.
// This program has a getaddrinfo of its own in front of the system's, to which one name is slow; it asks no name
// server.

#include "background.hpp"
#include "loopback.hpp"
#include "service.hpp"

#include <dlfcn.h>
#include <netdb.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <future>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

using ferry::errc;
using ferry::Options;
using ferry::Phase;
using ferry::RequestState;

namespace {

int system_getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
    static const auto next = reinterpret_cast<decltype(&::getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    return next(host, service, hints, found);
}

// Lookups of `slow.test`, which wait for their answers, and the threads that they are made in. The one instance is
// never destroyed: a resolver may outlive everything but the process.
class Lookups {
public:
    static Lookups& all() {
        static auto& it = *new Lookups;
        return it;
    }

    // In the resolver's thread. Without an answer it gives up some day, so that a test that is wrong fails, and ends.
    int wait(const char* service, addrinfo hints, addrinfo** found) {
        thread_local Thread until_its_end;
        std::string address;
        {
            std::unique_lock lock(mutex_);
            auto number = begun_++;
            changed_.notify_all();
            if (!changed_.wait_for(lock, patience, [&] { return number < answers_.size(); })) return EAI_AGAIN;
            address = answers_[number];
        }
        hints.ai_flags |= AI_NUMERICHOST;
        return system_getaddrinfo(address.c_str(), service, &hints, found);
    }
    // For the lookup that began first of those that have none.
    void answer(std::string address) {
        std::lock_guard lock(mutex_);
        answers_.push_back(std::move(address));
        changed_.notify_all();
    }

    std::size_t unanswered() {
        std::lock_guard lock(mutex_);
        return begun_ > answers_.size() ? begun_ - answers_.size() : 0;
    }
    bool have_begun(std::size_t count) {
        return wait_for([&] { return begun_ >= count; });
    }
    // Their threads have let go of all that they had.
    bool are_over() {
        return wait_for([&] { return threads_ == 0; });
    }
    void forget() {
        std::lock_guard lock(mutex_);
        answers_.clear();
        begun_ = 0;
    }

private:
    // Made and ended with a thread; its end comes after that of what the thread ran.
    struct Thread {
        Thread() { all().count(1); }
        ~Thread() { all().count(-1); }
    };
    void count(int more) {
        std::lock_guard lock(mutex_);
        threads_ += more;
        changed_.notify_all();
    }
    template <class Question> bool wait_for(Question question) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, patience, question);
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> answers_;
    std::size_t begun_ = 0;
    int threads_ = 0;
};

// A name that is looked up for as long as a test likes. At its end nobody is looking it up any more.
class SlowName {
public:
    ~SlowName() {
        while (unanswered()) answer();
        CHECK(are_over());
        Lookups::all().forget();
    }
    std::string url(std::uint16_t port) const { return "http://slow.test:" + std::to_string(port) + "/"; }
    bool asked(std::size_t times = 1) const { return Lookups::all().have_begun(times); }
    std::size_t unanswered() const { return Lookups::all().unanswered(); }
    void answer(std::string address = "127.0.0.1") { Lookups::all().answer(std::move(address)); }
    bool are_over() const { return Lookups::all().are_over(); }
};

// A call that nothing but its token ends.
Options until_stopped(const std::stop_source& stop) {
    return {.connect_timeout = ferry::no_timeout, .stop = stop.get_token()};
}

void check(const ferry::Error& error, errc code) {
    CHECK(error.code() == code);
    CHECK(error.phase() == Phase::resolve);
    CHECK(error.request_state() == RequestState::not_sent);
    CHECK(says(error, "slow.test"));
}

void check_that_nothing_is_open(const Session& session) {
    CHECK(session.stats().in_use == 0);
    CHECK(session.stats().opened == 0);
}

}  // namespace

extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
    bool slow = host && hints && std::string_view(host) == "slow.test" && !(hints->ai_flags & AI_NUMERICHOST);
    return slow ? Lookups::all().wait(service, *hints, found) : system_getaddrinfo(host, service, hints, found);
}

TEST_CASE("a name that takes its time is found", "[session][K2]") {
    SlowName name;
    Server server;
    server.accept().answers(ok("found"));
    Session session;
    auto answering = in_background([&] {
        name.asked();
        name.answer();
    });
    CHECK(session.get(name.url(server.port())).body == "found");
    CHECK(server.request().field("Host") == "slow.test:" + std::to_string(server.port()));
}

TEST_CASE("cancelled while resolving", "[session][blocking][K2][K4][threads]") {
    SlowName name;
    Server server;
    Session session;
    std::stop_source stop;
    auto options = until_stopped(stop);
    if (GENERATE(false, true)) options.connect_timeout = 1h;
    auto stopping = in_background([&] {
        name.asked();
        stop.request_stop();
    });
    SECTION("a call") {
        check(error_of([&] { session.get(name.url(server.port()), options); }), errc::cancelled);
    }
    SECTION("a stream") {
        check(error_of([&] { session.stream(name.url(server.port()), options); }), errc::cancelled);
    }
    CHECK(name.unanswered() == 1);  // so it was the stop
    check_that_nothing_is_open(session);
    name.answer();
    REQUIRE(name.are_over());
    CHECK(server.connections() == 0);
    check_that_it_lives(session, server);
}

TEST_CASE("a resolver that hangs does not outlive the limits", "[session][blocking][K2][K3]") {
    SlowName name;
    Session session;
    std::stop_source never;
    auto token = GENERATE(false, true);
    auto error_with = [&](Options options) {
        if (token) options.stop = never.get_token();
        return error_of([&] { session.get(name.url(1), options); });
    };
    SECTION("of connecting") {
        check(error_with({.connect_timeout = 20ms}), errc::connect_timeout);
        REQUIRE(name.asked());
        check(error_with({.timeout = 20s, .connect_timeout = 20ms}), errc::connect_timeout);
    }
    SECTION("of all") {
        check(error_with({.timeout = 20ms}), errc::total_timeout);
        REQUIRE(name.asked());
        check(error_with({.timeout = 20ms, .connect_timeout = ferry::no_timeout}), errc::total_timeout);
    }
    REQUIRE(name.asked(2));
    CHECK(name.unanswered() == 2);
    check_that_nothing_is_open(session);
}

TEST_CASE("a session is destroyed while a resolver hangs", "[session][blocking][K2][threads]") {
    SlowName name;
    Server server;
    {
        Session session;
        check(error_of([&] { session.get(name.url(server.port()), {.connect_timeout = 20ms}); }),
              errc::connect_timeout);
        REQUIRE(name.asked());
    }
    CHECK(name.unanswered() == 1);
    name.answer();
    CHECK(name.are_over());
    CHECK(server.connections() == 0);
}

TEST_CASE("a stop and a limit end a call whose name is being looked up", "[session][K2][K4][threads]") {
    SlowName name;
    Server server;
    Session session;
    SECTION("a stop") {
        std::stop_source stop;
        auto stopping = in_background([&] {
            name.asked();
            stop.request_stop();
        });
        check(error_of([&] { session.get(name.url(server.port()), until_stopped(stop)); }), errc::cancelled);
    }
    SECTION("a limit") {
        check(error_of([&] { session.get(name.url(server.port()), {.connect_timeout = 20ms}); }),
              errc::connect_timeout);
    }
    CHECK(name.unanswered() == 1);
    check_that_nothing_is_open(session);
    name.answer();
    check_that_it_lives(session, server);
}

TEST_CASE("a session is closed while a name is looked up, and the call goes on to its end", "[session][threads]") {
    SlowName name;
    Server server;
    server.accept().answers(ok("late")).sees_the_end();
    Session session;
    auto call = in_background([&] { return session.get(name.url(server.port())).body; });
    REQUIRE(name.asked());
    session.close();
    name.answer();
    CHECK(call.get() == "late");
    CHECK(session.stats().discarded[ferry::DiscardReason::pool_closed] == 1);
}

TEST_CASE("a call that is cancelled while resolving leaves its place, and its answer is nobody's",
          "[session][blocking][K2][K4][A13][threads]") {
    SlowName name;
    Server server;
    server.accept().answers(ok("second"));
    Session session({.pool = {.max_per_host = 1}});
    std::stop_source stop;
    auto first = in_background(
        [&] { return error_of([&] { session.get(name.url(server.port()), until_stopped(stop)); }).code(); });
    REQUIRE(name.asked(1));
    auto second = in_background([&] { return session.get(name.url(server.port())).body; });
    REQUIRE(eventually([&] { return session.stats().waiting == 1; }));
    stop.request_stop();
    CHECK(first.get() == errc::cancelled);
    REQUIRE(name.asked(2));
    name.answer("127.0.0.99");  // nobody listens there
    name.answer();
    CHECK(second.get() == "second");
    CHECK(session.stats().opened == 1);
}

TEST_CASE("one stop ends all calls that wait for a name", "[session][blocking][K4][threads]") {
    SlowName name;
    Session session;
    std::stop_source stop;
    std::vector<std::future<std::error_code>> calls;
    for (int i = 0; i < 8; ++i)
        calls.push_back(
            in_background([&] { return error_of([&] { session.get(name.url(1), until_stopped(stop)); }).code(); }));
    REQUIRE(name.asked());
    REQUIRE(eventually([&] { return session.stats().in_use == 8; }));
    stop.request_stop();
    for (auto& call : calls) CHECK(call.get() == errc::cancelled);
    CHECK(name.unanswered() > 0);
    check_that_nothing_is_open(session);
}

TEST_CASE("a stop and an answer at the same moment", "[session][K4][threads]") {
    SlowName name;
    Service service([](const Request&) { return ok("answered"); });
    Session session({.pool = {.max_idle = 0}});
    for (std::size_t i = 1; i <= 50; ++i) {
        std::stop_source stop;
        auto both = in_background([&] {
            name.asked(i);
            auto stopping = in_background([&] { stop.request_stop(); });
            name.answer();
        });
        std::error_code ec;
        auto r = session.get(name.url(service.port()), until_stopped(stop), ec);
        if (ec) CHECK(ec == errc::cancelled);
        else CHECK(r.body == "answered");
        CHECK(session.stats().in_use == 0);
    }
}
