// ferry: one Session; as most programs use it, with the response's memory reused, and with a deadline for the whole.
#include "harness.hpp"

#include <ferry/ferry.hpp>

#include <vector>

namespace {

using namespace std::chrono_literals;

void get(bench::Run& run) {
    ferry::Session session;
    run.repeat([&] {
        auto response = session.get(run.url);
        run.small(response.status, response.body);
    });
}

void get_reused(bench::Run& run) {
    ferry::Session session;
    ferry::Response response;
    run.repeat([&] {
        std::error_code ec;
        session.request("GET", run.url, {}, response, ec);
        if (ec) bench::fail(ec.message());
        run.small(response.status, response.body);
    });
}

void get_timeout(bench::Run& run) {
    ferry::Session session;
    run.repeat([&] {
        auto response = session.get(run.url, {.timeout = 30s});
        run.small(response.status, response.body);
    });
}

void body8(bench::Run& run) {
    ferry::Session session;
    run.repeat([&] {
        auto response = session.get(run.url);
        run.large(response.status, response.body);
    });
}

void stream256(bench::Run& run) {
    ferry::Session session;
    run.repeat([&] {
        auto stream = session.stream(run.url);
        for (std::string_view chunk : stream) run.chunk(chunk.data(), chunk.size());
        run.streamed(stream.response().status);
    });
}

void idle(bench::Run& run) {
    ferry::Session session({.pool = {.max_idle_per_host = run.count, .max_idle = run.count}});
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
                        {"body8", body8},
                        {"stream256", stream256},
                        {"idle", idle}});
}
