// A session's TLS contexts: one for each distinct TlsOptions, made when it is first asked for.
#pragma once

#include <ferry/features.hpp>

#if FERRY_HAS_TLS

#include <ferry/tls/context.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace ferry::detail {

/// Thread-safe. Holds the 32 used last; connections keep theirs alive.
class tls_contexts {
public:
    /// The context for these options, or null and why there is none. A fault is not remembered: the file that was
    /// missing may be there the next time. Reads files, while others that ask wait.
    std::shared_ptr<tls_context> find_or_make(const TlsOptions& options, tls_fault& fault) {
        std::lock_guard lock(mutex_);
        const auto found = std::find_if(contexts_.begin(), contexts_.end(),
                                        [&](auto& c) { return c->options() == options; });
        if (found != contexts_.end()) {
            std::rotate(contexts_.begin(), found, found + 1);
            return contexts_.front();
        }
        auto made = tls_context::make(options, fault);
        if (!made) return made;
        if (contexts_.size() == most) contexts_.pop_back();
        contexts_.insert(contexts_.begin(), made);
        return made;
    }

    /// Handshakes of all contexts that are held, in full and resumed.
    std::pair<std::uint64_t, std::uint64_t> handshakes() const {
        std::lock_guard lock(mutex_);
        std::pair<std::uint64_t, std::uint64_t> sum{};
        for (auto& c : contexts_) sum.first += c->full_handshakes(), sum.second += c->resumed_handshakes();
        return sum;
    }

private:
    static constexpr std::size_t most = 32;
    mutable std::mutex mutex_;
    std::vector<std::shared_ptr<tls_context>> contexts_;
};

}  // namespace ferry::detail

#endif
