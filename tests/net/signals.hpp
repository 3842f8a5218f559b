// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <csignal>

namespace pollux::net::tests {

/// A CountedSignal counts a signal, and ignores it otherwise, while it exists.
class CountedSignal {
  public:
    explicit CountedSignal(int signal) : signal_(signal) {
        count_ = 0;
        struct sigaction counting {};
        counting.sa_handler = [](int) { count_ = count_ + 1; };
        sigaction(signal, &counting, &before_);
    }
    ~CountedSignal() { sigaction(signal_, &before_, nullptr); }
    CountedSignal(const CountedSignal&) = delete;
    CountedSignal& operator=(const CountedSignal&) = delete;

    static int count() { return count_; }

  private:
    inline static volatile std::sig_atomic_t count_ = 0;
    int signal_;
    struct sigaction before_ {};
};

} // namespace pollux::net::tests
