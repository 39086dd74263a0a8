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
    /// missing may be there the next time. Reads files, and calls the caller's customization, with no lock held.
    std::shared_ptr<tls_context> find_or_make(const TlsOptions& options, tls_fault& fault) {
        if (auto held = find(options)) return held;
        auto made = tls_context::make(options, fault, counts_);
        if (!made) return made;
        if (auto held = find(options)) return held;  // another thread was faster
        std::lock_guard lock(mutex_);
        if (contexts_.size() == most) contexts_.pop_back();
        contexts_.insert(contexts_.begin(), made);
        return made;
    }

    /// Handshakes so far, in full and resumed.
    std::pair<std::uint64_t, std::uint64_t> handshakes() const { return {counts_->full, counts_->resumed}; }

private:
    std::shared_ptr<tls_context> find(const TlsOptions& options) {
        std::lock_guard lock(mutex_);
        const auto found = std::find_if(contexts_.begin(), contexts_.end(),
                                        [&](auto& c) { return c->options() == options; });
        if (found == contexts_.end()) return nullptr;
        std::rotate(contexts_.begin(), found, found + 1);
        return contexts_.front();
    }

    static constexpr std::size_t most = 32;
    const std::shared_ptr<tls_counts> counts_ = std::make_shared<tls_counts>();
    std::mutex mutex_;
    std::vector<std::shared_ptr<tls_context>> contexts_;
};

}  // namespace ferry::detail

#endif
