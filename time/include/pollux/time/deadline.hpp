// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <chrono>

namespace pollux::time {

/// A Deadline is the end of a wait on the steady clock, for code that waits in several steps: plugins, layers, Poll.
class Deadline {
  public:
    /// Ends `wait` from now. A negative `wait` ends now; one that the clock cannot hold (292 years) at its last moment.
    explicit Deadline(std::chrono::nanoseconds wait) noexcept {
        const auto now = clock::now();
        end_ = wait < clock::time_point::max() - now ? now + std::max(wait, wait.zero()) : clock::time_point::max();
    }

    /// Returns what is left of the wait; zero when it is over, never negative.
    std::chrono::nanoseconds left() const noexcept {
        return std::max<std::chrono::nanoseconds>(end_ - clock::now(), std::chrono::nanoseconds::zero());
    }

  private:
    using clock = std::chrono::steady_clock;
    clock::time_point end_;
};

} // namespace pollux::time
