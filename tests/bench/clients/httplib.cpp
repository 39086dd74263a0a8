// cpp-httplib: one Client with keep-alive switched on.
#include "harness.hpp"

#include <httplib.h>

#include <memory>
#include <vector>

namespace {

std::unique_ptr<httplib::Client> client(const bench::Run& run) {
    auto made = std::make_unique<httplib::Client>(run.origin_of(0));
    made->set_keep_alive(true);
    if (run.secure) made->set_ca_cert_path(run.roots.c_str());
    return made;
}

httplib::Response& checked(httplib::Result& result) {
    bench::expect(bool(result), httplib::to_string(result.error()));
    return result.value();
}

void get(bench::Run& run) {
    auto http = client(run);
    run.repeat([&] {
        auto result = http->Get(run.path);
        auto& response = checked(result);
        run.small(response.status, response.body);
    });
}

// A Client for each request.
void once(bench::Run& run) {
    run.repeat([&] {
        httplib::Client http(run.origin_of(0));
        auto result = http.Get(run.path);
        auto& response = checked(result);
        run.small(response.status, response.body);
    });
}

void body8(bench::Run& run) {
    auto http = client(run);
    run.repeat([&] {
        auto result = http->Get(run.path);
        auto& response = checked(result);
        run.large(response.status, response.body);
    });
}

void stream256(bench::Run& run) {
    auto http = client(run);
    run.repeat([&] {
        auto result = http->Get(run.path, [&](const char* data, std::size_t size) {
            run.chunk(data, size);
            return true;
        });
        run.streamed(checked(result).status);
    });
}

// It resumes no sessions.
void handshake_full(bench::Run& run) {
    auto http = client(run);
    http->set_keep_alive(false);
    run.repeat([&] {
        auto result = http->Get(run.path);
        auto& response = checked(result);
        run.small(response.status, response.body);
    });
}

// A Client has one connection, so an idle connection costs a Client.
void idle(bench::Run& run) {
    std::vector<std::unique_ptr<httplib::Client>> clients(run.count);
    run.hold([&] {
        for (auto& http : clients) {
            http = client(run);
            auto result = http->Get(run.path);
            auto& response = checked(result);
            run.small(response.status, response.body);
        }
    });
}

}  // namespace

int main(int argc, char** argv) {
    return bench::main(argc, argv,
                       {{"get", get},
                        {"once", once},
                        {"body8", body8},
                        {"stream256", stream256},
                        {"handshake-full", handshake_full},
                        {"idle", idle}});
}
