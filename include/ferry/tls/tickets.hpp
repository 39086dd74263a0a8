// Sessions that a handshake can be shortened with, kept by pool key.
#pragma once

#include <ferry/features.hpp>

#if FERRY_HAS_TLS

#include <ferry/tls/openssl.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace ferry::detail {

/// Thread-safe. Holds at most 8 sessions for each of at most 1,024 keys, and forgets the keys that were used the
/// longest ago.
class tls_tickets {
public:
    using ticket = openssl_ptr<SSL_SESSION>;

    void put(const std::string& key, ticket t) {
        std::vector<ticket> dropped;  // freed outside of the lock
        std::lock_guard lock(mutex_);
        const auto found = keys_.find(key);
        if (found == keys_.end() && keys_.size() >= most_keys) drop_oldest(dropped);
        auto& entry = found == keys_.end() ? keys_[key] : found->second;
        entry.used = ++clock_;
        auto& kept = entry.tickets;
        if (!kept.empty() && (kept.size() >= most_tickets || !single_use(t.get()))) {
            dropped.push_back(std::move(kept.front()));
            kept.erase(kept.begin());
        }
        kept.push_back(std::move(t));
    }

    /// The newest that is still good, or null. One of TLS 1.3 is given out once (RFC 8446 C.4), one of TLS 1.2 again
    /// and again.
    ticket take(const std::string& key) {
        std::vector<ticket> dropped;
        std::lock_guard lock(mutex_);
        const auto found = keys_.find(key);
        if (found == keys_.end()) return {};
        auto& entry = found->second;
        entry.used = ++clock_;
        while (!entry.tickets.empty()) {
            auto t = std::move(entry.tickets.back());
            entry.tickets.pop_back();
            if (usable(t.get())) {
                if (!single_use(t.get())) entry.tickets.push_back(share(t.get()));
                return t;
            }
            dropped.push_back(std::move(t));
        }
        keys_.erase(found);
        return {};
    }

    std::size_t size() const {
        std::lock_guard lock(mutex_);
        std::size_t n = 0;
        for (auto& [key, entry] : keys_) n += entry.tickets.size();
        return n;
    }

private:
    static constexpr std::size_t most_keys = 1024, most_tickets = 8;
    struct of_key {
        std::vector<ticket> tickets;
        std::uint64_t used = 0;
    };

    static ticket share(SSL_SESSION* s) {
        SSL_SESSION_up_ref(s);
        return ticket(s);
    }
    static bool single_use(const SSL_SESSION* s) { return SSL_SESSION_get_protocol_version(s) >= TLS1_3_VERSION; }
    static bool usable(const SSL_SESSION* s) {
        const auto age = std::time(nullptr) - static_cast<std::time_t>(SSL_SESSION_get_time(s));
        return SSL_SESSION_is_resumable(s) == 1 && age >= 0 && age < SSL_SESSION_get_timeout(s);
    }
    void drop_oldest(std::vector<ticket>& dropped) {
        auto oldest = std::min_element(keys_.begin(), keys_.end(),
                                       [](auto& a, auto& b) { return a.second.used < b.second.used; });
        dropped = std::move(oldest->second.tickets);
        keys_.erase(oldest);
    }

    mutable std::mutex mutex_;
    std::unordered_map<std::string, of_key> keys_;
    std::uint64_t clock_ = 0;
};

}  // namespace ferry::detail

#endif
