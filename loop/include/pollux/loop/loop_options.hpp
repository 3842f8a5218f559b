// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <limits>

namespace pollux::loop {

/// LoopOptions are the options of a Loop's constructors and of Loop::open().
struct LoopOptions {
    /// The number of events that one poll can return, at least 1. Each takes 16 bytes.
    std::size_t events = 256;

    /// The number of callbacks that a phase may call in one turn, at least 1. The rest stays, in order, for the next
    /// turn, which does not sleep.                                                      [loop.budget]
    std::size_t callbacks_per_phase = 1024;

    /// The time for which a phase may call callbacks in one turn; zero means no limit. A phase calls at least one. The
    /// clock is then read after each callback.                                          [loop.budget_of_time]
    std::chrono::nanoseconds time_per_phase{0};

    /// The number of posted functions that may be queued until the Loop takes them, at least 1; post() refuses more.
    /// The Loop takes all at once, so twice as many may wait for their call.            [post.bounded]
    std::size_t posts = std::numeric_limits<std::size_t>::max();

    /// Fills in the times of LoopMetrics; the clock is then read twice for each callback and each sleep.
    bool measure_time = false;
};

} // namespace pollux::loop
