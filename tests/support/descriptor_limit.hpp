// Takes all descriptors that the process may have but a few, and gives them back.
#pragma once

#include "sockets.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace ferry::testing {

class DescriptorLimit {
public:
    explicit DescriptorLimit(std::size_t left) {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        auto limit = before_;
        limit.rlim_cur = std::min<rlim_t>(before_.rlim_cur, 256);  // so that there are not many to take
        ::setrlimit(RLIMIT_NOFILE, &limit);
        while (auto one = Descriptor(::dup(STDERR_FILENO))) taken_.push_back(std::move(one));
        taken_.resize(taken_.size() - std::min(left, taken_.size()));
    }
    DescriptorLimit(const DescriptorLimit&) = delete;
    DescriptorLimit& operator=(const DescriptorLimit&) = delete;
    ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
    rlimit before_ = {};
    std::vector<Descriptor> taken_;
};

}  // namespace ferry::testing
