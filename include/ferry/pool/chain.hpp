// An intrusive doubly linked list: what it links is owned elsewhere, and nothing is allocated to link it.
#pragma once

#include <cstddef>

namespace ferry::detail {

template <class N> struct links {
    N* front = nullptr;  // towards the front of the chain
    N* back = nullptr;   // towards its back
};

/// `Hook` names the member of N that this chain uses, so that one object can be in several chains.
template <class N, links<N> N::*Hook> class chain {
public:
    N* front() const noexcept { return front_; }
    N* back() const noexcept { return back_; }
    static N* behind(const N& n) noexcept { return (n.*Hook).back; }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }

    void push_back(N& n) noexcept {
        n.*Hook = {back_, nullptr};
        (back_ ? (back_->*Hook).back : front_) = &n;
        back_ = &n;
        ++size_;
    }
    void remove(N& n) noexcept {
        auto [front, back] = n.*Hook;
        (front ? (front->*Hook).back : front_) = back;
        (back ? (back->*Hook).front : back_) = front;
        n.*Hook = {};
        --size_;
    }

private:
    N* front_ = nullptr;
    N* back_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace ferry::detail
