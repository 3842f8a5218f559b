// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <csignal>

namespace pollux::conformance {

/// An Interruptions object makes SIGUSR1 interrupt system calls, and nothing else, while it exists.
class Interruptions {
  public:
    Interruptions() {
        struct sigaction interrupt {};
        interrupt.sa_handler = [](int) {};
        sigaction(SIGUSR1, &interrupt, &before_);
    }
    ~Interruptions() { sigaction(SIGUSR1, &before_, nullptr); }
    Interruptions(const Interruptions&) = delete;
    Interruptions& operator=(const Interruptions&) = delete;

  private:
    struct sigaction before_ {};
};

} // namespace pollux::conformance
