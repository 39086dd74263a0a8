// The least program that does a GET with libcurl; measured for its compile time.
#include <curl/curl.h>

#include <cstdio>
#include <string>

int main(int, char** argv) {
    auto url = "http://" + std::string(argv[1]) + ":" + argv[2] + argv[3];
    std::string body;
    auto* easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body);
    curl_easy_setopt(
        easy, CURLOPT_WRITEFUNCTION, +[](char* data, std::size_t, std::size_t size, void* into) {
            static_cast<std::string*>(into)->append(data, size);
            return size;
        });
    long status = 0;
    if (curl_easy_perform(easy) == CURLE_OK) curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(easy);
    std::printf("%ld\n", status);
}
