// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <pollux/time/clock.hpp>

#include <algorithm>
#include <chrono>

namespace pollux::time {

/// A Deadline is the end of a wait by a clock, for code that waits in several steps: plugins, layers, Poll.
class Deadline {
  public:
    /// Ends `wait` from now, by `clock`. A negative `wait` ends now; one that the clock cannot hold (292 years) at its
    /// last moment.
    explicit Deadline(std::chrono::nanoseconds wait, Clock clock = {}) noexcept : clock_(clock) {
        const auto now = clock_.now();
        end_ = wait < Time::max() - now ? now + std::max(wait, wait.zero()) : Time::max();
    }

    /// Returns what is left of the wait by that clock; zero when it is over, never negative.
    std::chrono::nanoseconds left() const noexcept {
        return std::max<std::chrono::nanoseconds>(end_ - clock_.now(), std::chrono::nanoseconds::zero());
    }

  private:
    using Time = std::chrono::steady_clock::time_point;
    Clock clock_;
    Time end_;
};

} // namespace pollux::time
