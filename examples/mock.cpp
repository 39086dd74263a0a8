// ferry_mock: how an application's own code is tested without a network: an adapter answers its requests.
#include <ferry/ferry.hpp>

#include <cstdio>
#include <memory>
#include <string>

namespace {

// What an application might have: it asks an API who a user is.
std::string name_of_user(ferry::Session& api, int id) {
    auto r = api.get("/users/" + std::to_string(id));
    return r.status == 404 ? "nobody" : r.raise_for_status().body;
}

}  // namespace

int main() {
    auto server = std::make_shared<ferry::MockAdapter>([](const ferry::AdapterRequest& asked) {
        ferry::Response r;
        r.status = asked.target == "/users/1" ? 200 : 404;
        if (r.ok()) r.body = "Ada";
        return r;
    });
    ferry::Session api({.base_url = "https://api.example.com/"});
    api.mount("https://api.example.com/", server);

    const bool right = name_of_user(api, 1) == "Ada" && name_of_user(api, 2) == "nobody" &&
                       server->requests().size() == 2 && server->requests()[0].headers["host"] == "api.example.com";
    std::printf(right ? "the mock was asked twice, and the answers are right\n" : "something is wrong\n");
    return right ? 0 : 1;
}
