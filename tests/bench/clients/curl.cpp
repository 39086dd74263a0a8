// libcurl: one easy handle, reused, as its documentation advises.
#include "harness.hpp"

#include <curl/curl.h>

#include <vector>

namespace {

void check(CURLcode code) { bench::expect(code == CURLE_OK, curl_easy_strerror(code)); }
void check(CURLMcode code) { bench::expect(code == CURLM_OK, curl_multi_strerror(code)); }

std::size_t append(char* data, std::size_t, std::size_t size, void* body) {
    static_cast<std::string*>(body)->append(data, size);
    return size;
}

std::size_t drop(char* data, std::size_t, std::size_t size, void* run) {
    static_cast<bench::Run*>(run)->chunk(data, size);
    return size;
}

CURL* handle(const bench::Run& run) {
    auto* easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, run.url.c_str());
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);  // what a program with threads has to set; it also saves two calls
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, append);
    if (run.secure) curl_easy_setopt(easy, CURLOPT_CAINFO, run.roots.c_str());
    return easy;
}

int status(CURL* easy) {
    long code = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code);
    return int(code);
}

template <class Check> void bodies(bench::Run& run, Check accept, CURL* easy) {
    run.repeat([&] {
        std::string body;
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body);
        check(curl_easy_perform(easy));
        accept(status(easy), body);
    });
    curl_easy_cleanup(easy);
}

void get(bench::Run& run) {
    bodies(
        run, [&](int status, const std::string& body) { run.small(status, body); }, handle(run));
}

// A handle for each request.
void once(bench::Run& run) {
    run.repeat([&] {
        auto* easy = handle(run);
        std::string body;
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body);
        check(curl_easy_perform(easy));
        run.small(status(easy), body);
        curl_easy_cleanup(easy);
    });
}

// No connection is kept, so that each request has a handshake.
void handshakes(bench::Run& run, long resumption) {
    auto* easy = handle(run);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, resumption);
    bodies(
        run, [&](int status, const std::string& body) { run.small(status, body); }, easy);
}

void handshake_full(bench::Run& run) { handshakes(run, 0); }
void handshake_resumed(bench::Run& run) { handshakes(run, 1); }

void body8(bench::Run& run) {
    bodies(
        run, [&](int status, const std::string& body) { run.large(status, body); }, handle(run));
}

void stream(bench::Run& run, CURL* easy) {
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &run);
    run.repeat([&] {
        check(curl_easy_perform(easy));
        run.streamed(status(easy));
    });
    curl_easy_cleanup(easy);
}

void stream256(bench::Run& run) { stream(run, handle(run)); }

void stream256_roomy(bench::Run& run) {
    auto* easy = handle(run);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L * 1024L);
    stream(run, easy);
}

// Many transfers at once over one multi handle; when their easy handles are gone, its pool holds what they opened.
void idle(bench::Run& run) {
    auto* multi = curl_multi_init();
    check(curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, long(run.count)));
    run.hold([&] {
        std::vector<std::string> bodies(run.count);
        std::vector<CURL*> easies;
        for (auto& body : bodies) {
            easies.push_back(handle(run));
            curl_easy_setopt(easies.back(), CURLOPT_WRITEDATA, &body);
            check(curl_multi_add_handle(multi, easies.back()));
        }
        for (int running = 1; running > 0;) {
            check(curl_multi_perform(multi, &running));
            if (running > 0) check(curl_multi_poll(multi, nullptr, 0, 1000, nullptr));
        }
        long opened = 0;
        for (std::size_t i = 0; i < run.count; ++i) {
            long fresh = 0;
            curl_easy_getinfo(easies[i], CURLINFO_NUM_CONNECTS, &fresh);
            opened += fresh;
            run.small(status(easies[i]), bodies[i]);
            check(curl_multi_remove_handle(multi, easies[i]));
            curl_easy_cleanup(easies[i]);
        }
        bench::expect(opened == long(run.count), "the transfers did not each open a connection");
    });
    curl_multi_cleanup(multi);
}

}  // namespace

int main(int argc, char** argv) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    return bench::main(argc, argv,
                       {{"get", get},
                        {"once", once},
                        {"body8", body8},
                        {"stream256", stream256},
                        {"stream256-roomy", stream256_roomy},
                        {"handshake-full", handshake_full},
                        {"handshake-resumed", handshake_resumed},
                        {"idle", idle}});
}
