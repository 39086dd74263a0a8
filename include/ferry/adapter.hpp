// What can stand in for the network: an adapter, mounted on a prefix of URLs, answers requests itself.
#pragma once

#include <ferry/headers.hpp>
#include <ferry/response.hpp>
#include <ferry/url.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferry {

/// A request as an adapter sees it: with everything that would have gone on the wire.
struct AdapterRequest {
    std::string method;
    Url url;
    std::string target;
    Headers headers;
    std::string body;
    Headers trailers;  ///< `Options::trailers`
};

/// Answers requests in place of the network (requests' `BaseAdapter`). Mounted with `Session::mount`.
class Adapter {
public:
    virtual ~Adapter() = default;
    /// The response: a status from 200 to 999, headers, and the whole body, in no transfer coding; a Content-Encoding
    /// is undone. What it throws passes through the call (from an AsyncSession it is `errc::callback_failed`). Any
    /// number of threads may call it at once. In an AsyncSession it must not block.
    virtual Response send(const AdapterRequest& request) = 0;
};

/// Answers from a function and remembers what was asked, for tests without a network:
/// `session.mount("https://api.example.com/", mock)`. Safe among threads; the function is called by one at a time.
class MockAdapter final : public Adapter {
public:
    explicit MockAdapter(std::function<Response(const AdapterRequest&)> answer) : answer_(std::move(answer)) {}

    Response send(const AdapterRequest& request) override {
        std::lock_guard lock(mutex_);
        requests_.push_back(request);
        return answer_(request);
    }
    /// What was asked so far, in order.
    std::vector<AdapterRequest> requests() const {
        std::lock_guard lock(mutex_);
        return requests_;
    }

private:
    mutable std::mutex mutex_;
    std::function<Response(const AdapterRequest&)> answer_;
    std::vector<AdapterRequest> requests_;
};

namespace detail {

/// A prefix as URLs are written, so that characters can be compared. Throws `ferry::Error` for what no URL begins with.
inline std::string normal_prefix(std::string_view prefix) {
    for (std::string_view scheme : {"http://", "https://"})
        if (equal_ignoring_case(prefix, scheme)) return std::string(scheme);
    auto normal = Url(prefix).absolute_form();
    const auto host = prefix.substr(std::min(prefix.size(), prefix.find("//") + 2));
    if (host.ends_with('.') && host.find('/') == host.npos) normal.pop_back();  // all hosts that begin so
    return normal;
}

/// The adapters of a session, the longest prefixes first. Safe among threads.
class mounted_adapters {
public:
    bool empty() const noexcept { return empty_.load(std::memory_order_acquire); }

    /// With no adapter, takes away the one that was there.
    void mount(std::string_view given, std::shared_ptr<Adapter> adapter) {
        auto prefix = normal_prefix(given);
        std::shared_ptr<Adapter> before;  // lasts longer than the lock: its end may mount others
        std::lock_guard lock(mutex_);
        all_.reserve(all_.size() + 1);  // so that it is replaced, or an exception comes before
        if (auto old = std::find_if(all_.begin(), all_.end(), [&](auto& one) { return one.first == prefix; });
            old != all_.end()) {
            before = std::move(old->second);
            all_.erase(old);
        }
        auto shorter = [&](auto& one) { return one.first.size() < prefix.size(); };
        const auto place = std::find_if(all_.begin(), all_.end(), shorter);
        if (adapter) all_.insert(place, {std::move(prefix), std::move(adapter)});
        empty_.store(all_.empty(), std::memory_order_release);
    }
    std::shared_ptr<Adapter> find(const Url& url) const {
        const auto text = url.absolute_form();
        std::lock_guard lock(mutex_);
        auto found = std::find_if(all_.begin(), all_.end(), [&](auto& one) { return text.starts_with(one.first); });
        return found == all_.end() ? nullptr : found->second;
    }

private:
    std::atomic<bool> empty_{true};
    mutable std::mutex mutex_;
    std::vector<std::pair<std::string, std::shared_ptr<Adapter>>> all_;
};

}  // namespace detail
}  // namespace ferry
