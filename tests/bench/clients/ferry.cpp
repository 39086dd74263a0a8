// ferry: one Session; as most programs use it, with the response's memory reused, and with a deadline for the whole.
#include "harness.hpp"

#include <ferry/ferry.hpp>

#include <vector>

namespace {

using namespace std::chrono_literals;

// As most programs have them, but for the root that the benchmark's server is verified by.
ferry::SessionOptions usual(const bench::Run& run) {
    ferry::SessionOptions options;
    if (run.secure) options.tls = {.system_roots = false, .roots_file = run.roots};
    return options;
}

void get(bench::Run& run) {
    ferry::Session session(usual(run));
    run.repeat([&] {
        auto response = session.get(run.url);
        run.small(response.status, response.body);
    });
}

void get_reused(bench::Run& run) {
    ferry::Session session(usual(run));
    ferry::Response response;
    run.repeat([&] {
        std::error_code ec;
        session.request("GET", run.url, {}, response, ec);
        if (ec) bench::fail(ec.message());
        run.small(response.status, response.body);
    });
}

void get_timeout(bench::Run& run) {
    ferry::Session session(usual(run));
    run.repeat([&] {
        auto response = session.get(run.url, {.timeout = 30s});
        run.small(response.status, response.body);
    });
}

void once(bench::Run& run) {
    run.repeat([&] {
        auto response = ferry::get(run.url);
        run.small(response.status, response.body);
    });
}

void body8(bench::Run& run) {
    ferry::Session session(usual(run));
    run.repeat([&] {
        auto response = session.get(run.url);
        run.large(response.status, response.body);
    });
}

void stream256(bench::Run& run) {
    ferry::Session session(usual(run));
    run.repeat([&] {
        auto stream = session.stream(run.url);
        for (std::string_view chunk : stream) run.chunk(chunk.data(), chunk.size());
        run.streamed(stream.response().status);
    });
}

// No connection is kept, so that each request has a handshake.
void handshakes(bench::Run& run, bool resumption) {
    auto options = usual(run);
    options.pool.max_idle_per_host = 0;
    options.tls.session_resumption = resumption;
    ferry::Session session(options);
    run.repeat([&] {
        auto response = session.get(run.url);
        run.small(response.status, response.body);
    });
}

void handshake_full(bench::Run& run) { handshakes(run, false); }
void handshake_resumed(bench::Run& run) { handshakes(run, true); }

void idle(bench::Run& run) {
    auto options = usual(run);
    options.pool.max_idle_per_host = options.pool.max_idle = run.count;
    ferry::Session session(options);
    run.hold([&] {
        std::vector<ferry::Stream> streams;
        for (std::size_t i = 0; i < run.count; ++i) streams.push_back(session.stream(run.url));
        for (auto& stream : streams) {
            auto body = stream.read();
            run.small(stream.response().status, body);
        }
        streams.clear();
        bench::expect(session.stats().idle == run.count, "the connections did not all become idle");
    });
}

}  // namespace

int main(int argc, char** argv) {
    return bench::main(argc, argv,
                       {{"get", get},
                        {"get-reused", get_reused},
                        {"get-timeout", get_timeout},
                        {"once", once},
                        {"body8", body8},
                        {"stream256", stream256},
                        {"handshake-full", handshake_full},
                        {"handshake-resumed", handshake_resumed},
                        {"idle", idle}});
}
